"""The segments that a step of a question finds, with what they score for it.

Knows how a store's cosines along several directions become one score. Knows neither videos nor
moments.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from indexer.points import Hit, Scope, Store
from indexer.question import Probe

ROOM = 2048  # hits that are asked for where all are wanted; if that was too few, four times as many


def nearest(
    store: Store, probe: Probe, limit: int, scope: Scope, least: float = float("-inf")
) -> list[Hit]:
    """The `limit` best hits of a step that score `least` or more, best first."""
    some = None if least == float("-inf") else least
    found: dict[tuple[str, int], Hit] = {}
    for direction, offset in _directions(probe):
        hits = store.nearest(direction, limit, scope, some, offset)
        if len(probe.directions) == 1:
            return hits
        for hit in hits:
            known = found.get(hit[:2])
            if known is None or hit.score > known.score:
                found[hit[:2]] = hit
    return sorted(found.values(), key=lambda hit: -hit.score)[:limit]


def leading(store: Store, probe: Probe, limit: int, scope: Scope) -> tuple[dict[str, float], float]:
    """Each video's best score, of those that are known by so many hits, and what others reach.

    No other video exceeds that; it is minus infinity if there is none.
    """
    best: dict[str, float] = {}
    rest = float("-inf")
    for direction, offset in _directions(probe):
        found = store.leading(direction, limit, scope)
        for video_id, product in found:
            if product - offset > best.get(video_id, float("-inf")):
                best[video_id] = product - offset
        if len(found) >= limit:
            rest = max(rest, found[-1][1] - offset)
    # Below that, a video's best may be along a direction that it was not found by.
    return {video_id: score for video_id, score in best.items() if score >= rest}, rest


def _directions(probe: Probe) -> Iterator[tuple[np.ndarray, float]]:
    return zip(probe.directions, probe.offsets.tolist(), strict=True)


def all_nearest(
    store: Store, probe: Probe, videos: frozenset[str], least: float = float("-inf")
) -> Sequence[Hit]:
    """Every segment of these videos that scores `least` or more, best first."""
    room = ROOM
    while True:
        hits = nearest(store, probe, room, Scope(videos), least)
        if len(hits) < room:
            return hits
        room *= 4
