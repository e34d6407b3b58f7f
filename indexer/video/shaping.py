"""Decoded pictures of any kind into the one shape that an encoder takes.

Knows sizes, sides, fields and colours, all of which may change on the way. Knows nothing of when
a picture is shown: times pass through unchanged.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.filter import Graph
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from indexer.video.filters import chained, passed
from indexer.video.pictures import displayed, upright

BT709, LIMITED = 1, 1  # as FFmpeg numbers the colours that every picture is brought to
_UNSAID = 2
_TURNS = ((), ("transpose=cclock",), ("hflip", "vflip"), ("transpose=clock",))
_HIGH_DEFINITION = 720  # lines


def fitting(width: int, height: int, long: int, short: int) -> tuple[int, int]:
    """Even sides, long x short or short x long at most, the aspect kept."""
    scale = min(1.0, long / max(width, height), short / min(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


class Shaping:
    """Pictures of one video, upright, whole, in 8-bit 4:2:0 of one size."""

    def __init__(self, source: VideoStream, size: tuple[int, int], tick: Fraction) -> None:
        self._source = source
        self._size = size
        self._tick = tick
        self._deinterlacing = False
        self._made_for: tuple[Any, ...] = ()
        self._graph: Graph | None = None

    def take(self, picture: VideoFrame) -> Iterator[VideoFrame]:
        """The pictures that are ready once another has come in."""
        self._deinterlacing |= bool(picture.interlaced_frame)
        kind = (
            displayed(self._source, picture),
            (picture.width, picture.height, picture.format.name),
            (upright(picture), picture.colorspace, self._deinterlacing),
        )
        if kind != self._made_for:
            yield from self.end()
            self._graph, self._made_for = self._chain(picture), kind
        assert self._graph is not None
        yield from _unmarked(passed(self._graph, picture))

    def end(self) -> Iterator[VideoFrame]:
        """The pictures that waited for another."""
        if self._graph is not None:
            yield from _unmarked(passed(self._graph, None))

    def _chain(self, picture: VideoFrame) -> Graph:
        graph = Graph()
        graph.threads = 1
        source = graph.add_buffer(
            width=picture.width,
            height=picture.height,
            format=picture.format,
            time_base=self._tick,
        )
        deinterlace = ["bwdif=mode=send_frame:deint=interlaced"] if self._deinterlacing else []
        return chained(graph, source, [*deinterlace, *self._steps(picture)], "buffersink")

    def _steps(self, picture: VideoFrame) -> list[str]:
        """Resize before turning; what has another aspect than the first picture gets bars."""
        width, height = self._fitted(*displayed(self._source, picture))
        mirrored, turns = upright(picture)
        stored = (height, width) if turns % 2 else (width, height)
        colours = f"in_color_matrix={_matrix(picture)}:out_color_matrix=bt709:out_range=limited"
        return [
            f"scale={stored[0]}:{stored[1]}:flags=area:{colours}",
            "format=yuv420p",
            *(["hflip"] if mirrored else []),
            *_TURNS[turns],
            "setsar=1",
            f"pad={self._size[0]}:{self._size[1]}:(ow-iw)/2:(oh-ih)/2",
        ]

    def _fitted(self, width: int, height: int) -> tuple[int, int]:
        """The largest even size of this aspect within the copy's own."""
        scale = min(self._size[0] / width, self._size[1] / height)
        return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _matrix(picture: VideoFrame) -> str:
    """Which colours the picture is in; where it does not say, its size tells as in players."""
    if picture.colorspace != _UNSAID:
        return "auto"
    return "bt709" if picture.height >= _HIGH_DEFINITION else "smpte170m"


def _unmarked(pictures: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """The same pictures; the encoder decides itself which of them others refer to."""
    for picture in pictures:
        picture.pict_type = PictureType.NONE
        yield picture
