"""One thing, then another, in one video: the best places for the steps of a question.

Pure arithmetic over each step's scores. Knows no store, no title and no question.
"""

from collections.abc import Sequence

import numpy as np

from indexer.points import Hit

Chain = tuple[Hit, ...]


def chains(heats: Sequence[Sequence[Hit]], gap: float, most: int) -> list[Chain]:
    """The `most` best chains of one video, best first: a segment for each step, in order.

    `heats` hold every segment's score for each step, in the order of time. A step begins no
    earlier than in the middle of the segment before it, so that no segment is two steps and
    neighbours, which overlap by half, can be; and at most `gap` seconds after that one's end.
    Chains never overlap in time: the better one keeps what both would cover.
    """
    if not heats or not heats[0]:
        return []
    totals, previous = _best_ending(heats, gap)
    found: list[Chain] = []
    for last in np.argsort(-totals, kind="stable"):
        if len(found) == most or totals[last] == -np.inf:
            break
        chain = _traced(heats, previous, int(last))
        if all(chain[-1].end <= one[0].start or one[-1].end <= chain[0].start for one in found):
            found.append(chain)
    return found


def score_of(chain: Chain) -> float:
    """How well a chain fits as a whole: the mean of its steps' scores."""
    return sum(hit.score for hit in chain) / len(chain)


def _best_ending(heats: Sequence[Sequence[Hit]], gap: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """The best sum of a chain that ends at each segment, and for each step whence it came."""
    starts = np.array([hit.start for hit in heats[0]])
    ends = np.maximum.accumulate([hit.end for hit in heats[0]])
    # Which segments may come before each: a run, for both bounds only grow with time.
    first = np.searchsorted(ends, starts - gap, side="left")
    beyond = np.searchsorted((starts + ends) / 2, starts, side="right")
    totals = _scores(heats[0])
    previous: list[np.ndarray] = []
    for heat in heats[1:]:
        best = _best_of_runs(totals, first, np.minimum(beyond, np.arange(len(starts))))
        before = np.where(best >= 0, totals[best], -np.inf)
        totals = before + _scores(heat)
        previous.append(best)
    return totals, previous


def _scores(heat: Sequence[Hit]) -> np.ndarray:
    return np.array([hit.score for hit in heat])


def _best_of_runs(values: np.ndarray, first: np.ndarray, beyond: np.ndarray) -> np.ndarray:
    """The position of the greatest value in each run [first, beyond); -1 where that is empty.

    Two overlapping runs whose length is a power of two cover any run, so few maxima are taken.
    """
    lengths = beyond - first
    levels = [np.arange(len(values))]
    while 2 ** len(levels) <= max(lengths.max(initial=0), 1):
        levels.append(_doubled(values, levels[-1], 2 ** (len(levels) - 1)))
    table = np.stack(levels)
    some = lengths > 0
    level = np.zeros(len(lengths), int)
    level[some] = np.log2(lengths[some]).astype(int)
    left = table[level, np.where(some, first, 0)]
    right = table[level, np.where(some, beyond - 2**level, 0)]
    return np.where(some, np.where(values[left] >= values[right], left, right), -1)


def _doubled(values: np.ndarray, best: np.ndarray, width: int) -> np.ndarray:
    """Where the greatest value of twice the width lies, from that of runs of one width."""
    later = np.minimum(np.arange(len(values)) + width, len(values) - 1)
    return np.where(values[best] >= values[best[later]], best, best[later])


def _traced(heats: Sequence[Sequence[Hit]], previous: Sequence[np.ndarray], last: int) -> Chain:
    places = [last]
    for best in reversed(previous):
        places.append(int(best[places[-1]]))
    return tuple(heat[place] for heat, place in zip(heats, reversed(places), strict=True))
