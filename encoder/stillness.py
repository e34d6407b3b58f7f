"""Frames that show the same: which earlier frame of a stream stands for a new one.

Knows pixels and one bound. Knows no features, windows or videos.
"""

import numpy as np
from jaxtyping import Shaped, UInt8

BOUND = 3.0
"""Levels out of 255 by which a block may differ: what a keyframe or a sensor's noise changes in a
picture that stands still. A mouse pointer of 3 by 3 pixels changes its block by more."""
BLOCK = 18
"""Pixels of a block's side: the patch of every model, so that nothing small is averaged away."""


class Stillness:
    """Names for the frames of one stream, by the frame that stands for each.

    A new frame is compared with the frame that stood for the one before it, not with that one
    itself: what changes slowly does not creep past the bound.
    """

    def __init__(self) -> None:
        self.current = -1
        """Stream index of the frame that stood for the latest one; -1 before the first."""
        self._picture: Shaped[np.ndarray, "P P 3"] | None = None

    def name(self, index: int, frame: Shaped[np.ndarray, "P P 3"]) -> int:
        """Return the stream index of the frame that stands for this one, often its own.

        Frames that are not uint8 always stand for themselves.
        """
        if self._picture is None or not shows_the_same(self._picture, frame):
            self.current, self._picture = index, frame.copy()
        return self.current


def shows_the_same(one: Shaped[np.ndarray, "P P 3"], other: Shaped[np.ndarray, "P P 3"]) -> bool:
    """Tell whether two uint8 frames differ in no block by more than the bound, root mean square.

    The root of the squares, not the mean: noise everywhere passes, one small thing that is new
    does not.
    """
    if one.dtype != np.uint8 or other.dtype != np.uint8:
        return False
    # A row of blocks at a time: what moves shows it in the first, and a card waits for the rest.
    rows = range(0, len(one), BLOCK)
    squares = (_squares(one[row : row + BLOCK], other[row : row + BLOCK]) for row in rows)
    return all(bool(means.max() <= BOUND**2) for means in squares)


def _squares(
    one: UInt8[np.ndarray, "h P 3"], other: UInt8[np.ndarray, "h P 3"]
) -> Shaped[np.ndarray, " B"]:
    """Return the mean squared difference of each block of a row; the last may be narrower."""
    difference = one.astype(np.float32) - other
    edges = np.arange(0, one.shape[1], BLOCK)
    by_column = np.einsum("hwc,hwc->w", difference, difference)
    widths = np.diff(np.append(edges, one.shape[1]))
    means: np.ndarray = np.add.reduceat(by_column, edges) / (3 * len(one) * widths)
    return means
