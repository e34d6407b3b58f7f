"""Videos as nothing but vectors: walks over the sphere, cut, shifted and disturbed."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from indexer import gathered
from indexer.gathered import Gathered
from indexer.points import Point

DIM = 48
HOP, WINDOW = 2.0, 4.0


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)


def film(seconds: float, seed: int) -> np.ndarray:
    """What is seen at each tenth of a second: a walk that comes far within seconds."""
    random = np.random.default_rng(seed)
    knots = unit(random.normal(size=(int(seconds / 3) + 3, DIM)))
    at = np.arange(0, seconds, 0.1) / 3
    whole = at.astype(int)
    rest = (at - whole)[:, None]
    return unit(knots[whole] * (1 - rest) + knots[whole + 1] * rest)


def still(seconds: float, seed: int) -> np.ndarray:
    """One picture that is held."""
    one = unit(np.random.default_rng(1000 + seed).normal(size=DIM))
    return np.repeat(one[None], round(seconds * 10), axis=0)


def segments(seen: np.ndarray, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """The vectors of a video's segments: each the mean of what is seen in its window."""
    random = np.random.default_rng(seed)
    count = max(1, int((len(seen) / 10 - WINDOW) / HOP) + 1)
    windows = [seen[int(20 * i) : int(20 * i) + 40].mean(axis=0) for i in range(count)]
    return unit(unit(np.array(windows)) + random.normal(scale=noise, size=(count, DIM)))


def name_of(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def library(folder: Path, videos: Sequence[np.ndarray]) -> Gathered:
    """These videos' segments, gathered; video n is called name_of(n)."""
    folder.mkdir(exist_ok=True)
    points = [
        Point(name_of(number), index, HOP * index, HOP * index + WINDOW, vector)
        for number, vectors in enumerate(videos)
        for index, vector in enumerate(vectors)
    ]
    for _ in gathered.write(points, folder):
        pass
    return gathered.read(folder)
