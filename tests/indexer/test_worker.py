"""The worker over a real folder: failures in words, others go on, stop, resume, give up."""

import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Draw
from patience import prompt
from placed import asking
from qdrant_stub import API_KEY, Stub, serving

from indexer import worker as module
from indexer.engine import Engine
from indexer.errors import StoreError, no_room
from indexer.job import Job
from indexer.library import Video
from indexer.pipeline import Outcome
from indexer.worker import Work, Worker

PATIENCE = 120.0


class Scripted:
    """A pipeline that does what the test says at each attempt."""

    def __init__(self, *acts: Callable[[Video, Job], Outcome]) -> None:
        self._acts = list(acts)
        self.attempts: list[str] = []
        self.discarded: list[str] = []

    def index(self, video: Video, job: Job) -> Outcome:
        self.attempts.append(video.title)
        return self._acts.pop(0)(video, job)

    def salvage(self, video: Video) -> Outcome | None:
        return None

    def stored(self, video_id: str) -> int:
        return 0

    def discard(self, video_id: str) -> None:
        self.discarded.append(video_id)


def done(video: Video, job: Job) -> Outcome:
    return Outcome(1, None)


def fails(video: Video, job: Job) -> Outcome:
    raise RuntimeError("the device ran out of memory")


def worker_of(engine: Engine, *acts: Callable[[Video, Job], Outcome]) -> tuple[Worker, Scripted]:
    scripted = Scripted(*acts)
    queue = engine.serving.queue

    def take() -> Work | None:
        video = queue.next()
        return None if video is None else Work(video, queue, scripted)

    return Worker(engine.library, take, lambda: None, engine.meters), scripted


def finish(worker: Worker) -> None:
    worker.start()
    assert worker.wait(PATIENCE)
    worker.stop()


def states(engine: Engine) -> dict[str, str]:
    return {video.title: video.state for video in engine.library.videos()}


def test_bad_files_get_a_sentence_and_stop_nobody(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    folder = tmp_path / "videos"
    for number in range(2):
        draw(folder / f"good{number}.mp4", 5, number)
    whole = draw(folder / "cut.mp4", 20, 7).read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mkv").write_text("I am no video.")
    (folder / "list.mp4").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    assert engine.add_folder(folder).refused == []
    finish(engine.worker)
    known = {video.title: video for video in engine.library.videos()}
    assert states(engine) == {
        "good0": "done",
        "good1": "done",
        "cut": "done",
        "empty": "failed",
        "text": "failed",
        "list": "failed",
    }
    assert known["empty"].error_code == "empty_file"
    assert known["text"].error_code == "not_a_video"
    assert "other videos go on" in str(known["list"].note)
    assert str(known["cut"].note).startswith("Only ")
    for video in known.values():
        assert engine.store.count(video.video_id) == video.segments_done


def test_a_second_run_over_the_same_folder_does_nothing(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path
) -> None:
    folder = tmp_path / "videos"
    draw(folder / "a.mp4", 5)
    (folder / "bad.mp4").write_bytes(b"no video")
    with open_engine() as engine:
        engine.add_folder(folder)
        finish(engine.worker)
        before = engine.library.videos()
    with open_engine() as engine:
        worker, scripted = worker_of(engine)
        engine.add_folder(folder)
        finish(worker)
        assert scripted.attempts == []
        assert engine.library.videos() == before


def test_what_fails_for_other_reasons_is_tried_three_times_and_last(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    engine.add_files([draw(tmp_path / "a.mp4", 1), draw(tmp_path / "b.mp4", 1, 1)])
    worker, scripted = worker_of(engine, fails, done, fails, fails)
    finish(worker)
    assert scripted.attempts == ["a", "b", "a", "a"]
    failed = engine.library.videos("failed")[0]
    assert (failed.title, failed.error_code) == ("a", "failed")
    assert "ran out of memory" in str(failed.note)
    assert scripted.discarded == []  # what is stored is good: it is the device that is not


def test_an_error_of_ours_is_told_in_its_own_words_without_a_trace(
    engine: Engine, draw: Draw, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuses(video: Video, job: Job) -> Outcome:
        raise StoreError("The store refused it.")

    engine.add_files([draw(tmp_path / "a.mp4", 1)])
    worker, _ = worker_of(engine, refuses, refuses, refuses)
    finish(worker)
    failed = engine.library.videos("failed")[0]
    assert (failed.note, failed.error_code) == ("The store refused it.", "store_error")
    assert "Traceback" not in capsys.readouterr().err


def test_a_full_disk_pauses_the_queue_and_costs_no_attempt(
    engine: Engine, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.05)
    engine.add_files([draw(tmp_path / "a.mp4", 1), draw(tmp_path / "b.mp4", 1, 1)])
    queue, notes = engine.serving.queue, list[str]()
    give_back, refusals = queue.give_back, [no_room()] * 2

    def unwilling(video_id: str) -> None:
        if refusals:
            raise refusals.pop()
        give_back(video_id)

    def full(video: Video, job: Job) -> Outcome:
        picture = b"\0" * (1 << 20)
        engine.serving.pipeline.media.save_poster(video.video_id, 0, picture)
        raise AssertionError("the disk is full")

    def notes_then_done(video: Video, job: Job) -> Outcome:
        known = engine.library.need(video.video_id)
        notes.append(f"{known.attempts}: {engine.library.waiting}")
        return done(video, job)

    def no_space(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_space)
    queue.give_back = unwilling  # type: ignore[method-assign]
    worker, scripted = worker_of(engine, full, full, full, full, notes_then_done, done)
    finish(worker)
    assert scripted.attempts == [*["a"] * 5, "b"]  # nothing else is tried meanwhile
    assert notes[0].startswith("1: The disk is full.")
    assert engine.library.waiting is None
    assert set(states(engine).values()) == {"done"}


def test_another_chance_after_failing(engine: Engine, draw: Draw, tmp_path: Path) -> None:
    engine.add_files([draw(tmp_path / "a.mp4", 5)])
    broken, _ = worker_of(engine, fails, fails, fails)
    finish(broken)
    assert states(engine) == {"a": "failed"}
    engine.retry(engine.library.videos()[0].video_id)
    finish(engine.worker)
    assert states(engine) == {"a": "done"}


def test_only_a_person_gives_another_chance_at_a_later_start(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path
) -> None:
    with open_engine() as engine:
        engine.add_files([draw(tmp_path / "videos" / "a.mp4", 1)])
        broken, _ = worker_of(engine, fails, fails, fails)
        finish(broken)
    engine = open_engine()
    engine.add_folder(tmp_path / "videos")
    assert states(engine) == {"a": "failed"}
    engine.add_folder(tmp_path / "videos", welcome=True)
    assert states(engine) == {"a": "queued"}


def test_a_video_that_ended_the_program_three_times_is_set_aside(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    added = engine.add_files([draw(tmp_path / "a.mp4", 1), draw(tmp_path / "b.mp4", 1, 1)])
    for _ in range(3):
        engine.serving.queue.begin(added.videos[0].video_id)  # and then the process died
    worker, scripted = worker_of(engine, done)
    finish(worker)
    assert scripted.attempts == ["b"]
    aside = engine.library.videos("failed")[0]
    assert (aside.title, aside.error_code) == ("a", "gave_up")
    assert "ended the program 3 times" in str(aside.note)


def test_stop_is_prompt_and_the_next_start_goes_on(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path
) -> None:
    path = draw(tmp_path / "a.mp4", 60)
    with open_engine() as engine:
        video = engine.add_files([path]).videos[0]
        reached = threading.Event()
        upsert = engine.store.upsert

        def watched(points: Any) -> None:
            upsert(points)
            if points[-1].index >= 4:
                reached.set()

        engine.store.upsert = watched  # type: ignore[method-assign]
        engine.worker.start()
        assert reached.wait(PATIENCE)
        assert engine.worker.current == video.video_id
        begun = time.monotonic()
        engine.worker.stop()
        assert time.monotonic() - begun < prompt()
        left = engine.library.need(video.video_id)
        assert (left.state, left.attempts) == ("queued", 0)
        assert 5 <= left.segments_done < 29
    with open_engine() as engine:
        finish(engine.worker)
        assert engine.library.need(video.video_id).state == "done"
        assert engine.store.count() == 29


def test_an_idle_worker_wakes_for_what_is_added(engine: Engine, draw: Draw, tmp_path: Path) -> None:
    engine.worker.start()
    assert engine.worker.wait(PATIENCE)
    engine.add_files([draw(tmp_path / "a.mp4", 1)])
    assert engine.worker.wait(PATIENCE)
    assert states(engine) == {"a": "done"}


def test_a_video_removed_while_it_is_indexed_leaves_nothing(
    engine: Engine, draw: Draw, tmp_path: Path, data_dir: Path
) -> None:
    long, other = draw(tmp_path / "a.mp4", 60), draw(tmp_path / "b.mp4", 1, 1)
    video = engine.add_files([long, other]).videos[0]
    reached = threading.Event()
    queue = engine.serving.queue
    checkpoint = queue.checkpoint

    def watched(video_id: str, segments_done: int, seconds: float) -> None:
        checkpoint(video_id, segments_done, seconds)
        if segments_done == 5:
            reached.set()

    queue.checkpoint = watched  # type: ignore[method-assign]
    engine.worker.start()
    assert reached.wait(PATIENCE)
    engine.remove(video.video_id)
    assert engine.store.count(video.video_id) == 0
    assert engine.worker.wait(PATIENCE)
    assert states(engine) == {"b": "done"}
    assert engine.store.count() == 1
    assert not (data_dir / "media" / video.video_id).exists()
    assert long.exists()


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
@pytest.mark.filterwarnings("ignore:Local mode performs exact")
def test_a_server_that_goes_away_costs_no_attempt(
    open_engine: Callable[..., Engine],
    draw: Draw,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.1)
    with (
        serving(Stub()) as stub,
        open_engine(qdrant_url=stub.url, qdrant_api_key=API_KEY) as engine,
    ):
        engine.worker.start()
        stub.broken = 503
        engine.add_files([draw(tmp_path / "a.mp4", 9.7)])
        assert not engine.worker.wait(3)  # many tries, and still no failure
        waiting = engine.library.videos()[0]
        assert waiting.state in ("queued", "indexing")
        assert waiting.attempts <= 1
        stub.broken = None
        assert engine.worker.wait(PATIENCE)
        assert states(engine) == {"a": "done"}
        assert engine.store.count() == 4
        engine.worker.stop()


def test_a_library_that_fails_does_not_end_the_worker(
    engine: Engine, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.05)
    engine.add_files([draw(tmp_path / "a.mp4", 1)])
    queue = engine.serving.queue
    begin, refusals = queue.begin, [OSError("disk full")] * 2

    def unwilling(video_id: str) -> bool:
        if refusals:
            raise refusals.pop()
        return begin(video_id)

    queue.begin = unwilling  # type: ignore[method-assign]
    finish(engine.worker)
    assert states(engine) == {"a": "done"}


def test_searching_goes_on_while_videos_are_indexed(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    first = draw(tmp_path / "a.mp4", 5)
    engine.add_files([first])
    finish(engine.worker)
    vector = engine.store.segments(engine.library.videos()[0].video_id)[0].vector
    engine.add_files([draw(tmp_path / f"{seed}.mp4", 20, seed) for seed in (1, 2)])
    errors: list[BaseException] = []
    over = threading.Event()

    def search() -> None:
        try:
            while not over.is_set():
                answer = engine.search.ask(asking(vector))
                best = answer.moments[0]
                assert (answer.videos[best.video_id].title, best.start) == ("a", 0.0)
                engine.search.heatmap(best.video_id, asking(vector))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    engine.worker.start()
    engine.worker.wake()
    assert engine.worker.wait(PATIENCE)
    over.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert set(states(engine).values()) == {"done"}


def test_what_is_cancelled_stays_so_whatever_goes_wrong_then(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    (video,) = engine.add_files([draw(tmp_path / "a.mp4", 1)]).videos

    def cancelled_and_broken(video: Video, job: Job) -> Outcome:
        engine.serving.queue.cancel(video.video_id)
        job.cancel()
        raise RuntimeError("the device ran out of memory")

    worker, _ = worker_of(engine, cancelled_and_broken)
    finish(worker)
    now = engine.library.need(video.video_id)
    assert (now.state, now.note) == ("cancelled", None)


def test_a_reason_that_all_share_slows_the_queue_down(
    engine: Engine, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[float] = []
    monkeypatch.setattr(Worker, "_wait", lambda self, wakes, seconds: held.append(seconds))
    engine.add_files([draw(tmp_path / f"{n}.mp4", 1, n) for n in range(6)])
    worker, _ = worker_of(engine, *[fails] * 5, done)
    worker._prepared = True
    reasons = []
    for _ in range(6):
        worker._turn()
        reasons.append(worker.waiting)
    assert held == [module.PAUSE, 2 * module.PAUSE, 4 * module.PAUSE]
    assert "One video after another fails" in str(reasons[4])
    assert "ran out of memory" in str(reasons[4])
    assert reasons[5] is None  # one that goes well ends it
    assert engine.library.counts() == {"queued": 5, "done": 1}


def test_a_file_that_is_away_costs_one_look_and_comes_back_by_itself(
    engine: Engine, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GLANCE", 0.1)
    path = draw(tmp_path / "disk" / "a.mp4", 5)
    (video,) = engine.add_files([path]).videos
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    finish(engine.worker)
    away = engine.library.need(video.video_id)
    assert (away.state, away.error_code, away.attempts) == ("failed", "not_there", 1)
    assert "Bring it back" in str(away.note)
    engine.worker.start()
    (tmp_path / "unplugged").rename(tmp_path / "disk")
    end = time.monotonic() + PATIENCE
    while engine.library.need(video.video_id).state != "done" and time.monotonic() < end:
        time.sleep(0.05)
    assert engine.store.count(video.video_id) == 2
