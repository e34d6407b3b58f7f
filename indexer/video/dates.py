"""When a video was recorded, as its file tells.

Knows the names and the spelling of that in containers, and which answers cannot be true. Opens
nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

# A phone's own clock with its time zone, then what nearly every container has.
_NAMES = ("com.apple.quicktime.creationdate", "creation_time", "date")
_FIRST = datetime(1971, 1, 1, tzinfo=UTC).timestamp()  # 1904 and 1970 stand for clocks never set
_AHEAD = 86400.0  # seconds that a camera's clock may be in another time zone


def recorded_at(tables: Sequence[Mapping[str, str]], now: float) -> float | None:
    """The first date in the tables of metadata that can be true, in seconds since 1970."""
    for name in _NAMES:
        for table in tables:
            when = _time(table.get(name, ""))
            if when is not None and _FIRST <= when <= now + _AHEAD:
                return when
    return None


def _time(text: str) -> float | None:
    """ISO 8601 to seconds; UTC where no zone is told, as containers mean it."""
    try:
        when = datetime.fromisoformat(text.strip())
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
