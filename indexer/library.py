"""Which videos there are and how far each got: one SQLite file, whose rows are also the queue.

Knows labels, places, states and attempts. Knows neither vectors nor pixels, and never opens a video
for more than its hash (content.py). Safe to use from several threads.
"""

import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from indexer.content import Content
from indexer.errors import LibraryError, UnknownVideo

VideoState = Literal["queued", "indexing", "done", "failed"]
"""A `done` video with a note was not readable to its end."""

MAX_ATTEMPTS = 3

# Each step takes a library from the version of its index to the next; never edit one, add one.
STEPS = (
    """
    CREATE TABLE videos (
        video_id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        path TEXT NOT NULL,
        managed INTEGER NOT NULL,
        size INTEGER NOT NULL,
        duration REAL,
        width INTEGER,
        height INTEGER,
        state TEXT NOT NULL DEFAULT 'queued',
        note TEXT,
        error_code TEXT,
        segments_planned INTEGER NOT NULL DEFAULT 0,
        segments_done INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        added_at REAL NOT NULL,
        fingerprint TEXT,
        removing INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX videos_by_state ON videos (state, attempts, added_at);
    """,
    # Where each content was seen, so that an unchanged file is not hashed again.
    """
    CREATE TABLE files (
        path TEXT PRIMARY KEY,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        video_id TEXT NOT NULL
    ) STRICT;
    CREATE INDEX files_by_video ON files (video_id);
    """,
)


@dataclass(frozen=True)
class Video:
    """One video as the library knows it. Durations are seconds, sizes bytes.

    `video_id` is the SHA-256 of its bytes, `managed` says that we keep the file. `note` is a
    sentence about what went wrong; `fingerprint` names the collection its segments are in.
    """

    video_id: str
    title: str
    path: Path
    managed: bool
    size: int
    duration: float | None
    width: int | None
    height: int | None
    state: VideoState
    note: str | None
    error_code: str | None
    segments_planned: int
    segments_done: int
    attempts: int
    added_at: float
    fingerprint: str | None


class Library:
    """The videos of one installation, in one SQLite file."""

    def __init__(self, path: Path) -> None:
        """Open the library, made or brought up to date if need be. Raises LibraryError."""
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._climb()
        except sqlite3.Error as error:
            raise LibraryError(
                f"The library {path} cannot be opened ({error}). Your videos are safe. Move this "
                "file away to begin a new library, or restore it from a backup."
            ) from error

    def _climb(self) -> None:
        """Take the steps that this file has not taken yet, each in one transaction."""
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > len(STEPS):
            raise LibraryError(
                "This library was written by a newer PrismSearch. Nothing was changed. "
                "Use that version, or another data folder."
            )
        for number in range(version, len(STEPS)):
            step = f"BEGIN; {STEPS[number]} PRAGMA user_version = {number + 1}; COMMIT;"
            self._db.executescript(step)

    def _all(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            try:
                return self._db.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise LibraryError(
                    f"The library could not be read or written ({error}). Your videos are safe; "
                    "check that the disk is not full, then restart."
                ) from error

    def _videos(self, clause: str, *values: Any) -> list[Video]:
        return [_video(row) for row in self._all(f"SELECT * FROM videos {clause}", *values)]

    # What is known.

    def videos(self, state: VideoState | None = None) -> list[Video]:
        """All videos, or those in one state, in the order they were added."""
        if state is None:
            return self._videos("WHERE NOT removing ORDER BY added_at, rowid")
        return self._videos("WHERE NOT removing AND state = ? ORDER BY added_at, rowid", state)

    def get(self, video_id: str) -> Video | None:
        """The video of this id, or None if it is unknown or being removed."""
        found = self._videos("WHERE video_id = ? AND NOT removing", video_id)
        return found[0] if found else None

    def need(self, video_id: str) -> Video:
        """The video of this id. Raises UnknownVideo."""
        video = self.get(video_id)
        if video is None:
            raise UnknownVideo("There is no such video in this library; it may have been removed.")
        return video

    def known_content(self, path: Path, size: int, mtime_ns: int) -> str | None:
        """The id of the file at `path` if it looks as it did when it was hashed last."""
        rows = self._all(
            "SELECT video_id FROM files WHERE path = ? AND size = ? AND mtime_ns = ?",
            str(path),
            size,
            mtime_ns,
        )
        return rows[0][0] if rows else None

    # What is added and removed.

    def add(self, path: Path, title: str, managed: bool, content: Content) -> Video:
        """Take a file in. Content that is known stays one video and keeps its label.

        If the place it was known by is gone, the video has moved here and takes the new label.
        """
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._see(path, content)
            known = self.get(content.video_id)
            if known is None:
                self._insert(path, title, managed, content)
            elif known.path != path and not known.path.exists():
                self._change(content.video_id, path=str(path), title=title, managed=managed)
            if known is not None and known.error_code == "io_error":
                self.retry(content.video_id)  # then it could not be read, now it could
            return self.need(content.video_id)

    def _see(self, path: Path, content: Content) -> None:
        row = (str(path), content.size, content.mtime_ns, content.video_id)
        self._all("REPLACE INTO files (path, size, mtime_ns, video_id) VALUES (?, ?, ?, ?)", *row)
        # A video that was here before this content is played from another place it was seen at.
        self._all(
            "UPDATE videos SET path = other.path FROM files AS other WHERE videos.path = ?"
            " AND videos.video_id != ? AND other.video_id = videos.video_id",
            str(path),
            content.video_id,
        )

    def _insert(self, path: Path, title: str, managed: bool, content: Content) -> None:
        self._all(
            "REPLACE INTO videos (video_id, title, path, managed, size, added_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(content.video_id, title, str(path), managed, content.size, time.time()),
        )

    def replaced(self) -> list[Video]:
        """Videos left behind: every place they were seen at holds something else now."""
        return self._videos("WHERE NOT removing AND video_id NOT IN (SELECT video_id FROM files)")

    def begin_removal(self, video_id: str) -> Video:
        """Hide a video; what belongs to it can now be deleted. Raises UnknownVideo."""
        with self._lock:
            video = self.need(video_id)
            self._change(video_id, removing=1)
            return video

    def removals(self) -> list[Video]:
        """Hidden videos whose removal was begun and not finished."""
        return self._videos("WHERE removing")

    def finish_removal(self, video_id: str) -> None:
        """Forget a hidden video and where it was seen, unless it was added again meanwhile."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if self._videos("WHERE video_id = ? AND removing", video_id):
                self._all("DELETE FROM videos WHERE video_id = ?", video_id)
                self._all("DELETE FROM files WHERE video_id = ?", video_id)

    # The queue.

    def next_queued(self) -> Video | None:
        """The video to index next: what was interrupted, then what failed least, then oldest."""
        found = self._videos(
            "WHERE NOT removing AND state IN ('queued', 'indexing')"
            " ORDER BY state, attempts, added_at, rowid LIMIT 1"
        )
        return found[0] if found else None

    def begin(self, video_id: str, fingerprint: str) -> None:
        """Start an attempt at a video."""
        self._all(
            "UPDATE videos SET state = 'indexing', attempts = attempts + 1, fingerprint = ?"
            " WHERE video_id = ?",
            fingerprint,
            video_id,
        )

    def give_back(self, video_id: str) -> None:
        """End an attempt that was broken off through no fault of the video: it does not count."""
        self._all("UPDATE videos SET attempts = MAX(0, attempts - 1) WHERE video_id = ?", video_id)

    def describe(
        self, video_id: str, duration: float, width: int, height: int, planned: int
    ) -> None:
        """Write down what a look at the file told, and how many segments that promises."""
        facts = {"duration": duration, "width": width, "height": height}
        self._change(video_id, **facts, segments_planned=planned)

    def checkpoint(self, video_id: str, segments_done: int) -> None:
        """Note how many segments are stored; more than ever before makes attempts count anew."""
        self._all(
            "UPDATE videos SET segments_done = MAX(segments_done, ?1),"
            " attempts = CASE WHEN ?1 > segments_done THEN 0 ELSE attempts END"
            " WHERE video_id = ?2",
            segments_done,
            video_id,
        )

    def mark_done(self, video_id: str, segments: int, note: str | None) -> None:
        """All that could be read is searchable; `note` says if that is not all there is."""
        self._settle(
            video_id, "done", note, None, segments_planned=segments, segments_done=segments
        )

    def mark_failed(self, video_id: str, note: str, code: str) -> None:
        """Set a video aside, with the reason in words; nothing of it is searchable."""
        self._settle(video_id, "failed", note, code, segments_done=0)

    def mark_queued(self, video_id: str, note: str | None = None) -> None:
        """Put a video back into the queue; its attempts so far still count."""
        self._settle(video_id, "queued", note, None)

    def retry(self, video_id: str) -> None:
        """Give a video that was set aside another chance."""
        if self.need(video_id).state == "failed":
            self._settle(video_id, "queued", None, None, attempts=0)

    def start_over(self, video_id: str) -> None:
        """Queue a video whose segments are not where they should be."""
        self._settle(video_id, "queued", None, None, attempts=0, segments_done=0)

    def _settle(
        self, video_id: str, state: VideoState, note: str | None, code: str | None, **more: Any
    ) -> None:
        self._change(video_id, state=state, note=note, error_code=code, **more)

    def _change(self, video_id: str, **values: Any) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        self._all(f"UPDATE videos SET {columns} WHERE video_id = ?", *values.values(), video_id)

    def counts(self) -> dict[str, int]:
        """How many videos are in each state."""
        rows = self._all("SELECT state, COUNT(*) FROM videos WHERE NOT removing GROUP BY state")
        return {row[0]: row[1] for row in rows}

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()


def _video(row: sqlite3.Row) -> Video:
    fields = dict(row)
    del fields["removing"]
    return Video(**{**fields, "path": Path(fields["path"]), "managed": bool(fields["managed"])})
