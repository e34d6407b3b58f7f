"""How far indexing is, in words for a terminal: a line, a table, or JSON.

Knows how amounts are said. Does not know who indexes, nor where the words are shown: it is handed a
status, from this process or read from another one's library.
"""

from collections.abc import Mapping
from typing import Any

from app.describe import describe_status, share_of
from indexer.records import STATES, Video, VideoState
from indexer.status import Progress, Status, Switch

STATE_WORDS: dict[VideoState, str] = {
    "queued": "waiting",
    "indexing": "indexing",
    "done": "ready",
    "failed": "failed",
    "cancelled": "stopped",
}
STEP_WORDS = {
    "open": "opening",
    "read": "reading",
    "embed": "analysing",
    "store": "storing",
    "check": "checking",
}
UNITS = ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))


def as_json(status: Status) -> dict[str, Any]:
    """The same as `GET /api/v1/status`."""
    return describe_status(status).model_dump(mode="json")


def table(status: Status, running: bool = True) -> list[str]:
    """The whole library, then the videos under way, one a line.

    Not `running`: no process has the library open, so what is under way is where it was left.
    """
    lines = [headline(status), counted(status.progress.counts)]
    if not running and (_waiting(status.progress) or status.switch):
        lines.append("Nobody is indexing now: prismsearch serve, or prismsearch index, goes on.")
    elif status.paused:
        lines.append("Paused: nothing is indexed until it is resumed in the page.")
    if status.waiting:
        lines.append(f"Waiting: {status.waiting}")
    if status.switch is not None:
        lines.append(_switching(status.switch, status.model))
    return [*lines, *_rows(status.current)]


def headline(status: Status) -> str:
    """How much of the library is settled, how fast it goes, and how long it will take.

    Once all of it is, this tells of the index that is being built beside, if there is one.
    """
    now, switch = status.progress, status.switch
    if switch is not None and not _waiting(now):
        return f"new index: {_settled(switch.progress, status)}"
    return _settled(now, status)


def _settled(now: Progress, status: Status) -> str:
    waiting = _waiting(now)
    parts: list[str | None] = [f"{now.videos - waiting:,} of {now.videos:,} videos"]
    if waiting and not (status.paused or status.waiting):
        parts += [f"{100 * share_of(now):.0f} %", _pace(now.speed), _left(now.left)]
    return ", ".join(filter(None, parts))


def _waiting(now: Progress) -> int:
    return now.counts.get("queued", 0) + now.counts.get("indexing", 0)


def line(status: Status) -> str:
    """The headline, and the video under way."""
    return "; ".join([headline(status), *(f"{one.title}: {_how(one)}" for one in status.current)])


def counted(counts: Mapping[VideoState, int]) -> str:
    """How many videos are in each state, without those in which there are none."""
    told = [f"{counts[state]:,} {STATE_WORDS[state]}" for state in STATES if counts.get(state)]
    return ", ".join(told) or "no videos"


def failure(video: Video) -> str:
    """What went wrong with a video, and in which step."""
    where = f" (while {STEP_WORDS[video.step]})" if video.step else ""
    return f"{video.title}: {video.note}{where}"


def span(seconds: float) -> str:
    """So many seconds as a person says it: 45 s, 3 min, 2 h."""
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= 1.5 * size), UNITS[-1])
    return f"{round(seconds / size)} {unit}"


def _switching(switch: Switch, model: str | None) -> str:
    how_far = (f"{100 * share_of(switch.progress):.0f} %", _left(switch.progress.left))
    far = ", ".join(filter(None, how_far))
    if switch.model == model:
        return f"Building a new index for {model}: {far}. Search goes on with the current one."
    return f"Building the index for {switch.model}: {far}. Search goes on with {model}."


def _rows(videos: list[Video]) -> list[str]:
    if not videos:
        return []
    width = max(len("VIDEO"), *(len(_short(one.title)) for one in videos))
    rows = [f"{'VIDEO':<{width}}  {'STEP':<9}  {'DONE':>5}  {'SPEED':>8}  LEFT"]
    for one in videos:
        speed = f"{one.speed:.1f}x" if one.speed else ""
        step = STEP_WORDS[one.step] if one.step else ""
        left = span(one.left) if one.left else ""
        row = f"{_short(one.title):<{width}}  {step:<9}  {_share(one):>5}  {speed:>8}  {left}"
        rows.append(row.rstrip())
    return ["", *rows]


def _how(video: Video) -> str:
    step = STEP_WORDS[video.step] if video.step else None
    return ", ".join(filter(None, (step, _share(video), _pace(video.speed), _left(video.left))))


def _share(video: Video) -> str:
    return f"{100 * video.share:.0f} %"


def _pace(speed: float | None) -> str | None:
    return f"{speed:.1f}x realtime" if speed else None


def _left(seconds: float | None) -> str | None:
    return f"about {span(seconds)} left" if seconds else None


def _short(title: str, longest: int = 48) -> str:
    return title if len(title) <= longest else f"{title[: longest - 3]}..."
