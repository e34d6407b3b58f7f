"""The library's own scale: how high an ordinary segment scores, and how far scores spread.

Knows a sample of the stored vectors, kept in memory. Knows neither questions nor videos.
"""

import threading
import time
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
from jaxtyping import Float

from indexer.points import Store

SAMPLE = 4096  # segments: a library with no more of them is measured exactly
TAIL = 64  # of the sample's best: beyond them it is told by how fast they thin out
LEAST_SPREAD = 1e-3  # of cosines: what scores all alike, as one segment does, has no deviation

ROUNDING = 2e-3  # of scores: stored vectors are rounded, and a store adds up in its own way
GROWN, GROWN_SAMPLED = 0.01, 0.1  # shares by which a library changes before it is measured anew
PATIENCE = 30.0  # seconds that a scale serves at most while the library changes less


@dataclass(frozen=True, eq=False)
class Yardstick:
    """Vectors (float32 [N, dim]) of segments that stand for a library of `total` segments.

    `drawn` counts how often a library was measured before.
    """

    sample: Float[np.ndarray, "N dim"]
    total: int
    drawn: int = 0

    def cosines(self, vectors: Float[np.ndarray, "Q dim"]) -> Float[np.ndarray, "N Q"]:
        """What each segment has in common with each vector."""
        if not len(self.sample):
            return np.empty((0, len(vectors)), np.float32)
        found: np.ndarray = self.sample @ vectors.T
        return found


@dataclass(frozen=True, eq=False)
class Scale:
    """What one step of a question scores over the library, in rising order: float32 [N]."""

    scores: Float[np.ndarray, " N"]
    total: int

    def top(self, score: float) -> float:
        """The percentage of the library's segments that score at least so."""
        count = len(self.scores) - int(np.searchsorted(self.scores, score - ROUNDING))
        if not self._sampled or count >= TAIL:
            return 100.0 * max(count, 1) / max(len(self.scores), 1)
        start, rate = self._tail
        share = TAIL / len(self.scores) * float(np.exp((start - score) / rate))
        return 100.0 * max(share, 1 / self.total)

    def least(self, percent: float) -> float:
        """The score that this percentage of the library's segments reach."""
        if not len(self.scores):
            return float("-inf")
        share = percent / 100
        if self._sampled and share < TAIL / len(self.scores):
            start, rate = self._tail
            return start + rate * float(np.log(TAIL / len(self.scores) / share))
        place = len(self.scores) - max(1, int(share * len(self.scores) + 1e-6))
        return float(self.scores[place]) - ROUNDING

    @property
    def _sampled(self) -> bool:
        return self.total > len(self.scores) > TAIL

    @cached_property  # asked for each moment of an answer
    def _tail(self) -> tuple[float, float]:
        """Where the tail starts, and the mean by which what lies in it is beyond that."""
        tail = self.scores[-TAIL:]
        return float(tail[0]), max(float((tail - tail[0]).mean()), 1e-6)


def spread(
    scores: Float[np.ndarray, "N Q"],
) -> tuple[Float[np.ndarray, " Q"], Float[np.ndarray, " Q"]]:
    """The mean and the deviation of each column; 0 and 1 where there are no rows."""
    if not len(scores):
        return np.zeros(scores.shape[1]), np.ones(scores.shape[1])
    return scores.mean(axis=0), np.maximum(scores.std(axis=0), LEAST_SPREAD)


class Sampler:
    """Keeps the yardstick of a store that fills and empties. Safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._sample: np.ndarray | None = None
        self._sampled, self._sampled_at = 0, 0.0  # of how many segments, and when
        self._times = 0

    def yardstick(self) -> Yardstick:
        """The scale of what is stored now, measured anew when that has changed clearly."""
        total = self._store.about()
        with self._lock:
            if self._sample is None or self._outdated(total):
                self._sample = self._drawn()
                self._sampled, self._sampled_at = total, time.monotonic()
                self._times += 1
            return Yardstick(self._sample, total, self._times)

    def _drawn(self) -> np.ndarray:
        # Ids are hashes and pages come in their order, so the first ones are drawn by lot: the
        # same ones every time, which keeps scores alike from start to start.
        vectors = [point.vector for point in islice(self._store.scan(), SAMPLE)]
        return np.stack(vectors) if vectors else np.empty((0, 1), np.float32)

    def _outdated(self, total: int) -> bool:
        changed = abs(total - self._sampled)
        share = GROWN if self._sampled <= SAMPLE else GROWN_SAMPLED
        late = time.monotonic() - self._sampled_at > PATIENCE
        return changed > share * self._sampled or (changed > 0 and late)
