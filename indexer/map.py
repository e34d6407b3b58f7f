"""The map of the library: where each segment stands among those of like content.

Knows which of the points that were laid out may be shown, and how many segments came since. Does
not know how they are laid out (layout.py) or drawn.
"""

from dataclasses import dataclass

import numpy as np

from indexer.gathered import Places
from indexer.library import Library
from indexer.points import Store
from indexer.study import Standing, Studies

_CLEARLY = 0.25  # of what is on the map: as much that is not on it makes it out of date
_FEW = 50  # segments, which do not


@dataclass(frozen=True)
class Shown:
    """The points of the map that are shown: those of videos that can be found.

    `videos` are ids and titles; `places.video` counts in them. `position` (uint16 [n, 2]) is of the
    whole width and height. `stale` segments were indexed since and are not on it.
    """

    standing: Standing
    stale: int
    videos: list[tuple[str, str]]
    places: Places
    position: np.ndarray
    group: np.ndarray


def look(studies: Studies, library: Library, store: Store) -> Shown:
    """The map as it is now; nothing is begun."""
    standing = studies.look("map")
    found = studies.result("map") if standing.made_at else None
    if found is None:
        nothing = np.zeros(0, np.int32)
        places = Places([], nothing, nothing, nothing, nothing)
        return Shown(standing, 0, [], places, np.zeros((0, 2), np.uint16), nothing)
    places = Places.of(found)
    return _shown(standing, library.titles(), places, found, store.count())


def _shown(
    standing: Standing,
    titles: dict[str, str],
    places: Places,
    found: dict[str, np.ndarray],
    stored: int,
) -> Shown:
    kept = [number for number, video_id in enumerate(places.ids) if video_id in titles]
    number = np.full(len(places.ids), -1, np.int32)
    number[kept] = np.arange(len(kept))
    rows = np.flatnonzero(number[places.video] >= 0)
    ids = [places.ids[one] for one in kept]
    fields = (places.index, places.start, places.end)
    return Shown(
        standing,
        max(0, stored - len(rows)),
        [(video_id, titles[video_id]) for video_id in ids],
        Places(ids, number[places.video][rows], *(field[rows] for field in fields)),
        found["position"][rows],
        found["group"][rows],
    )


def is_out_of_date(shown: Shown) -> bool:
    """Whether so much came since that the map should be made anew."""
    return shown.stale > max(_FEW, _CLEARLY * len(shown.places))
