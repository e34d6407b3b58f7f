"""One thing, then another, in one video: the best places for the steps of a question.

Pure arithmetic over each step's scores. Knows no store, no title and no question.
"""

from collections import deque
from collections.abc import Sequence
from itertools import pairwise

from indexer.points import Hit

Chain = tuple[Hit, ...]

LEAST = 1.0
"""What a segment must score to be a step: so many of the library's deviations above its mean."""


def chains(heats: Sequence[Sequence[Hit]], gap: float, most: int) -> list[Chain]:
    """The `most` best chains of one video, best first: a segment for each step, in order.

    `heats` hold the segments that may be each step, in the order of time. A step begins no earlier
    than in the middle of the segment before it, so that no segment is two steps and neighbours,
    which overlap by half, can be; and at most `gap` seconds after that one's end. Chains never
    overlap in time: the better one keeps what both would cover.
    """
    totals = [hit.score for hit in heats[0]]
    previous: list[list[int | None]] = []
    for before, heat in pairwise(heats):
        best = _best_before(before, totals, heat, gap)
        totals = [
            float("-inf") if place is None else totals[place] + hit.score
            for place, hit in zip(best, heat, strict=True)
        ]
        previous.append(best)
    found: list[Chain] = []
    for last in sorted(range(len(totals)), key=lambda place: -totals[place]):
        if len(found) == most or totals[last] == float("-inf"):
            break
        chain = _traced(heats, previous, last)
        if all(_apart(chain, better) for better in found):
            found.append(chain)
    return found


def score_of(chain: Chain) -> float:
    """How well a chain fits as a whole: the mean of its steps' scores."""
    return sum(hit.score for hit in chain) / len(chain)


def _best_before(
    before: Sequence[Hit], totals: Sequence[float], heat: Sequence[Hit], gap: float
) -> list[int | None]:
    """For each segment the place of the best chain that it may follow, if there is one.

    What may come before moves on in time as the segment does; of what waits, what is earlier and
    no better than something later is let go.
    """
    found: list[int | None] = []
    waiting: deque[int] = deque()
    coming = 0
    for hit in heat:
        while coming < len(before) and _middle(before[coming]) <= hit.start:
            while waiting and totals[waiting[-1]] <= totals[coming]:
                waiting.pop()
            waiting.append(coming)
            coming += 1
        while waiting and before[waiting[0]].end < hit.start - gap:
            waiting.popleft()
        found.append(waiting[0] if waiting else None)
    return found


def _middle(hit: Hit) -> float:
    return (hit.start + hit.end) / 2


def _traced(
    heats: Sequence[Sequence[Hit]], previous: Sequence[Sequence[int | None]], last: int
) -> Chain:
    places = [last]
    for best in reversed(previous):
        place = best[places[-1]]
        assert place is not None  # else its total would say that there is no chain
        places.append(place)
    return tuple(heat[place] for heat, place in zip(heats, reversed(places), strict=True))


def _apart(chain: Chain, other: Chain) -> bool:
    return chain[-1].end <= other[0].start or other[-1].end <= chain[0].start
