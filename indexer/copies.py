"""The playable copies on disk: a bounded cache, of which the longest unused goes first.

    DATA_DIR/media/<video id>/playable.mp4            a whole copy
    DATA_DIR/media/<video id>/playable.mp4.partial    one in the making, or what is left of it

Knows sizes, and when a copy was last used: that is its access time, so that the order survives
restarts. Does not know how copies are made or why.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_NAME = "playable.mp4"
_PARTIAL = f"{_NAME}.partial"
_JUST_NOW = 600.0  # seconds; a copy that was used since then is being watched


class Copies:
    """The copies below `root`, of at most `limit` bytes together; `spare` of the disk stay free.

    What is being watched stays, and leaves the less for a new one.
    """

    def __init__(self, root: Path, limit: int, spare: int = 0) -> None:
        self._root = root
        self.limit = limit
        self._spare = spare
        for leftover in root.glob(f"*/{_PARTIAL}"):  # of a process that died
            leftover.unlink(missing_ok=True)

    def find(self, video_id: str) -> Path | None:
        """The whole copy of a video, if there is one."""
        path = self._root / video_id / _NAME
        return path if path.is_file() else None

    def use(self, video_id: str) -> Path | None:
        """The same, noting that it is used now. Its time of change, which names it, stays."""
        path = self.find(video_id)
        if path is not None:
            with suppress(OSError):
                os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        return path

    def begin(self, video_id: str, expected: int) -> tuple[Path, int]:
        """Where a copy of about so many bytes is to be written, and how many it may have."""
        path = self._root / video_id / _PARTIAL
        path.parent.mkdir(parents=True, exist_ok=True)
        self._make_room(min(expected, self.limit))
        return path, max(0, min(self.limit - self._held(), self._free()))

    def finish(self, video_id: str) -> int:
        """What was written becomes the video's copy; returns its bytes."""
        path = self._root / video_id / _NAME
        os.replace(path.with_name(_PARTIAL), path)
        self.use(video_id)
        self._make_room(0)
        return path.stat().st_size

    def discard(self, video_id: str) -> None:
        """Delete what was written of a copy that is not to be."""
        (self._root / video_id / _PARTIAL).unlink(missing_ok=True)

    def remove(self, video_id: str) -> None:
        """Delete a video's copy; one that is in use may have to wait for the rest of its folder."""
        with suppress(PermissionError):
            self.discard(video_id)
            (self._root / video_id / _NAME).unlink(missing_ok=True)

    def is_disk_full(self) -> bool:
        """Whether it is the disk that leaves no room, and not the limit."""
        return self._free() < self.limit - self._held()

    def _make_room(self, wanted: int) -> None:
        """Delete the longest unused copies until `wanted` more bytes fit, or none may go."""
        held = self._held()
        for path, status in sorted(self._all(), key=lambda one: one[1].st_atime_ns):
            fits = held + wanted <= self.limit and self._free() >= wanted
            if fits:
                return
            if abs(time.time() - status.st_atime) < _JUST_NOW:  # a clock may have been set back
                continue
            path.unlink(missing_ok=True)
            held -= status.st_size

    def _held(self) -> int:
        """Bytes of all copies."""
        return sum(status.st_size for _, status in self._all())

    def _all(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self._root.glob(f"*/{_NAME}"):
            with suppress(FileNotFoundError):
                yield path, path.stat()

    def _free(self) -> int:
        """Bytes of the disk that copies may take."""
        return shutil.disk_usage(self._root).free - self._spare
