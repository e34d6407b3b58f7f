"""Segments laid out in two dimensions, so that those of like content stand together.

Pure computation over unit vectors: t-SNE over a chosen part of them, the rest beside those they
resemble most. The same vectors give the same picture. Knows neither videos nor files, and is the
only file that knows scikit-learn.
"""

import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout

import numpy as np
from scipy import ndimage, sparse
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

Told = Callable[[float], None]

MOST = 20_000  # segments that are laid out against each other; more would take its square in time
_PERPLEXITY = 30  # how many neighbours a segment is to stand among
_ROUNDS = 1000
_ROWS = 1024  # of one block of a matrix product
_EQUAL = 0.9995  # cosine of what need not be told apart
_STEP = np.float32(0.0012)  # of the picture, between those that share a place
_NARROW = 0.4
_CELLS, _BLUR = 48, 1.6  # of the picture in which groups are found


def lay_out(vectors: Callable[[np.ndarray], np.ndarray], count: int, told: Told) -> np.ndarray:
    """Where each of `count` segments stands: float32 [count, 2] within 0 to 1.

    `vectors` gives the unit vectors of rows; `told` hears how much is done, 0 to 1.
    """
    chosen = spread(count, MOST)
    chosen = chosen[_distinct(vectors(chosen))]
    sample = vectors(chosen)
    result = np.empty((count, 2), np.float32)
    result[chosen] = _within(_laid_out(sample, told))
    rest = np.setdiff1d(np.arange(count), chosen)
    beside = np.empty(count, np.int64)
    for first in range(0, len(rest), _ROWS):
        rows = rest[first : first + _ROWS]
        beside[rows] = chosen[np.argmax(vectors(rows) @ sample.T, axis=1)]
        told(0.8 + 0.2 * first / len(rest))
    result[rest] = result[beside[rest]] + _around(beside[rest])
    return np.clip(result, 0, 1)


def _distinct(sample: np.ndarray) -> np.ndarray:
    """Which rows have no equal before them: many black pictures are one place, not a cloud."""
    kept = np.ones(len(sample), bool)
    for first in range(0, len(sample), _ROWS):
        alike = sample[first : first + _ROWS] @ sample[: first + _ROWS].T
        kept[first : first + _ROWS] = np.tril(alike > _EQUAL, first - 1).sum(axis=1) == 0
    return kept


def _around(places: np.ndarray) -> np.ndarray:
    """Where those go that share a place: around it, as the seeds of a sunflower."""
    _, order, counts = np.unique(places, return_inverse=True, return_counts=True)
    ranked = np.argsort(order, kind="stable")
    rank = np.empty(len(places), np.float32)
    rank[ranked] = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    turn, away = rank * np.float32(2.39996), _STEP * np.sqrt(rank)
    return np.stack([away * np.cos(turn), away * np.sin(turn)], axis=1)


def spread(count: int, most: int) -> np.ndarray:
    """At most so many of `count` rows, evenly chosen."""
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).astype(np.int64)


def _laid_out(sample: np.ndarray, told: Told) -> np.ndarray:
    count = len(sample)
    if count < 5:  # too few for any method: a row
        return np.stack([np.arange(count), np.zeros(count)], 1).astype(np.float32)
    perplexity = min(_PERPLEXITY, (count - 2) // 3)
    near = 3 * perplexity + 2  # as many as the method looks at, the segment itself included
    distances = _neighbours(sample, near, lambda share: told(0.2 * share))
    method = TSNE(
        perplexity=perplexity,
        metric="precomputed",
        init=_beginning(sample),
        random_state=0,
        max_iter=_ROUNDS,
        verbose=2,  # the only way in which it tells how far it is
    )
    # Its threads wait for each other by spinning: on a busy machine two take ten times as long as
    # one, and all of it from those who have work to do.
    with threadpool_limits(1), redirect_stdout(_Progress(lambda share: told(0.2 + 0.6 * share))):
        return np.asarray(method.fit_transform(distances), np.float32)


def _neighbours(sample: np.ndarray, near: int, told: Told) -> sparse.csr_matrix:
    """The exact distances of each row to itself and the rows nearest to it, as a sparse matrix."""
    count = len(sample)
    columns = np.empty((count, near), np.int64)
    values = np.empty((count, near), np.float32)
    for first in range(0, count, _ROWS):
        alike = sample[first : first + _ROWS] @ sample.T
        own = np.arange(len(alike))
        alike[own, first + own] = np.inf
        best = np.argpartition(-alike, near - 1, axis=1)[:, :near]
        away = np.sqrt(np.maximum(0, 2 - 2 * np.take_along_axis(alike, best, 1)))
        order = np.argsort(away, axis=1, kind="stable")
        columns[first : first + _ROWS] = np.take_along_axis(best, order, 1)
        values[first : first + _ROWS] = np.take_along_axis(away, order, 1)
        told(first / count)
    # A distance of exactly zero would be no entry of a sparse matrix.
    rows = np.arange(0, count * near + 1, near)
    return sparse.csr_matrix(
        (np.maximum(values, 1e-6).ravel(), columns.ravel(), rows), (count, count)
    )


def _beginning(sample: np.ndarray) -> np.ndarray:
    """The two widest directions: what is far apart begins far apart."""
    centred = sample - sample.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    flat = centred @ directions[:, -2:][:, ::-1]
    flat *= np.where(np.abs(directions[:, -2:]).max(0) == directions[:, -2:].max(0), 1, -1)[::-1]
    return np.asarray(1e-4 * flat / max(float(flat[:, 0].std()), 1e-12), np.float32)


def _within(positions: np.ndarray) -> np.ndarray:
    """The same picture from 0 to 1 in either direction, unless it is much longer than wide."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    size = np.maximum(high - low, max(float((high - low).max()) * _NARROW, 1e-6))
    return np.asarray((positions - (low + high) / 2) / size + 0.5, np.float32)


class _Progress(io.StringIO):
    """Stands in for the output and reads the rounds out of what the method prints."""

    def __init__(self, told: Told) -> None:
        super().__init__()
        self._told = told

    def write(self, text: str) -> int:
        """Look for a round's number; nothing is kept."""
        if found := re.search(r"Iteration (\d+)", text):
            self._told(min(1.0, int(found[1]) / _ROUNDS))
        return len(text)


def groups(positions: np.ndarray) -> np.ndarray:
    """Which group each position belongs to (int32 [n]), the largest group being 0.

    A group is a hill of the blurred picture: from each cell one climbs to the highest neighbour.
    """
    cells = np.minimum((positions * _CELLS).astype(int), _CELLS - 1)
    crowd = np.zeros((_CELLS, _CELLS))
    np.add.at(crowd, (cells[:, 0], cells[:, 1]), 1)
    height = ndimage.gaussian_filter(crowd, _BLUR, mode="constant")
    top = _climbed(height)[cells[:, 0] * _CELLS + cells[:, 1]]
    _, found, sizes = np.unique(top, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), np.int32)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return np.asarray(rank[found])


def _climbed(height: np.ndarray) -> np.ndarray:
    """For each cell of the picture, by its number, the cell on whose hill it lies."""
    numbers = np.arange(height.size).reshape(height.shape)
    padded = np.pad(height, 1, constant_values=-1.0)
    around = [
        (padded[1 + dx : 1 + dx + _CELLS, 1 + dy : 1 + dy + _CELLS], dx * _CELLS + dy)
        for dx in (0, -1, 1)
        for dy in (0, -1, 1)
    ]
    best = np.argmax(np.stack([level for level, _ in around]), axis=0)
    step = np.array([offset for _, offset in around])[best]
    uphill = (numbers + step).ravel()
    while (uphill != uphill[uphill]).any():
        uphill = uphill[uphill]
    return np.asarray(uphill)
