"""Which videos there are and how far each got: one SQLite file, whose rows are also the queue.

Knows labels, places, states and attempts. Knows neither vectors nor pixels, and never opens a video
for more than its hash (content.py). Safe to use from several threads.
"""

import os
import sqlite3
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from indexer.content import Content
from indexer.errors import FINAL, LibraryError, UnknownVideo, no_room
from indexer.formats import SUPPORTED

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
    # A path is bytes: a name need not be text. Which collections this installation has made, and
    # videos that are gone while a collection that is not open still holds segments of them.
    """
    ALTER TABLE videos ADD COLUMN place BLOB NOT NULL DEFAULT x'';
    UPDATE videos SET place = CAST(path AS BLOB);
    ALTER TABLE videos DROP COLUMN path;
    ALTER TABLE videos RENAME COLUMN place TO path;
    CREATE TABLE seen (
        path BLOB PRIMARY KEY,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        video_id TEXT NOT NULL
    ) STRICT;
    INSERT INTO seen SELECT CAST(path AS BLOB), size, mtime_ns, video_id FROM files;
    DROP TABLE files;
    ALTER TABLE seen RENAME TO files;
    CREATE INDEX files_by_video ON files (video_id);
    CREATE TABLE collections (
        fingerprint TEXT PRIMARY KEY,
        model TEXT NOT NULL,
        weights BLOB,
        tokenizer BLOB
    ) STRICT;
    CREATE TABLE leftovers (
        fingerprint TEXT NOT NULL,
        video_id TEXT NOT NULL,
        PRIMARY KEY (fingerprint, video_id)
    ) STRICT;
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


@dataclass(frozen=True)
class Collection:
    """What this installation once indexed with: a fingerprint's key and the model behind it.

    `weights` and `tokenizer` are the files that were given in place of the usual ones.
    """

    fingerprint: str
    model: str
    weights: Path | None
    tokenizer: Path | None


def title_of(name: str) -> str:
    """A file's name as a title: printable, and without the suffix that makes it a video's."""
    path = PurePath(name)
    title = path.stem if path.suffix.lower() in SUPPORTED else path.name
    # Bytes that are no text arrive here as surrogates (Cs).
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") else c for c in title)


def collections_of(data_dir: Path) -> list[Collection]:
    """The collections of the installation in `data_dir`, the one used last first.

    Nothing is made there, and no model is loaded. Raises LibraryError.
    """
    path = data_dir / "library.db"
    if not path.exists():
        return []
    library = Library(path)
    try:
        return library.collections()
    finally:
        library.close()


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
            # Set aside by an earlier process: an offer now is a person's, and not the one that
            # every start makes again after a crash.
            self._gave_up = {
                video.video_id for video in self._videos("WHERE error_code = 'gave_up'")
            }
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
        with self._lock, _named_errors():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _together(self) -> Iterator[None]:
        """A block whose changes all happen, or none of them. Raises LibraryError."""
        with self._lock, _named_errors():
            self._db.execute("BEGIN IMMEDIATE")
            with self._db:
                yield

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
            os.fsencode(path),
            size,
            mtime_ns,
        )
        return rows[0][0] if rows else None

    # What is added and removed.

    def add(self, path: Path, title: str, managed: bool, content: Content) -> Video:
        """Take a file in. Content that is known stays one video and keeps its label.

        If the place it was known by is gone, the video has moved here and takes the new label. A
        video that was set aside gets another chance, unless its bytes are what is wrong with it.
        """
        with self._together():
            self._see(path, content)
            known = self.get(content.video_id)
            if known is None:
                self._insert(path, title, managed, content)
            elif known.path != path and not os.path.exists(known.path):
                place = os.fsencode(path)
                self._change(content.video_id, path=place, title=title, managed=managed)
            if known is not None and self._may_go_better(known):
                self.retry(content.video_id)
            return self.need(content.video_id)

    def _may_go_better(self, video: Video) -> bool:
        if video.error_code == "gave_up":
            return video.video_id in self._gave_up
        return video.state == "failed" and video.error_code not in FINAL

    def _see(self, path: Path, content: Content) -> None:
        row = (os.fsencode(path), content.size, content.mtime_ns, content.video_id)
        self._all("REPLACE INTO files (path, size, mtime_ns, video_id) VALUES (?, ?, ?, ?)", *row)
        # A video that was here before this content is played from another place it was seen at.
        self._all(
            "UPDATE videos SET path = other.path FROM files AS other WHERE videos.path = ?"
            " AND videos.video_id != ? AND other.video_id = videos.video_id",
            os.fsencode(path),
            content.video_id,
        )

    def _insert(self, path: Path, title: str, managed: bool, content: Content) -> None:
        self._all(
            "REPLACE INTO videos (video_id, title, path, managed, size, added_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(content.video_id, title, os.fsencode(path), managed, content.size, time.time()),
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

    def finish_removal(self, video_id: str, fingerprint: str) -> None:
        """Forget a hidden video and where it was seen, unless it was added again meanwhile.

        Its segments are gone from the collection `fingerprint`; in every other one they become
        leftovers.
        """
        with self._together():
            if self._videos("WHERE video_id = ? AND removing", video_id):
                self._all("DELETE FROM videos WHERE video_id = ?", video_id)
                self._all("DELETE FROM files WHERE video_id = ?", video_id)
                self._all(
                    "INSERT OR IGNORE INTO leftovers (fingerprint, video_id)"
                    " SELECT fingerprint, ? FROM collections WHERE fingerprint != ?",
                    video_id,
                    fingerprint,
                )

    # Its collections.

    def use(self, collection: Collection) -> None:
        """Remember what is indexed with from now on."""
        self._all(
            "REPLACE INTO collections (fingerprint, model, weights, tokenizer) VALUES (?, ?, ?, ?)",
            collection.fingerprint,
            collection.model,
            _bytes(collection.weights),
            _bytes(collection.tokenizer),
        )

    def collections(self) -> list[Collection]:
        """Every collection that was ever indexed into, the one used last first."""
        rows = self._all(
            "SELECT fingerprint, model, weights, tokenizer FROM collections"
            " ORDER BY rowid DESC"  # what is replaced gets a new one
        )
        return [Collection(row[0], row[1], _path(row[2]), _path(row[3])) for row in rows]

    def leftovers(self, fingerprint: str) -> list[str]:
        """Removed videos of which this collection still holds segments."""
        rows = self._all("SELECT video_id FROM leftovers WHERE fingerprint = ?", fingerprint)
        return [row[0] for row in rows]

    def forget_leftovers(self, fingerprint: str) -> None:
        """This collection holds no segment of a removed video any more."""
        self._all("DELETE FROM leftovers WHERE fingerprint = ?", fingerprint)

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

    def postpone(self, video_id: str, note: str) -> None:
        """End an attempt that nothing could come of for now, whatever the video: no fault of it."""
        self._all(
            "UPDATE videos SET state = 'queued', note = ?, attempts = MAX(0, attempts - 1)"
            " WHERE video_id = ?",
            note,
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
    path = Path(os.fsdecode(fields["path"]))
    return Video(**{**fields, "path": path, "managed": bool(fields["managed"])})


def _bytes(path: Path | None) -> bytes | None:
    return None if path is None else os.fsencode(path)


def _path(stored: bytes | None) -> Path | None:
    return None if stored is None else Path(os.fsdecode(stored))


@contextmanager
def _named_errors() -> Iterator[None]:
    """Give what SQLite raises our name and a sentence."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise no_room() from error
        raise LibraryError(
            f"The library could not be read or written ({error}). Your videos are safe; "
            "check that the disk is sound, then restart."
        ) from error
