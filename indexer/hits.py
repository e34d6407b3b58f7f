"""The segments that a step of a question finds, with what they score for it.

Knows how a store's cosines along several directions become one score. Knows neither videos nor
moments.
"""

from collections.abc import Sequence

import numpy as np

from indexer.points import Hit, Scope, Store
from indexer.question import Probe

ROOM = 2048  # hits that are asked for where all are wanted; if that was too few, four times as many


def nearest(
    store: Store, probe: Probe, limit: int, scope: Scope, least: float = float("-inf")
) -> list[Hit]:
    """The `limit` best hits of a step that score `least` or more, best first."""
    found: dict[tuple[str, int], Hit] = {}
    for direction, offset in zip(probe.directions, probe.offsets.tolist(), strict=True):
        length = float(np.linalg.norm(direction))
        above = None if least == float("-inf") else (least + offset) / length - 1e-5
        hits = [
            Hit(video_id, index, start, end, cosine * length - offset)
            for video_id, index, start, end, cosine in store.nearest(direction, limit, scope, above)
        ]
        if len(probe.directions) == 1:
            return hits
        for hit in hits:
            known = found.get(hit[:2])
            if known is None or hit.score > known.score:
                found[hit[:2]] = hit
    return sorted(found.values(), key=lambda hit: -hit.score)[:limit]


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
