"""The next videos are read ahead, no further than they should, and let go of when plans change."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Draw

from indexer import pipeline as room
from indexer.ahead import READ_AHEAD, Ahead
from indexer.engine import Engine
from indexer.job import Cancelled, Job
from indexer.upcoming import MOST, decoders


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are opened for reading, in that order, where three may be read at once."""
    names: list[str] = []
    read_frames = room.read_frames

    def noted(path: Path, **how: Any) -> Any:
        names.append(path.stem)
        return read_frames(path, **how)

    monkeypatch.setattr(room, "read_frames", noted)
    monkeypatch.setattr(room, "decoders", lambda: 3)
    return names


@pytest.fixture
def waiting(engine: Engine, draw: Draw, tmp_path: Path) -> Engine:
    """An engine with four videos in its queue."""
    engine.add_files([draw(tmp_path / f"{n}.mp4", 9.7, seed) for seed, n in enumerate("abcd")])
    return engine


def index_one(engine: Engine) -> None:
    """What the worker does with the next video."""
    video, job = first_of(engine)
    outcome = engine.serving.pipeline.index(video, job)
    engine.serving.queue.mark_done(video.video_id, outcome.segments, outcome.note)


def ended(begun: list[Ahead]) -> bool:
    """Whether no child of theirs runs any more."""
    return all(one._opened.result()[0]._reader._child._process.poll() is not None for one in begun)


def first_of(engine: Engine) -> tuple[Any, Job]:
    video = engine.serving.queue.next()
    assert video is not None
    engine.serving.queue.begin(video.video_id)
    return video, Job(video.video_id)


def test_all_are_indexed_and_each_is_opened_once(waiting: Engine, opened: list[str]) -> None:
    waiting.worker.start()
    assert waiting.worker.wait(120)
    assert waiting.library.counts() == {"done": 4}
    assert {waiting.store.count(v.video_id) for v in waiting.library.videos()} == {4}
    assert sorted(opened) == ["a", "b", "c", "d"]
    assert waiting.serving.pipeline.upcoming._begun == {}


def test_as_many_are_begun_as_there_are_decoders(waiting: Engine, opened: list[str]) -> None:
    pipeline = waiting.serving.pipeline
    index_one(waiting)
    assert len(pipeline.upcoming._begun) == 2
    assert all(len(one._pending) == READ_AHEAD for one in pipeline.upcoming._begun.values())
    pipeline.upcoming.close()
    assert opened[0] == "a"
    assert sorted(opened) == ["a", "b", "c"]


def test_who_is_called_off_leaves_no_reader(waiting: Engine, opened: list[str]) -> None:
    pipeline = waiting.serving.pipeline
    index_one(waiting)
    begun = list(pipeline.upcoming._begun.values())
    video, job = first_of(waiting)
    job.cancel()
    with pytest.raises(Cancelled):
        pipeline.index(video, job)
    assert pipeline.upcoming._begun == {}
    assert ended(begun)


def test_an_engine_that_is_closed_reads_nothing_more(waiting: Engine, opened: list[str]) -> None:
    index_one(waiting)
    begun = list(waiting.serving.pipeline.upcoming._begun.values())
    waiting.close()
    assert len(begun) == 2
    assert ended(begun)


def test_what_could_not_be_read_too_early_is_read_in_its_turn(
    waiting: Engine, opened: list[str], tmp_path: Path
) -> None:
    later = tmp_path / "b.mp4"
    later.rename(tmp_path / "away")
    pipeline = waiting.serving.pipeline
    index_one(waiting)
    for one in pipeline.upcoming._begun.values():
        one._opened.exception()  # wait for it
    (tmp_path / "away").rename(later)
    waiting.worker.start()
    assert waiting.worker.wait(120)
    assert waiting.library.counts() == {"done": 4}
    assert opened.count("b") == 2


def test_what_is_next_no_longer_is_let_go(waiting: Engine, opened: list[str]) -> None:
    pipeline = waiting.serving.pipeline
    index_one(waiting)
    (unwanted, *_) = pipeline.upcoming._begun
    waiting.cancel(unwanted)
    index_one(waiting)
    assert unwanted not in pipeline.upcoming._begun
    pipeline.upcoming.close()


def test_no_more_is_read_before_the_first_frames_are_used(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    (video,) = engine.add_files([draw(tmp_path / "a.mp4", 30)]).videos
    pipeline = replace(engine.serving.pipeline)
    job = Job(video.video_id)
    with pipeline._ahead(video, 0) as ahead:
        samples = ahead.samples(job)
        taken = [next(samples).index for _ in range(9)]
        assert len(ahead._pending) == 0
        taken.append(next(samples).index)
        assert len(ahead._pending) == READ_AHEAD - 1
        assert [*taken, *(sample.index for sample in samples)] == list(range(60))


def test_decoders_follow_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_cores(count: int) -> int:
        monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(count)), raising=False)
        return decoders()

    assert [with_cores(count) for count in (1, 2, 4, 64)] == [1, 2, 4, MOST]
