"""The folder of a video as people see it: which folder was taken in, and where in it the file lies.

Knows the folders that were taken in as a whole, and never tells what they lie in. Knows nothing of
the files themselves; a video whose place changes loses its folder's name and gets it here.
"""

import os
from pathlib import Path

from indexer.database import Database
from indexer.folders import printable
from indexer.places import range_below

UPLOADS = "uploads"
"""The folder of videos that people sent."""


class Roots:
    """The folders that were taken in, and the names that follow. Safe to use from several threads.

    A file in `clips` of the folder `/home/anna/Holiday` is in `Holiday/clips`; one that was taken
    in by itself is in its directory's own name.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, folder: Path) -> None:
        """A folder (its real path) is taken in, with all that lies below it."""
        with self._database.together():
            if self._database.changed(
                "INSERT OR IGNORE INTO roots (path) VALUES (?)", os.fsencode(folder)
            ):
                self._database.rows(
                    "UPDATE videos SET folder = NULL WHERE path >= ? AND path < ?",
                    *range_below(folder),
                )
                self.name_folders()

    def name_folders(self) -> None:
        """Write down the folder of every video that has none yet."""
        with self._database.together():
            waiting = self._database.rows(
                "SELECT video_id, path, managed FROM videos WHERE folder IS NULL"
            )
            roots = self._roots() if waiting else []
            for video_id, path, managed in waiting:
                folder = UPLOADS if managed else folder_of(Path(os.fsdecode(path)), roots)
                self._database.rows(
                    "UPDATE videos SET folder = ? WHERE video_id = ?", folder, video_id
                )

    def _roots(self) -> list[Path]:
        """Outermost first."""
        found = self._database.rows("SELECT path FROM roots ORDER BY LENGTH(path)")
        return [Path(os.fsdecode(row[0])) for row in found]


def folder_of(path: Path, roots: list[Path]) -> str:
    """What people see as the folder of the file at `path`; names are joined by slashes."""
    # The root of a disk has no name, and all below it would tell the whole path.
    root = next((root for root in roots if root.name and path.is_relative_to(root)), None)
    parts = (
        [path.parent.name] if root is None else [root.name, *path.parent.relative_to(root).parts]
    )
    return "/".join(map(printable, parts)) or "/"
