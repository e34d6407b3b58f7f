"""A video as the library knows it, together with how far it got in one collection.

Knows the fields, what follows from them (share, speed, time left), and the one question that joins
the two tables. Knows neither who asks nor who writes.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from indexer.database import Database, Row
from indexer.formats import Plays

VideoState = Literal["queued", "indexing", "done", "failed", "cancelled"]
"""A `done` video with a note was not readable to its end."""

STATES: tuple[VideoState, ...] = get_args(VideoState)

Step = Literal["open", "read", "embed", "store", "check"]
"""Where a video is while it is indexed, or where it failed."""

# A video without a job waits: so no video can be forgotten by a queue.
_KNOWN = """
    WITH known AS (
        SELECT videos.rowid AS place, videos.video_id, title, path, managed, size, duration, width,
            height, added_at, recorded_at, folder, plays, missing, removing,
            (SELECT json_group_array(tag) FROM tags WHERE tags.video_id = videos.video_id) AS tags,
            COALESCE(state, 'queued') AS state, step,
            note, error_code, COALESCE(segments_planned, 0) AS segments_planned,
            COALESCE(segments_done, 0) AS segments_done, COALESCE(attempts, 0) AS attempts,
            COALESCE(spent, 0.0) AS spent, COALESCE(front, 0) AS front, COALESCE(redo, 0) AS redo
        FROM videos LEFT JOIN jobs ON jobs.video_id = videos.video_id AND fingerprint = ?
    )
"""
# "indexing", which a dead process left, comes before "queued"; what was begun, before what was not.
QUEUE_ORDER = "front DESC, state, attempts, segments_done = 0 OR redo, place"


@dataclass(frozen=True)
class Video:
    """One video. Durations and `spent`, the time worked on it, are seconds, sizes bytes.

    `video_id` is the SHA-256 of its bytes, `managed` says that we keep the file, `missing` that it
    was taken out of its folder, `plays` how a browser plays it (None: not looked at yet).
    `recorded_at` is what the file says, `folder` what people see as its folder (roots.py). `note`
    is a sentence about what went wrong. Of two waiting videos the one with the higher `front` is
    next; `redo` asks to index again what is indexed.
    """

    video_id: str
    title: str
    path: Path
    managed: bool
    size: int
    duration: float | None
    width: int | None
    height: int | None
    added_at: float
    recorded_at: float | None
    folder: str | None
    tags: tuple[str, ...]
    plays: Plays | None
    missing: bool
    state: VideoState
    step: Step | None
    note: str | None
    error_code: str | None
    segments_planned: int
    segments_done: int
    attempts: int
    spent: float
    front: int
    redo: bool

    @property
    def share(self) -> float:
        """How much of it is searchable, 0 to 1."""
        if self.state == "done":
            return 1.0
        return min(1.0, self.segments_done / self.segments_planned) if self.segments_planned else 0

    @property
    def speed(self) -> float | None:
        """Seconds of video indexed in each second of work; None before anything was."""
        if not (self.duration and self.spent and self.share):
            return None
        return self.share * self.duration / self.spent

    @property
    def left(self) -> float | None:
        """Seconds of work that remain at this speed, while it is being indexed."""
        if self.state != "indexing" or not self.share:
            return None
        return self.spent * (1 - self.share) / self.share


def known(database: Database, fingerprint: str, clause: str, *values: Any) -> list[Video]:
    """The videos that `clause` chooses, with their jobs in the collection `fingerprint`."""
    return [
        _video(row) for row in rows(database, fingerprint, f"SELECT * FROM known {clause}", *values)
    ]


def remembered(database: Database, fingerprint: str, question: str, *values: Any) -> list[Row]:
    """The same as `rows`; see Database.remembered."""
    return database.remembered(f"{_KNOWN} {question}", fingerprint, *values)


def rows(database: Database, fingerprint: str, question: str, *values: Any) -> list[Row]:
    """What a question to the table `known` gives; see `Video` for its columns."""
    return database.rows(f"{_KNOWN} {question}", fingerprint, *values)


def _video(row: Row) -> Video:
    fields = dict(row)  # an answer has many of them, so this is made to be quick
    del fields["removing"], fields["place"]
    for flag in ("managed", "missing", "redo"):
        fields[flag] = bool(fields[flag])
    fields["path"] = Path(os.fsdecode(fields["path"]))
    tags = fields["tags"]
    fields["tags"] = () if tags == "[]" else tuple(sorted(json.loads(tags), key=str.casefold))
    return Video(**fields)
