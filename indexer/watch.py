"""Folders that are followed while PrismSearch runs: what is new, changed, moved or taken out.

Each folder is gone through again and again, by a thread of its own, so that a disk that does not
answer holds up no other. It asks no system for events: network disks send none, and they end with
a folder that goes away, which is when they are needed. Knows when something is done. What is new
or lost is told by changes.py, what becomes of it by intake.py.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from indexer.changes import Changes
from indexer.errors import IndexerError, VideoError, no_folder
from indexer.folders import Look, Refused, listings, look_at, real_path
from indexer.intake import Check
from indexer.job import Cancelled
from indexer.journal import log
from indexer.places import Places
from indexer.settling import Settling

AT_LEAST = 3.0  # seconds between two rounds
AT_MOST = 600.0
# A round takes at most these parts of a core and of the time, so that large folders cost little.
OF_A_CORE = 100
OF_TIME = 10
PATIENCE = 2.0  # seconds that a folder is given to stop: a dead disk may never answer


@dataclass(frozen=True)
class Following:
    """What every followed folder needs.

    `take` takes in a file, calling the given check now and then, and raises VideoError; `lose`
    deals with one that was taken out; `skip` is a folder that is never looked into.
    """

    places: Places
    skip: Path
    take: Callable[[Path, Check], None]
    lose: Callable[[str], None]
    tell: Callable[[str], None]


class Watch:
    """The folders that are followed, until `close`."""

    def __init__(self, following: Following) -> None:
        self._following = following
        self._followed: list[_Followed] = []
        # More than one file at a time would only make a disk seek.
        self._reading = threading.Lock()

    def add(self, folder: Path) -> None:
        """Follow `folder` from now on. Raises LibraryError if it is none and never was one."""
        folder = real_path(folder.expanduser())
        if not folder.is_dir() and not self._following.places.below(folder):
            raise no_folder(folder)
        if not any(folder.is_relative_to(one.folder) for one in self._followed):
            self._followed.append(_Followed(folder, self._following, self._reading))

    @property
    def folders(self) -> dict[Path, bool]:
        """The folders that are followed, and whether each is there."""
        return {one.folder: one.there for one in self._followed}

    def close(self) -> None:
        """Follow nothing any longer."""
        for one in self._followed:
            one.stop()
        deadline = time.monotonic() + PATIENCE
        for one in self._followed:
            one.join(deadline - time.monotonic())


class _Followed:
    """One folder, and the thread that follows it."""

    def __init__(self, folder: Path, following: Following, reading: threading.Lock) -> None:
        self.folder = folder
        self.there = True
        self._following = following
        self._reading = reading
        self._settling = Settling()
        self._changes = Changes(folder, following.places)
        self._told: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch {folder.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stopping.set()

    def join(self, seconds: float) -> None:
        """Wait for the thread to end, but not for a disk that does not answer."""
        self._thread.join(max(0.0, seconds))

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Cancelled

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._turn()
            except Cancelled:
                return
            except IndexerError as error:  # such as a full disk: the next round tries again
                log.warning("watch_held_up", reason=str(error), code=error.code)
                self._stopping.wait(AT_LEAST)
            except Exception:
                log.exception("watch_held_up")
                self._stopping.wait(AT_LEAST)

    def _turn(self) -> None:
        begun, worked = time.monotonic(), time.thread_time()
        self._round()
        now = time.monotonic()
        rest = max(OF_A_CORE * (time.thread_time() - worked), OF_TIME * (now - begun), AT_LEAST)
        self._take_in_until(now + min(AT_MOST, rest))

    # One round.

    def _round(self) -> None:
        """Compare what lies in the folder with what is known of it."""
        found, unread = self._found()
        self._settling.keep(found.keys())
        for path, look in self._changes.news(found).items():
            self._settling.see(path, look, time.monotonic())
        for path in self._changes.losses(found, unread, self._settling.sizes()):
            self._check()
            self._following.lose(path)
            self._changes.forget(path)

    def _found(self) -> tuple[dict[str, Look], list[str]]:
        """The files that are there, and the folders that could not be read."""
        found: dict[str, Look] = {}
        unread: list[str] = []
        refused: list[Refused] = []
        for listing in listings(self.folder, self._following.skip):
            self._check()
            found.update(listing.videos)
            if not listing.read:
                unread.append(listing.folder)
            refused += listing.refused
        self._note_whether_there(str(self.folder) not in unread)
        if self.there:
            for one in refused:
                self._tell_once(f"Left out: {one.reason}")
        return found, unread

    def _note_whether_there(self, there: bool) -> None:
        if self.there and not there:
            self._following.tell(
                f"The folder {self.folder} cannot be read now; its drive may be unplugged. Its "
                "videos are found as before, and it is followed again once it is back."
            )
        self.there = there

    # Between two rounds.

    def _take_in_until(self, end: float) -> None:
        """Take in what comes to rest, one file after the other, until the next round is due."""
        while (now := time.monotonic()) < end:
            for path, look in self._settling.due(now).items():
                self._check()
                self._take_in(path, look)
                if time.monotonic() >= end:
                    return
            self._stopping.wait(max(0.0, min(end, self._settling.next_due()) - time.monotonic()))
            self._check()

    def _take_in(self, path: str, look: Look) -> None:
        now = look_at(path)
        if not look.same_file(now):
            self._settling.changed(path, now, time.monotonic())
            return
        try:
            with self._reading:
                self._following.take(Path(path), self._check)
        except VideoError as error:
            self._tell_once(f"Left out{' for now' * error.retryable}: {path}: {error}")
            if error.retryable:
                self._settling.put_off(path, time.monotonic())
                return
        self._changes.note(path, look)
        self._settling.settled(path, time.monotonic())

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._following.tell(text)
