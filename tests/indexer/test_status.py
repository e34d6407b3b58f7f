"""Sums and estimates over real rows: how far the library is, and how long it will take."""

from pathlib import Path

import pytest

from indexer.collection import Collection, Collections
from indexer.content import Content
from indexer.database import Database
from indexer.library import Library
from indexer.queue import Queue
from indexer.status import progress, read_status, status_of


def add(library: Library, name: str, size: int = 1000, duration: float | None = None) -> str:
    video_id = name.ljust(64, "0")
    library.add(Path("/videos") / name, name, False, Content(video_id, size, 1))
    if duration is not None:
        library.describe(video_id, duration, 640, 360, "as_is")
    return video_id


@pytest.fixture
def library(database: Database) -> Library:
    return Library(database, "f0")


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database, "f0")


def work(queue: Queue, video_id: str, planned: int, done: int, seconds: float) -> None:
    queue.begin(video_id)
    queue.expect(video_id, planned)
    queue.checkpoint(video_id, done, seconds)


def test_an_empty_library_promises_nothing(database: Database, data_dir: Path) -> None:
    now = progress(database, "f0")
    assert (now.videos, now.counts, now.segments) == (0, {}, 0)
    assert (now.seconds, now.seconds_done, now.speed, now.left) == (0, 0, None, None)
    told = status_of(data_dir)
    assert told is not None
    assert (told.model, told.switch, told.current, told.paused) == (None, None, [], False)


def test_where_no_library_is_nothing_is_made(tmp_path: Path) -> None:
    assert status_of(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_speed_and_time_left_come_from_what_was_worked(
    database: Database, library: Library, queue: Queue
) -> None:
    ready, half = add(library, "a", duration=100.0), add(library, "b", duration=60.0)
    add(library, "c", duration=40.0)
    work(queue, ready, 10, 10, 10.0)
    queue.mark_done(ready, 10, None)
    work(queue, half, 6, 3, 3.0)
    now = progress(database, "f0")
    assert now.counts == {"queued": 1, "indexing": 1, "done": 1}
    assert (now.seconds, now.seconds_done, now.segments) == (200.0, 130.0, 13)
    assert now.speed == pytest.approx(10.0)  # 130 s of video in 13 s
    assert now.left == pytest.approx(7.0)


def test_what_was_not_looked_at_is_estimated_by_its_size(
    database: Database, library: Library, queue: Queue
) -> None:
    ready = add(library, "a", size=1000, duration=50.0)
    add(library, "b", size=3000)
    work(queue, ready, 5, 5, 5.0)
    queue.mark_done(ready, 5, None)
    now = progress(database, "f0")
    assert (now.seconds, now.seconds_done) == (200.0, 50.0)
    assert now.left == pytest.approx(15.0)


def test_what_failed_was_cancelled_or_is_missing_is_not_waited_for(
    database: Database, library: Library, queue: Queue
) -> None:
    failed, cancelled = add(library, "a", duration=50.0), add(library, "b", duration=50.0)
    missing = add(library, "c", duration=50.0)
    queue.mark_failed(failed, "no", "corrupt", "read")
    queue.cancel(cancelled)
    library.set_missing(missing, True)
    now = progress(database, "f0")
    assert (now.videos, now.seconds, now.left) == (2, 0, None)
    assert now.counts == {"failed": 1, "cancelled": 1}


def test_what_is_to_be_done_again_counts_as_work(
    database: Database, library: Library, queue: Queue
) -> None:
    video = add(library, "a", duration=50.0)
    work(queue, video, 5, 5, 5.0)
    queue.mark_done(video, 5, None)
    queue.redo(video)
    assert (progress(database, "f0").seconds_done, progress(database, "f0").segments) == (0, 5)


def test_a_switch_is_told_beside_what_serves(
    database: Database, library: Library, queue: Queue, data_dir: Path
) -> None:
    collections = Collections(database)
    collections.use(Collection("f0", "toy", None, None))
    collections.use(Collection("f1", "large", None, None, "building"))
    video = add(library, "a", duration=50.0)
    queue.mark_done(video, 5, None)
    work(Queue(database, "f1"), video, 10, 4, 2.0)
    library.paused, library.waiting = True, "The disk is full."
    told = status_of(data_dir)
    assert told == read_status(database)
    assert told is not None
    assert told.switch is not None
    assert (told.model, told.switch.model) == ("toy", "large")
    assert told.progress.counts == {"done": 1}
    assert told.switch.progress.seconds_done == pytest.approx(20.0)
    assert [(v.video_id, v.segments_done) for v in told.current] == [(video, 4)]
    assert (told.paused, told.waiting) == (True, "The disk is full.")
    library.paused, library.waiting = False, None
    assert (read_status(database).paused, read_status(database).waiting) == (False, None)
