"""The filters of a question, as a page's address and the API's parameters say them.

Knows how lengths, parts and dates are written. What they mean for the library is filters.py's.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from app.errors import ApiError
from indexer.filters import Filters, Range

MOST_VALUES = 1000
Said = Mapping[str, Sequence[str]]

_ID = re.compile("[0-9a-f]{64}")
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_BETWEEN = re.compile(rf"({_NUMBER})?-({_NUMBER})?")


def read_filters(said: Said) -> Filters:
    """The filters among parameters. Raises ApiError for what is not understood."""
    videos = _values("video", said)
    if not all(map(_ID.fullmatch, videos)):
        raise ApiError("“video” is not usable: it is a video's id.")
    return Filters(
        videos=videos,
        folders=_values("folder", said),
        tags=_values("tag", said),
        duration=tuple(_length(text) for text in _values("duration", said)),
        added=tuple(_dates("added", text) for text in _values("added", said)),
        recorded=tuple(_dates("recorded", text) for text in _values("recorded", said)),
        within=_values("within", said),
        part=_part(_values("part", said)),
    )


def _values(name: str, said: Said) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(said.get(name, ())))
    if len(values) > MOST_VALUES:
        raise ApiError(f"“{name}” can be said {MOST_VALUES} times at most.")
    return values


def _between(name: str, text: str, like: str) -> Range:
    """`10-60`, `10-` or `-60`: either side may be open, not both; 60 itself is included."""
    found = _BETWEEN.fullmatch(text.strip())
    if found is None or (found[1], found[2]) == (None, None):
        raise ApiError(f"“{name}” is not usable: say it as {like}.")
    usual = Range()
    low = usual.low if found[1] is None else float(found[1])
    high = usual.high if found[2] is None else math.nextafter(float(found[2]), math.inf)
    return _rising(name, low, high)


def _length(text: str) -> Range:
    return _between("duration", text, "10-60, 10- or -60")


def _part(texts: Sequence[str]) -> tuple[float, float] | None:
    if not texts:
        return None
    if len(texts) > 1:
        raise ApiError("“part” can be said only once.")
    low, high = _between("part", texts[0], "0.25-0.5, 0.5- or -0.5")
    if low > 1:
        raise ApiError("“part” is not usable: it is a share of the video, 0 to 1.")
    return max(low, 0.0), min(high, 1.0)


def _dates(name: str, text: str) -> Range:
    """Days or times, `2026-01-01..2026-01-31`, as seconds since 1970; the last day is included."""
    first, dots, last = text.strip().partition("..")
    if not dots or not (first or last):
        raise ApiError(f"“{name}” is not usable: say it as 2026-01-01..2026-01-31.")
    usual = Range()
    low = _instant(name, first) if first else usual.low
    high = _instant(name, last, through=True) if last else usual.high
    return _rising(name, low, high)


def _instant(name: str, text: str, through: bool = False) -> float:
    """A day or a time by this machine's clock; `through` the whole day."""
    try:
        if len(text) > len("2026-01-01"):
            return datetime.fromisoformat(text).timestamp()
        day = date.fromisoformat(text) + timedelta(days=through)
        return datetime.combine(day, time()).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise ApiError(f"“{name}” is not usable: “{text[:40]}” is no date.") from error


def _rising(name: str, low: float, high: float) -> Range:
    if low >= high:
        raise ApiError(f"“{name}” is not usable: it ends before it begins.")
    return Range(low, high)
