"""PyAV as a source of pictures: sequential, and only the pictures that are kept are converted.

Knows how to begin in the middle, and counts the damage that it leaves out. Does not know which
pictures will be wanted.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from typing import Any

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from indexer import thumbnails, timeline
from indexer.decoding import Probe, Request, Tally
from indexer.errors import VideoError
from indexer.video.opening import check_duration, codec_of, decode, opened, packets
from indexer.video.pictures import converted, middle, shape
from indexer.video.sparing import spared

_SEEK_LEAD = 2.0  # seconds to seek ahead of what is wanted, past frames that need later ones
_WORTH = 20.0  # seconds that are decoded, at most, to get to where a stretch begins
_ENOUGH_PACKETS = 20  # to judge by the ratio of errors
# Where what calls itself no reference is one to nobody: in HEVC a layer above may still refer to
# it, which no encoder that we know does.
_KNOWS_ITS_NEED = frozenset({"h264"})


class PyavSource:
    """The pictures of one request, damage left out."""

    def __init__(
        self, request: Request, probe: Probe, tally: Tally, alive: Callable[[], None]
    ) -> None:
        self._request = request
        self._probe = probe
        self._tally = tally
        self._alive = alive
        self._since = request.first / request.fps
        self._side = request.pixels or 0
        self._shape = shape(probe.width, probe.height, self._side, request.resize)
        self._thumbnail = thumbnails.size(probe.width, probe.height) if request.thumbnails else None

    def pictures(self) -> Iterator[tuple[float, float, VideoFrame]]:
        """Decode from just before the first wanted point, or failing that from the beginning."""
        far = self._since > _SEEK_LEAD and self._probe.seekable
        if far and (yield from self._from(self._since)):
            return
        if far:
            self._check_worth(0.0)
        with self._opened() as (container, stream):
            yield from self._timed(container, stream)

    def render(self, picture: VideoFrame) -> tuple[bytes, bytes | None]:
        """Resize inside the conversion, then turn."""
        thumbnail = None
        if self._thumbnail is not None:
            thumbnail = thumbnails.jpeg(converted(picture, *self._thumbnail))
        return middle(converted(picture, *self._shape), self._side), thumbnail

    def _opened(self) -> AbstractContextManager[tuple[InputContainer, VideoStream]]:
        return opened(self._request.path, self._request.limits, self._request.decode)

    def _from(self, since: float) -> Generator[tuple[float, float, VideoFrame], None, bool]:
        """Seek and decode; returns False, having given nothing, if that landed too late."""
        with self._opened() as (container, stream):
            target = since - _SEEK_LEAD + self._probe.start
            try:
                container.seek(int(target / (stream.time_base or 1)), stream=stream)
            except FFmpegError:
                return False
            timed = self._timed(container, stream)
            landed = next(timed, None)
            if landed is None or landed[0] > since:
                return False
            self._check_worth(landed[0])
            yield landed
            yield from timed
            return True

    def _check_worth(self, begun: float) -> None:
        """A stretch is read to save time, which decoding all that is before it does not do."""
        if self._request.last is not None and self._since - begun > _WORTH:
            raise VideoError("decoder_crashed", reason="a stretch begins far from where it can")

    def _timed(
        self, container: InputContainer, stream: VideoStream
    ) -> Iterator[tuple[float, float, VideoFrame]]:
        """Frames with their times from the video's first moment; clocks that go back are cut."""
        clock = timeline.Clock(stream, self._probe.start)
        for frame in self._frames(container, stream):
            shown = clock.read(frame)
            if shown is None:
                continue
            check_duration(sum(shown), self._request.limits)
            self._tally.readable = sum(shown)
            yield *shown, frame

    def _frames(self, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
        """Whatever decodes, up to where the file ends or breaks off."""
        for packet in self._packets(container, stream):
            self._tally.packets += 1
            self._alive()
            frames = decode(packet, VideoFrame)
            if frames is None:
                self._blame()
            if self._tally.readable >= self._since:  # a seek may land between what belongs together
                self._tally.look(_sound(packet, frames))
            yield from frames or ()

    def _packets(self, container: InputContainer, stream: VideoStream) -> Iterator["Packet[Any]"]:
        """Every packet, the decoder told which of them it may leave out if nothing needs them.

        Once damage is met, all is decoded: how much there is of it has to be told.
        """
        every = packets(container, stream)
        certain = self._request.decode == "fast" or codec_of(stream) in _KNOWS_ITS_NEED
        if not certain or container.format.name == "avi":  # which knows no times of pictures
            yield from every
            return
        for packet, needless in spared(every, self._probe.start, self._request.fps):
            spare = needless and not self._tally.damaged
            stream.codec_context.skip_frame = "NONREF" if spare else "DEFAULT"
            yield packet

    def _blame(self) -> None:
        tally = self._tally
        tally.errors += 1
        allowed = self._request.limits.error_ratio * tally.packets
        if tally.packets >= _ENOUGH_PACKETS and tally.errors > allowed:
            raise VideoError("corrupt", errors=tally.errors, packets=tally.packets)


def _sound(packet: "Packet[Any]", frames: list[VideoFrame] | None) -> bool:
    """Whether nothing is missing in a packet, or before it, and nothing had to be guessed."""
    return not (packet.is_corrupt or frames is None or any(frame.is_corrupt for frame in frames))
