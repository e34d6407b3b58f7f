"""Clips and a list of them as one zip, in pieces that can be sent as they come.

Knows what a zip is made of and what its list says of each clip. Does not know how clips are cut,
nor who gets them. Nothing is compressed: clips are already.
"""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from indexer.export.excerpts import Excerpt
from indexer.export.names import Names, cell, clip_name
from indexer.export.tables import clock, written

MOST = 100  # clips
_PIECE = 1 << 20  # bytes
_COLUMNS = ("name", "rank", "title", "from", "to", "tags", "problem")


class Packing:
    """What the files of many clips are called, and what became of each."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        """`taken` are names that other files have."""
        self._names = Names()
        for name in taken:
            self._names.unique(name)
        self.list_name = self._names.unique("clips.csv")
        self._rows: list[list[object]] = [list(_COLUMNS)]

    def name(self, one: Excerpt) -> str:
        """A name for a clip that no other has."""
        return self._names.unique(clip_name(one.video.title, one.start, one.end))

    def note(self, one: Excerpt, name: str, problem: str = "") -> None:
        """What became of a clip: it is there under this name, unless there was a problem."""
        said = [cell("" if problem else name), one.rank, cell(one.video.title)]
        times = [clock(one.start), clock(one.end)]
        self._rows.append([*said, *times, cell("; ".join(one.tags)), cell(problem)])

    def list(self) -> bytes:
        """All that was noted, as CSV."""
        return written(self._rows).encode()


class Archive:
    """A zip in the making; what its methods give are its bytes, in order."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED)

    def add(self, path: Path, name: str) -> Iterator[bytes]:
        """A file, read piece by piece."""
        entry = zipfile.ZipInfo.from_file(path, name)
        with path.open("rb") as source, self._zip.open(entry, "w") as target:
            while piece := source.read(_PIECE):
                target.write(piece)
                yield self._sink.taken()
        yield self._sink.taken()

    def end(self, packing: Packing) -> Iterator[bytes]:
        """The list, and what closes a zip."""
        self._zip.writestr(packing.list_name, packing.list())
        self._zip.close()
        yield self._sink.taken()


class _Sink:
    """A file that is only written to, whose bytes are taken as they come."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, piece: bytes) -> int:
        self._held += piece
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """What is left can still be taken."""

    def taken(self) -> bytes:
        """What was written since this was asked for last."""
        held, self._held = bytes(self._held), bytearray()
        return held
