"""A child process of ours, which neither inherits secrets nor outlives us.

Knows processes, their pipes and how they are ended. Does not know what a child is asked or answers.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self

# -I shuts out the current folder and the environment, so the checkout must be named.
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from {module} import main; main(*sys.argv[2:])"
)
_CHECKOUT = str(Path(__file__).resolve().parent.parent)
_POSIX = os.name == "posix"


class Process:
    """One child, started by `with`, that runs `main` of a module with these arguments."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._start = [_START.format(module=module), _CHECKOUT, *arguments]
        self._process: subprocess.Popen[bytes]
        self._pipe: BinaryIO
        self._tie: IO[bytes]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", *self._start],
            stdin=subprocess.PIPE,  # never written to: its end tells the child that we are gone
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Secrets in the environment are not for a process that meets hostile files, nor is
            # the accelerator; Windows cannot start Python without its environment.
            env={"PATH": os.defpath, "CUDA_VISIBLE_DEVICES": ""} if _POSIX else None,
            # A group, so that all of it can be killed; not a session, since Linux shares its
            # time between sessions first, and stepping back would mean nothing beyond one.
            process_group=0 if _POSIX else None,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._tie = self._process.stdin
        self._pipe = self._process.stdout  # type: ignore[assignment]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child and whatever it started, if it still runs."""
        self.kill()
        self._tie.close()
        self._pipe.close()
        self._process.wait()

    def kill(self) -> None:
        """End the child at once; any thread may ask for it."""
        if self._process.poll() is not None:
            return
        if _POSIX:
            with suppress(ProcessLookupError):  # it ended, and another thread took note of that
                os.killpg(self._process.pid, signal.SIGKILL)  # its own group: see above
        else:
            self._process.kill()

    def lines(self) -> Iterator[str]:
        """What the child prints, a line each, until it ends."""
        for line in self._pipe:
            yield line.decode("utf-8", "replace").rstrip("\n")

    def wait(self) -> int:
        """The child's exit status once it has ended."""
        return self._process.wait()
