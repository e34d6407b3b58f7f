"""Lists of moments: CSV for spreadsheets, JSON for programs.

Knows columns. Does not know who chose the moments.
"""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from indexer.export.excerpts import Excerpt
from indexer.export.names import cell

COLUMNS = (
    *("rank", "title", "file", "start", "end", "from", "to"),
    *("score", "top_percent", "tags", "video_id"),
)


def as_csv(excerpts: Sequence[Excerpt], whole_paths: bool = False) -> str:
    """One line a moment, as in RFC 4180, behind a mark by which Excel knows the letters.

    Nothing in it is a formula, whatever titles and tags say.
    """
    return written([COLUMNS, *(_cells(one, whole_paths) for one in excerpts)])


def written(rows: Sequence[Sequence[object]]) -> str:
    """Rows as CSV; cells that are text must have come through `cell`, if people wrote them."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return f"\ufeff{text.getvalue()}"


def as_json(excerpts: Sequence[Excerpt], whole_paths: bool = False) -> str:
    """A list of moments, each with the names of the columns; texts as they are."""
    found = [_fields(one, whole_paths) for one in excerpts]
    # What is no text in a file's name becomes an escape, which JSON reads back.
    return json.dumps({"moments": found}, indent=2, ensure_ascii=True) + "\n"


def clock(seconds: float) -> str:
    """Seconds as 0:01:05.250."""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest / 1000:06.3f}"


def _fields(one: Excerpt, whole_paths: bool) -> dict[str, Any]:
    return {
        "rank": one.rank,
        "title": one.video.title,
        "file": str(one.video.path) if whole_paths else one.video.path.name,
        "start": round(one.start, 3),
        "end": round(one.end, 3),
        "from": clock(one.start),
        "to": clock(one.end),
        "score": None if one.score is None else round(one.score, 4),
        "top_percent": None if one.top is None else round(one.top, 3),
        "tags": list(one.tags),
        "video_id": one.video.video_id,
    }


def _cells(one: Excerpt, whole_paths: bool) -> list[object]:
    fields = _fields(one, whole_paths)
    fields["tags"] = "; ".join(one.tags)
    texts = {name: cell(fields[name]) for name in ("title", "file", "tags")}
    cells = {**fields, **texts}
    return ["" if cells[name] is None else cells[name] for name in COLUMNS]
