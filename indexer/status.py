"""How far the whole library is, from the rows that every process can read.

Knows sums, speeds and estimates. Knows not who works, and opens no store and no model.
"""

from dataclasses import dataclass
from pathlib import Path

from indexer.collection import Collection, Collections
from indexer.database import Database
from indexer.library import Library
from indexer.queue import Queue
from indexer.records import STATES, Video, VideoState, known, rows

RECENT = 20  # videos that tell the present speed

_SUMS = """
    SELECT state, COUNT(*) AS videos, SUM(segments_done) AS segments,
        COALESCE(SUM(duration), 0) AS seconds,
        COALESCE(SUM(CASE WHEN duration IS NULL THEN size END), 0) AS unknown_bytes,
        COALESCE(SUM(CASE WHEN duration IS NOT NULL THEN size END), 0) AS known_bytes,
        COALESCE(SUM(CASE WHEN state = 'done' AND NOT redo THEN duration
            WHEN segments_planned > 0 AND NOT redo
            THEN duration * segments_done / segments_planned END), 0) AS seconds_done
    FROM known WHERE NOT removing AND NOT missing GROUP BY state
"""


@dataclass(frozen=True)
class Progress:
    """How far one collection is.

    `seconds` is what all videos last that are searchable or will be, by estimate where a file was
    not looked at yet; `seconds_done` is how much of that is searchable. `speed` is seconds of
    video per second of work, lately; `left` seconds of work that remain.
    """

    videos: int
    counts: dict[VideoState, int]
    segments: int
    seconds: float
    seconds_done: float
    speed: float | None
    left: float | None


@dataclass(frozen=True)
class Switch:
    """A collection that is being built beside the one that serves."""

    model: str
    fingerprint: str
    progress: Progress
    lacking: int
    """How many videos failed in it that are whole in the one that serves."""

    @property
    def held(self) -> str | None:
        """Why it does not take over although nothing waits to be indexed, in a sentence."""
        waits = any(self.progress.counts.get(state) for state in ("queued", "indexing"))
        if waits or not self.lacking:
            return None
        these = "one video" if self.lacking == 1 else f"{self.lacking} videos"
        return (
            f"The new index lacks {these} that could be read before, so the present one goes on "
            "answering. Bring their files back and try them again, or remove them."
        )


@dataclass(frozen=True)
class Status:
    """The whole installation. `waiting` says in a sentence why nothing goes on for now."""

    paused: bool
    waiting: str | None
    model: str | None
    progress: Progress
    switch: Switch | None
    current: list[Video]


def status_of(data_dir: Path) -> Status | None:
    """The status of the installation in `data_dir`, as it stands in its library; None if none.

    It may be in use by another process; nothing is changed. Raises LibraryError.
    """
    path = data_dir / "library.db"
    if not path.exists():
        return None
    database = Database(path, read_only=True)
    try:
        return read_status(database)
    finally:
        database.close()


def read_status(database: Database) -> Status:
    """The status as the library's rows tell it."""
    collections = Collections(database)
    serving, building = collections.of("serving"), collections.of("building")
    key = serving.fingerprint if serving else ""
    library = Library(database, key)
    switch = _switch(database, building, key)
    return Status(
        paused=library.paused,
        waiting=library.waiting or (switch.held if switch else None),
        model=serving.model if serving else None,
        progress=progress(database, key),
        switch=switch,
        current=[
            video
            for one in (serving, building)
            if one is not None
            for video in Queue(database, one.fingerprint).videos("indexing")
        ],
    )


def _switch(database: Database, building: Collection | None, serving: str) -> Switch | None:
    if building is None:
        return None
    key = building.fingerprint
    lacking = Queue(database, key).lacking(serving)
    return Switch(building.model, key, progress(database, key), lacking)


def progress(database: Database, fingerprint: str) -> Progress:
    """How far the collection of this fingerprint is."""
    sums = {row["state"]: dict(row) for row in rows(database, fingerprint, _SUMS)}
    counts = {state: sums[state]["videos"] for state in STATES if state in sums}
    wanted = [sums[state] for state in ("queued", "indexing", "done") if state in sums]
    unknown = sum(row["unknown_bytes"] for row in wanted)
    seconds = sum(row["seconds"] for row in wanted)
    seconds += unknown * _seconds_a_byte(list(sums.values()))
    done = sum(row["seconds_done"] for row in wanted)
    speed = _speed(database, fingerprint)
    return Progress(
        videos=sum(counts.values()),
        counts=counts,
        segments=sum(row["segments"] for row in sums.values()),
        seconds=seconds,
        seconds_done=done,
        speed=speed,
        left=max(0.0, seconds - done) / speed if speed else None,
    )


def _seconds_a_byte(sums: list[dict[str, float]]) -> float:
    """What a byte lasts in the videos that were looked at: all there is for the others."""
    known_bytes = sum(row["known_bytes"] for row in sums)
    return sum(row["seconds"] for row in sums) / known_bytes if known_bytes else 0.0


def _speed(database: Database, fingerprint: str) -> float | None:
    """Seconds of video per second of work over the videos that were worked on last."""
    recent = known(
        database,
        fingerprint,
        "WHERE spent > 0 AND duration > 0 AND segments_planned > 0 AND NOT removing"
        " ORDER BY state = 'indexing' DESC, place DESC LIMIT ?",
        RECENT,
    )
    spent = sum(video.spent for video in recent)
    covered = sum(video.share * (video.duration or 0.0) for video in recent)
    return covered / spent if spent and covered else None
