"""Frames a second, as editing programs know them, and which frame a moment falls on.

Knows the rates of timecode, and rounds seconds to frames as clips are cut. Knows no format.
"""

import math
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

_THOUSANDTHS = [Fraction(whole * 1000, 1001) for whole in (24, 30, 60)]
STANDARD = sorted([*map(Fraction, (24, 25, 30, 48, 50, 60)), *_THOUSANDTHS])
_USUAL = Fraction(25)
_ALIKE = 2e-4  # of a rate, by which what a file says of it may be off
_TICK = 1e-4  # of a frame


def standard(rate: float) -> Fraction:
    """The rate of timecode for a source of so many frames a second.

    Its own one if there is such; else one that has a frame wherever the source has one; else 25.
    """
    for known in sorted(STANDARD, key=lambda one: abs(one - rate)):
        times = known / rate if rate > 0 else 0
        if round(times) >= 1 and abs(times / round(times) - 1) < _ALIKE:
            return known
    return _USUAL


def common(rates: Iterable[Fraction]) -> Fraction:
    """The rate of a timeline of such sources: that of most of them, the first of equals."""
    counted = Counter(rates).most_common(1)
    return counted[0][0] if counted else _USUAL


def frame_at(seconds: float, rate: Fraction) -> int:
    """The frame that begins nearest to a moment, of two the earlier one."""
    return max(0, math.ceil(seconds * rate - Fraction(1, 2) - Fraction(_TICK)))


def drops(rate: Fraction) -> bool:
    """Whether timecode of this rate leaves out numbers, to keep up with the clock."""
    return rate in _THOUSANDTHS[1:]
