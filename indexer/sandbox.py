"""What a decoding child may touch and use: one regular file, so much memory, so much time.

Knows the operating system's limits; knows nothing of video. Where a platform lacks a limit
(Windows, parts of macOS) the others still hold.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

from indexer.content import check_regular
from indexer.decoding import Limits
from indexer.errors import VideoError


def confine(limits: Limits, written: int = 0) -> None:
    """Bound this process's memory, descriptors, and the bytes of any file that it writes."""
    _limit("RLIMIT_AS", limits.memory)
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_FSIZE", written)
    _limit("RLIMIT_NOFILE", 64)


def limit_cpu(seconds: float) -> None:
    """Let the system end this process after so many more seconds of computing."""
    _limit("RLIMIT_CPU", int(seconds + sum(os.times()[:2])) + 1)


def limit_memory(size: int) -> None:
    """Let this process have no more than so many bytes of memory."""
    _limit("RLIMIT_AS", size)
    _limit("RLIMIT_CORE", 0)


def step_back(steps: int) -> None:
    """Let other processes go first: a little at 1, always at 19."""
    if hasattr(os, "nice"):
        os.nice(steps)


def end_with(pipe: int) -> None:
    """Let the system end this process when nobody holds the other end of `pipe` any more.

    So whatever a library is stuck in does not outlive a program that was killed.
    """
    if sys.platform == "win32":
        return
    import fcntl
    import select

    with contextlib.suppress(OSError):  # not every system can
        fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(pipe, fcntl.F_SETFL, os.O_ASYNC)  # by SIGIO, which nobody here handles
    if select.select([pipe], [], [], 0)[0]:  # it was let go of before
        os._exit(0)


def _limit(name: str, value: int) -> None:
    """Lower the soft limit alone: the processor's is raised again once the video is known."""
    if sys.platform == "win32":
        return
    import resource

    limit = getattr(resource, name)
    # What is set lower already, or unknown to the platform, stays as it is.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(limit, (value, resource.getrlimit(limit)[1]))


@contextlib.contextmanager
def regular_file(path: str, limits: Limits) -> Iterator[BinaryIO]:
    """Open a regular file to read: no link is followed, no pipe waited for.

    Raises VideoError if it is another thing, empty or too large; OSError if it cannot be read.
    """
    check_regular(os.lstat(path).st_mode)
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        check_regular(status.st_mode)  # again: the name may have come to mean something else
        _check_size(status.st_size, limits)
        yield file


def _check_size(size: int, limits: Limits) -> None:
    if size == 0:
        raise VideoError("empty_file")
    if size > limits.bytes:
        raise VideoError("too_large", size=size / 2**30, limit=limits.bytes / 2**30)
