"""What happens, one event a line: its name, the video's id, the step, and numbers.

Knows how an event becomes a line, and that what people named (files, titles, words) stays out of it
unless it is asked for. Knows not what happens, nor who reads it.
"""

import sys
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

Level = Literal["debug", "info", "warning", "error"]
"""From `debug` on, events tell the names that people gave."""

NAMED_BY_PEOPLE = frozenset({"title", "path", "folder"})
_NUMBERS: dict[Level, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def keep(level: Level, *, as_json: bool) -> None:
    """From now on write events of this level and above to the standard error, one a line.

    A line is JSON, or for a person's eyes the time, level, event and facts as key=value.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if level == "debug" else [_without_names]),
            structlog.processors.format_exc_info,
            *_rendered(as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_NUMBERS[level]),
        # Looked up for each event: tests, and whoever redirects, change it.
        logger_factory=lambda *names: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _rendered(as_json: bool) -> list[Processor]:
    if as_json:
        return [structlog.processors.JSONRenderer(default=str)]
    order = ["timestamp", "level", "event", "video_id", "step"]
    return [structlog.processors.LogfmtRenderer(key_order=order, drop_missing=True)]


def _without_names(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    for name in NAMED_BY_PEOPLE & event.keys():
        del event[name]
    return event


log: Any = structlog.get_logger()
"""`log.info("video_done", video_id=..., step=..., segments=7)`: an event's name and its facts."""

keep("warning", as_json=False)  # until an entry point says otherwise
