"""Searches that a person has saved under a name.

Knows names and when they were given. What a question means is for the one who asks it: here it is
text.
"""

import time
from dataclasses import dataclass

from indexer.database import Database
from indexer.errors import BadLabel, TooMany
from indexer.labels import label

LONGEST_NAME = 100  # characters
LONGEST_QUESTION = 20_000  # characters
MOST = 1000


@dataclass(frozen=True)
class SavedSearch:
    """A question, as the page's address says it, and its name."""

    name: str
    question: str
    saved_at: float


class SavedSearches:
    """The saved searches of one library. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[SavedSearch]:
        """Every saved search, the newest first."""
        found = self._database.rows("SELECT * FROM saved ORDER BY saved_at DESC, rowid DESC")
        return [SavedSearch(**dict(row)) for row in found]

    def save(self, name: str, question: str) -> SavedSearch:
        """Save a question; one of the same name is replaced. Raises BadLabel and TooMany."""
        name = name_of(name)
        question = question.strip().removeprefix("?")
        if not question or len(question) > LONGEST_QUESTION or not question.isprintable():
            raise BadLabel(
                f"A saved search is a question of 1 to {LONGEST_QUESTION:,} characters. Nothing "
                "was changed."
            )
        saved = SavedSearch(name, question, time.time())
        with self._database.together():
            self._database.rows(
                "REPLACE INTO saved (name, question, saved_at) VALUES (?, ?, ?)",
                *(saved.name, saved.question, saved.saved_at),
            )
            if self._database.rows("SELECT COUNT(*) FROM saved")[0][0] > MOST:
                raise TooMany(
                    f"{MOST:,} searches are saved already. Nothing was changed. Remove one to make "
                    "room."
                )
        return saved

    def remove(self, name: str) -> None:
        """Forget a saved search. One that is not there is gone already."""
        self._database.rows("DELETE FROM saved WHERE name = ?", name_of(name))


def name_of(text: str) -> str:
    """The text as the name of a saved search. Raises BadLabel."""
    return label(text, "The name of a search", LONGEST_NAME)
