"""Pausing, cancelling, moving, doing again: at once, while videos are being indexed, and twice."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Draw
from patience import prompt
from placed import asking

from indexer.engine import Engine
from indexer.errors import ReadOnly, UnknownVideo
from indexer.library import Video

PATIENCE = 120.0
PROMPT = 2.0  # seconds within which what a person asks for takes effect, if there is no crowd


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Running:
    """An engine in the midst of a long video, with another one waiting."""

    def __init__(self, engine: Engine, long: Video, other: Video, steered: threading.Event) -> None:
        self._steered = steered
        self.engine, self.long, self.other = engine, long.video_id, other.video_id

    def now(self, video_id: str) -> Video:
        return self.engine.library.need(video_id)

    def finish(self) -> None:
        self._steered.set()
        assert self.engine.worker.wait(PATIENCE)


@pytest.fixture
def running(engine: Engine, draw: Draw, tmp_path: Path) -> Running:
    paths = [draw(tmp_path / "long.mp4", 45), draw(tmp_path / "other.mp4", 9.7, 1)]
    long, other = engine.add_files(paths).videos
    reached, steered, queue = threading.Event(), threading.Event(), engine.serving.queue
    checkpoint = queue.checkpoint

    def slow(video_id: str, segments_done: int, seconds: float) -> None:
        checkpoint(video_id, segments_done, seconds)
        if video_id == long.video_id and segments_done >= 3:
            reached.set()
            steered.wait(0.25)  # so that it lasts while we steer

    queue.checkpoint = slow  # type: ignore[method-assign]
    engine.worker.start()
    assert reached.wait(PATIENCE)
    return Running(engine, long, other, steered)


def test_a_pause_lasts_until_it_is_ended_and_loses_nothing(running: Running) -> None:
    engine = running.engine
    for _ in range(2):
        engine.pause()
    assert until(lambda: engine.worker.current is None, prompt(PROMPT))
    stored, video = engine.store.count(), running.now(running.long)
    assert (video.state, video.attempts, video.segments_done) == ("queued", 0, stored)
    assert stored >= 3
    time.sleep(0.3)
    assert engine.store.count() == stored
    assert engine.status().paused
    for _ in range(2):
        engine.resume()
    running.finish()
    assert engine.library.counts() == {"done": 2}
    assert engine.store.count() == 22 + 4


def test_a_pause_outlives_the_process(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path
) -> None:
    with open_engine() as engine:
        engine.pause()
        engine.add_files([draw(tmp_path / "a.mp4", 2)])
    with open_engine() as engine:
        engine.worker.start()
        assert engine.worker.wait(PATIENCE)  # it rests
        assert engine.library.counts() == {"queued": 1}
        engine.resume()
        assert engine.worker.wait(PATIENCE)
        assert engine.library.counts() == {"done": 1}


def test_what_is_cancelled_ends_at_once_and_the_next_one_begins(running: Running) -> None:
    engine = running.engine
    for _ in range(2):
        engine.cancel(running.long)
    assert until(lambda: engine.worker.current != running.long, prompt(PROMPT))
    running.finish()
    video = running.now(running.long)
    assert (video.state, video.segments_done) == ("cancelled", engine.store.count(running.long))
    assert running.now(running.other).state == "done"
    for _ in range(2):
        engine.retry(running.long)
    running.finish()
    assert engine.library.counts() == {"done": 2}


def test_what_is_moved_to_the_front_goes_before_what_is_under_way(running: Running) -> None:
    engine = running.engine
    for _ in range(2):
        engine.to_front(running.other)
    assert until(lambda: engine.worker.current == running.other, prompt(PROMPT))
    assert until(lambda: running.now(running.other).state == "done")
    assert running.now(running.long).state in ("queued", "indexing")
    running.finish()
    assert engine.library.counts() == {"done": 2}
    assert engine.store.count() == 22 + 4


def test_a_video_is_removed_at_once_while_it_is_indexed(running: Running) -> None:
    engine = running.engine
    begun = time.monotonic()
    engine.remove(running.long)
    assert time.monotonic() - begun < prompt(PROMPT)
    assert engine.store.count(running.long) == 0
    running.finish()
    with pytest.raises(UnknownVideo):
        engine.remove(running.long)


def test_doing_again_what_is_under_way_changes_nothing(running: Running) -> None:
    engine = running.engine
    engine.reindex(running.long)
    assert engine.reindex_all() == 0
    running.finish()
    assert engine.store.count() == 22 + 4
    assert not any(video.redo for video in engine.library.videos())


def test_what_is_indexed_again_is_found_until_its_turn_and_comes_out_the_same(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    (video,) = engine.add_files([draw(tmp_path / "a.mp4", 9.7)]).videos
    engine.worker.start()
    assert engine.worker.wait(PATIENCE)
    before = [segment.vector.tolist() for segment in engine.store.segments(video.video_id)]
    engine.pause()
    for _ in range(2):
        engine.reindex(video.video_id)
    vector = engine.store.segments(video.video_id)[0].vector
    assert engine.search.ask(asking(vector)).moments != []
    discarded: list[int] = []
    discard = engine.store.delete_video
    engine.store.delete_video = lambda name: (  # type: ignore[method-assign]
        discarded.append(engine.store.count(name)),
        discard(name),
    )[1]
    engine.resume()
    assert engine.worker.wait(PATIENCE)
    assert discarded == [4]
    assert [s.vector.tolist() for s in engine.store.segments(video.video_id)] == before
    assert engine.poster(video.video_id, 3) is not None
    assert engine.library.counts() == {"done": 1}


def test_all_that_failed_gets_another_chance(engine: Engine, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.mp4").write_bytes(b"no video" * (number + 1))
    engine.add_files(sorted(tmp_path.glob("*.mp4")))
    engine.worker.start()
    assert engine.worker.wait(PATIENCE)
    assert [video.step for video in engine.library.videos("failed")] == ["open"] * 3
    assert (engine.retry_failed(), engine.retry_failed()) == (3, 0)
    assert engine.worker.wait(PATIENCE)
    assert engine.library.counts() == {"failed": 3}


def test_what_a_person_removed_does_not_come_back_by_itself(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    path = draw(tmp_path / "videos" / "a.mp4", 2)
    (video,) = engine.add_folder(path.parent).videos
    engine.remove(video.video_id)
    for _ in range(2):
        assert engine.add_folder(path.parent).videos == []
    assert len(engine.add_files([path]).videos) == 1
    assert len(engine.add_folder(path.parent).videos) == 1
    engine.remove(video.video_id)
    assert len(engine.add_folder(path.parent, welcome=True).videos) == 1


def test_nobody_steers_a_read_only_installation_or_an_unknown_video(
    open_engine: Callable[..., Engine],
) -> None:
    with open_engine(read_only=True) as engine:
        for refused in (
            engine.pause,
            engine.resume,
            engine.retry_failed,
            engine.reindex_all,
            lambda: engine.cancel("0" * 64),
            lambda: engine.to_front("0" * 64),
            lambda: engine.reindex("0" * 64),
        ):
            with pytest.raises(ReadOnly, match="read-only"):
                refused()
    with open_engine() as engine:
        for verb in (engine.cancel, engine.retry, engine.to_front, engine.reindex, engine.remove):
            with pytest.raises(UnknownVideo):
                verb("0" * 64)


def test_what_cannot_be_indexed_again_stays_as_it_was(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    path = draw(tmp_path / "disk" / "a.mp4", 9.7)
    (video,) = engine.add_files([path]).videos
    engine.worker.start()
    assert engine.worker.wait(PATIENCE)
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    assert engine.reindex_all() == 1
    assert engine.worker.wait(PATIENCE)
    now = engine.library.need(video.video_id)
    assert (now.state, now.segments_done, engine.store.count()) == ("done", 4, 4)
    assert str(now.note).startswith("It was not indexed again. The file is not there")
    assert engine.poster(video.video_id, 0) is not None
    (tmp_path / "unplugged").rename(tmp_path / "disk")
    engine.reindex(video.video_id)
    assert engine.worker.wait(PATIENCE)
    again = engine.library.need(video.video_id)
    assert (again.state, again.note, engine.store.count()) == ("done", None, 4)
