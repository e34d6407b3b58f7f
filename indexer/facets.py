"""How many videos each value of each filter would leave, beside the other filters.

Knows which values are worth offering. Knows not how they are shown.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from indexer.filters import Filters, Range
from indexer.library import Library
from indexer.stretches import Stretches, common
from indexer.tags import TagCount, counts

MOST_VIDEOS = 50
MOST_VALUES = 200  # of folders, and of tags: those of most videos
DURATIONS = (
    Range(0.0, 60.0),
    Range(60.0, 300.0),
    Range(300.0, 1200.0),
    Range(1200.0, 3600.0),
    Range(3600.0),
)


@dataclass(frozen=True)
class Facets:
    """Values and how many videos have them that can be found, counted under all the other filters.

    `videos` are ids and titles, `recorded` and `added` months such as 2026-11 by this machine's
    clock, the last one first. A folder counts what is below it, too.
    """

    videos: list[tuple[str, str]]
    folders: dict[str, int]
    tags: list[TagCount]
    durations: dict[Range, int]
    recorded: dict[str, int]
    added: dict[str, int]


def facets(library: Library, filters: Filters, words: str = "") -> Facets:
    """What the library has to offer beside these filters.

    Of the videos, the chosen ones come first, then those with all of the words in their title.
    """
    return Facets(
        videos=_videos(library, filters, words.casefold().split()),
        folders=_folders(library, replace(filters, folders=())),
        tags=_tags(library, replace(filters, tags=()))[:MOST_VALUES],
        durations=_durations(library, replace(filters, duration=())),
        recorded=_months(library, "recorded_at", replace(filters, recorded=())),
        added=_months(library, "added_at", replace(filters, added=())),
    )


def _chosen(library: Library, filters: Filters) -> tuple[str, list[Any]]:
    """SQL that is true of the videos in scope of which a search finds something already."""
    clause, values = filters.chosen(library)
    indexed = "SELECT video_id FROM jobs WHERE fingerprint = ? AND segments_done > 0"
    return f"{clause} AND video_id IN ({indexed})", [*values, library.fingerprint]


def _videos(library: Library, filters: Filters, words: list[str]) -> list[tuple[str, str]]:
    clause, values = _chosen(library, replace(filters, videos=()))
    held = " AND ".join("INSTR(CASEFOLD(title), ?)" for _ in words) or "TRUE"
    found = library.database.rows(
        "SELECT video_id, title, video_id IN (SELECT value FROM json_each(?)) AS asked"
        f" FROM videos WHERE {clause} AND (asked OR {held})"
        " ORDER BY asked DESC, CASEFOLD(title), video_id LIMIT ?",
        json.dumps(filters.videos),
        *values,
        *words,
        MOST_VIDEOS,
    )
    return [(row["video_id"], row["title"]) for row in found]


def _folders(library: Library, others: Filters) -> dict[str, int]:
    clause, values = _chosen(library, others)
    found = library.database.rows(
        f"SELECT folder, COUNT(*) FROM videos WHERE {clause} AND folder NOTNULL GROUP BY folder",
        *values,
    )
    count: Counter[str] = Counter()
    for folder, videos in found:
        while folder:
            count[folder] += videos
            folder = folder.rpartition("/")[0]
    most = dict(count.most_common(MOST_VALUES))
    return {folder: most[folder] for folder in sorted(most, key=str.casefold)}


def _tags(library: Library, others: Filters) -> list[TagCount]:
    clause, values = _chosen(library, others)
    if not others.within:
        return counts(library.database, "TRUE", clause, *values)
    inside = json.dumps(_marks_inside(library, others.scope(library).spans or {}))
    marks = "mark_id IN (SELECT value FROM json_each(?))"
    return counts(library.database, marks, clause, inside, *values)


def _marks_inside(library: Library, spans: Mapping[str, Stretches]) -> list[int]:
    """The marks that share seconds with the stretches."""
    found = library.database.rows("SELECT mark_id, video_id, start, stop FROM marks")
    return [
        row["mark_id"]
        for row in found
        if common(((row["start"], row["stop"]),), tuple(spans.get(row["video_id"], ())))
    ]


def _durations(library: Library, others: Filters) -> dict[Range, int]:
    clause, values = _chosen(library, others)
    counts = ", ".join("COUNT(*) FILTER (WHERE duration >= ? AND duration <= ?)" for _ in DURATIONS)
    edges = [edge for one in DURATIONS for edge in one]
    (found,) = library.database.rows(f"SELECT {counts} FROM videos WHERE {clause}", *edges, *values)
    return dict(zip(DURATIONS, found, strict=True))


def _months(library: Library, column: str, others: Filters) -> dict[str, int]:
    clause, values = _chosen(library, others)
    found = library.database.rows(
        f"SELECT strftime('%Y-%m', {column}, 'unixepoch', 'localtime') AS month, COUNT(*)"
        f" FROM videos WHERE {clause} AND {column} NOTNULL GROUP BY month ORDER BY month DESC",
        *values,
    )
    return {row[0]: row[1] for row in found}
