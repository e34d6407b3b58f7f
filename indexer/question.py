"""What is asked, put together from its parts, as directions that a store can be searched along.

Knows conditions, steps, likes, and how they become one score: each part is measured by its own
spread over the library, so that words and pictures can be added up. Knows no store and no video.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from indexer.errors import NothingAsked
from indexer.points import Scope
from indexer.yardstick import Scale, Yardstick, spread

# Beside what is asked for with the weight 1; measured on drawn libraries (docs/decisions.md).
WITHOUT = 0.5
LIKED = 1.5
DISLIKED = 0.5

GAP = 60.0  # seconds


@dataclass(frozen=True, eq=False)
class Condition:
    """One thing to be seen, or not to be: unit vectors, float32 [Q, dim].

    Of several vectors (an example video's windows) a segment's best counts; beside other
    conditions of the same step their mean stands for them. `weight` is below zero for what a
    moment is to be without. `said` are the words, where it was said in words.
    """

    vectors: np.ndarray
    weight: float = 1.0
    said: str | None = None


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

    @property
    def is_said(self) -> bool:
        """Whether each step is one thing said in words, and nothing else."""
        plain = all(len(step) == 1 and step[0].said is not None for step in self.steps)
        return plain and self.steps != () and self.liked is None and self.disliked is None

    @property
    def key(self) -> Hashable:
        """The same for two questions of the same vectors and weights, whatever was said."""
        steps = tuple(
            tuple((one.vectors.tobytes(), one.weight) for one in step) for step in self.steps
        )
        rated = (None if one is None else one.tobytes() for one in (self.liked, self.disliked))
        return steps, *rated


@dataclass(frozen=True, eq=False)
class Probe:
    """One step as it is searched for: along several directions, of which the best counts.

    A segment's score is max(directions @ vector - offsets): how many of the library's deviations
    it lies above the library's mean, for this step as a whole. `scale` tells what that is worth.
    """

    directions: Float[np.ndarray, "Q dim"]
    offsets: Float[np.ndarray, " Q"]
    scale: Scale

    def cosine(self, score: float) -> tuple[float, float]:
        """The cosine of a segment that scores so, and how far it is above the library's mean.

        Only of a step that is one vector.
        """
        length = float(np.linalg.norm(self.directions[0]))
        return (score + float(self.offsets[0])) / length, score / length


@dataclass(frozen=True)
class Asked:
    """A question ready to be ranked: its steps, the gap between them (seconds), and its bounds.

    `least` is what a moment must score in each step.
    """

    probes: tuple[Probe, ...]
    gap: float
    scope: Scope
    per_video: int
    least: tuple[float, ...]

    @property
    def key(self) -> Hashable:
        """The same for two questions that have the same answer."""
        directions = tuple(probe.directions.tobytes() for probe in self.probes)
        offsets = tuple(probe.offsets.tobytes() for probe in self.probes)
        scope = self.scope
        spans = None if scope.spans is None else frozenset(scope.spans.items())
        among = (scope.videos, spans, scope.part)
        return directions, offsets, self.gap, among, self.per_video, self.least


def probes(question: Question, yardstick: Yardstick) -> tuple[Probe, ...]:
    """Every step of a question, ready to be searched for.

    Likes belong to the step that they fit best. Raises NothingAsked if the parts of a step cancel
    each other out.
    """
    parts = [list(_parts(step)) for step in question.steps]
    for vectors, weight in ((question.liked, LIKED), (question.disliked, -DISLIKED)):
        if vectors is None:
            continue
        for vector in vectors:
            share = weight / len(vectors)
            parts[_fitting(vector, question, yardstick)].append((vector[None], share))
    return tuple(_probe(step, yardstick) for step in parts)


def _parts(step: Sequence[Condition]) -> Iterator[tuple[np.ndarray, float]]:
    for condition in step:
        if condition.weight:
            yield condition.vectors, condition.weight * (WITHOUT if condition.weight < 0 else 1.0)


def _fitting(vector: np.ndarray, question: Question, yardstick: Yardstick) -> int:
    """The step that a liked segment answers best."""
    if len(question.steps) == 1:
        return 0
    known = [_probe(list(_parts(step)), yardstick) for step in question.steps]
    return int(np.argmax([scores(probe, vector[None])[0] for probe in known]))


def _probe(parts: Sequence[tuple[np.ndarray, float]], yardstick: Yardstick) -> Probe:
    """The sum of the parts, each in deviations of the library, measured so itself in the end."""
    if not parts:
        raise NothingAsked("Nothing is left to look for: give a condition some weight.")
    if len(parts) == 1 and parts[0][1] > 0:
        vectors = parts[0][0]  # an example alone: its best window counts
        mix = np.eye(len(vectors))
    else:
        vectors = np.stack([_middle(vectors) for vectors, _ in parts])
        mix = np.array([[weight for _, weight in parts]])
    cosines = yardstick.cosines(vectors)
    means, spreads = spread(cosines)
    mix = mix / spreads
    return _settled(mix @ vectors, mix @ means, cosines @ mix.T, yardstick.total)


def _middle(vectors: np.ndarray) -> np.ndarray:
    """One unit vector for several."""
    mean = vectors.mean(axis=0)
    middle: np.ndarray = mean / max(float(np.linalg.norm(mean)), 1e-6)
    return middle


def _settled(directions: np.ndarray, offsets: np.ndarray, sample: np.ndarray, total: int) -> Probe:
    """The probe whose scores over the library have the mean 0 and the deviation 1.

    `sample` holds what the library's segments score along each direction, offsets left out.
    """
    if not (np.linalg.norm(directions, axis=1) > 1e-3).all():
        raise NothingAsked("These conditions cancel each other out: nothing is left to look for.")
    scores = (sample - offsets).max(axis=1)
    mean, deviation = (float(one[0]) for one in spread(scores[:, None]))
    return Probe(
        (directions / deviation).astype(np.float32),
        ((offsets + mean) / deviation).astype(np.float32),
        Scale(np.sort(((scores - mean) / deviation).astype(np.float32)), total),
    )


def scores(probe: Probe, vectors: Float[np.ndarray, "N dim"]) -> Float[np.ndarray, " N"]:
    """The score of each vector."""
    found: np.ndarray = (vectors @ probe.directions.T - probe.offsets).max(axis=1)
    return found
