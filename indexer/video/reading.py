"""The frames on the screen at every grid point, through either library.

Knows the grid and the two sources; the sources know their libraries.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from indexer.decoding import Drawn, Probe, Request, Tally
from indexer.errors import VideoError
from indexer.segments import on_grid
from indexer.video.by_decord import DecordSource
from indexer.video.by_pyav import PyavSource


class _Source(Protocol):
    """One way to get timed pictures out of a file, and pixels out of a picture."""

    def pictures(self) -> Iterator[tuple[float, float, Any]]:
        """(time, length, picture) in order, from before the first point that is wanted."""

    def render(self, picture: Any) -> tuple[bytes, bytes | None]:
        """The square pixels and the thumbnail of one picture."""


_SOURCES: dict[str, Callable[[Request, Probe, Tally, Callable[[], None]], _Source]] = {
    "pyav": PyavSource,
    "decord": DecordSource,
}


def read(
    request: Request, probe: Probe, tally: Tally, alive: Callable[[], None]
) -> Iterator[Drawn]:
    """Give the frame on the screen at every grid point, in one pass, counting into `tally`.

    `alive` is called often, also while no sample is due. Damaged data costs itself, not the
    file: VideoError is raised if most is damaged, or if not one picture could be read.
    """
    assert request.pixels is not None
    source = _SOURCES[request.reader](request, probe, tally, alive)
    rendered: tuple[Any, bytes, bytes | None] | None = None
    for index, picture in on_grid(source.pictures(), request.fps, request.first):
        if index == request.last:
            break
        if rendered is None or rendered[0] is not picture:
            rendered = (picture, *source.render(picture))
        yield Drawn(index, index / request.fps, rendered[1], rendered[2])
    if tally.readable == 0.0:
        raise VideoError("nothing_decodable")
