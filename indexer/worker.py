"""Takes the next video, and the next: one thread that outlives every failure.

Knows attempts, what failure means for a video and for all that wait, and when to wait. The queue is
the library itself, so nothing is lost when the process dies. Knows not how a video is indexed, nor
which collection it is indexed for.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from indexer.errors import FINAL, WAITED_FOR, IndexerError, StoreError, VideoError
from indexer.job import Cancelled, Job
from indexer.journal import log
from indexer.library import Library, Video
from indexer.meters import Meters
from indexer.pipeline import Outcome
from indexer.queue import MAX_ATTEMPTS, Queue
from indexer.records import Step

PAUSE = 5.0  # seconds before what all wait for, such as room on the disk, is looked at again
LONGEST_PAUSE = 600.0
GLANCE = 30.0  # seconds between two looks, while nothing waits, at whether missing files are back
MANY = 3  # videos that fail in a row for one reason: it may be the reason of all


class Indexing(Protocol):
    """How a video gets into a collection; see `Pipeline`."""

    def index(self, video: Video, job: Job) -> Outcome:
        """Embed and store what is missing of a video."""

    def salvage(self, video: Video) -> Outcome | None:
        """Make do with what is stored of a video that cannot be read further."""

    def stored(self, video_id: str) -> int:
        """How many segments of a video are stored."""

    def discard(self, video_id: str) -> None:
        """Take back what is stored of a video."""


@dataclass(frozen=True)
class Work:
    """A video that waits, the queue that it waits in, and how it is indexed."""

    video: Video
    queue: Queue
    pipeline: Indexing


class Worker:
    """The one thread of this installation that indexes videos."""

    def __init__(
        self,
        library: Library,
        take: Callable[[], Work | None],
        prepare: Callable[[], None],
        meters: Meters,
    ) -> None:
        """`take` names the next work; `prepare` is called at each start, before the first."""
        self._library = library
        self._take = take
        self._prepare = prepare
        self._meters = meters
        self._prepared = False
        self._thread: threading.Thread | None = None
        self._state = threading.Condition()
        self._job: Job | None = None
        self._stopping = False
        self._idle = False
        self._wakes = 0
        self._alike: tuple[str, set[str]] = ("", set())
        self.waiting = library.waiting
        """Why nothing goes on for now, in a sentence; the library may not even take that."""

    @property
    def current(self) -> str | None:
        """The id of the video that is being indexed."""
        job = self._job
        return job.video_id if job is not None else None

    def start(self) -> None:
        """Begin, or go on, with what an earlier process left unfinished coming first."""
        if self._thread is None:
            self._prepared = False
            self._stopping = False
            self._idle = False
            self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Look at the queue again: something was added, or a person has steered."""
        with self._state:
            self._idle = False
            self._wakes += 1
            self._state.notify_all()

    def stop(self) -> None:
        """End after the computation under way, within 2 s on usual machines; no work is lost."""
        with self._state:
            self._stopping = True
            if self._job is not None:
                self._job.cancel()
            self._state.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def drop(self, video_id: str | None = None) -> None:
        """Call off the work on one video, or on any.

        When this returns, nothing more is written of it; it goes back to where it waited.
        """
        job = self._job
        if job is not None and video_id in (None, job.video_id):
            job.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is left to do; False if that takes longer than `timeout` seconds."""
        with self._state:
            self._state.wait_for(lambda: self._idle or self._stopping, timeout)
            return self._idle

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._turn()
            except IndexerError as error:  # no reason to die
                self._hold(str(error))
            except Exception as error:
                log.exception("held_up")
                self._hold(f"Indexing cannot go on ({error}). It is tried again in a moment.")

    def _turn(self) -> None:
        if not self._prepared:
            self._prepare()
            self._prepared = True
        # Not under the lock: to look may take as long as the disk or the store takes.
        wakes = self._wakes
        work = None if self._library.paused else self._take()
        if work is None:
            self._rest(wakes)
        elif work.video.attempts >= MAX_ATTEMPTS:
            self._set_aside(work, _GAVE_UP, "gave_up", work.video.step)
        else:
            self._attempt(work)

    def _rest(self, wakes: int) -> None:
        """Wait for `wake` or `stop`, unless somebody has called since we looked."""
        self._goes_on()
        with self._state:
            if self._wakes == wakes and not self._stopping:
                self._idle = True
                self._state.notify_all()
                self._wait(wakes, GLANCE)

    def _wait(self, wakes: int, seconds: float) -> None:
        self._state.wait_for(lambda: self._stopping or self._wakes != wakes, seconds)

    def _attempt(self, work: Work) -> None:
        job = Job(work.video.video_id, self._goes_on)
        with self._state:
            self._job = job
            if self._stopping:
                job.cancel()
        try:
            # Only now: whoever removes, cancels or pauses either sees the job, or is seen here.
            if not self._library.paused and work.queue.begin(job.video_id):
                log.info("video_begun", video_id=job.video_id, step=job.step)
                self._index(work, job)
        finally:
            self._job = None

    def _index(self, work: Work, job: Job) -> None:
        """Index one video and write down how that ended."""
        try:
            outcome = work.pipeline.index(work.video, job)
        except Cancelled:
            self._give_back(work)
        except Exception as error:
            if job.cancelled:  # whatever went wrong, somebody has called it off
                self._give_back(work)
            else:
                self._went_wrong(work, job, error)
        else:
            self._done(work, outcome.segments, outcome.note)
            self._alike = ("", set())
            self._goes_on()

    def _went_wrong(self, work: Work, job: Job, error: Exception) -> None:
        if isinstance(error, WAITED_FOR):  # it would hinder every other video as well
            self._give_back(work)
            self._hold(str(error))
        elif isinstance(error, VideoError):
            self._failed(work, str(error), error.code, error.retryable, _failed_in(job, error))
            self._goes_on()
        elif isinstance(error, IndexerError):
            self._failed(work, str(error), error.code, True, _failed_in(job, error))
            self._slow_down(work, error.code, str(error))
        else:
            log.error("attempt_failed", video_id=job.video_id, step=job.step, exc_info=error)
            reason = f"Indexing failed: {error}"
            self._failed(work, reason, "failed", True, job.step)
            self._slow_down(work, "failed", reason)

    def _slow_down(self, work: Work, code: str, reason: str) -> None:
        """Wait longer and longer while one video after another fails for no fault of its own."""
        alike = self._alike[1] if self._alike[0] == code else set()
        self._alike = (code, alike | {work.video.video_id})
        more = len(self._alike[1]) - MANY
        if more >= 0:
            self._hold(f"One video after another fails. {reason}", PAUSE * 2.0 ** min(more, 10))
        else:
            self._goes_on()

    def _done(self, work: Work, segments: int, note: str | None) -> None:
        video_id = work.video.video_id
        work.queue.mark_done(video_id, segments, note)
        video = work.queue.get(video_id)
        if video is not None:
            self._meters.settled("partly" if note else "done")
            spent = round(video.spent, 2)
            log.info("video_done", video_id=video_id, step="check", segments=segments, spent=spent)

    def _give_back(self, work: Work) -> None:
        """Put a video back into the queue, tried until the library takes that.

        An attempt that stays counted would look like a crash.
        """
        while True:
            try:
                work.queue.give_back(work.video.video_id)
                return
            except WAITED_FOR as error:
                self._hold(str(error))
                if self._stopping:
                    return

    def _hold(self, reason: str, seconds: float | None = None) -> None:
        """Say why nothing goes on, and wait a little, or until somebody calls."""
        if self.waiting != reason:  # once, and not at every try
            log.warning("waiting", reason=reason)
        self.waiting = reason
        with suppress(IndexerError):
            if self._library.waiting != reason:
                self._library.waiting = reason
        seconds = PAUSE if seconds is None else min(seconds, LONGEST_PAUSE)
        with self._state:
            self._wait(self._wakes, seconds)

    def _goes_on(self) -> None:
        """Something was written, or nothing is left to do: nothing is waited for any more."""
        if self.waiting is not None:
            with suppress(IndexerError):
                self._library.waiting = None
                self.waiting = None

    def _failed(self, work: Work, note: str, code: str, retryable: bool, step: Step | None) -> None:
        """Set the video aside, or to the end of the queue if another try may help."""
        self._meters.failed(code)
        now = work.queue.get(work.video.video_id)
        if retryable and now is not None and now.attempts < MAX_ATTEMPTS:
            work.queue.mark_queued(work.video.video_id, note, step)
            log.info("attempt_failed", video_id=work.video.video_id, step=step, code=code)
        else:
            self._set_aside(work, note, code, step)

    def _set_aside(self, work: Work, note: str, code: str, step: Step | None) -> None:
        """No further attempt; what is stored stays, unless the bytes are what is wrong.

        The state is written first: killed before the rest, the reason is still the true one.
        """
        video_id = work.video.video_id
        stored = work.pipeline.stored(video_id)
        outcome = work.pipeline.salvage(work.video) if code in _SALVAGED else None
        now = work.queue.get(video_id)
        if now is not None and now.redo and stored:  # it was not begun: what was there is whole
            self._done(work, stored, f"It was not indexed again. {note}")
            return
        if outcome is not None:
            self._done(work, outcome.segments, f"{outcome.note} {note}")
            return
        work.queue.mark_failed(video_id, note, code, step, stored)
        self._meters.settled("failed")
        log.info("video_failed", video_id=video_id, step=step, code=code)
        if code in FINAL:
            work.pipeline.discard(video_id)
            work.queue.mark_failed(video_id, note, code, step)


def _failed_in(job: Job, error: IndexerError) -> Step:
    """In which step an attempt failed: reading, embedding and storing overlap."""
    if job.step != "embed":
        return job.step
    if isinstance(error, VideoError):
        return "read"
    return "store" if isinstance(error, StoreError) else "embed"


_SALVAGED = frozenset({"decoder_crashed", "decoder_timeout", "out_of_memory", "gave_up"})
_GAVE_UP = (
    f"Indexing this video ended the program {MAX_ATTEMPTS} times without getting further, so it "
    "was set aside. The file was not changed and the other videos go on. Try it again after an "
    "update, or convert it to MP4 (H.264)."
)
