"""Stretches of one video, in seconds: pure arithmetic.

Knows how they are joined and what they have in common, and which segment lies in them. Knows
neither tags nor selections.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

Stretch = tuple[float, float]
"""[start, end) in seconds."""

Stretches = tuple[Stretch, ...]
"""In the order of time; no two of them overlap or touch."""

WHOLE: Stretches = ((0.0, float("inf")),)


def joined(stretches: Iterable[Stretch]) -> Stretches:
    """The same seconds, in order and without overlaps; empty stretches are left out."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def common(one: Stretches, other: Stretches) -> Stretches:
    """The seconds that lie in both."""
    if one is WHOLE:
        return other
    found: list[Stretch] = []
    here = there = 0
    while here < len(one) and there < len(other):
        start = max(one[here][0], other[there][0])
        end = min(one[here][1], other[there][1])
        if start < end:
            found.append((start, end))
        if one[here][1] < other[there][1]:
            here += 1
        else:
            there += 1
    return tuple(found)


def holds(stretches: Stretches, start: float, end: float) -> bool:
    """Whether a segment lies in the stretches: its middle does, or one of them lies all in it.

    The latter so that a stretch shorter than a segment is not lost between two middles.
    """
    middle = (start + end) / 2
    before = bisect_right(stretches, (middle, float("inf"))) - 1
    if before >= 0 and middle < stretches[before][1]:
        return True
    first = bisect_left(stretches, (start,))
    return first < len(stretches) and stretches[first][1] <= end
