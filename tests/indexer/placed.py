"""Videos in a library whose segments have vectors placed by hand, so that every answer is known."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from indexer.content import Content
from indexer.engine import Engine
from indexer.points import Point
from indexer.question import Condition, Question

DIM = 64


def direction(cosine: float, axis: int = 0) -> np.ndarray:
    """A unit vector at this cosine to an axis; what is left points along the last axis."""
    vector = np.zeros(DIM, np.float32)
    vector[axis] = cosine
    vector[-1] = np.sqrt(1 - cosine**2)
    return vector


def id_of(name: str) -> str:
    """The id of the video that is placed under this name."""
    return f"{name:0>64}"


def place_vectors(engine: Engine, name: str, vectors: Iterable[np.ndarray]) -> str:
    """A video in the library with these segments: 4 s long, one every 2 s; its id."""
    video_id = id_of(name)
    engine.library.add(Path("/nowhere") / name, name, False, Content(video_id, 1, 1))
    points = [Point(video_id, i, 2.0 * i, 2.0 * i + 4, v) for i, v in enumerate(vectors)]
    engine.library.describe(video_id, 2.0 * len(points) + 2, 320, 240, "as_is")
    engine.store.upsert(points)
    engine.serving.queue.mark_done(video_id, len(points), None)
    return video_id


def place(engine: Engine, name: str, scores: Iterable[float], axis: int = 0) -> str:
    """The same, with the cosines that its segments have to an axis."""
    return place_vectors(engine, name, [direction(score, axis) for score in scores])


def asking(vector: np.ndarray, *more: Condition) -> Question:
    """The question for one vector, or several of one example, and further conditions."""
    return Question(((Condition(np.atleast_2d(vector)), *more),))
