"""One attempt at one video, which others may call off.

Knows whether it was called off, keeps that from racing with a write, and how far the attempt is.
Knows nothing of what is done in it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from indexer.records import Step


class Cancelled(Exception):  # noqa: N818  (it is not an error)
    """The attempt was called off; what was stored so far stays."""


class Job:
    """An attempt at the video `video_id`. After `cancel` returns, it writes nothing more."""

    def __init__(self, video_id: str, wrote: Callable[[], None] = lambda: None) -> None:
        """`wrote` is called after each write."""
        self.video_id = video_id
        self._wrote = wrote
        self.step: Step = "open"
        self._lock = threading.Lock()
        self._cancelled = False

    def cancel(self) -> None:
        """Call the attempt off; waits for a write that has begun, not for a computation."""
        with self._lock:
            self._cancelled = True

    @property
    def cancelled(self) -> bool:
        """Whether it was called off."""
        return self._cancelled

    def check(self) -> None:
        """Raise Cancelled if it was called off."""
        if self._cancelled:
            raise Cancelled

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A block that either happens before `cancel` returns, or not at all."""
        with self._lock:
            self.check()
            yield
        self._wrote()
