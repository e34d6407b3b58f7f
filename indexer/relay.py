"""A long video read by several children at once, each a stretch of it, where one is too slow.

Knows how the stretches follow each other, and when one child is enough: where what is made of the
frames takes longer than reading them does. Gives what a single child would give. Knows neither
who wants the frames nor how a child works.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from types import TracebackType
from typing import Self

from indexer.decoding import Probe, Sample, Summary
from indexer.errors import VideoError
from indexer.reader import FrameReader

FIRST = 240  # samples that one child reads before it is seen whether it keeps up
EACH = 120  # samples of every further stretch: 30 MB at 288 px
TOO_SLOW = 0.8  # of the time goes by waiting for the child
WORTH = 6.0  # seconds that the first samples take, at least: starting a child takes a part of one


Read = Callable[[int, int | None], FrameReader]


class Relay:
    """The samples of one video from `first` on, by at most so many children at a time.

    `read(first, last)` is a reader of the samples from `first` to before `last`, or to the end.
    Another thread may end it at any time: whoever iterates then gets a VideoError.
    """

    def __init__(self, read: Read, first: int, most: int) -> None:
        self._read = read
        self._first = first
        self._pool = ThreadPoolExecutor(most, "stretch")
        # What is taken up again may begin far from any key picture: one child reads it anyway.
        self._most = most if first == 0 else 1
        self._lock = threading.Lock()
        self._running: set[FrameReader] = set()
        self._closed = False
        self._samples = self._every()
        self._waited = 0.0  # seconds that somebody wanted a sample
        self._errors = self._damaged = 0
        self.summary: Summary | None = None
        self.probe: Probe

    def __enter__(self) -> Self:
        self._reader = self._begin(self._first, FIRST if self._most > 1 else None)
        self.probe = self._reader.probe
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._closed = True
        self._end_all()
        self._pool.shutdown(cancel_futures=True)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Sample:
        begun = time.monotonic()
        try:
            return next(self._samples)
        finally:
            self._waited += time.monotonic() - begun

    def _every(self) -> Generator[Sample]:
        begun = time.monotonic()
        index, read = yield from self._through(self._reader)
        if index == FIRST and self._most > 1:  # where it was told to stop
            slow = self._waited > max(WORTH, TOO_SLOW * (time.monotonic() - begun))
            if slow and self.probe.seekable:
                index = yield from self._by_several(index, read.promised)
            _, read = yield from self._through(self._begin(index, None))
        self.summary = replace(
            read, errors=self._errors, damaged=self._damaged, resumed=self._first > 0
        )

    def _through(self, reader: FrameReader) -> Generator[Sample, None, tuple[int, Summary]]:
        """What one child reads; returns the index after that, and what it says in the end."""
        index = 0
        for sample in reader:
            index = sample.index + 1
            yield sample
        self._end(reader)
        read = reader.summary
        assert read is not None
        self._errors += read.errors
        self._damaged += read.damaged
        return index, read

    def _by_several(self, index: int, promised: int) -> Generator[Sample, None, int]:
        """Stretch after stretch while each is whole and sound; returns the index after those."""
        begins = iter(range(index, promised - EACH, EACH))
        coming: deque[Future[list[Sample] | None]] = deque()
        while True:
            for begin in islice(begins, self._most + 1 - len(coming)):
                coming.append(self._submit(begin))
            samples = _made(coming.popleft()) if coming else None
            if samples is None:
                break
            yield from samples
            index += EACH
        for future in coming:
            future.cancel()
        self._end_all()
        return index

    def _submit(self, begin: int) -> Future[list[Sample] | None]:
        with self._lock:  # or the pool may be gone between the look and the call
            self._check_wanted()
            return self._pool.submit(self._stretch, begin)

    def _check_wanted(self) -> None:
        if self._closed:
            raise VideoError("decoder_crashed", reason="nobody wants it any more")

    def _stretch(self, begin: int) -> list[Sample] | None:
        """All samples of one stretch; None if it is to be read in one go with all that follows."""
        try:
            reader = self._begin(begin, begin + EACH)
            samples = list(reader)
            self._end(reader)
        except VideoError:
            return None
        read = reader.summary
        sound = read is not None and not read.errors and not read.damaged
        return samples if sound and len(samples) == EACH else None

    def _begin(self, first: int, last: int | None) -> FrameReader:
        self._check_wanted()
        reader = self._read(first, last)
        reader.__enter__()
        with self._lock:
            self._running.add(reader)
        try:
            self._check_wanted()
        except VideoError:
            self._end(reader)
            raise
        return reader

    def _end(self, reader: FrameReader) -> None:
        with self._lock:
            self._running.discard(reader)
        reader.__exit__(None, None, None)

    def _end_all(self) -> None:
        with self._lock:
            running = list(self._running)
        for reader in running:
            self._end(reader)


def _made(stretch: Future[list[Sample] | None]) -> list[Sample] | None:
    """What a stretch came to; None as well if it was never begun, the pool being closed."""
    try:
        return stretch.result()
    except CancelledError:
        return None


Frames = FrameReader | Relay
"""The samples of one video in order, and their summary in the end."""
