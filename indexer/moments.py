"""Scores of one video's segments in, moments out: pure arithmetic.

Knows peaks, and how far around one the score stays high. Knows no store, no title and no query.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from indexer.points import Hit


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
    never overlap in time.
    """
    floor = min((hit.score for hit in heat), default=0.0)
    found: list[Span] = []
    for peak in sorted(_peaks(heat), key=lambda index: -heat[index].score):
        if len(found) == most:
            break
        span = _grown(heat, peak, floor)
        if all(span.end <= other.start or other.end <= span.start for other in found):
            found.append(span)
    return found


def _peaks(heat: Sequence[Hit]) -> list[int]:
    """Positions that score above what comes before and not below what comes after."""
    scores = [float("-inf"), *(hit.score for hit in heat), float("-inf")]
    middles = zip(scores, scores[1:], scores[2:], strict=False)
    return [
        index
        for index, (before, score, after) in enumerate(middles)
        if before < score and after <= score
    ]


def _grown(heat: Sequence[Hit], peak: int, floor: float) -> Span:
    first = last = peak
    enough = (heat[peak].score + floor) / 2
    while first > 0 and _joins(heat[first - 1], heat[first], enough):
        first -= 1
    while last + 1 < len(heat) and _joins(heat[last], heat[last + 1], enough):
        last += 1
    return Span(heat[first].start, max(hit.end for hit in heat[first : last + 1]), heat[peak])


def _joins(earlier: Hit, later: Hit, enough: float) -> bool:
    return later.start <= earlier.end and min(earlier.score, later.score) > enough
