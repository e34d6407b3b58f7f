"""Reads videos through a child process, and outlives whatever a file does to it.

Knows what to ask the child for and what it answers, and nothing of video: it imports no decoding
library. The child blocks on the pipe while nobody reads, so memory stays bounded however long
the consumer pauses.
"""

import json
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from indexer import decoding, still
from indexer.decoding import (
    SAMPLE_HEADER,
    Decode,
    Limits,
    Probe,
    Reader,
    Request,
    Resize,
    Sample,
    Summary,
)
from indexer.parent import Child
from indexer.segments import FPS


def probe(path: Path, limits: Limits | None = None) -> Probe:
    """What a video is: duration, size, codec; raises VideoError where it cannot be read."""
    request = Request(path=str(path), limits=limits or Limits())
    with Child(request) as child:
        return _probe(child.receive())


def read_still(path: Path, *, pixels: int, resize: Resize = "squash") -> Sample | None:
    """A picture file as a sample of a video that stands still; None if it is not a picture.

    Raises VideoError if it is one that cannot be read.
    """
    with path.open("rb") as file:
        if not still.is_still(file):
            return None
    request = Request(str(path), pixels, resize=resize, limits=still.LIMITS, still=True)
    with Child(request) as child:
        return unpack_sample(child.receive()[1], pixels)


def read_frames(
    path: Path,
    *,
    pixels: int,
    fps: float = FPS,
    reader: Reader = "pyav",
    first: int = 0,
    last: int | None = None,
    thumbnails: bool = True,
    resize: Resize = "squash",
    limits: Limits | None = None,
    decode: Decode = "exact",
) -> "FrameReader":
    """The frames on the screen at the grid points from `first` to before `last`, or to the end.

    Samples are uint8 [pixels, pixels, 3]: the picture squashed to the square, or the middle of
    it with `resize="crop"`; `fps` is the grid's rate. Nothing starts before the `with` block is
    entered. With `decode="fast"` PyAV takes about half the time, and pixels differ a little.
    """
    limits = limits or Limits()
    wanted = Request(str(path), pixels, fps, reader, first, last, thumbnails, resize, limits)
    return FrameReader(replace(wanted, decode=decode))


class FrameReader:
    """An iterator of samples over one video; use it in a `with` block, which ends the child.

    `probe` is there inside the block, `summary` once the samples are exhausted. Entering and
    iterating raise VideoError; samples given before that are good unless its code is
    `corrupt`, when most of the video is damaged.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._child = Child(request)
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
        return unpack_sample(payload, self._request.pixels or 0)


def unpack_sample(payload: bytes, pixels: int) -> Sample:
    """The sample of `pixels` a side that `decoding.send_sample` wrote, a view of `payload`."""
    index, time = SAMPLE_HEADER.unpack_from(payload)
    begin, count = SAMPLE_HEADER.size, pixels * pixels * 3
    square = np.frombuffer(payload, np.uint8, count, begin).reshape(pixels, pixels, 3)
    return Sample(index, time, square, payload[begin + count :] or None)


def _probe(message: tuple[bytes, bytes]) -> Probe:
    return Probe(**json.loads(message[1]))
