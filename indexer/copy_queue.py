"""The copies that are asked for, made one at a time by a thread of its own.

What was asked for last comes first, since a person waits for it. Knows who waits, how far the copy
in the making is, and why one failed; knows neither how a copy is written (copier.py) nor which
copies are kept (copies.py).
"""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from indexer.copier import Copier
from indexer.copies import Copies
from indexer.decoding import Copied
from indexer.errors import DiskFull, VideoError
from indexer.formats import Plays
from indexer.journal import log

_GIB = 2**30
_PATIENCE = 2.0  # seconds in which a copy that is given up must have ended


@dataclass
class Job:
    """One copy of a file of `size` bytes; `anew` has its pictures encoded in any case.

    `share` of it is made, 0 to 1; None as long as it waits.
    """

    video_id: str
    path: Path
    size: int
    anew: bool
    share: float | None = None
    copier: Copier | None = None
    dropped: bool = False


class CopyQueue:
    """Copies of one installation on their way. Safe to use from several threads."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies
        self._changed = threading.Condition()
        self._waiting: dict[str, Job] = {}
        self._current: Job | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._failures: dict[str, str] = {}
        self._encoded: set[str] = set()

    def ask(self, job: Job) -> None:
        """Make this copy next. A video has one place among those that wait."""
        with self._changed:
            if self._closed:
                return
            self._failures.pop(job.video_id, None)
            self._waiting.pop(job.video_id, None)
            self._waiting[job.video_id] = job
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="copies", daemon=True)
                self._thread.start()

    def find(self, video_id: str, anew: bool) -> Job | None:
        """The job that will give a video its copy, with new pictures if they are wanted."""
        with self._changed:
            for job in (self._current, self._waiting.get(video_id)):
                if job is not None and job.video_id == video_id and job.anew >= anew:
                    return job
        return None

    def failure(self, video_id: str) -> str | None:
        """Why the video's last copy failed, as a sentence."""
        return self._failures.get(video_id)

    def is_encoded(self, video_id: str) -> bool:
        """Whether the copy that this process made of the video has new pictures."""
        return video_id in self._encoded

    def drop(self, video_id: str) -> None:
        """Forget a video; nothing is left of its copy, nor comes later."""
        with self._changed:
            self._waiting.pop(video_id, None)
            self._end(video_id)
            self._failures.pop(video_id, None)
            self._encoded.discard(video_id)
            self._copies.remove(video_id)

    def close(self) -> None:
        """Give up what waits and what is being made."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            if self._current is not None:
                self._end(self._current.video_id)

    def _end(self, video_id: str) -> None:
        """End the copy in the making if it is of this video, and wait until it has ended."""
        job = self._current
        if job is None or job.video_id != video_id:
            return
        job.dropped = True
        if job.copier is not None:
            job.copier.stop()
        self._changed.wait_for(lambda: self._current is not job, _PATIENCE)

    def _work(self) -> None:
        """Make what is asked for until nothing is."""
        while (job := self._next()) is not None:
            failure = self._made(job)
            with self._changed:
                if failure is not None and not job.dropped:
                    self._failures[job.video_id] = failure
                self._current = None
                self._changed.notify_all()

    def _next(self) -> Job | None:
        with self._changed:
            if self._waiting:
                self._current = self._waiting.popitem()[1]
                self._current.share = 0.0
            else:
                self._thread = None
            return self._current

    def _made(self, job: Job) -> str | None:
        """Make one copy; returns why there is none."""
        begun = time.monotonic()
        try:
            how = self._write(job)
        except DiskFull:
            return self._no_room()
        except VideoError as error:
            if not job.dropped:
                log.warning("copy_failed", video_id=job.video_id, code=error.code)
            return str(error)
        except OSError as error:
            return f"No copy for the browser could be written ({error.strerror})."
        finally:
            self._copies.discard(job.video_id)
        if how is not None:
            log.info("copy_made", video_id=job.video_id, how=how, seconds=time.monotonic() - begun)
        return None

    def _write(self, job: Job) -> Plays | None:
        """Write the copy and keep it; None if it was given up meanwhile."""
        with self._changed:
            if job.dropped:
                return None
            path, most = self._copies.begin(job.video_id, job.size)
        with Copier(job.path, path, most, job.anew) as copier:
            self._can_be_ended(job, copier)
            for share in copier:
                job.share = share
        assert copier.copied is not None
        return copier.copied.how if self._keep(job, copier.copied) else None

    def _can_be_ended(self, job: Job, copier: Copier) -> None:
        with self._changed:
            job.copier = copier
            if job.dropped:
                copier.stop()

    def _keep(self, job: Job, copied: Copied) -> bool:
        with self._changed:
            if not job.dropped:
                self._copies.finish(job.video_id)
                if copied.how == "transcode":
                    self._encoded.add(job.video_id)
            return not job.dropped

    def _no_room(self) -> str:
        if self._copies.is_disk_full():
            return (
                "The disk is full, so no copy for the browser could be made. The video itself is "
                "safe. Make room on the disk, then try again."
            )
        return (
            f"A copy for the browser would need more than the {self._copies.limit / _GIB:.1f} GiB "
            "that are set aside for copies. The video itself is safe and can be searched."
        )
