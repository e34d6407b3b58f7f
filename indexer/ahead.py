"""Frames of one video, read by a thread of their own before they are due.

Knows how many frames may wait, and how to end a decoder that somebody else no longer needs. Knows
neither which frames are wanted nor what becomes of them.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self, TypeVar

from indexer.decoding import Sample
from indexer.job import Job
from indexer.meters import Meters
from indexer.relay import Frames

READ_AHEAD = 48  # frames: 12 MB at 288 px
PATIENCE = 0.2  # seconds between two looks at whether a waiting attempt was called off
T = TypeVar("T")

Open = Callable[[ExitStack], tuple[Frames, float]]


class Ahead:
    """One video on its way out of its decoding child; use it in a `with` block, which ends both.

    `open_frames` starts the child inside the given stack, and says at which rate it reads. Until
    the `first` frames are used, no others are read: the cores are for what is made of those.
    """

    def __init__(self, open_frames: Open, meters: Meters, first: int = READ_AHEAD) -> None:
        self._meters = meters
        self._children = ExitStack()
        self._thread = ThreadPoolExecutor(1, "read")
        self._turns = meters.turns("read")
        self._opened = self._thread.submit(open_frames, self._children)
        self._far = first >= READ_AHEAD
        self._pending = deque(self._thread.submit(self._next) for _ in range(first))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child first, then the thread that reads from it."""
        wait([self._opened])
        self._children.close()
        self._thread.shutdown(cancel_futures=True)

    @property
    def failed(self) -> bool:
        """Whether the child could not open its file, or reading it has failed by now."""
        asked: tuple[Future[Any], ...] = (self._opened, *self._pending)
        return any(one.done() and one.exception() is not None for one in asked)

    def opened(self, job: Job) -> tuple[Frames, float]:
        """The reader and its rate once the child has looked at the file. Raises VideoError."""
        return result(self._opened, job)

    def samples(self, job: Job) -> Iterator[Sample]:
        """The samples in order; raises what reading raises, and Cancelled from `job`."""
        while True:
            filled = sum(future.done() for future in self._pending) / READ_AHEAD
            self._meters.filled("frames", filled)
            with self._meters.stage("read"), self._meters.waits("embed"):
                sample = result(self._pending.popleft(), job)
            if sample is None:
                return
            yield sample
            self._far = self._far or not self._pending
            while self._far and len(self._pending) < READ_AHEAD:
                self._pending.append(self._thread.submit(self._next))

    def _next(self) -> Sample | None:
        with self._turns.turn():
            return next(self._opened.result()[0], None)


def result(future: Future[T], job: Job) -> T:
    """What another thread made of it, unless the attempt is called off meanwhile."""
    while not wait([future], PATIENCE).done:
        job.check()
    return future.result()
