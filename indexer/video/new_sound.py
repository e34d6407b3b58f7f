"""The sound of a copy, encoded anew: AAC in stereo, in step with the pictures.

Knows when each piece is heard, and fills what is missing with silence. Sound that cannot be
decoded is left out: a copy without it still plays.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.filter import Graph
from av.packet import Packet

from indexer import timeline
from indexer.decoding import Cut, Probe
from indexer.video.filters import chained, passed
from indexer.video.opening import decode, unless_memory

_RATE = 48_000  # samples a second
_PIECE = 1024  # samples that the encoder takes at a time
_BITS, _MORE_BITS = 128_000, 192_000  # a second
_AFTER_THE_END = 60.0  # seconds; sound said to come later than that is damage


class NewSound:
    """Encodes one track of sound, of which a stretch may be cut out: then `over` tells its end."""

    def __init__(
        self,
        output: OutputContainer,
        source: AudioStream,
        probe: Probe,
        cut: Cut | None = None,
    ) -> None:
        self._source = source
        self._start = probe.start + (cut.begin if cut else 0.0)
        self._latest = cut.end - cut.begin if cut else probe.duration + _AFTER_THE_END
        self._cut = cut is not None
        self.over = False
        bits = _MORE_BITS if cut else _BITS
        self._track = output.add_stream("aac", rate=_RATE, layout="stereo", bit_rate=bits)
        self._made_for: tuple[Any, ...] = ()
        self._graph: Graph | None = None
        self._given = 0

    def take(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        """The packets that are ready once another of the original's has come in."""
        for frame in decode(packet, AudioFrame) or ():
            try:
                if self._stamp(frame):
                    yield from self._encoded(list(self._resampled(frame)))
            except FFmpegError as error:
                unless_memory(error)

    def end(self) -> Iterator["Packet[Any]"]:
        """The rest."""
        yield from self._encoded(self._rest())
        yield from self._track.encode(None)

    def _stamp(self, frame: AudioFrame) -> bool:
        """Count time from the pictures' first moment; False where it is not to be heard."""
        stamp = timeline.seconds(frame, self._source)
        if stamp is None:
            return self._given > 0
        frame.pts = round((stamp - self._start) * frame.sample_rate)
        frame.time_base = Fraction(1, frame.sample_rate)
        self.over = stamp - self._start >= self._latest
        return not self.over and (not self._cut or frame.pts + frame.samples > 0)

    def _resampled(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        kind = (frame.sample_rate, frame.layout.name, frame.format.name)
        if kind != self._made_for:
            yield from self._rest()
            self._graph, self._made_for = self._chain(*kind), kind
        assert self._graph is not None
        yield from passed(self._graph, frame)

    def _rest(self) -> Iterator[AudioFrame]:
        if self._graph is not None:
            yield from passed(self._graph, None)

    def _chain(self, rate: int, layout: str, sample_format: str) -> Graph:
        graph = Graph()
        source = graph.add_abuffer(sample_rate=rate, layout=layout, format=sample_format)
        steps = (
            f"aresample={_RATE}:async=1:first_pts={self._given}",
            *([f"atrim=end_pts={round(self._latest * _RATE)}"] if self._cut else []),
            "aformat=sample_fmts=fltp:channel_layouts=stereo",
            f"asetnsamples=n={_PIECE}:p=0",
        )
        return chained(graph, source, steps, "abuffersink")

    def _encoded(self, pieces: Iterator[AudioFrame] | list[AudioFrame]) -> Iterator["Packet[Any]"]:
        for piece in pieces:
            self._given += piece.samples
            yield from self._track.encode(piece)
