"""Scores of one video's segments in, moments out: pure arithmetic.

Knows peaks, and how far around one the score stays high. Knows no store, no title and no query.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from indexer.points import Hit


@dataclass(frozen=True)
class Part:
    """Where one step of a question happens: a segment, in seconds, and how well it fits it."""

    index: int
    start: float
    end: float
    score: float


@dataclass(frozen=True)
class Moment:
    """What a search returns: a stretch of one video, in seconds, with the place of its peak.

    `peak` is the middle of the best segment, whose `index` names its picture. `score` counts the
    library's deviations above its mean; `top` is the percentage of the library's segments that
    score at least as well. `rank` counts from 1. `steps` are those of a question of several.
    """

    video_id: str
    start: float
    end: float
    index: int
    peak: float
    score: float
    top: float = 100.0
    rank: int = 0
    steps: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Span:
    """Neighbouring segments as one: [start, end) in seconds, and the best segment among them."""

    start: float
    end: float
    best: Hit


def spans(heat: Sequence[Hit], most: int) -> list[Span]:
    """The `most` best moments of one video, best first; `heat` is in the order of time.

    A moment grows around a peak (no neighbour scores higher) over adjoining segments, as long as
    their scores stay above the middle between the video's lowest score and the peak. Moments
    never overlap in time: the better one keeps what both would cover.
    """
    floor = min((hit.score for hit in heat), default=0.0)
    found: list[Span] = []
    for peak in sorted(_peaks(heat), key=lambda index: -heat[index].score):
        if len(found) == most:
            break
        if _free(heat[peak], found):
            free = [_free(hit, found) for hit in heat]
            found.append(_grown(heat, peak, (heat[peak].score + floor) / 2, free))
    return found


def _free(hit: Hit, taken: Sequence[Span]) -> bool:
    return all(hit.end <= span.start or span.end <= hit.start for span in taken)


def _peaks(heat: Sequence[Hit]) -> list[int]:
    """Positions that score above what comes before and not below what comes after."""
    scores = [float("-inf"), *(hit.score for hit in heat), float("-inf")]
    middles = zip(scores, scores[1:], scores[2:], strict=False)
    return [
        index
        for index, (before, score, after) in enumerate(middles)
        if before < score and after <= score
    ]


def _grown(heat: Sequence[Hit], peak: int, enough: float, free: Sequence[bool]) -> Span:
    """The stretch around a peak over free segments that score more than `enough`."""
    first = last = peak
    while first > 0 and free[first - 1] and _joins(heat[first - 1], heat[first], enough):
        first -= 1
    while last + 1 < len(heat) and free[last + 1] and _joins(heat[last], heat[last + 1], enough):
        last += 1
    return Span(heat[first].start, max(hit.end for hit in heat[first : last + 1]), heat[peak])


def _joins(earlier: Hit, later: Hit, enough: float) -> bool:
    return later.start <= earlier.end and min(earlier.score, later.score) > enough
