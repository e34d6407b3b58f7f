"""What is asked, put together from its parts, as directions that a store can be searched along.

Knows conditions, steps, likes, and how they become one score: each part is measured by its own
spread over the library, so that words and pictures can be added up. Knows no store and no video.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from indexer.errors import NothingAsked
from indexer.yardstick import Yardstick

# Beside what is asked for with the weight 1; measured on drawn libraries (docs/decisions.md).
WITHOUT = 0.5
LIKED = 1.0
DISLIKED = 0.5

GAP = 60.0  # seconds


@dataclass(frozen=True, eq=False)
class Condition:
    """One thing to be seen, or not to be: unit vectors, float32 [Q, dim].

    Of several vectors (an example video's windows) a segment's best counts; beside other
    conditions of the same step their mean stands for them. `weight` is below zero for what a
    moment is to be without.
    """

    vectors: np.ndarray
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Question:
    """Steps that follow each other within a video, at most `gap` seconds apart.

    Each step is one or more conditions that hold at the same moment. `liked` and `disliked` are
    vectors of stored segments, float32 [N, dim].
    """

    steps: tuple[tuple[Condition, ...], ...]
    gap: float = GAP
    liked: np.ndarray | None = None
    disliked: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Probe:
    """One step as it is searched for: along several directions, of which the best counts.

    A segment's score is max(directions @ vector - offsets): how many of the library's deviations
    it lies above the library's mean, for this step as a whole.
    """

    directions: Float[np.ndarray, "Q dim"]
    offsets: Float[np.ndarray, " Q"]

    def scores(self, vectors: Float[np.ndarray, "N dim"]) -> Float[np.ndarray, " N"]:
        """The score of each vector."""
        found: np.ndarray = (vectors @ self.directions.T - self.offsets).max(axis=1)
        return found


def probes(question: Question, yardstick: Yardstick) -> list[Probe]:
    """Every step of a question, ready to be searched for.

    Likes belong to the step that they fit best. Raises NothingAsked if the parts of a step cancel
    each other out.
    """
    bare = [_probe(list(_parts(step)), yardstick) if step else None for step in question.steps]
    extra: list[list[tuple[np.ndarray, float]]] = [[] for _ in bare]
    for vectors, weight in ((question.liked, LIKED), (question.disliked, -DISLIKED)):
        if vectors is None or not len(vectors):
            continue
        for vector in vectors:
            extra[_fitting(vector, bare)].append((vector[None], weight / len(vectors)))
    return [
        _probe([*_parts(step), *more], yardstick) if more or known is None else known
        for step, more, known in zip(question.steps, extra, bare, strict=True)
    ]


def _parts(step: Sequence[Condition]) -> Iterator[tuple[np.ndarray, float]]:
    for condition in step:
        weight = condition.weight * (WITHOUT if condition.weight < 0 else 1.0)
        if weight:
            yield condition.vectors, weight


def _fitting(vector: np.ndarray, steps: Sequence[Probe | None]) -> int:
    """The step that a liked segment answers best; a step without conditions takes what is left."""
    if len(steps) == 1:
        return 0
    scores = [-np.inf if step is None else step.scores(vector[None])[0] for step in steps]
    return int(np.argmax(scores))


def _probe(parts: Sequence[tuple[np.ndarray, float]], yardstick: Yardstick) -> Probe:
    """The sum of the parts, each in deviations of the library, measured so itself in the end."""
    if not parts:
        raise NothingAsked("Nothing is left to look for: give a condition some weight.")
    if len(parts) == 1 and parts[0][1] > 0:
        directions = parts[0][0]  # an example alone: its best window counts
        means, spreads = yardstick.measure(directions)
        return _settled(directions / spreads[:, None], means / spreads, yardstick)
    vectors = np.stack([_middle(vectors) for vectors, _ in parts])
    weights = np.array([weight for _, weight in parts])
    means, spreads = yardstick.measure(vectors)
    shares = weights / spreads
    return _settled((shares @ vectors)[None], np.array([shares @ means]), yardstick)


def _middle(vectors: np.ndarray) -> np.ndarray:
    """One unit vector for several."""
    mean = vectors.mean(axis=0)
    middle: np.ndarray = mean / max(float(np.linalg.norm(mean)), 1e-6)
    return middle


def _settled(directions: np.ndarray, offsets: np.ndarray, yardstick: Yardstick) -> Probe:
    """The probe whose scores over the library have the mean 0 and the deviation 1."""
    if not (np.linalg.norm(directions, axis=1) > 1e-3).all():
        raise NothingAsked("These conditions cancel each other out: nothing is left to look for.")
    rough = Probe(directions.astype(np.float32), offsets.astype(np.float32))
    mean, spread = yardstick.spread_of(rough.scores)
    return Probe(
        (directions / spread).astype(np.float32), ((offsets + mean) / spread).astype(np.float32)
    )
