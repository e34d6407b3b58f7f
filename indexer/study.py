"""What is computed over all segments of the collection that answers: its map, its duplicates.

    DATA_DIR/studies/<fingerprint>/<name>.npz            a result; deleted, it is made again
    DATA_DIR/studies/<fingerprint>/segments.partial/     what a child reads while it computes

One study at a time, in a child process that everything else comes before; whatever becomes of it,
what was found earlier stays. Knows not what is computed (study_child.py), nor what it means.
"""

import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol
from zipfile import BadZipFile

import numpy as np

from indexer import gathered
from indexer.errors import IndexerError, StudyFailed, no_room
from indexer.ground import has_room
from indexer.journal import log
from indexer.points import Store
from indexer.process import Process
from indexer.settings import Fingerprint
from indexer.study_child import FORMAT

Name = Literal["map", "duplicates"]
StudyState = Literal["none", "making", "ready"]
Arrays = dict[str, np.ndarray]

FOLDER = "studies"
_GATHERING = 0.1  # of all the work, by guess
_SPARE = 64 << 20  # bytes of the disk that stay free
_SENTENCE = (
    "This could not be computed: its process was ended, perhaps for want of memory. The library is "
    "as it was. Try again when this machine has less to do."
)


@dataclass(frozen=True)
class Standing:
    """How far a study is: `share` (0 to 1) while it is made, `message` why the last try failed.

    `made_at` (seconds since 1970) is of the result that there is meanwhile, if there is any.
    """

    state: StudyState
    share: float
    made_at: float | None
    message: str | None


class Source(Protocol):
    """The collection that is studied."""

    @property
    def store(self) -> Store:
        """Its vectors."""

    @property
    def fingerprint(self) -> Fingerprint:
        """What made them."""

    @property
    def key(self) -> str:
        """Its name."""


class _Ended(Exception):  # noqa: N818
    """The installation is being closed."""


@dataclass
class _Job:
    name: Name
    share: float = 0.0
    child: Process | None = None


class Studies:
    """The studies of one installation. Safe to use from several threads."""

    def __init__(self, data_dir: Path, serving: Callable[[], Source]) -> None:
        """`serving` gives the collection that answers by now."""
        self._root = data_dir / FOLDER
        self._serving = serving
        self._changed = threading.Condition()
        self._waiting: dict[Name, _Job] = {}
        self._current: _Job | None = None
        self._failures: dict[Name, str] = {}
        self._read: dict[Path, tuple[int, Arrays]] = {}
        self._thread: threading.Thread | None = None
        self._closed = False
        for leftover in self._root.glob("*/*.partial"):  # of a process that died
            _delete(leftover)

    def ask(self, name: Name) -> None:
        """Make this study; one that is on its way already is not begun again."""
        with self._changed:
            if self._closed or self._job(name) is not None:
                return
            self._failures.pop(name, None)
            self._waiting[name] = _Job(name)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="studies", daemon=True)
                self._thread.start()

    def look(self, name: Name) -> Standing:
        """How far it is, for the collection that answers."""
        known = self._known(name)
        made_at = None if known is None else known[0] / 1e9
        with self._changed:
            job = self._job(name)
            if job is not None:
                return Standing("making", job.share, made_at, None)
            state: StudyState = "none" if made_at is None else "ready"
            return Standing(state, 1.0 if made_at else 0.0, made_at, self._failures.get(name))

    def result(self, name: Name) -> Arrays | None:
        """What was found last; None if nothing was yet, or it cannot be read."""
        known = self._known(name)
        return None if known is None else known[1]

    def _known(self, name: Name) -> tuple[int, Arrays] | None:
        """When the result was written (nanoseconds since 1970), and what it holds."""
        path = self._path(name)
        try:
            version = path.stat().st_mtime_ns
            known = self._read.get(path)
            if known is None or known[0] != version:
                known = version, _loaded(path)
                self._read = {path: known, **{p: v for p, v in self._read.items() if p != path}}
        except (OSError, EOFError, ValueError, KeyError, BadZipFile):
            return None
        return known

    def close(self) -> None:
        """Give up what waits and what is being made; nothing of it is left."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            if self._current is not None and self._current.child is not None:
                self._current.child.kill()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _path(self, name: Name) -> Path:
        return self._root / self._serving().key / f"{name}.npz"

    def _job(self, name: Name) -> _Job | None:
        current = self._current
        return current if current is not None and current.name == name else self._waiting.get(name)

    def _work(self) -> None:
        """Make what is asked for until nothing is."""
        while (job := self._next()) is not None:
            failure = self._made(job)
            with self._changed:
                self._current = None
                if failure is not None:
                    self._failures[job.name] = failure

    def _next(self) -> _Job | None:
        with self._changed:
            name = next(iter(self._waiting), None)
            self._current = None if name is None else self._waiting.pop(name)
            if self._current is None:
                self._thread = None
            return self._current

    def _made(self, job: _Job) -> str | None:
        """Make one study; returns why there is none."""
        index = self._serving()  # once: another may take its place meanwhile
        try:
            with suppress(_Ended):
                self._make(job, index)
        except IndexerError as error:
            return str(error)
        except OSError as error:
            log.warning("study_failed", study=job.name, reason=error.strerror)
            return _SENTENCE
        return None

    def _make(self, job: _Job, index: Source) -> None:
        folder = self._root / index.key
        segments, result = folder / "segments.partial", folder / f"{job.name}.npz"
        _delete(segments)
        segments.mkdir(parents=True)
        try:
            self._gather(job, index, segments)
            self._compute(job, segments, result)
        finally:
            _delete(segments)
            _delete(result.with_suffix(".partial"))

    def _gather(self, job: _Job, index: Source, folder: Path) -> None:
        count = index.store.count()
        if not count:
            raise StudyFailed("Nothing is indexed yet. Try again when the first video is ready.")
        if not has_room(folder, 3 * index.fingerprint.dim * count + _SPARE):
            raise no_room()
        for number in gathered.write(index.store.scan(), folder):
            if self._closed:
                raise _Ended
            job.share = min(_GATHERING, _GATHERING * number / max(1, count))

    def _compute(self, job: _Job, segments: Path, result: Path) -> None:
        with Process("indexer.study_child", job.name, str(segments), str(result)) as child:
            with self._changed:
                job.child = child
                if self._closed:
                    child.kill()
            for line in child.lines():
                job.share = _GATHERING + (1 - _GATHERING) * float(line)
            status = child.wait()
        if self._closed:
            raise _Ended
        if status:
            log.warning("study_failed", study=job.name, status=status)
            raise StudyFailed(_SENTENCE)
        log.info("study_made", study=job.name)


def _loaded(path: Path) -> Arrays:
    with np.load(path) as found:
        if found["format"] != FORMAT:
            raise ValueError("another version wrote this")
        return dict(found)


def forget(data_dir: Path, key: str) -> None:
    """Delete what was computed over a collection that is gone."""
    shutil.rmtree(data_dir / FOLDER / key, ignore_errors=True)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
