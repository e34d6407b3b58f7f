"""What was given as a query: its vectors, for as long as anybody is likely to ask with it.

Knows the last few examples by the hash of their bytes, under the collection that they were made
for. Keeps no file: once embedded, an example is a few vectors, a name and a small picture.
"""

from dataclasses import dataclass

import numpy as np

from indexer.database import Database

KEPT = 256  # examples of at most 40 kB


@dataclass(frozen=True)
class Example:
    """One example: the name that it came with, its unit vectors (float32 [Q, dim]), its JPEG."""

    query_id: str
    label: str
    vectors: np.ndarray
    poster: bytes


class Examples:
    """The most recent examples of one library. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, example: Example, collection: str) -> None:
        """Keep an example for one collection; the oldest is let go when there are too many."""
        with self._database.together():
            self._database.rows(
                "REPLACE INTO examples (fingerprint, query_id, label, windows, vectors, poster) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                collection,
                example.query_id,
                example.label,
                len(example.vectors),
                example.vectors.astype("<f4").tobytes(),
                example.poster,
            )
            self._database.rows(
                "DELETE FROM examples WHERE rowid NOT IN "
                "(SELECT rowid FROM examples ORDER BY rowid DESC LIMIT ?)",
                KEPT,
            )

    def get(self, query_id: str, collection: str) -> Example | None:
        """The example under this id, or None once it has been let go."""
        found = self._database.rows(
            "SELECT * FROM examples WHERE fingerprint = ? AND query_id = ?", collection, query_id
        )
        for row in found:
            vectors = np.frombuffer(row["vectors"], "<f4").reshape(row["windows"], -1)
            return Example(query_id, row["label"], vectors, row["poster"])
        return None
