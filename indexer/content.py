"""What a file is: the SHA-256 of its bytes, and what shows that it has not changed since.

Knows bytes only; whether they are a video is for others to say.
"""

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import VideoError

_CHUNK = 1 << 20
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True)
class Content:
    """A file's identity (`video_id`: SHA-256 in hexadecimal), size in bytes and time of change."""

    video_id: str
    size: int
    mtime_ns: int


def read_content(path: Path, check: Callable[[], None] = lambda: None) -> Content:
    """Hash a file. Raises VideoError if it is no regular file, cannot be read or is being written.

    `check` is called now and then; what it raises ends the reading.
    """
    digest = hashlib.sha256()
    try:
        status = path.stat()
        check_regular(status.st_mode)
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                check()
                digest.update(chunk)
            now = os.fstat(file.fileno())
        if (now.st_size, now.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
            raise VideoError("io_error", reason="it is still being written")
    except OSError as error:
        raise VideoError("io_error", reason=error.strerror or type(error).__name__) from error
    return Content(digest.hexdigest(), status.st_size, status.st_mtime_ns)


def check_regular(mode: int) -> None:
    """Refuse what would block on reading, such as a pipe. Raises VideoError."""
    if not stat.S_ISREG(mode):
        raise VideoError("not_a_file", kind=_KINDS.get(stat.S_IFMT(mode), "something else"))
