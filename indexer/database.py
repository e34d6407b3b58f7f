"""The one file that outlives every process: SQLite, its numbered steps and its errors.

Knows tables, transactions and how a library of an earlier version is brought up to date. Knows not
what the rows mean: library.py, queue.py and collection.py do. Safe to use from several threads.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from indexer.errors import LibraryBusy, LibraryError, LibraryOutdated, no_room
from indexer.ground import has_room, network_disk, refuse_full, refuse_read_only
from indexer.lately import Lately
from indexer.ownership import Ownership

Row = sqlite3.Row
BUSY_SECONDS = 5.0
_HELD = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_CRAMMED = 1 << 20  # bytes
_REMEMBERED = 16  # answers, the longest a row for each video

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
    # How far a video got is a matter of one collection: while the next one is built, the old one
    # goes on answering. What a person steers is kept as well: pause, order, folders to watch.
    """
    CREATE TABLE jobs (
        video_id TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'queued',
        step TEXT,
        note TEXT,
        error_code TEXT,
        segments_planned INTEGER NOT NULL DEFAULT 0,
        segments_done INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        spent REAL NOT NULL DEFAULT 0,
        front INTEGER NOT NULL DEFAULT 0,
        redo INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (fingerprint, video_id)
    ) STRICT;
    CREATE INDEX jobs_by_video ON jobs (video_id);
    INSERT INTO jobs (video_id, fingerprint, state, note, error_code, segments_planned,
        segments_done, attempts)
        SELECT video_id, fingerprint, state, note, error_code, segments_planned, segments_done,
            attempts FROM videos WHERE fingerprint IS NOT NULL;
    DROP INDEX videos_by_state;
    ALTER TABLE videos DROP COLUMN state;
    ALTER TABLE videos DROP COLUMN note;
    ALTER TABLE videos DROP COLUMN error_code;
    ALTER TABLE videos DROP COLUMN segments_planned;
    ALTER TABLE videos DROP COLUMN segments_done;
    ALTER TABLE videos DROP COLUMN attempts;
    ALTER TABLE videos DROP COLUMN fingerprint;
    ALTER TABLE videos ADD COLUMN plays TEXT;
    ALTER TABLE videos ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE collections ADD COLUMN role TEXT NOT NULL DEFAULT 'old';
    ALTER TABLE collections ADD COLUMN spec TEXT;
    UPDATE collections SET role = 'serving' WHERE rowid = (SELECT MAX(rowid) FROM collections);
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE folders (path BLOB PRIMARY KEY, device INTEGER NOT NULL) STRICT;
    CREATE TABLE dismissed (video_id TEXT PRIMARY KEY) STRICT;
    """,
    # The disk that each file lies on, as a file that is gone with its disk was not taken out. Text:
    # some systems give numbers that SQLite cannot hold.
    """
    ALTER TABLE files ADD COLUMN disk TEXT;
    CREATE INDEX files_by_look ON files (size, mtime_ns);
    DROP TABLE folders;
    """,
    # What people say of videos and of stretches of them (seconds), and what narrows a search.
    # A folder is what people see as one; a video whose folder is not known yet is looked up.
    """
    ALTER TABLE videos ADD COLUMN recorded_at REAL;
    ALTER TABLE videos ADD COLUMN folder TEXT;
    CREATE INDEX videos_without_folder ON videos (video_id) WHERE folder IS NULL;
    CREATE TABLE roots (path BLOB PRIMARY KEY) STRICT;
    CREATE TABLE tags (
        video_id TEXT NOT NULL,
        tag TEXT NOT NULL,
        folded TEXT NOT NULL,
        made_at REAL NOT NULL,
        PRIMARY KEY (video_id, folded)
    ) STRICT;
    CREATE INDEX tags_by_name ON tags (folded, video_id);
    CREATE TABLE marks (
        mark_id INTEGER PRIMARY KEY AUTOINCREMENT,
        video_id TEXT NOT NULL,
        start REAL NOT NULL,
        stop REAL NOT NULL,
        tag TEXT NOT NULL,
        folded TEXT NOT NULL,
        made_at REAL NOT NULL,
        UNIQUE (video_id, start, stop, folded)
    ) STRICT;
    CREATE INDEX marks_by_name ON marks (folded, video_id);
    CREATE TABLE saved (
        name TEXT PRIMARY KEY,
        question TEXT NOT NULL,
        saved_at REAL NOT NULL
    ) STRICT;
    CREATE TABLE selections (selection_id TEXT PRIMARY KEY, used_at REAL NOT NULL) STRICT;
    CREATE TABLE selected (
        selection_id TEXT NOT NULL,
        video_id TEXT NOT NULL,
        stretches TEXT NOT NULL,
        PRIMARY KEY (selection_id, video_id)
    ) STRICT;
    CREATE INDEX selected_by_video ON selected (video_id);
    """,
    # What was given as a query, so that links to it outlive the process.
    """
    CREATE TABLE examples (
        fingerprint TEXT NOT NULL,
        query_id TEXT NOT NULL,
        label TEXT NOT NULL,
        windows INTEGER NOT NULL,
        vectors BLOB NOT NULL,
        poster BLOB NOT NULL,
        PRIMARY KEY (fingerprint, query_id)
    ) STRICT;
    """,
)


class Database:
    """The tables of one installation, in one SQLite file."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file, made or brought up to date if need be. Raises LibraryError.

        `read_only` looks at it from beside the process that owns it, and changes nothing.
        """
        self._path = path
        self._lock = threading.RLock()
        self._written: tuple[int, int] | None = None  # when the rows were read that are remembered
        self._remembered = Lately[list[Row]](_REMEMBERED)
        if not read_only:
            refuse_read_only(path.parent, path)
        try:
            self._db = self._connected(read_only)
            self._db.row_factory = Row
            # SQLite's own LOWER knows no letter beyond ASCII.
            self._db.create_function("CASEFOLD", 1, str.casefold, deterministic=True)
            if not read_only:
                self._choose_journal()
            self._climb(read_only)
        except sqlite3.Error as error:
            refuse_full(path.parent)
            self._refuse_held(error)
            raise LibraryError(
                f"The library {path} cannot be opened ({error}). Your videos are safe. Move this "
                "file away to begin a new library, or restore it from a backup."
            ) from error

    def _connected(self, read_only: bool) -> sqlite3.Connection:
        return sqlite3.connect(
            _looking_on(self._path) if read_only else self._path,
            uri=read_only,
            timeout=BUSY_SECONDS,
            check_same_thread=False,
            isolation_level=None,
        )

    def _choose_journal(self) -> None:
        """WAL lets others read meanwhile, but needs memory that they share: no network has that."""
        if network_disk(self._path.parent) is None:
            self._turn_to_wal()
            return
        # A file that was in WAL can be turned without such memory by one who holds it alone.
        self._db.executescript(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = TRUNCATE;"
            " PRAGMA locking_mode = NORMAL;"
        )

    def _turn_to_wal(self) -> None:
        """SQLite does not wait by itself for another process that does the same just now."""
        over = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > over:
                    raise
            time.sleep(0.02)

    def _climb(self, read_only: bool) -> None:
        """Take the steps that this file has not taken yet: all of them, or none."""
        if self._version() == len(STEPS):
            return
        if read_only:
            raise LibraryOutdated(
                "This library was written by an earlier PrismSearch. Nothing was changed. "
                "It is brought up to date when PrismSearch is started on it."
            )
        self._db.execute("BEGIN IMMEDIATE")
        with self._db:
            for number in range(self._version(), len(STEPS)):  # another may have been here first
                for statement in STEPS[number].split(";"):
                    self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {len(STEPS)}")

    def _version(self) -> int:
        """How many steps the file has taken."""
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > len(STEPS):
            raise LibraryError(
                "This library was written by a newer PrismSearch. Nothing was changed. "
                "Use that version, or another data folder."
            )
        return int(version)

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """What one statement gives, or nothing. Raises LibraryError, or DiskFull."""
        with self._lock, self._named_errors():
            return self._db.execute(statement, values).fetchall()

    def remembered(self, statement: str, *values: Any) -> list[Row]:
        """The same for a question that is asked often: read anew once anything was written."""
        with self._lock, self._named_errors():
            written = self.writes()
            if written is None:
                return self._db.execute(statement, values).fetchall()
            if self._written != written:
                self._written, self._remembered = written, Lately(_REMEMBERED)
            return self._remembered.get(
                (statement, values), lambda: self._db.execute(statement, values).fetchall()
            )

    def writes(self) -> tuple[int, int] | None:
        """Numbers that change with whatever is written, by others or by us.

        None while a change is under way, as it may yet be taken back. Raises LibraryError.
        """
        with self._lock, self._named_errors():
            if self._db.in_transaction:
                return None
            (elsewhere,) = self._db.execute("PRAGMA data_version").fetchone()
            return elsewhere, self._db.total_changes

    def changed(self, statement: str, *values: Any) -> int:
        """How many rows one statement changed. Raises LibraryError, or DiskFull."""
        with self._lock, self._named_errors():
            return self._db.execute(statement, values).rowcount

    @contextmanager
    def together(self) -> Iterator[None]:
        """A block whose changes all happen, or none of them; may lie within another."""
        with self._lock, self._named_errors():
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            with self._db:
                yield

    def integrity(self) -> list[str]:
        """What SQLite finds wrong with the file; nothing if it is sound."""
        try:
            found = [str(row[0]) for row in self.rows("PRAGMA integrity_check")]
        except LibraryError as error:  # so damaged that not even this can be asked
            return [str(error)]
        return [] if found == ["ok"] else found

    def copy_to(self, path: Path) -> None:
        """Write a copy as of this moment, while others go on. Raises LibraryError, or DiskFull."""
        with self._lock, self._named_errors(), closing(sqlite3.connect(path)) as target:
            self._db.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Give what SQLite raises our name and a sentence."""
        try:
            yield
        except sqlite3.Error as error:
            self._refuse_held(error)
            # A disk that is quite full makes it call other things an error of the disk.
            if _code(error) == sqlite3.SQLITE_FULL or not has_room(self._path.parent, _CRAMMED):
                raise no_room() from error
            raise LibraryError(
                f"The library could not be read or written ({error}). Your videos are safe; "
                "check that the disk is sound, then restart."
            ) from error

    def _refuse_held(self, error: sqlite3.Error) -> None:
        if _code(error) in _HELD:
            raise LibraryBusy(
                f"Another program holds the library {self._path}. Nothing is lost: all goes on by "
                "itself once that program lets go of it."
            ) from error


@contextmanager
def looking_at(path: Path) -> Iterator[Database]:
    """The library at `path`, only to be read, whoever has it open.

    One of an earlier version is brought up to date first. Raises LibraryError, and StoreLocked if
    that is needed and somebody else owns its folder.
    """
    try:
        database = Database(path, read_only=True)
    except LibraryOutdated:
        ownership = Ownership.of(path.parent)
        try:
            Database(path).close()
        finally:
            ownership.release()
        database = Database(path, read_only=True)
    with closing(database):
        yield database


def _code(error: sqlite3.Error) -> int:
    """What kind of error it is; the upper bits tell variants apart."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _looking_on(path: Path) -> str:
    """The address of a library that is only read."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    # Readers write beside the file, too, unless nobody can: then it lies there as a whole.
    alone = not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
    return f"{address}&immutable=1" if alone else address
