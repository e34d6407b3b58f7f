"""What people say of videos and of stretches of them: tags, and marks, which are tags with a place.

Knows how they are kept, and that two that differ in case only are one. Knows not what is looked for
with them: filters.py does.
"""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from indexer.database import Database, Row
from indexer.errors import BadStretch, TooMany, UnknownVideo
from indexer.labels import folded, label

LONGEST = 60  # characters
MOST_TAGS = 50  # of a video
MOST_MARKS = 2000  # of a video
_SLACK = 1.0  # seconds that a player may believe a video to be longer


@dataclass(frozen=True)
class Mark:
    """A tag on a stretch of a video, [start, end) in seconds."""

    mark_id: int
    video_id: str
    start: float
    end: float
    tag: str
    made_at: float


@dataclass(frozen=True)
class TagCount:
    """How many videos have a tag, as a whole or in places, and how many places those are."""

    tag: str
    videos: int
    moments: int


class Tags:
    """The tags of one library. Safe to use from several threads.

    Every verb that changes something may be repeated: the second time changes nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # Of whole videos.

    def of(self, video_id: str) -> list[str]:
        """A video's tags in the order of their letters."""
        found = self._database.rows(
            "SELECT tag FROM tags WHERE video_id = ? ORDER BY folded", video_id
        )
        return [row[0] for row in found]

    def add(self, video_id: str, tag: str) -> str:
        """Tag a video; returns the tag as it is kept: with the letters that were given last.

        Raises BadLabel, TooMany and UnknownVideo.
        """
        name = tag_of(tag)
        with self._database.together():
            self._write(
                "INSERT INTO tags (video_id, tag, folded, made_at)"
                " SELECT video_id, ?, ?, ? FROM videos WHERE video_id = ? AND NOT removing"
                " ON CONFLICT (video_id, folded) DO UPDATE SET tag = excluded.tag",
                *(name, folded(name), time.time(), video_id),
            )
            self._check_room("tags", video_id, MOST_TAGS)
        return name

    def remove(self, video_id: str, tag: str) -> None:
        """Take a tag off a video; its marks stay."""
        self._database.rows(
            "DELETE FROM tags WHERE video_id = ? AND folded = ?", video_id, folded(tag_of(tag))
        )

    # Of stretches.

    def marks(self, video_id: str) -> list[Mark]:
        """A video's marks in the order of time."""
        found = self._database.rows(
            "SELECT * FROM marks WHERE video_id = ? ORDER BY start, stop, folded", video_id
        )
        return [_mark(row) for row in found]

    def mark(self, video_id: str, start: float, end: float, tag: str) -> Mark:
        """Tag a stretch of a video. Raises BadLabel, BadStretch, TooMany and UnknownVideo."""
        name = tag_of(tag)
        with self._database.together():
            place = self._place(video_id, start, end)
            self._write(
                "INSERT INTO marks (start, stop, tag, folded, made_at, video_id)"
                " SELECT ?, ?, ?, ?, ?, video_id FROM videos WHERE video_id = ? AND NOT removing"
                " ON CONFLICT (video_id, start, stop, folded) DO UPDATE SET tag = excluded.tag",
                *(*place, name, folded(name), time.time(), video_id),
            )
            self._check_room("marks", video_id, MOST_MARKS)
            found = self._database.rows(
                "SELECT * FROM marks WHERE video_id = ? AND start = ? AND stop = ? AND folded = ?",
                *(video_id, *place, folded(name)),
            )
        return _mark(found[0])

    def unmark(self, mark_id: int) -> None:
        """Forget a mark."""
        self._database.rows("DELETE FROM marks WHERE mark_id = ?", mark_id)

    def _place(self, video_id: str, start: float, end: float) -> tuple[float, float]:
        """The stretch in whole milliseconds, no longer than its video."""
        found = self._database.rows("SELECT duration FROM videos WHERE video_id = ?", video_id)
        length = math.inf if not found or found[0][0] is None else found[0][0]
        first, last = round(start, 3), round(min(end, length), 3)
        if not (0 <= first < last < math.inf and end <= length + _SLACK):
            raise BadStretch(
                "A mark begins within its video and ends later, at the video's end at the latest. "
                "Nothing was changed."
            )
        return first, last

    def _write(self, statement: str, *values: object) -> None:
        if not self._database.changed(statement, *values):
            raise UnknownVideo("There is no such video in this library; it may have been removed.")

    def _check_room(self, table: str, video_id: str, most: int) -> None:
        """Raise TooMany, so that what was just written is taken back."""
        count = self._database.rows(f"SELECT COUNT(*) FROM {table} WHERE video_id = ?", video_id)
        if count[0][0] > most:
            raise TooMany(
                f"A video can have {most:,} {table}. Nothing was changed. Remove one to make room."
            )

    # Of all.

    def all(self) -> list[TagCount]:
        """Every tag of videos that can be found, the one of most videos first."""
        return counts(self._database, "TRUE", "NOT removing AND NOT missing")

    def showing(self, stretches: Sequence[tuple[str, float, float]]) -> list[list[str]]:
        """What is said of each (video id, start, end): its video's tags, and marks that overlap."""
        asked = json.dumps(stretches)
        found = self._database.remembered(
            "SELECT key, tag, 0 AS place FROM json_each(?) JOIN tags"
            " ON video_id = json_extract(value, '$[0]')"
            " UNION ALL SELECT key, tag, 1 FROM json_each(?) JOIN marks"
            " ON video_id = json_extract(value, '$[0]') AND start < json_extract(value, '$[2]')"
            " AND stop > json_extract(value, '$[1]') ORDER BY place",
            asked,
            asked,
        )
        told: list[dict[str, str]] = [{} for _ in stretches]
        for key, tag, _ in found:
            told[key].setdefault(folded(tag), tag)
        return [[tags[name] for name in sorted(tags)] for tags in told]


def tag_of(text: str) -> str:
    """The text as a tag. Raises BadLabel."""
    return label(text, "A tag", LONGEST)


def counts(database: Database, marks: str, videos: str, *values: Any) -> list[TagCount]:
    """Every tag of the `videos` that a clause chooses, of the `marks` that another one does.

    `values` fill the blanks of first the one for marks, then the other.
    """
    # With MIN, SQLite takes the letters of the tag from the row that was made first.
    found = database.rows(
        "SELECT tag, COUNT(DISTINCT video_id) AS videos, SUM(moment) AS moments, MIN(made_at) FROM"
        " (SELECT folded, tag, video_id, 0 AS moment, made_at FROM tags UNION ALL"
        f" SELECT folded, tag, video_id, 1, made_at FROM marks WHERE {marks})"
        f" WHERE video_id IN (SELECT video_id FROM videos WHERE {videos})"
        " GROUP BY folded ORDER BY videos DESC, folded",
        *values,
    )
    return [TagCount(row["tag"], row["videos"], row["moments"]) for row in found]


def _mark(row: Row) -> Mark:
    return Mark(
        row["mark_id"], row["video_id"], row["start"], row["stop"], row["tag"], row["made_at"]
    )
