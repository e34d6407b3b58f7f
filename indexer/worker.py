"""Takes the next video, and the next: one thread that outlives every failure.

Knows attempts, what failure means for a video and for the queue, and when to wait. The queue is the
library itself, so nothing is lost when the process dies. Knows not how a video is indexed.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from indexer.errors import DiskFull, IndexerError, StoreUnavailable, VideoError
from indexer.job import Cancelled, Job
from indexer.library import MAX_ATTEMPTS, Library, Video
from indexer.pipeline import Pipeline

log = logging.getLogger("prismsearch")

PAUSE = 5.0  # seconds before a store that does not answer, or a full disk, is tried again


class Worker:
    """The one thread of this installation that indexes videos."""

    def __init__(self, library: Library, pipeline: Pipeline, prepare: Callable[[], None]) -> None:
        """`prepare` is called at each start, before the first video."""
        self._library = library
        self.pipeline = pipeline
        self._prepare = prepare
        self._thread: threading.Thread | None = None
        self._state = threading.Condition()
        self._job: Job | None = None
        self._stopping = False
        self._idle = False

    @property
    def current(self) -> str | None:
        """The id of the video that is being indexed."""
        job = self._job
        return job.video_id if job is not None else None

    def start(self) -> None:
        """Begin, or go on, with what an earlier process left unfinished coming first."""
        if self._thread is None:
            self._prepare()
            self._stopping = False
            self._idle = False
            self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Look at the queue again: something was added."""
        with self._state:
            self._idle = False
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

    def drop(self, video_id: str) -> None:
        """Call off the work on one video: when this returns, nothing more of it is written."""
        job = self._job
        if job is not None and job.video_id == video_id:
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
            except IndexerError as error:  # the library itself: no reason to die
                log.warning("%s", error)
                self._pause(PAUSE)
            except Exception:
                log.exception("The indexer could not go on; it tries again in a moment.")
                self._pause(PAUSE)

    def _turn(self) -> None:
        video = self._next()
        if video is None:
            self._rest()
        elif video.attempts >= MAX_ATTEMPTS:
            self._set_aside(video, _GAVE_UP, "gave_up")
        else:
            self._attempt(video)

    def _next(self) -> Video | None:
        with self._state:
            self._idle = False
            return self._library.next_queued()

    def _rest(self) -> None:
        """Wait for `wake` or `stop`, unless something was queued since we looked."""
        with self._state:
            if self._library.next_queued() is None and not self._stopping:
                self._idle = True
                self._state.notify_all()
                self._state.wait_for(lambda: self._stopping or not self._idle)

    def _attempt(self, video: Video) -> None:
        job = Job(video.video_id)
        with self._state:
            self._job = job
            if self._stopping:
                job.cancel()
        try:
            # Looked up only now: a removal either sees the job above, or is seen here.
            if self._library.get(video.video_id) is not None:
                self._library.begin(video.video_id, self.pipeline.fingerprint)
                self._index(video, job)
        finally:
            self._job = None

    def _index(self, video: Video, job: Job) -> None:
        """Index one video and write down how that ended."""
        try:
            outcome = self.pipeline.index(video, job)
        except Cancelled:
            self._library.give_back(video.video_id)
        except (StoreUnavailable, DiskFull) as error:
            self._postpone(video, str(error))
        except VideoError as error:
            self._failed(video, str(error), error.code, error.retryable)
        except IndexerError as error:
            self._failed(video, str(error), error.code, True)
        except Exception as error:
            log.exception("Indexing %s failed", video.path)
            self._failed(video, f"Indexing failed: {error}", "failed", True)
        else:
            self._library.mark_done(video.video_id, outcome.segments, outcome.note)

    def _postpone(self, video: Video, note: str) -> None:
        """Wait with the whole queue: what is missing would be missing for every other video.

        A full disk may not even take this note, and then it is tried until it does: an attempt
        that stays counted would look like a crash.
        """
        if video.note != note:  # once, and not at every try
            log.warning("%s", note)
        noted = False
        while not (noted or self._stopping):
            with suppress(DiskFull):
                self._library.postpone(video.video_id, note)
                noted = True
            self._pause(PAUSE)

    def _failed(self, video: Video, note: str, code: str, retryable: bool) -> None:
        """Set the video aside, or to the end of the queue if another try may help."""
        now = self._library.get(video.video_id)
        if retryable and now is not None and now.attempts < MAX_ATTEMPTS:
            self._library.mark_queued(video.video_id, note)
        else:
            self._set_aside(video, note, code)

    def _set_aside(self, video: Video, note: str, code: str) -> None:
        self.pipeline.discard(video.video_id)
        self._library.mark_failed(video.video_id, note, code)

    def _pause(self, seconds: float) -> None:
        with self._state:
            self._state.wait_for(lambda: self._stopping, seconds)


_GAVE_UP = (
    f"Indexing this video ended the program {MAX_ATTEMPTS} times without getting further, so it "
    "was set aside. The file was not changed and the other videos go on. Try it again after an "
    "update, or convert it to MP4 (H.264)."
)
