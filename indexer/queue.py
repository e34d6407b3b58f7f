"""How far every video got in one collection, and which one is next.

Knows jobs: states, steps, attempts, order. A video without a job waits, so the queue cannot run dry
while videos are left. Knows not how a video is indexed, nor who works.
"""

from typing import Any

from indexer.database import Database
from indexer.errors import FINAL
from indexer.records import QUEUE_ORDER, STATES, Step, Video, VideoState, known, remembered, rows

MAX_ATTEMPTS = 3
_WAITS = "NOT removing AND NOT missing AND state IN ('queued', 'indexing')"


class Queue:
    """The jobs of one collection. Safe to use from several threads."""

    def __init__(self, database: Database, fingerprint: str) -> None:
        self._database = database
        self.fingerprint = fingerprint

    # What is next.

    def next(self) -> Video | None:
        """The video to index next: what a person moved to the front, what was interrupted, what
        failed least, then the oldest."""
        found = self._known(f"WHERE {_WAITS} ORDER BY {QUEUE_ORDER} LIMIT 1")
        return found[0] if found else None

    def fresh(self, count: int, besides: str) -> list[Video]:
        """The next waiting videos of which nothing was tried or stored yet, but for one."""
        fresh = f"{_WAITS} AND state = 'queued' AND attempts + segments_done + redo = 0"
        clause = f"WHERE {fresh} AND video_id != ? ORDER BY {QUEUE_ORDER} LIMIT ?"
        return self._known(clause, besides, count)

    def get(self, video_id: str) -> Video | None:
        """A video and its job, unless it is unknown or being removed."""
        found = self._known("WHERE video_id = ? AND NOT removing", video_id)
        return found[0] if found else None

    def videos(self, state: VideoState) -> list[Video]:
        """The videos in one state, in the order they were added."""
        return self._known("WHERE NOT removing AND state = ? ORDER BY place", state)

    def counts(self) -> dict[VideoState, int]:
        """How many videos are in each state."""
        question = "SELECT state, COUNT(*) FROM known WHERE NOT removing GROUP BY state"
        counted = remembered(self._database, self.fingerprint, question)
        found = dict(tuple(row) for row in counted)
        return {state: found[state] for state in STATES if state in found}

    def segments(self) -> int:
        """How many segments the jobs say are stored, those of videos being removed included."""
        question = "SELECT COALESCE(SUM(segments_done), 0) FROM known"
        return int(rows(self._database, self.fingerprint, question)[0][0])

    # What an attempt writes down.

    def begin(self, video_id: str) -> bool:
        """Start an attempt at a video; False if it no longer waits."""
        with self._database.together():
            video = self.get(video_id)
            if video is None or video.state not in ("queued", "indexing"):
                return False
            self._change(
                video_id, state="indexing", step="open", attempts=video.attempts + 1, note=None
            )
            return True

    def begin_anew(self, video_id: str) -> None:
        """A video that was to be indexed again: what was stored of it is gone by now."""
        self._change(video_id, redo=0, segments_done=0)

    def enter(self, video_id: str, step: Step) -> None:
        """Write down which step a video is in."""
        self._change(video_id, step=step)

    def expect(self, video_id: str, segments: int) -> None:
        """Write down how many segments a look at the file promises."""
        self._change(video_id, segments_planned=segments)

    def checkpoint(self, video_id: str, segments_done: int, seconds: float) -> None:
        """Note how many segments are stored, after so many more seconds of work.

        More segments than ever before make attempts count anew.
        """
        with self._database.together():
            video = self.get(video_id)
            if video is None:
                return
            further = segments_done > video.segments_done
            self._change(
                video_id,
                segments_done=max(segments_done, video.segments_done),
                attempts=0 if further else video.attempts,
                spent=video.spent + seconds,
            )

    def give_back(self, video_id: str) -> None:
        """End an attempt that was broken off through no fault of the video: it does not count."""
        with self._database.together():
            video = self.get(video_id)
            if video is not None and video.state == "indexing":
                attempts = max(0, video.attempts - 1)
                self._change(video_id, state="queued", step=None, attempts=attempts)

    def mark_done(self, video_id: str, segments: int, note: str | None) -> None:
        """All that could be read is searchable; `note` says if that is not all there is."""
        numbers = {"segments_planned": segments, "segments_done": segments}
        self._settle(video_id, "done", note, None, None, **numbers, attempts=0, redo=0)

    def mark_failed(
        self, video_id: str, note: str, code: str, step: Step | None, stored: int = 0
    ) -> None:
        """Set a video aside, with the reason in words; `stored` segments of it stay searchable."""
        self._settle(video_id, "failed", note, code, step, segments_done=stored, redo=0)

    def mark_queued(self, video_id: str, note: str, step: Step | None) -> None:
        """Put a video back into the queue; its attempts so far still count."""
        self._settle(video_id, "queued", note, None, step)

    # What a person steers. Each may be asked for twice.

    def cancel(self, video_id: str) -> None:
        """A waiting video waits no longer; what is stored of it stays searchable."""
        video = self.get(video_id)
        if video is not None and video.state in ("queued", "indexing"):
            self._settle(video_id, "cancelled", None, None, None)

    def retry(self, video_id: str) -> None:
        """Queue a video that was set aside or cancelled; any other stays as it is."""
        video = self.get(video_id)
        if video is not None and video.state in ("failed", "cancelled"):
            self._settle(video_id, "queued", None, None, None, attempts=0)

    def retry_failed(self) -> int:
        """Queue every video that was set aside; says how many there were."""
        return self._database.changed(
            "UPDATE jobs SET state = 'queued', note = NULL, error_code = NULL, step = NULL,"
            " attempts = 0 WHERE fingerprint = ? AND state = 'failed'",
            self.fingerprint,
        )

    def to_front(self, video_id: str) -> None:
        """Make a waiting video the next one."""
        video, first = self.get(video_id), self.next()
        waits = video is not None and video.state in ("queued", "indexing")
        if waits and first is not None and first.video_id != video_id:
            self._change(video_id, front=first.front + 1)

    def redo(self, video_id: str) -> None:
        """Queue a settled video to be indexed again; till its turn comes, it stays searchable."""
        video = self.get(video_id)
        if video is not None and video.state in ("done", "failed", "cancelled"):
            self._settle(video_id, "queued", None, None, None, attempts=0, redo=1, spent=0.0)

    def redo_all(self) -> int:
        """Queue every settled video to be indexed again; says how many there were."""
        return self._database.changed(
            "UPDATE jobs SET state = 'queued', note = NULL, error_code = NULL, step = NULL,"
            " attempts = 0, redo = 1, spent = 0 WHERE fingerprint = ?"
            " AND state IN ('done', 'failed', 'cancelled')",
            self.fingerprint,
        )

    def lacking(self, old: str) -> int:
        """How many videos failed here that are whole in the collection `old`.

        Those whose bytes are what is wrong do not count: no other attempt would help.
        """
        marks = ", ".join("?" * len(FINAL))
        found = self._database.rows(
            "SELECT COUNT(*) FROM jobs AS new JOIN jobs AS old USING (video_id)"
            " WHERE new.fingerprint = ? AND old.fingerprint = ? AND old.state = 'done'"
            f" AND new.state = 'failed' AND new.error_code NOT IN ({marks})",
            self.fingerprint,
            old,
            *sorted(FINAL),
        )
        return int(found[0][0])

    def start_over(self, video_id: str) -> None:
        """Queue a video of which no segment is stored any more."""
        facts = {"attempts": 0, "segments_done": 0, "redo": 0, "spent": 0.0}
        self._settle(video_id, "queued", None, None, None, **facts)

    def _known(self, clause: str, *values: Any) -> list[Video]:
        return known(self._database, self.fingerprint, clause, *values)

    def _settle(
        self,
        video_id: str,
        state: VideoState,
        note: str | None,
        code: str | None,
        step: Step | None,
        **more: Any,
    ) -> None:
        if state != "queued":
            more["front"] = 0
        self._change(video_id, state=state, note=note, error_code=code, step=step, **more)

    def _change(self, video_id: str, **values: Any) -> None:
        """Write into a video's job, made if need be; one that is forgotten brings nothing back."""
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        news = ", ".join(f"{name} = excluded.{name}" for name in values)
        self._database.rows(
            f"INSERT INTO jobs (video_id, fingerprint, {names})"
            f" SELECT video_id, ?, {marks} FROM videos WHERE video_id = ?"
            f" ON CONFLICT (fingerprint, video_id) DO UPDATE SET {news}",
            self.fingerprint,
            *values.values(),
            video_id,
        )
