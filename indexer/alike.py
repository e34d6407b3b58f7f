"""Stretches of different videos that are the same by content, found in their vectors alone.

Evidence is what fits at one offset in time and nowhere around it: a still picture, or a black one,
fits at every offset, so it says nothing, however alike two of them are. Nor does what many videos
have in common. Knows neither files nor what becomes of what is found.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from indexer.gathered import Gathered, Places

Told = Callable[[float], None]

LEAST = 0.85  # cosine below which two segments are never called the same
_WITNESSES = 3  # segments without common frames that differ from one another and must all agree
_DIFFERENT = 0.95  # cosine below which two segments differ
_REACH = 5  # segments further on, beyond the overlap, in which a better fit is looked for
_CLEARER = 2.0  # times as far from everything around as from what it fits
_MARGIN = 0.02  # of the cosine; less than that around would be a matter of rounding
_RIVALS = 5  # videos in which a segment may have its like before it counts as common
_CROWD = 64  # of them, beyond which nobody counts
_PAIRS = 20_000  # pairs of videos that are looked at closely, the likeliest first
_CELLS = 100_000_000  # of the table of one pair: two videos of eleven hours
_SHIFTS = 12  # at which two videos are held against each other
_SAMPLE, _ROWS = 500, 2048
_SHORT_ALIKE, _SHORT_SECONDS = 0.98, 0.25


@dataclass(frozen=True)
class Part:
    """A stretch of one video and the same one of another, in seconds of each.

    `a` and `b` are numbers of videos, `a_index` and `b_index` those of the segments in the middle,
    `likeness` is the mean cosine.
    """

    a: int
    b: int
    a_index: int
    b_index: int
    a_start: float
    a_end: float
    b_start: float
    b_end: float
    likeness: float


@dataclass(frozen=True)
class _Track:
    """One video's segments by time: unit vectors, seconds, and which say nothing by themselves."""

    vectors: np.ndarray
    start: np.ndarray
    end: np.ndarray
    common: np.ndarray


@dataclass(frozen=True)
class _Run:
    """Segments `first` to `last` of one video that fit those `shift` further in another."""

    witnesses: int
    first: int
    last: int
    shift: int
    likeness: float


def parts(gathered: Gathered, told: Told) -> list[Part]:
    """Every stretch that two videos share, the likeliest pairs of videos first.

    `told` hears how much is done, 0 to 1.
    """
    places = gathered.places
    threshold = _threshold(gathered)
    rivals, counts = _rivals(gathered, threshold, lambda share: told(0.8 * share))
    common = _common(counts, places)
    pairs = _pairs(rivals[~common[rivals[:, 0]]], places)
    bounds = np.searchsorted(places.video, np.arange(len(places.ids) + 1))
    near = _near(places)

    def track(video: int) -> _Track:
        rows = np.arange(bounds[video], bounds[video + 1])
        return _Track(gathered.unit(rows), places.start[rows], places.end[rows], common[rows])

    found: list[Part] = []
    for number, (a, b) in enumerate(pairs):
        one, other = track(a), track(b)
        found += [_part(a, b, one, other, run) for run in _shared(one, other, threshold, near)]
        told(0.8 + 0.2 * number / len(pairs))
    return found


def _best_of_each(rows: np.ndarray, gathered: Gathered) -> np.ndarray:
    """The best cosine of each row with each video: float32 [rows, videos]."""
    video = gathered.places.video
    best = np.full((len(rows), len(gathered.places.ids)), -1.0, np.float32)
    for first, block in gathered.blocks():
        here = video[first : first + len(block)]
        begins = np.flatnonzero(np.diff(here, prepend=-1))
        held = slice(here[0], here[-1] + 1)
        reached = np.maximum.reduceat(rows @ block.T, begins, axis=1)
        best[:, held] = np.maximum(best[:, held], reached)
    return best


def _threshold(gathered: Gathered) -> float:
    """How alike is the same, here: more than a segment usually is to several other videos."""
    places = gathered.places
    if len(places.ids) <= _RIVALS:
        return LEAST
    rows = np.linspace(0, len(places) - 1, min(len(places), _SAMPLE)).astype(np.int64)
    best = _best_of_each(gathered.unit(rows), gathered)
    best[np.arange(len(rows)), places.video[rows]] = -1
    usual = np.partition(best, -_RIVALS, axis=1)[:, -_RIVALS]
    return max(LEAST, float(np.median(usual)))


def _rivals(gathered: Gathered, threshold: float, told: Told) -> tuple[np.ndarray, np.ndarray]:
    """(segment, other video) wherever a segment has its like, and how many such each has."""
    places = gathered.places
    counts = np.zeros(len(places), np.int64)
    found = [np.empty((0, 2), np.int64)]
    for first in range(0, len(places), _ROWS):
        rows = np.arange(first, min(first + _ROWS, len(places)))
        hits = _best_of_each(gathered.unit(rows), gathered) >= threshold
        hits[np.arange(len(rows)), places.video[rows]] = False
        counts[rows] = hits.sum(axis=1)
        hits[counts[rows] > _CROWD] = False
        found.append(np.argwhere(hits) + np.array([first, 0]))
        told(first / len(places))
    return np.concatenate(found), counts


def _common(counts: np.ndarray, places: Places) -> np.ndarray:
    """Which segments resemble more videos than the rest of their own video does."""
    usual = np.zeros(len(places.ids))
    bounds = np.searchsorted(places.video, np.arange(len(places.ids) + 1))
    for video, (first, last) in enumerate(pairwise(bounds.tolist())):
        usual[video] = np.median(counts[first:last])
    return np.asarray(counts > np.maximum(_RIVALS, 2 * usual[places.video]))


def _pairs(rivals: np.ndarray, places: Places) -> list[tuple[int, int]]:
    """The pairs of videos with segments that are alike, most of them first."""
    ends = np.sort(np.stack([places.video[rivals[:, 0]], rivals[:, 1]], axis=1), axis=1)
    pairs, counts = np.unique(ends, axis=0, return_counts=True)
    best = np.argsort(-counts, kind="stable")[:_PAIRS]
    return [(int(a), int(b)) for a, b in pairs[best]]


def _near(places: Places) -> int:
    """How many segments on is the first that has no frame in common, not even half a step off."""
    within = np.diff(places.video) == 0
    if not within.any():
        return 2
    hop = float(np.median(np.diff(places.start)[within]))
    return int(np.ceil(float(np.median(places.end - places.start)) / max(hop, 1e-3) - 0.01)) + 1


def _shared(one: _Track, other: _Track, threshold: float, near: int) -> list[_Run]:
    """The stretches that two videos share, those with the most evidence first, none twice."""
    if len(one.start) * len(other.start) > _CELLS:
        return []
    alike = one.vectors @ other.vectors.T
    if whole := _short(one, other, alike):
        return [whole]
    found: list[_Run] = []
    for shift in _shifts(alike, threshold):
        found += _runs(one, other, alike, shift, threshold, near)
    chosen: list[_Run] = []
    for run in sorted(found, key=lambda run: (-run.witnesses, -run.likeness)):
        if not any(_overlap(run, other) for other in chosen):
            chosen.append(run)
    return chosen


def _shifts(alike: np.ndarray, threshold: float) -> list[int]:
    """The shifts at which most fits best: only they are looked at closely."""
    rows, columns = np.nonzero(alike >= threshold)
    shifts, which = np.unique(columns - rows, return_inverse=True)
    worth = np.bincount(which, (alike[rows, columns] - threshold + _MARGIN) ** 2)
    best = shifts[np.argsort(-worth, kind="stable")[:_SHIFTS]]
    return sorted({int(shift) + half for shift in best for half in (-1, 0)})


def _overlap(run: _Run, other: _Run) -> bool:
    """Whether two runs claim the same segments, of either video."""
    in_one = run.first <= other.last and other.first <= run.last
    shift = run.shift - other.shift
    return in_one or (run.first + shift <= other.last and other.first <= run.last + shift)


def _short(one: _Track, other: _Track, alike: np.ndarray) -> _Run | None:
    """Videos too short for several witnesses: the same if all of them agrees from end to end."""
    count = len(one.start)
    length = abs(float(one.end[-1] - other.end[-1]))
    if count != len(other.start) or count >= 2 * _WITNESSES or length > _SHORT_SECONDS:
        return None
    fits = np.diagonal(alike)
    if fits.min() < _SHORT_ALIKE or (one.common | other.common).any():
        return None
    return _Run(1, 0, count - 1, 0, float(fits.mean()))


def _runs(
    one: _Track, other: _Track, alike: np.ndarray, shift: int, threshold: float, near: int
) -> Iterator[_Run]:
    """The runs of segments that fit at one shift, and whose witnesses are enough.

    Between witnesses it may fit a little less well than they must.
    """
    rows = np.arange(max(0, -shift), min(len(one.start), len(other.start) - shift))
    if len(rows) < _WITNESSES:
        return
    fits = _fits(alike, other.vectors, rows, shift)
    clear = 1 - _around(alike, rows, shift, near) > np.maximum(_MARGIN, _CLEARER * (1 - fits))
    telling = (fits >= threshold) & clear & ~one.common[rows] & ~other.common[rows + shift]
    for first, last in _stretches(fits >= threshold - (1 - threshold) / 2):
        witnesses = _witnesses(one, other, rows[first:last][telling[first:last]], shift)
        if witnesses >= _WITNESSES:
            likeness = float(fits[first:last].mean())
            yield _Run(witnesses, int(rows[first]), int(rows[last - 1]), shift, likeness)


def _fits(alike: np.ndarray, vectors: np.ndarray, rows: np.ndarray, shift: int) -> np.ndarray:
    """How well each row fits the segment so many further on, or what lies half a step after it.

    Two cuts of a video seldom lie on one grid; between two neighbours lies their mean.
    """
    columns = rows + shift
    after = np.minimum(columns + 1, len(vectors) - 1)
    length = np.sqrt(2 + 2 * np.sum(vectors[columns] * vectors[after], axis=1))
    between = (alike[rows, columns] + alike[rows, after]) / np.maximum(length, 1e-6)
    return np.asarray(np.minimum(1, np.maximum(alike[rows, columns], between)))


def _around(alike: np.ndarray, rows: np.ndarray, shift: int, near: int) -> np.ndarray:
    """The best fit of either segment with those before and after its counterpart."""
    best = np.full(len(rows), -1.0, np.float32)
    for away in range(near, near + _REACH + 1):
        for step in (-away, away):
            for i, j in ((rows, rows + shift + step), (rows + step, rows + shift)):
                there = (i >= 0) & (i < alike.shape[0]) & (j >= 0) & (j < alike.shape[1])
                best[there] = np.maximum(best[there], alike[i[there], j[there]])
    return best


def _stretches(good: np.ndarray) -> Iterator[tuple[int, int]]:
    """(first, behind the last) of every stretch of True."""
    edges = np.flatnonzero(np.diff(good.astype(np.int8), prepend=0, append=0))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _witnesses(one: _Track, other: _Track, rows: np.ndarray, shift: int) -> int:
    """How many of these segments have no frame in common and differ, in both videos."""
    chosen: list[int] = []
    for row in rows.tolist():
        if all(_differ(one, row, was) for was in chosen) and all(
            _differ(other, row + shift, was + shift) for was in chosen
        ):
            chosen.append(row)
    return len(chosen)


def _differ(track: _Track, later: int, earlier: int) -> bool:
    apart = track.start[later] >= track.end[earlier] - 1e-3
    return bool(apart and track.vectors[later] @ track.vectors[earlier] < _DIFFERENT)


def _part(a: int, b: int, one: _Track, other: _Track, run: _Run) -> Part:
    first, last = run.first + run.shift, run.last + run.shift
    return Part(
        a=a,
        b=b,
        a_index=(run.first + run.last) // 2,
        b_index=(first + last) // 2,
        a_start=float(one.start[run.first]),
        a_end=float(one.end[run.last]),
        b_start=float(other.start[first]),
        b_end=float(other.end[last]),
        likeness=run.likeness,
    )
