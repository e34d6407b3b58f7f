"""Paths that are run in turn: what each took of time and memory, and how far results are apart.

Knows calls that return arrays, not what they compute.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

STATM = Path("/proc/self/statm")
PAGE = 4096
TICK = 0.01
"""Seconds between two looks at the memory in use."""


@dataclass
class Run:
    """One path: what it computes, and what was measured of it."""

    name: str
    call: Callable[[], np.ndarray]
    seconds: list[float] = field(default_factory=list)
    peak: float = 0.0
    """Most memory in use above what was before, in bytes."""
    result: np.ndarray = field(default_factory=lambda: np.empty(0))

    def measure(self) -> None:
        """Run once, timed and watched."""
        before = resident()
        with Watch() as watch:
            start = time.perf_counter()
            self.result = self.call()
            self.seconds.append(time.perf_counter() - start)
        self.peak = max(self.peak, watch.peak - before)

    def describe(self, segments: int) -> str:
        """One line: the median, and what it makes in segments a second."""
        seconds = median(self.seconds)
        rate, peak = segments / seconds, self.peak / 1e9
        return f"{self.name:>28}: {seconds:7.2f} s  {rate:8.3f} segments/s  peak +{peak:.2f} GB"


class Watch:
    """Looks at the memory in use from a thread of its own."""

    def __enter__(self) -> "Watch":
        """Start looking."""
        self.peak = resident()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(TICK):
            self.peak = max(self.peak, resident())


def resident() -> int:
    """Return the bytes of memory in use; 0 where the system does not tell."""
    return int(STATM.read_text().split()[1]) * PAGE if STATM.exists() else 0


def in_turn(runs: list[Run], rounds: int, also: Callable[[], float] = float) -> list[float]:
    """Run all in turn after a warm-up; return what `also` gave in each round."""
    for run in runs:
        run.call()
    given = []
    for _ in range(rounds):
        for run in runs:
            run.measure()
        given.append(also())
    return given


def ratio(first: list[float], second: list[float]) -> float:
    """How many times as long the first takes, by the median over the rounds."""
    return median(a / b for a, b in zip(first, second, strict=True))


def difference(first: Run, second: Run) -> str:
    """How far the results are apart, relative to the first."""
    error = np.linalg.norm(second.result - first.result) / np.linalg.norm(first.result)
    return f"relative difference of the vectors {error:.1e}"
