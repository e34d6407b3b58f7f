"""Stretches of many videos at once, chosen on the map, under an id that a search can name.

Knows how they are kept: as long as there is room for newer ones, or a saved search names them.
Knows not what was on the map.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence

from indexer.database import Database
from indexer.errors import BadStretch, TooMany
from indexer.stretches import Stretches, joined

MOST = 100  # selections that no saved search names; the longest unused goes first
MOST_STRETCHES = 20_000  # of one selection
_FRESH = 3600.0  # seconds in which a use is not written down again


class Selections:
    """The selections of one library. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, videos: Mapping[str, Iterable[tuple[float, float]]]) -> str:
        """Keep stretches (seconds) of videos; returns the selection's id: the same for the same.

        Videos that are not in the library are left out. Raises BadStretch and TooMany.
        """
        chosen = {video_id: _checked(videos[video_id]) for video_id in sorted(videos)}
        if not any(chosen.values()):
            raise BadStretch("A selection needs at least one stretch of a video.")
        if sum(map(len, chosen.values())) > MOST_STRETCHES:
            raise TooMany(f"A selection can have {MOST_STRETCHES:,} stretches. Choose fewer.")
        try:
            text = json.dumps(chosen, allow_nan=False)
        except ValueError as error:
            raise BadStretch("A stretch begins and ends at a number of seconds.") from error
        selection_id = hashlib.sha256(text.encode()).hexdigest()[:16]
        with self._database.together():
            self._write(selection_id, text)
            self._drop_the_oldest()
        return selection_id

    def _write(self, selection_id: str, text: str) -> None:
        self._database.rows(
            "REPLACE INTO selections (selection_id, used_at) VALUES (?, ?)",
            selection_id,
            time.time(),
        )
        self._database.rows(
            "REPLACE INTO selected (selection_id, video_id, stretches)"
            " SELECT ?, video_id, value FROM json_each(?) JOIN videos ON video_id = key"
            " WHERE NOT removing AND value != '[]'",
            selection_id,
            text,
        )

    def _drop_the_oldest(self) -> None:
        self._database.rows(
            "DELETE FROM selections WHERE selection_id IN ("
            "SELECT selection_id FROM selections WHERE NOT EXISTS"
            " (SELECT 1 FROM saved WHERE INSTR(question, 'within=' || selection_id))"
            " ORDER BY used_at DESC LIMIT -1 OFFSET ?)",
            MOST,
        )
        self._database.rows(
            "DELETE FROM selected WHERE selection_id NOT IN (SELECT selection_id FROM selections)"
        )

    def get(self, selection_id: str) -> dict[str, Stretches] | None:
        """The stretches of each video, or None if no such selection is kept any more."""
        known = self._database.rows("SELECT 1 FROM selections WHERE selection_id = ?", selection_id)
        return self.union([selection_id]) if known else None

    def unknown(self, selection_ids: Sequence[str]) -> list[str]:
        """Those of the ids under which nothing is kept, or no longer."""
        found = self._database.rows(
            "SELECT value FROM json_each(?)"
            " WHERE value NOT IN (SELECT selection_id FROM selections)",
            json.dumps(selection_ids),
        )
        return [row[0] for row in found]

    def union(self, selection_ids: Sequence[str]) -> dict[str, Stretches]:
        """The stretches that any of these selections has of each video; it is a use of them."""
        asked = json.dumps(selection_ids)
        self._database.rows(
            "UPDATE selections SET used_at = ?1 WHERE used_at < ?1 - ?2"
            " AND selection_id IN (SELECT value FROM json_each(?3))",
            *(time.time(), _FRESH, asked),
        )
        found: dict[str, Stretches] = {}
        for video_id, text in self._database.rows(
            "SELECT video_id, stretches FROM selected"
            " WHERE selection_id IN (SELECT value FROM json_each(?))",
            asked,
        ):
            stretches = tuple(map(tuple, json.loads(text)))  # joined when they were kept
            more = found.get(video_id)
            found[video_id] = joined((*more, *stretches)) if more else stretches
        return found


def _checked(stretches: Iterable[tuple[float, float]]) -> Stretches:
    given = list(stretches)
    if any(start >= end for start, end in given):
        raise BadStretch("A stretch ends after it begins. Please choose again.")
    return joined(given)
