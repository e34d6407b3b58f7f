"""Where every content was seen last: tells an unchanged, a moved and a lost file from a new one.

Knows paths, looks and disks, as they were when a file was read. Knows neither what lies there now
nor what a loss means for its video: watch.py does.
"""

import os
from pathlib import Path

from indexer.database import Database, Row, looking_at
from indexer.errors import OUT_OF_REACH
from indexer.folders import Look, real_path


class Places:
    """The places of one installation's contents. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def below(self, folder: Path) -> dict[str, Look]:
        """Every place below `folder`, and how the file looked there."""
        found = self._database.rows(f"SELECT * FROM files WHERE {_BELOW}", *range_below(folder))
        return dict(map(_place, found))

    def of(self, video_id: str) -> dict[str, Look]:
        """Every place of one content."""
        found = self._database.rows("SELECT * FROM files WHERE video_id = ?", video_id)
        return dict(map(_place, found))

    def content_at(self, path: str) -> str | None:
        """The content that was seen at `path` last."""
        found = self._database.rows("SELECT video_id FROM files WHERE path = ?", os.fsencode(path))
        return found[0][0] if found else None

    def moved_here(self, path: Path, size: int, mtime_ns: int) -> str | None:
        """The content of a file that looks like this one and is gone from where it was seen.

        It must have had the same name, too; None unless there is exactly one such content.
        """
        alike = self._database.rows(
            "SELECT path, video_id FROM files WHERE size = ? AND mtime_ns = ?", size, mtime_ns
        )
        places = [(os.fsdecode(row["path"]), row["video_id"]) for row in alike]
        found = {
            video_id
            for place, video_id in places
            if os.path.basename(place) == path.name and not os.path.lexists(place)
        }
        return found.pop() if len(found) == 1 else None

    def in_trouble(self, folder: Path) -> dict[str, bool]:
        """The places below `folder` of videos that are missing (True) or were set aside (False)."""
        found = self._database.rows(
            "SELECT files.path, missing FROM files JOIN videos USING (video_id) WHERE (missing OR"
            f" video_id IN (SELECT video_id FROM jobs WHERE state = 'failed')) AND {_BELOW}",
            *range_below(folder),
        )
        return {os.fsdecode(row["path"]): bool(row["missing"]) for row in found}

    def out_of_reach(self, folder: Path) -> set[str]:
        """The places below `folder` of videos that were set aside for want of their files."""
        marks = ", ".join("?" * len(OUT_OF_REACH))
        found = self._database.rows(
            "SELECT path FROM files WHERE video_id IN (SELECT video_id FROM jobs WHERE state ="
            f" 'failed' AND error_code IN ({marks})) AND {_BELOW}",
            *(*OUT_OF_REACH, *range_below(folder)),
        )
        return {os.fsdecode(row["path"]) for row in found}

    def renumber(self, folder: Path, old: str | None, new: str | None) -> None:
        """A disk that is seen below `folder` has another number than before."""
        self._database.rows(
            f"UPDATE files SET disk = ? WHERE disk IS ? AND {_BELOW}",
            new,
            old,
            *range_below(folder),
        )

    def put_on(self, path: str, disk: str | None) -> None:
        """One place is on another disk than before."""
        self._database.rows("UPDATE files SET disk = ? WHERE path = ?", disk, os.fsencode(path))

    def forget(self, path: str) -> None:
        """Nothing is there any more, and nothing is waited for."""
        self._database.rows("DELETE FROM files WHERE path = ?", os.fsencode(path))


def known_below(data_dir: Path, folder: Path) -> bool:
    """Whether the library in `data_dir` knows any file below `folder`.

    Raises what `looking_at` does.
    """
    path = data_dir / "library.db"
    if not path.exists():
        return False
    with looking_at(path) as database:
        return bool(Places(database).below(real_path(folder.expanduser())))


_BELOW = "files.path >= ? AND files.path < ?"


def range_below(folder: Path) -> tuple[bytes, bytes]:
    """What every path below a folder lies between: from the first, and before the second."""
    first = os.fsencode(os.path.join(folder, ""))
    return first, first[:-1] + bytes([first[-1] + 1])


def _place(row: Row) -> tuple[str, Look]:
    return os.fsdecode(row["path"]), Look(row["size"], row["mtime_ns"], row["disk"])
