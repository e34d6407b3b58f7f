"""Makes a playable copy of a video, or of a stretch of it, through a child process.

Knows what to ask the child for and how it tells of its progress; knows nothing of video, and not
where copies are kept.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from indexer import decoding
from indexer.decoding import Copied, Copy, Cut, Limits, Request
from indexer.parent import Child

# Putting the index first moves the whole file: minutes for gigabytes on a slow disk.
_SILENCE = 300.0


class Copier:
    """A copy in the making, of all or of a stretch; use it in a `with` block, which ends the child.

    Iterating gives the share that is done, 0 to 1; `copied` is there afterwards. Raises
    VideoError, and DiskFull where the copy would need more than `most` bytes or the disk has.
    What was written of a copy that failed is left to the caller.
    """

    def __init__(
        self,
        path: Path,
        copy: Path,
        most: int,
        anew: bool = False,
        cut: Cut | None = None,
    ) -> None:
        wanted = Copy(str(copy), most, anew, cut)
        self._child = Child(Request(str(path), limits=Limits(silence=_SILENCE), copy=wanted))
        self.copied: Copied | None = None

    def __enter__(self) -> Self:
        self._child.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.close()

    def __iter__(self) -> Iterator[float]:
        while self.copied is None:
            kind, payload = self._child.receive()
            if kind == decoding.DONE:
                self.copied = Copied(**json.loads(payload))
            elif kind == decoding.SHARE:
                yield json.loads(payload)["share"]

    def stop(self) -> None:
        """End the child from another thread; iterating then raises VideoError."""
        self._child.kill()
