"""What a search is narrowed to, whatever is looked for: filters in, a scope out.

Knows how filters go together: values of one are alternatives, and all filters must hold. Knows
neither how they are typed (app) nor how a search keeps to its scope (search.py).
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from indexer.database import Database
from indexer.labels import folded
from indexer.library import Library
from indexer.points import EVERYTHING, Scope
from indexer.selections import Selections
from indexer.stretches import WHOLE, Stretch, Stretches, common, joined

FOUND = "NOT removing AND NOT missing"
"""Which videos can be found at all."""


class Range(NamedTuple):
    """From `low` to below `high`."""

    low: float = float("-inf")
    high: float = float("inf")


@dataclass(frozen=True)
class Filters:
    """What may be found: each filter that is not empty must hold, by any one of its values.

    `videos` and `within` are ids of videos and selections, `folders` include what is below them,
    `duration` is in seconds, `added` and `recorded` in seconds since 1970, `part` a share (0 to 1)
    of a video's length. A tag stands for every video that has it, and for the marked stretches of
    one that only has marks with it.
    """

    videos: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    duration: tuple[Range, ...] = ()
    added: tuple[Range, ...] = ()
    recorded: tuple[Range, ...] = ()
    within: tuple[str, ...] = ()
    part: tuple[float, float] | None = None

    def scope(self, library: Library) -> Scope:
        """The videos that can be found and meet the filters, and the stretches that do.

        Everything if nothing is filtered.
        """
        clauses = list(self._clauses())
        if not clauses:
            return EVERYTHING if self.part is None else Scope(part=self.part)
        clause, values = _all_of(clauses)
        question = f"SELECT video_id FROM videos WHERE {clause}"
        found = library.database.remembered(question, *values)
        videos = frozenset([row[0] for row in found])
        if not (self.tags or self.within):
            return Scope(videos, part=self.part)
        spans = self._spans(library.database, videos)
        limited = any(stretches is not WHOLE for stretches in spans.values())
        return Scope(frozenset(spans), spans if limited or not spans else None, self.part)

    def chosen(self, library: Library) -> tuple[str, list[Any]]:
        """SQL that is true of the rows of `videos` in scope, and the values of its blanks."""
        if not (self.tags and self.within):  # alone, each leaves something of what it names
            return _all_of(self._clauses())
        videos = self.scope(library).videos or frozenset()
        return _one_of("video_id", videos)

    def _clauses(self) -> Iterator[tuple[str, list[Any]]]:
        """SQL for each filter but `part`, which leaves something of every video."""
        if self.videos:
            yield _one_of("video_id", self.videos)
        if self.folders:
            yield _any_of([_below(folder) for folder in self.folders])
        if self.tags:
            yield _any_of([_named(table, self.tags) for table in ("tags", "marks")])
        for column in ("duration", "added_at", "recorded_at"):
            if ranges := getattr(self, column.removesuffix("_at")):
                yield _any_of([(f"{column} >= ? AND {column} < ?", list(one)) for one in ranges])
        if self.within:
            clause, values = _one_of("selection_id", self.within)
            yield f"video_id IN (SELECT video_id FROM selected WHERE {clause})", values

    def _spans(self, database: Database, videos: frozenset[str]) -> dict[str, Stretches]:
        """What tags and selections leave of each video; those of which nothing is left are out."""
        spans = dict.fromkeys(videos, WHOLE)
        if self.tags:
            spans = _marked(database, spans, self.tags)
        if self.within:
            inside = Selections(database).union(self.within)
            spans = {one: common(spans[one], inside.get(one, ())) for one in spans}
        return {video_id: stretches for video_id, stretches in spans.items() if stretches}


def _marked(
    database: Database, spans: dict[str, Stretches], tags: Iterable[str]
) -> dict[str, Stretches]:
    clause, values = _named("tags", tags)
    whole = database.rows(f"SELECT video_id FROM videos WHERE {clause}", *values)
    everywhere = {row[0] for row in whole}
    clause, values = _one_of("folded", map(folded, tags))
    marks: dict[str, list[Stretch]] = {}
    for row in database.rows(f"SELECT video_id, start, stop FROM marks WHERE {clause}", *values):
        marks.setdefault(row[0], []).append((row[1], row[2]))
    return {
        video_id: stretches if video_id in everywhere else joined(marks.get(video_id, ()))
        for video_id, stretches in spans.items()
    }


def _all_of(clauses: Iterable[tuple[str, list[Any]]]) -> tuple[str, list[Any]]:
    held = [(FOUND, list[Any]()), *clauses]
    return " AND ".join(f"({one})" for one, _ in held), [v for _, values in held for v in values]


def _any_of(clauses: list[tuple[str, list[Any]]]) -> tuple[str, list[Any]]:
    return " OR ".join(f"({one})" for one, _ in clauses), [v for _, some in clauses for v in some]


def _one_of(column: str, names: Iterable[str]) -> tuple[str, list[Any]]:
    return f"{column} IN (SELECT value FROM json_each(?))", [json.dumps(list(names))]


def _named(table: str, tags: Iterable[str]) -> tuple[str, list[Any]]:
    clause, values = _one_of("folded", map(folded, tags))
    return f"video_id IN (SELECT video_id FROM {table} WHERE {clause})", values


def _below(folder: str) -> tuple[str, list[Any]]:
    # What begins with "a/" lies between "a/" and "a0".
    return "folder = ? OR (folder >= ? AND folder < ?)", [folder, f"{folder}/", f"{folder}0"]
