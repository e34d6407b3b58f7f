"""What a whole video scores for each step of a question, from its beginning to its end.

Knows the scale on which all videos are compared. Knows nothing of moments.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexer.hits import all_nearest
from indexer.points import Store
from indexer.question import Probe


@dataclass(frozen=True)
class Heatmap:
    """What each segment of a video scores for each step, in the order of time (seconds).

    `curves` is float32 [steps, segments]; `low` and `high` are the library's scale.
    """

    starts: tuple[float, ...]
    ends: tuple[float, ...]
    curves: np.ndarray
    low: float
    high: float


def heat(store: Store, asked: Sequence[Probe], video_id: str) -> Heatmap:
    """The heat of every step over one video."""
    found = [all_nearest(store, probe, frozenset({video_id})) for probe in asked]
    heats = [sorted(hits, key=lambda hit: hit.start) for hits in found]
    best = [probe.scale.scores[-1:] for probe in asked]
    return Heatmap(
        starts=tuple(hit.start for hit in heats[0]),
        ends=tuple(hit.end for hit in heats[0]),
        curves=np.array([[hit.score for hit in each] for each in heats], np.float32),
        low=0.0,
        high=max((float(one[0]) for one in best if len(one)), default=1.0),
    )
