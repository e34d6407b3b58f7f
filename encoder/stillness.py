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
    return bool(_squares(one, other).max() <= BOUND**2)


def _squares(
    one: UInt8[np.ndarray, "P P 3"], other: UInt8[np.ndarray, "P P 3"]
) -> Shaped[np.ndarray, "B B"]:
    """Return the mean squared difference of each block; the last row and column may be smaller."""
    difference = one.astype(np.float32) - other
    edges = np.arange(0, len(one), BLOCK)
    by_pixel = np.einsum("hwc,hwc->hw", difference, difference)
    sums = np.add.reduceat(np.add.reduceat(by_pixel, edges, 0), edges, 1)
    sides = np.diff(np.append(edges, len(one)))
    means: np.ndarray = sums / (3 * np.outer(sides, sides))
    return means
