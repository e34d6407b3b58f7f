"""The library's own scale: how high an ordinary segment scores, and how far scores spread.

Knows a sample of the stored vectors, kept in memory. Knows neither questions nor videos.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from jaxtyping import Float

from indexer.points import Store

SAMPLE = 4096  # segments: a library with no more of them is measured exactly
GROWN = 1.1  # what a larger library has to grow or shrink by to be sampled anew
LEAST_SPREAD = 1e-3  # of cosines: what scores all alike, as one segment does, has no deviation

Scorer = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Yardstick:
    """Vectors (float32 [N, dim]) of segments that stand for a library of `total` segments."""

    sample: Float[np.ndarray, "N dim"]
    total: int

    def measure(
        self, vectors: Float[np.ndarray, "Q dim"]
    ) -> tuple[Float[np.ndarray, " Q"], Float[np.ndarray, " Q"]]:
        """The mean and the deviation of each vector's cosines over the library."""
        if not len(self.sample):
            return np.zeros(len(vectors), np.float32), np.ones(len(vectors), np.float32)
        cosines = self.sample @ vectors.T
        return cosines.mean(axis=0), np.maximum(cosines.std(axis=0), LEAST_SPREAD)

    def spread_of(self, score: Scorer) -> tuple[float, float]:
        """The mean and the deviation of any score over the library."""
        if not len(self.sample):
            return 0.0, 1.0
        scores = score(self.sample)
        return float(scores.mean()), max(float(scores.std()), LEAST_SPREAD)


class Sampler:
    """Keeps the yardstick of a store that fills and empties. Safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._made: Yardstick | None = None

    def yardstick(self) -> Yardstick:
        """The scale of what is stored now, measured anew when that has changed clearly."""
        total = self._store.count()
        made = self._made
        if made is None or _changed(made.total, total):
            with self._lock:
                made = self._made
                if made is None or _changed(made.total, total):
                    made = self._made = self._measured(total)
        return made

    def _measured(self, total: int) -> Yardstick:
        # Ids are hashes and pages come in their order, so the first ones are drawn by lot: the
        # same ones every time, which keeps scores alike from start to start.
        vectors = [point.vector for point in islice(self._store.scan(), SAMPLE)]
        if not vectors:
            return Yardstick(np.empty((0, 1), np.float32), total)
        return Yardstick(np.stack(vectors), total)


def _changed(before: int, now: int) -> bool:
    if min(before, now) <= SAMPLE:
        return before != now
    return not before / GROWN <= now <= before * GROWN
