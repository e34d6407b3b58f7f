"""The pictures of a copy, encoded anew (H.264).

Knows when each picture is shown, and how the encoder is set; knows nothing of sound.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from indexer.decoding import Probe
from indexer.errors import VideoError
from indexer.timeline import Clock, Cutting
from indexer.video.opening import decode
from indexer.video.shaping import BT709, LIMITED, Shaping, fitting

_TICK = Fraction(1, 90_000)  # seconds; fine enough for the times of any container
_GOP = 60  # pictures; few enough that a player can seek at once
_THREADS = 4


@dataclass(frozen=True)
class Look:
    """How large pictures may be on their long and short sides, and x264's rate factor."""

    long: int
    short: int
    crf: str


PLAYABLE = Look(1280, 720, "26")
"""For the page's player."""
KEPT = Look(3840, 2160, "20")
"""For what a person takes along."""


class NewPictures:
    """Encodes one video; each picture is shown when it was shown in the original."""

    def __init__(
        self,
        output: OutputContainer,
        source: VideoStream,
        probe: Probe,
        clock: Clock | Cutting | None = None,
        look: Look = PLAYABLE,
    ) -> None:
        self._clock = clock or Clock(source, probe.start)
        self._size = fitting(probe.width, probe.height, look.long, look.short)
        self._shaping = Shaping(source, self._size, _TICK)
        options = {"preset": "veryfast", "crf": look.crf}
        self._track = output.add_stream("libx264", rate=source.guessed_rate or 25, options=options)
        self._set(self._track.codec_context, source.codec_context)
        self._held: tuple[int, VideoFrame] | None = None

    def take(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        """The packets that are ready once another of the original's has come in."""
        for picture in decode(packet, VideoFrame) or ():
            shown = self._clock.read(picture)
            if shown is None:
                continue
            time = round(shown[0] / _TICK)
            if self._held is None:
                time = 0  # whatever comes before the first picture shows it, too
            elif self._held[0] < time:  # of pictures at the same moment only the last one is seen
                yield from self._put(*self._held)
            self._held = time, picture

    def end(self) -> Iterator["Packet[Any]"]:
        """The rest. Raises VideoError if there was not one picture."""
        if self._held is None or self._clock.end <= 0:
            raise VideoError("nothing_decodable")
        yield from self._put(*self._held)
        yield from self._encoded(self._shaping.end())
        for packet in self._track.encode(None):
            if packet.pts == self._held[0]:
                # The encoder forgets how long the last one stays.
                packet.duration = round(self._clock.end / _TICK) - packet.pts
            yield packet

    def _set(self, encoder: Any, decoder: Any) -> None:
        encoder.width, encoder.height = self._size
        encoder.pix_fmt = "yuv420p"
        encoder.time_base = _TICK
        encoder.gop_size = _GOP
        encoder.thread_count = min(_THREADS, os.cpu_count() or 1)
        encoder.colorspace, encoder.color_range = BT709, LIMITED
        # How bright and how colourful stays as it was: players know what to do with HDR.
        encoder.color_trc, encoder.color_primaries = decoder.color_trc, decoder.color_primaries

    def _put(self, time: int, picture: VideoFrame) -> Iterator["Packet[Any]"]:
        picture.pts, picture.time_base = time, _TICK
        yield from self._encoded(self._shaping.take(picture))

    def _encoded(self, pictures: Iterator[VideoFrame]) -> Iterator["Packet[Any]"]:
        for picture in pictures:
            yield from self._track.encode(picture)
