"""The parent's side of one decoding child: starts it, listens to it, ends it.

Knows processes, the pipe and how long silence may last; knows nothing of video, and imports no
decoding library.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import IO, Any, BinaryIO, Self

from indexer import decoding
from indexer.decoding import Request
from indexer.errors import VideoError, no_room

# -I shuts out the current folder and the environment, so the checkout must be named.
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from indexer.child import main; main(sys.argv[2])"
)
_CHECKOUT = str(Path(__file__).resolve().parent.parent)
_POSIX = os.name == "posix"


class Child:
    """One child process that serves one request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._process: subprocess.Popen[bytes]
        self._pipe: BinaryIO
        self._tie: IO[bytes]
        self._silent = False

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START, _CHECKOUT, self._request.to_text()],
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

    def receive(self) -> tuple[bytes, bytes]:
        """The next message that matters; raises what the child reports or died of."""
        while True:
            message = self._next()
            if message is None:
                raise self._death()
            if message[0] == decoding.ERROR:
                raise _reported(json.loads(message[1]))
            if message[0] == decoding.FULL:
                raise no_room()
            if message[0] != decoding.ALIVE:
                return message

    def close(self) -> None:
        """End the child and whatever it started, if it still runs."""
        self.kill()
        self._tie.close()
        self._pipe.close()
        self._process.wait()

    def _next(self) -> tuple[bytes, bytes] | None:
        """Wait for a message, but not longer than a living child stays silent."""
        timer = Timer(self._request.limits.silence, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            return decoding.receive(self._pipe)
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        self._silent = True
        self.kill()

    def kill(self) -> None:
        """End the child at once; any thread may ask for it."""
        if self._process.poll() is not None:
            return
        if _POSIX:
            with suppress(ProcessLookupError):  # it ended, and another thread took note of that
                os.killpg(self._process.pid, signal.SIGKILL)  # its own group: see above
        else:
            self._process.kill()

    def _death(self) -> VideoError:
        """Why the pipe ended without a last word."""
        status = self._process.wait()
        if self._silent:
            waited = self._request.limits.silence
            return VideoError("decoder_timeout", reason=f"no sign of life for {waited:.0f} s")
        if _POSIX and status == -signal.SIGXCPU:
            return VideoError("decoder_timeout", reason="it used up its time on the processor")
        return VideoError("decoder_crashed", reason=_status_name(status))


def _reported(report: dict[str, Any]) -> VideoError:
    return VideoError(report["code"], **report["facts"])


def _status_name(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"
