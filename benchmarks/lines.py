"""Straight lines through points, and how straight the points lie."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Line:
    """`y = start + slope * x`, and the share of what varies in y that it explains."""

    slope: float
    start: float
    r2: float


def fit(x: Sequence[float], y: Sequence[float]) -> Line:
    """Return the least-squares line; every point weighs the same."""
    xs, ys = np.asarray(x, float), np.asarray(y, float)
    slope, start = np.polyfit(xs, ys, 1)
    off = ys - (start + slope * xs)
    spread = ys - ys.mean()
    return Line(float(slope), float(start), 1 - float(off @ off) / float(spread @ spread))
