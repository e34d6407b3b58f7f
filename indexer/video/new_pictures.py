"""The pictures of a copy, encoded anew (H.264).

Knows when each picture is shown, and how the encoder is set; knows nothing of sound.
"""

import os
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from indexer.decoding import Probe
from indexer.errors import VideoError
from indexer.timeline import Clock
from indexer.video.opening import decode
from indexer.video.shaping import BT709, LIMITED, Shaping, fitting

_TICK = Fraction(1, 90_000)  # seconds; fine enough for the times of any container
_GOP = 60  # pictures; few enough that a player can seek at once
_QUALITY = {"preset": "veryfast", "crf": "26"}
_THREADS = 4


class NewPictures:
    """Encodes one video; each picture is shown when it was shown in the original."""

    def __init__(self, output: OutputContainer, source: VideoStream, probe: Probe) -> None:
        self._clock = Clock(source, probe.start)
        self._size = fitting(probe.width, probe.height)
        self._shaping = Shaping(source, self._size, _TICK)
        self._track = output.add_stream("libx264", rate=source.guessed_rate or 25, options=_QUALITY)
        self._set(self._track.codec_context, source.codec_context)
        self._last = -1
        self._length = 0

    def take(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        """The packets that are ready once another of the original's has come in."""
        for picture in decode(packet, VideoFrame) or ():
            if self._stamp(picture):
                yield from self._encoded(self._shaping.take(picture))

    def end(self) -> Iterator["Packet[Any]"]:
        """The rest. Raises VideoError if there was not one picture."""
        if self._last < 0:
            raise VideoError("nothing_decodable")
        yield from self._encoded(self._shaping.end())
        for packet in self._track.encode(None):
            if packet.pts == self._last:
                packet.duration = self._length  # the encoder forgets how long the last one stays
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

    def _stamp(self, picture: VideoFrame) -> bool:
        """Note when the picture is shown; False if it is not. The first one shows from 0 on."""
        shown = self._clock.read(picture)
        if shown is None:
            return False
        time, length = (round(seconds / _TICK) for seconds in shown)
        self._last = 0 if self._last < 0 else max(time, self._last + 1)
        self._length = length
        picture.pts, picture.time_base = self._last, _TICK
        return True

    def _encoded(self, pictures: Iterator[VideoFrame]) -> Iterator["Packet[Any]"]:
        for picture in pictures:
            yield from self._track.encode(picture)
