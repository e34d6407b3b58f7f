"""The decoding child: confines itself, decodes one file, and writes messages to its stdout.

Knows how to turn every failure into a message. Knows nothing of who started it, and loads the
decoding libraries only once it is confined. Started by `reader.py`, one process per video.
"""

import os
from dataclasses import asdict
from typing import BinaryIO

from indexer import decoding, sandbox
from indexer.decoding import Probe, Request, Tally
from indexer.errors import VideoError

# Seconds of CPU: a base, and per pixel of the whole video ten times what 1080p H.264 takes.
_CPU_BASE = 60.0
_CPU_PER_PIXEL = 10 / 500e6
_CPU_FOR_PROBE = 60.0


def main(request_text: str) -> None:
    """Serve one request and end the process, whatever a library still has running."""
    pipe = _claim_stdout()
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
    except BrokenPipeError:
        raise
    except MemoryError:
        _fail(pipe, VideoError("out_of_memory"))
    except OSError as error:
        _fail(pipe, VideoError("io_error", reason=error.strerror or type(error).__name__))
    except Exception as error:
        _fail(pipe, VideoError("decoder_crashed", reason=_first_line(error)))


def _first_line(error: Exception) -> str:
    """What a library says, without the traces that some put into their messages."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


def _fail(pipe: BinaryIO, error: VideoError) -> None:
    decoding.send_fields(pipe, decoding.ERROR, {"code": error.code, "facts": error.facts})


def _answer(pipe: BinaryIO, request: Request) -> None:
    sandbox.confine(request.limits)
    sandbox.limit_cpu(_CPU_FOR_PROBE)
    from indexer import video

    probe = video.inspect(request.path, request.limits)
    decoding.send_fields(pipe, decoding.PROBE, asdict(probe))
    if request.pixels is None:
        return
    sandbox.limit_cpu(_cpu_budget(probe))
    tally = Tally()
    for sample in video.read(request, probe, tally, lambda: decoding.send(pipe, decoding.ALIVE)):
        decoding.send_sample(pipe, sample)
    summary = tally.summary(probe.duration, request.fps)
    decoding.send_fields(pipe, decoding.DONE, asdict(summary))


def _cpu_budget(probe: Probe) -> float:
    pixels = probe.width * probe.height * max(probe.fps, 1.0) * probe.duration
    return _CPU_BASE + _CPU_PER_PIXEL * pixels
