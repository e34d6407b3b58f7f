"""Scores of one video's segments in, moments out: pure arithmetic.

Knows peaks, and how far around one the score stays high. Knows no store, no title and no query.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from indexer.points import Hit

GROWS = 0.8
"""A moment reaches over neighbours that score more than this share of its peak."""

COUNTS = 0.5
"""A video's lesser peaks are moments if they score this share of its best."""


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


def enough(best: float) -> float:
    """What a segment must score to matter in a video whose best scores so."""
    return GROWS * COUNTS * best if best > 0 else best


def spans(heat: Sequence[Hit], most: int) -> list[Span]:
    """The `most` best moments of one video, best first; `heat` is in the order of time.

    Segments that score less than `enough` may be left out. A moment grows around a peak (no
    neighbour scores higher) over adjoining segments while they score more than `GROWS` of it;
    0 is what is ordinary, so a peak below that is a moment by itself. Moments never overlap in
    time: the better one keeps what both would cover.
    """
    best = max((hit.score for hit in heat), default=0.0)
    found: list[Span] = []
    for peak in sorted(_peaks(heat), key=lambda place: -heat[place].score):
        score = heat[peak].score
        if len(found) == most or score < min(best, COUNTS * best):
            break
        if _free(heat[peak], found):
            found.append(_grown(heat, peak, GROWS * score if score > 0 else score, found))
    return found


def _free(hit: Hit, taken: Sequence[Span]) -> bool:
    return all(hit.end <= span.start or span.end <= hit.start for span in taken)


def _peaks(heat: Sequence[Hit]) -> list[int]:
    """Places that score above the segment before and not below the one after."""
    peaks: list[int] = []
    risen = True  # since the segment before, or nothing adjoins
    for place, (one, other) in enumerate(pairwise(heat)):
        apart = one.index + 1 != other.index
        if risen and (apart or one.score >= other.score):
            peaks.append(place)
        risen = apart or one.score < other.score
    return [*peaks, len(heat) - 1] if heat and risen else peaks


def _grown(heat: Sequence[Hit], peak: int, above: float, taken: Sequence[Span]) -> Span:
    """The stretch around a peak over segments that score more than `above` and are not taken."""
    best = heat[peak]
    # What was taken lies wholly before the peak or behind it: these are its nearest ends.
    low = max((span.end for span in taken if span.end <= best.start), default=float("-inf"))
    high = min((span.start for span in taken if span.start >= best.end), default=float("inf"))
    first, index, end = peak, best.index, best.end
    while first and (hit := heat[first - 1]).score > above and hit.start >= low:
        if hit.index != (index := index - 1):
            break
        first, end = first - 1, max(end, hit.end)
    index = best.index
    for hit in islice(heat, peak + 1, None):
        index += 1
        if hit.score <= above or hit.end > high or hit.index != index:
            break
        end = max(end, hit.end)
    return Span(heat[first].start, end, best)
