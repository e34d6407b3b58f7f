"""The collections that this installation has made: which one answers, and which is being built.

Knows their roles, the models behind them, and which removed videos they may still hold. Knows
neither vectors nor how a collection is opened.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from indexer.database import Database, Row, looking_at
from indexer.settings import Fingerprint

Role = Literal["serving", "building", "old"]
_FIELDS = "fingerprint, model, weights, tokenizer, role, spec"


@dataclass(frozen=True)
class Collection:
    """What this installation once indexed with: a fingerprint's key and the model behind it.

    `weights` and `tokenizer` are the files that were given in place of the usual ones; `spec` is
    the whole fingerprint, None where an earlier version kept only its key.
    """

    fingerprint: str
    model: str
    weights: Path | None
    tokenizer: Path | None
    role: Role = "serving"
    spec: Fingerprint | None = None


class Collections:
    """Every collection of one installation, by role. At most one serves, at most one is built."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Collection]:
        """Every collection: the one that serves, the one being built, old ones by age."""
        order = "CASE role WHEN 'serving' THEN 0 WHEN 'building' THEN 1 ELSE 2 END, rowid DESC"
        found = self._database.rows(f"SELECT {_FIELDS} FROM collections ORDER BY {order}")
        return [_collection(row) for row in found]

    def of(self, role: Role) -> Collection | None:
        """The first collection in this role."""
        return next((one for one in self.all() if one.role == role), None)

    def use(self, collection: Collection) -> None:
        """Remember what is indexed with from now on, in its role; who had that role is old."""
        with self._database.together():
            self._database.rows(
                "UPDATE collections SET role = 'old' WHERE role = ?", collection.role
            )
            self._database.rows(
                f"REPLACE INTO collections ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?)",
                collection.fingerprint,
                collection.model,
                _bytes(collection.weights),
                _bytes(collection.tokenizer),
                collection.role,
                None if collection.spec is None else collection.spec.model_dump_json(),
            )

    def end_building(self) -> None:
        """What was being built is given up; its segments stay until it is removed."""
        self._database.rows("UPDATE collections SET role = 'old' WHERE role = 'building'")

    def swap(self) -> None:
        """The collection that was built serves from now on, all at once."""
        self._database.rows(
            "UPDATE collections SET role = CASE role WHEN 'building' THEN 'serving' ELSE 'old' END"
        )

    def forget(self, fingerprint: str) -> None:
        """A collection, its jobs and its examples are gone."""
        with self._database.together():
            for table in ("collections", "jobs", "leftovers", "examples"):
                self._database.rows(f"DELETE FROM {table} WHERE fingerprint = ?", fingerprint)

    # Videos that were removed while a collection was not open.

    def leave(self, video_id: str, cleared: frozenset[str]) -> None:
        """Note a removed video in every collection but the ones that are cleared of it."""
        for one in self.all():
            if one.fingerprint not in cleared:
                self._database.rows(
                    "INSERT OR IGNORE INTO leftovers (fingerprint, video_id) VALUES (?, ?)",
                    one.fingerprint,
                    video_id,
                )

    def leftovers(self, fingerprint: str) -> list[str]:
        """Removed videos of which this collection still holds segments."""
        found = self._database.rows(
            "SELECT video_id FROM leftovers WHERE fingerprint = ?", fingerprint
        )
        return [row[0] for row in found]

    def forget_leftovers(self, fingerprint: str) -> None:
        """This collection holds no segment of a removed video any more."""
        self._database.rows("DELETE FROM leftovers WHERE fingerprint = ?", fingerprint)


def collections_of(data_dir: Path) -> list[Collection]:
    """The collections of the installation in `data_dir`, the one that serves first.

    Nothing is made there, and no model is loaded. Raises what `looking_at` does.
    """
    path = data_dir / "library.db"
    if not path.exists():
        return []
    with looking_at(path) as database:
        return Collections(database).all()


def remembered(data_dir: Path, *, only_search: bool = False) -> Collection | None:
    """The collection that a start without any wishes goes on with.

    It is the one being built, if there is one, so that a switch goes on; for a search alone it is
    the one that serves. Raises LibraryError.
    """
    known = collections_of(data_dir)
    building = [one for one in known if one.role == "building" and not only_search]
    return next(iter(building + known), None)


def _collection(row: Row) -> Collection:
    spec = row["spec"] and Fingerprint.model_validate_json(row["spec"])
    return Collection(
        row["fingerprint"],
        row["model"],
        _path(row["weights"]),
        _path(row["tokenizer"]),
        row["role"],
        spec,
    )


def _bytes(path: Path | None) -> bytes | None:
    return None if path is None else os.fsencode(path)


def _path(stored: bytes | None) -> Path | None:
    return None if stored is None else Path(os.fsdecode(stored))
