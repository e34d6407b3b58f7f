"""Reads videos through a child process, and outlives whatever a file does to it.

Knows how to start, watch and end the child of `child.py`, and nothing of video: it imports no
decoding library. The child blocks on the pipe while nobody reads, so memory stays bounded
however long the consumer pauses.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any, BinaryIO, Self

from indexer import decoding
from indexer.decoding import Limits, Probe, Reader, Request, Resize, Sample, Summary
from indexer.errors import VideoError
from indexer.segments import FPS

# -I shuts out the current folder and the environment, so the checkout must be named.
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from indexer.child import main; main(sys.argv[2])"
)
_CHECKOUT = str(Path(__file__).resolve().parent.parent)
_POSIX = os.name == "posix"


def probe(path: Path, limits: Limits | None = None) -> Probe:
    """What a video is: duration, size, codec; raises VideoError where it cannot be read."""
    request = Request(path=str(path), limits=limits or Limits())
    with _Child(request) as child:
        return _probe(child.receive())


def read_frames(
    path: Path,
    *,
    pixels: int,
    fps: float = FPS,
    reader: Reader = "pyav",
    first: int = 0,
    thumbnails: bool = True,
    resize: Resize = "squash",
    limits: Limits | None = None,
) -> "FrameReader":
    """The frames on the screen at every grid point from `first` on, as a context manager.

    Samples are uint8 [pixels, pixels, 3]: the picture squashed to the square, or the middle of
    it with `resize="crop"`; `fps` is the grid's rate. Nothing starts before the `with` block is
    entered.
    """
    limits = limits or Limits()
    return FrameReader(Request(str(path), pixels, fps, reader, first, thumbnails, resize, limits))


class FrameReader:
    """An iterator of samples over one video; use it in a `with` block, which ends the child.

    `probe` is there inside the block, `summary` once the samples are exhausted. Entering and
    iterating raise VideoError; samples given before that are good unless its code is
    `corrupt`, when most of the video is damaged.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._child = _Child(request)
        self.summary: Summary | None = None
        self.probe: Probe

    def __enter__(self) -> Self:
        self._child.__enter__()
        try:
            self.probe = _probe(self._child.receive())
        except BaseException:
            self._child.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Sample:
        if self.summary is not None:
            raise StopIteration
        kind, payload = self._child.receive()
        if kind == decoding.DONE:
            self.summary = Summary(**json.loads(payload))
            raise StopIteration
        return decoding.unpack_sample(payload, self._request.pixels or 0)


def _probe(message: tuple[bytes, bytes]) -> Probe:
    return Probe(**json.loads(message[1]))


class _Child:
    """One child process that serves one request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._process: subprocess.Popen[bytes]
        self._pipe: BinaryIO
        self._silent = False

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START, _CHECKOUT, self._request.to_text()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Secrets in the environment are not for a process that meets hostile files, nor is
            # the accelerator; Windows cannot start Python without its environment.
            env={"PATH": os.defpath, "CUDA_VISIBLE_DEVICES": ""} if _POSIX else None,
            start_new_session=_POSIX,
        )
        assert self._process.stdout is not None
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
            if message[0] != decoding.ALIVE:
                return message

    def close(self) -> None:
        """End the child and whatever it started, if it still runs."""
        self._kill()
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
        self._kill()

    def _kill(self) -> None:
        if self._process.poll() is not None:
            return
        if _POSIX:
            os.killpg(self._process.pid, signal.SIGKILL)  # its own group: see start_new_session
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
