"""Segments in the words that both Qdrant engines share: payloads, filters, batches.

Knows what is written beside a vector, and that both engines name their classes alike. Imports
neither of them, and knows not where a collection lies.
"""

from collections.abc import Iterator
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np

from indexer.errors import StoreMismatch
from indexer.points import Hit, Point, Scope, StoredSegment, Timed
from indexer.settings import Fingerprint

# More in one call would hold up other threads (Edge) or pass a server's limit on bodies.
BATCH = 256
PAGE = 1000
VECTOR = "clip"
VIDEO = "video_id"


def batches(rows: list[Any]) -> Iterator[list[Any]]:
    """The rows, as many at a time as one call may hold."""
    for first in range(0, len(rows), BATCH):
        yield rows[first : first + BATCH]


def page_size(with_vectors: bool) -> int:
    """How many records one scroll may bring."""
    return BATCH if with_vectors else PAGE


def payload_of(point: Point) -> dict[str, Any]:
    """What is stored beside a point's vector."""
    return {
        VIDEO: point.video_id,
        "index": point.index,
        "start": float(point.start),
        "end": float(point.end),
    }


_ROUNDING = 1e-5
_told = itemgetter(VIDEO, "index", "start", "end")
_hit = partial(tuple.__new__, Hit)  # a third of the time that calling the class takes


def hits(found: list[Any], length: float, offset: float) -> list[Hit]:
    """An engine's points with their cosines to a vector of this length, as ours.

    A search makes thousands of them, so this is made to be quick.
    """
    return [_hit((*_told(one.payload), one.score * length - offset)) for one in found]


def leaders(found: list[Any], length: float) -> list[tuple[str, float]]:
    """The same, but for the video and the score of each."""
    return [(one.payload[VIDEO], one.score * length) for one in found]


def above(least: float | None, length: float, offset: float) -> float | None:
    """The cosine that a point must reach to score so; an engine adds up in its own way."""
    return None if least is None else (least + offset) / length - _ROUNDING


def point(record: Any) -> Point:
    """An engine's record, read with its vector, as the point that was stored."""
    return Point(**record.payload, vector=np.asarray(record.vector[VECTOR], dtype=np.float32))


def by_time(records: Iterator[Any]) -> list[StoredSegment]:
    """One video's records as its segments, in the order of time."""
    points = sorted(map(point, records), key=lambda one: one.start)
    return [StoredSegment(one.index, one.start, one.end, one.vector) for one in points]


def timed(records: Iterator[Any]) -> list[Timed]:
    """The same without vectors, which need not have been read."""
    payloads = (record.payload for record in records)
    found = (Timed(one["index"], one["start"], one["end"]) for one in payloads)
    return sorted(found, key=lambda one: one.start)


def filter_of(scope: Scope, engine: Any, index: int | None = None) -> Any:
    """A scope in an engine's words, and of each video the segment of this index only."""
    if scope.videos is None:
        return None
    must = [_any_of(VIDEO, sorted(scope.videos), engine)]
    if index is not None:
        must.append(_any_of("index", [index], engine))
    return engine.Filter(must=must)


def _any_of(field: str, values: list[Any], engine: Any) -> Any:
    return engine.FieldCondition(key=field, match=engine.MatchAny(any=values))


def only(video_id: str | None) -> Scope:
    """The scope of one video, or of all."""
    return Scope() if video_id is None else Scope(videos=frozenset({video_id}))


def check_fingerprint(stored: Any, fingerprint: Fingerprint, where: str) -> None:
    """Raise StoreMismatch if what is stored was not made under this fingerprint."""
    if stored != fingerprint.model_dump():
        raise StoreMismatch(
            f"The vectors in {where} were made by another model or with other settings, so they "
            "cannot be searched with this one. Nothing was changed. Use the model that made them, "
            "or move them away and index again."
        )
