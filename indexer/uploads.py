"""Bytes that somebody sends, written to the disk and hashed as they come.

Knows how much is taken, what the disk can hold, and that a broken-off upload leaves nothing. Does
not know whether the bytes are a video, nor what becomes of the file.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import DiskFull, UploadRefused, room_needed

MIB = 1 << 20


@dataclass(frozen=True)
class Received:
    """A complete upload: where it lies for now, the SHA-256 of its bytes, its size in bytes."""

    path: Path
    sha256: str
    size: int


class Uploads:
    """The folder where uploads lie until they are complete."""

    def __init__(self, folder: Path, min_free_bytes: int) -> None:
        """Use `folder` alone, and clear it of what an earlier process left."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._min_free = min_free_bytes

    @contextmanager
    def receive(self, chunks: Iterable[bytes], length: int, limit: int) -> Iterator[Received]:
        """Take `length` bytes; the file is deleted at the end of the block unless it was moved.

        Raises UploadRefused or DiskFull, before the first byte where the length tells.
        """
        self._check(length, limit)
        handle, name = tempfile.mkstemp(dir=self._folder)
        try:
            with room_needed(), open(handle, "wb") as file:
                digest = hashlib.sha256()
                for chunk in _counted(chunks, length):
                    digest.update(chunk)
                    file.write(chunk)
            yield Received(Path(name), digest.hexdigest(), length)
        finally:
            Path(name).unlink(missing_ok=True)

    def _check(self, length: int, limit: int) -> None:
        if length > limit:
            raise UploadRefused(
                f"The file has {length / MIB:.0f} MiB; at most {limit / MIB:.0f} MiB are taken."
            )
        if length > shutil.disk_usage(self._folder).free - self._min_free:
            raise DiskFull(
                f"The file has {length / MIB:.0f} MiB, which the disk cannot hold. Remove videos "
                "or make room, then send it again."
            )


def _counted(chunks: Iterable[bytes], length: int) -> Iterator[bytes]:
    """The chunks, if they are as many bytes as were announced."""
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > length:
            break
        yield chunk
    if total != length:
        raise UploadRefused(
            f"The upload broke off or was not as long as announced ({length} bytes). "
            "Nothing was kept; send it again."
        )
