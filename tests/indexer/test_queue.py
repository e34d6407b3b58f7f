"""The queue on a real SQLite file: order, attempts, what a person steers, and twice of each."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.content import Content, read_content
from indexer.database import Database
from indexer.library import Library
from indexer.queue import MAX_ATTEMPTS, Queue
from indexer.records import Video


@pytest.fixture
def library(database: Database) -> Library:
    return Library(database, "f0")


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database, "f0")


def add(library: Library, path: Path, content: bytes | None = None) -> Video:
    if content is not None:
        path.write_bytes(content)
    return library.add(path, path.name, False, read_content(path))


def job(queue: Queue, video_id: str) -> Video:
    found = queue.get(video_id)
    assert found is not None
    return found


def test_interrupted_first_then_least_tried_then_oldest(
    library: Library, queue: Queue, tmp_path: Path
) -> None:
    a, b, c, d = (
        add(library, tmp_path / name, name.encode()).video_id for name in ("a", "b", "c", "d")
    )
    queue.begin(a)
    queue.mark_queued(a, "failed once", "embed")
    queue.begin(c)
    order = []
    while (video := queue.next()) is not None:
        order.append(video.video_id)
        queue.mark_done(video.video_id, 1, None)
    assert order == [c, b, d, a]


def test_attempts_count_only_without_progress(
    library: Library, queue: Queue, tmp_path: Path
) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id

    def attempts() -> int:
        return job(queue, video_id).attempts

    for done, left in ((0, 1), (0, 2), (4, 0), (4, 1), (3, 2), (4, 3), (5, 0)):
        queue.begin(video_id)
        queue.checkpoint(video_id, done, 0.5)
        assert attempts() == left, done
    assert job(queue, video_id).segments_done == 5
    queue.begin(video_id)
    queue.give_back(video_id)
    assert attempts() == 0


def test_a_failure_is_kept_in_words_until_it_is_retried(
    library: Library, queue: Queue, tmp_path: Path
) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    queue.begin(video_id)
    queue.mark_failed(video_id, "It cannot be read.", "corrupt", "read")
    failed = job(queue, video_id)
    assert (failed.state, failed.note, failed.error_code) == (
        "failed",
        "It cannot be read.",
        "corrupt",
    )
    assert queue.next() is None
    assert add(library, tmp_path / "a").state == "failed"  # seeing it again changes nothing
    queue.retry(video_id)
    again = job(queue, video_id)
    assert (again.state, again.note, again.error_code, again.attempts) == ("queued", None, None, 0)


def test_a_file_that_could_not_be_read_is_tried_when_it_is_back(
    library: Library, queue: Queue, tmp_path: Path
) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    queue.mark_failed(video_id, "The disk is gone.", "io_error", "read")
    assert add(library, tmp_path / "a").state == "queued"


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("decoder_timeout", "queued"),
        ("decoder_crashed", "queued"),
        ("out_of_memory", "queued"),
        ("store_error", "queued"),
        ("disk_full", "queued"),
        ("failed", "queued"),
        ("not_a_video", "failed"),
        ("empty_file", "failed"),
        ("corrupt", "failed"),
    ],
)
def test_what_is_offered_again_is_tried_again_unless_its_bytes_are_wrong(
    library: Library, queue: Queue, tmp_path: Path, code: str, state: str
) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    queue.mark_failed(video_id, "It failed.", code, "read")
    assert add(library, tmp_path / "a").state == state


def test_a_video_that_ended_the_program_is_tried_again_only_by_a_later_process(
    database: Database, tmp_path: Path
) -> None:
    library, queue = Library(database, "f0"), Queue(database, "f0")
    video_id = add(library, tmp_path / "a", b"a").video_id
    queue.mark_failed(video_id, "It ended the program.", "gave_up", "embed")
    assert add(library, tmp_path / "a").state == "failed"
    assert add(Library(database, "f0"), tmp_path / "a").state == "queued"


def test_retry_leaves_what_is_done_alone(library: Library, queue: Queue, tmp_path: Path) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    queue.mark_done(video_id, 3, "Only 1.0 of 2.0 s could be read.")
    queue.retry(video_id)
    video = job(queue, video_id)
    assert (video.state, video.note) == ("done", "Only 1.0 of 2.0 s could be read.")
    assert (video.segments_planned, video.segments_done) == (3, 3)


def test_counts_and_lists_by_state(library: Library, queue: Queue, tmp_path: Path) -> None:
    ids = [add(library, tmp_path / name, name.encode()).video_id for name in "abc"]
    queue.mark_done(ids[0], 1, None)
    queue.mark_failed(ids[1], "no", "corrupt", "read")
    assert library.counts() == queue.counts() == {"queued": 1, "done": 1, "failed": 1}
    assert [video.video_id for video in library.videos()] == ids
    assert [video.video_id for video in library.videos("done")] == ids[:1]


# What a person steers.


@pytest.fixture
def ids(library: Library, tmp_path: Path) -> list[str]:
    return [add(library, tmp_path / name, name.encode()).video_id for name in "abcd"]


def order(queue: Queue) -> list[str]:
    """Which video comes when, if each one is done at once."""
    found = []
    while (video := queue.next()) is not None:
        found.append(video.video_id)
        queue.mark_done(video.video_id, 1, None)
    return found


def test_what_is_moved_to_the_front_is_next_the_last_one_first(
    queue: Queue, ids: list[str]
) -> None:
    a, b, c, d = ids
    queue.begin(a)  # even before what is under way
    for moved in (c, d, d):
        queue.to_front(moved)
    assert order(queue) == [d, c, a, b]
    assert job(queue, d).front == 0  # it does not stand in front for ever


def test_only_what_waits_can_be_moved(queue: Queue, ids: list[str]) -> None:
    queue.mark_done(ids[0], 1, None)
    queue.to_front(ids[0])
    queue.to_front("unknown")
    assert job(queue, ids[0]).front == 0
    assert order(queue) == ids[1:]


def test_what_is_cancelled_waits_no_longer_and_keeps_what_it_has(
    queue: Queue, ids: list[str]
) -> None:
    queue.begin(ids[0])
    queue.expect(ids[0], 9)
    queue.checkpoint(ids[0], 4, 2.0)
    for _ in range(2):
        queue.cancel(ids[0])
        assert (job(queue, ids[0]).state, job(queue, ids[0]).segments_done) == ("cancelled", 4)
    assert queue.begin(ids[0]) is False
    queue.give_back(ids[0])
    assert job(queue, ids[0]).state == "cancelled"
    queue.retry(ids[0])
    assert queue.next() == job(queue, ids[0])  # what was begun comes first
    assert job(queue, ids[0]).segments_done == 4


def test_what_is_settled_is_not_cancelled(queue: Queue, ids: list[str]) -> None:
    queue.mark_done(ids[0], 1, None)
    queue.mark_failed(ids[1], "no", "corrupt", "read")
    for one in ids[:2]:
        queue.cancel(one)
    assert [job(queue, one).state for one in ids[:2]] == ["done", "failed"]


def test_all_that_failed_is_retried_at_once(queue: Queue, ids: list[str]) -> None:
    for one in ids[:2]:
        queue.mark_failed(one, "no", "corrupt", "read")
    queue.mark_done(ids[2], 1, None)
    assert (queue.retry_failed(), queue.retry_failed()) == (2, 0)
    again = job(queue, ids[0])
    assert (again.state, again.note, again.error_code, again.step) == ("queued", None, None, None)
    assert order(queue) == [ids[0], ids[1], ids[3]]


def test_what_is_done_again_stays_searchable_until_its_turn(queue: Queue, ids: list[str]) -> None:
    queue.mark_done(ids[0], 5, "Only half.")
    for _ in range(2):
        queue.redo(ids[0])
        again = job(queue, ids[0])
        assert (again.state, again.redo, again.segments_done, again.note) == (
            "queued",
            True,
            5,
            None,
        )
    queue.begin(ids[0])
    queue.begin_anew(ids[0])
    queue.redo(ids[0])  # it is being indexed anew already
    assert (job(queue, ids[0]).redo, job(queue, ids[0]).segments_done) == (False, 0)


def test_everything_settled_is_done_again_at_once(queue: Queue, ids: list[str]) -> None:
    queue.mark_done(ids[0], 5, None)
    queue.mark_failed(ids[1], "no", "corrupt", "read")
    queue.begin(ids[2])
    assert (queue.redo_all(), queue.redo_all()) == (2, 0)
    assert [job(queue, one).redo for one in ids] == [True, True, False, False]
    assert len(order(queue)) == 4


def test_a_missing_video_is_not_taken(library: Library, queue: Queue, ids: list[str]) -> None:
    library.set_missing(ids[0], True)
    first = queue.next()
    assert first is not None
    assert first.video_id == ids[1]
    library.set_missing(ids[0], False)
    assert order(queue) == ids


# Numbers.


def test_share_speed_and_time_left(library: Library, queue: Queue, ids: list[str]) -> None:
    fresh = job(queue, ids[0])
    assert (fresh.share, fresh.speed, fresh.left) == (0, None, None)
    library.describe(ids[0], 100.0, 640, 360, "as_is")
    queue.begin(ids[0])
    queue.enter(ids[0], "embed")
    queue.expect(ids[0], 20)
    queue.checkpoint(ids[0], 5, 2.0)
    queue.checkpoint(ids[0], 10, 3.0)
    half = job(queue, ids[0])
    assert (half.step, half.share, half.spent) == ("embed", 0.5, 5.0)
    assert half.speed == pytest.approx(10.0)  # 50 of 100 s in 5 s
    assert half.left == pytest.approx(5.0)
    queue.mark_done(ids[0], 20, None)
    whole = job(queue, ids[0])
    assert (whole.share, whole.left, whole.step) == (1.0, None, None)


def test_each_collection_has_its_own_jobs(
    database: Database, library: Library, queue: Queue, ids: list[str]
) -> None:
    other = Queue(database, "f1")
    queue.mark_done(ids[0], 5, None)
    other.begin(ids[0])
    other.checkpoint(ids[0], 2, 1.0)
    assert (queue.segments(), other.segments()) == (5, 2)
    assert (library.need(ids[0]).state, job(other, ids[0]).state) == ("done", "indexing")
    library.fingerprint = "f1"
    assert library.need(ids[0]).segments_done == 2


def test_a_library_with_a_clock_that_was_set_back_keeps_its_order(
    library: Library, queue: Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter((1000.0, 900.0, 950.0))
    monkeypatch.setattr("indexer.library.time.time", lambda: next(now))
    added = [add(library, tmp_path / name, name.encode()).video_id for name in "abc"]
    assert order(queue) == added


_VERBS = ("begin", "give_back", "cancel", "retry", "to_front", "redo", "start_over")


@given(st.lists(st.tuples(st.sampled_from(_VERBS), st.integers(0, 2)), max_size=25))
def test_whatever_is_asked_for_every_video_is_in_one_state_and_none_is_lost(
    tmp_path_factory: pytest.TempPathFactory, verbs: list[tuple[str, int]]
) -> None:
    database = Database(tmp_path_factory.mktemp("queue") / "library.db")
    library, queue = Library(database, "f0"), Queue(database, "f0")
    ids = [f"{number:064x}" for number in range(3)]
    for one in ids:
        library.add(tmp_path_factory.getbasetemp() / one, one, False, Content(one, 1, 1))
    for verb, which in verbs:
        getattr(queue, verb)(ids[which])
    assert sum(queue.counts().values()) == 3
    waiting = [one for one in ids if job(queue, one).state in ("queued", "indexing")]
    assert sorted(order(queue)) == sorted(waiting)
    assert all(job(queue, one).attempts >= 0 for one in ids)
    database.close()


def test_three_attempts_are_enough() -> None:
    assert MAX_ATTEMPTS == 3
