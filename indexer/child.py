"""The decoding child: confines itself, decodes one file, and writes messages to its stdout.

Knows how to turn every failure into a message. Knows nothing of who started it, and loads the
decoding libraries only once it is confined. Started by `reader.py`, one process per video.
"""

import os
import re
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import BinaryIO

from indexer import decoding, sandbox
from indexer.decoding import Probe, Request, Tally
from indexer.errors import DiskFull, VideoError

# Seconds of CPU: a base, and per pixel of the whole video ten times what 1080p H.264 takes.
_CPU_BASE = 60.0
_CPU_PER_PIXEL = 10 / 500e6
_CPU_PER_SECOND_WRITTEN = 10.0  # of a copy of 720 lines, 25 pictures a second: again ten times
_CPU_FOR_PROBE = 60.0
_TELL_EVERY = 0.25  # seconds
# How far to step back: a search comes before indexing and clips, and those before a copy.
_LATER, _LAST = 10, 19


def main(request_text: str) -> None:
    """Serve one request and end the process, whatever a library still has running."""
    pipe = _claim_stdout()
    sandbox.end_with(0)
    try:
        _serve(pipe, Request.from_text(request_text))
        pipe.flush()
    except BrokenPipeError:
        pass  # nobody is listening any more
    os._exit(0)


def _claim_stdout() -> BinaryIO:
    """Keep the pipe for messages and send what libraries print to stderr."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe


def _serve(pipe: BinaryIO, request: Request) -> None:
    try:
        _answer(pipe, request)
    except VideoError as error:
        _fail(pipe, error)
    except DiskFull:
        decoding.send(pipe, decoding.FULL)
    except BrokenPipeError:
        raise
    except MemoryError:
        _fail(pipe, VideoError("out_of_memory"))
    except ImportError as error:
        _fail(pipe, _not_loaded(error))
    except OSError as error:
        _fail(pipe, VideoError("io_error", reason=error.strerror or type(error).__name__))
    except Exception as error:
        _fail(pipe, VideoError("decoder_crashed", reason=_first_line(error)))


def _not_loaded(error: ImportError) -> VideoError:
    """A library that found no room is named by the loader in words of its own."""
    if re.search("failed to map|cannot allocate", str(error), re.IGNORECASE):
        return VideoError("out_of_memory")
    return VideoError("decoder_crashed", reason=_first_line(error))


def _first_line(error: Exception) -> str:
    """What a library says, without the traces that some put into their messages."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


def _fail(pipe: BinaryIO, error: VideoError) -> None:
    decoding.send_fields(pipe, decoding.ERROR, {"code": error.code, "facts": error.facts})


def _answer(pipe: BinaryIO, request: Request) -> None:
    sandbox.confine(request.limits, request.copy.bytes if request.copy else 0)
    sandbox.limit_cpu(_CPU_FOR_PROBE)
    if request.still:
        from indexer import still

        decoding.send_sample(pipe, still.read(request))
        return
    sandbox.step_back(_LATER if request.copy is None or request.copy.cut else _LAST)
    from indexer import video

    told = _NowAndThen(pipe)
    probe = video.inspect(request.path, request.limits, told.alive)
    decoding.send_fields(pipe, decoding.PROBE, asdict(probe))
    sandbox.limit_cpu(_cpu_budget(probe, request))
    if request.copy is not None:
        make = video.cut if request.copy.cut else video.copy
        copied = make(request, probe, told.share)
        decoding.send_fields(pipe, decoding.DONE, asdict(copied))
    elif request.pixels is not None:
        _read(pipe, request, probe, told.alive)


def _read(pipe: BinaryIO, request: Request, probe: Probe, alive: Callable[[], None]) -> None:
    from indexer import video

    tally = Tally(resumed=request.first > 0)
    for sample in video.read(request, probe, tally, alive):
        decoding.send_sample(pipe, sample)
    summary = tally.summary(probe.duration, request.fps)
    decoding.send_fields(pipe, decoding.DONE, asdict(summary))


class _NowAndThen:
    """Signs of life, a few times a second at most, however often there is one to give."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._told = 0.0
        self._share = 0.0

    def alive(self) -> None:
        """Tell that the file is still being gone through."""
        if self._is_due():
            decoding.send(self._pipe, decoding.ALIVE)

    def share(self, share: float) -> None:
        """Tell how much of a copy is done.

        It never shrinks: packets come out of order, some without a time, and a copy is begun
        again where its tracks turn out to need encoding.
        """
        self._share = max(self._share, share)
        if self._is_due():
            decoding.send_fields(self._pipe, decoding.SHARE, {"share": self._share})

    def _is_due(self) -> bool:
        now = time.monotonic()
        due = now - self._told >= _TELL_EVERY
        if due:
            self._told = now
        return due


def _cpu_budget(probe: Probe, request: Request) -> float:
    pixels = probe.width * probe.height * max(probe.fps, 1.0) * probe.duration
    written = _CPU_PER_SECOND_WRITTEN * max(probe.fps, 25.0) / 25 * probe.duration
    return _CPU_BASE + _CPU_PER_PIXEL * pixels + (written if request.copy else 0.0)
