"""One video through real decoding, embedding and storing: complete, resumable, cancellable."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Draw
from PIL import Image

from encoder.embedder import Embedder
from indexer.engine import Engine
from indexer.errors import BadVector, StoreError, VideoError
from indexer.job import Cancelled, Job
from indexer.library import Video
from indexer.pipeline import Outcome, Pipeline
from indexer.points import Point
from indexer.reader import read_frames
from indexer.segments import plan


class Watched:
    """An embedder that notes what it is asked, and lets a test step in between."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.pushed = 0
        self.held = 0
        self.windows: list[Sequence[int]] = []
        self.before_embed: Callable[[int], None] = lambda count: None
        self.vectors: Callable[[np.ndarray], np.ndarray] = lambda vectors: vectors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def window_stream(self) -> "Watched":
        self._stream = self._embedder.window_stream()
        self._dropped = self._mine = 0
        return self

    def push(self, frames: np.ndarray) -> None:
        self._stream.push(frames)
        self.pushed += len(frames)
        self._mine += len(frames)
        self.held = max(self.held, self._mine - self._dropped)

    def begin(self, windows: Sequence[Sequence[int]]) -> Callable[[], np.ndarray]:
        self.before_embed(len(self.windows))
        self.windows += windows
        vectors = self._stream.begin(windows)
        return lambda: self.vectors(vectors())

    def drop_before(self, index: int) -> None:
        self._stream.drop_before(index)
        self._dropped = max(self._dropped, index)


@pytest.fixture
def watched(embedder: Embedder) -> Watched:
    return Watched(embedder)


@pytest.fixture
def pipeline(engine: Engine, watched: Watched) -> Pipeline:
    return replace(engine.serving.pipeline, embedder=watched)  # type: ignore[arg-type]


def add(engine: Engine, path: Path) -> Video:
    (video,) = engine.add_files([path]).videos
    return video


def run(pipeline: Pipeline, video: Video) -> Outcome:
    return pipeline.index(video, Job(video.video_id))


def test_every_segment_of_the_plan_is_stored_where_it_is(
    engine: Engine, pipeline: Pipeline, embedder: Embedder, draw: Draw, tmp_path: Path
) -> None:
    video = add(engine, draw(tmp_path / "a.mp4", 9.7))
    assert run(pipeline, video) == Outcome(4, None)
    with read_frames(video.path, pixels=72) as reader:
        frames = np.stack([sample.pixels for sample in reader])
    expected = plan(len(frames), 8, 4, 9.7)
    stored = engine.store.segments(video.video_id)
    assert [(s.index, s.start, s.end) for s in stored] == [
        (s.index, s.start, pytest.approx(s.end)) for s in expected
    ]
    plain = embedder.embed_clips(frames[list(segment.frames)] for segment in expected)
    np.testing.assert_allclose([s.vector for s in stored], plain, atol=1e-3)
    known = engine.library.need(video.video_id)
    assert (known.segments_planned, known.segments_done) == (4, 4)
    assert (known.duration, known.width, known.height) == (pytest.approx(9.7), 96, 72)


def test_each_segment_has_the_picture_of_its_middle(
    engine: Engine, pipeline: Pipeline, draw: Draw, tmp_path: Path
) -> None:
    video = add(engine, draw(tmp_path / "a.mp4", 9.7))
    run(pipeline, video)
    with read_frames(video.path, pixels=72) as reader:
        thumbnails = [sample.thumbnail for sample in reader]
    for segment in plan(len(thumbnails), 8, 4, 9.7):
        poster = engine.poster(video.video_id, segment.index)
        assert poster is not None
        assert poster.read_bytes() == thumbnails[segment.frames[4]]
    assert Image.open(BytesIO(thumbnails[0] or b"")).size[0] == 320
    assert engine.poster(video.video_id, 4) is None


@pytest.mark.parametrize("seconds", [0.1, 1.3, 3.9, 4.0])
def test_a_video_shorter_than_a_window_is_one_segment(
    engine: Engine, pipeline: Pipeline, draw: Draw, tmp_path: Path, seconds: float
) -> None:
    video = add(engine, draw(tmp_path / "a.mp4", seconds))
    assert run(pipeline, video) == Outcome(1, None)
    (stored,) = engine.store.segments(video.video_id)
    assert (stored.start, stored.end) == (0.0, pytest.approx(seconds))


def test_segments_are_searchable_while_the_rest_is_being_embedded(
    engine: Engine, pipeline: Pipeline, watched: Watched, draw: Draw, tmp_path: Path
) -> None:
    video = add(engine, draw(tmp_path / "a.mp4", 30))
    seen: list[int] = []
    watched.before_embed = lambda count: seen.append(engine.store.count(video.video_id))
    run(pipeline, video)
    assert seen[-1] >= len(seen) - 4  # two writes wait at most, and one is under way
    assert seen[-1] > 0


@pytest.mark.parametrize("batch", [1, 4])
def test_the_first_segment_waits_for_no_frame_but_its_own(
    engine: Engine, pipeline: Pipeline, watched: Watched, draw: Draw, tmp_path: Path, batch: int
) -> None:
    watched.batch = batch
    video = add(engine, draw(tmp_path / "a.mp4", 30))
    seen: list[tuple[int, int]] = []
    watched.before_embed = lambda count: seen.append((watched.pushed, count))
    assert run(pipeline, video).segments == 14
    assert seen[0] == (8, 0)  # a segment has eight frames
    assert seen[1] == (8 + 4 * batch, 1)  # the others come as many at a time as the device takes


@pytest.mark.parametrize("hop", [1, 2, 4])
def test_short_hops_wait_for_a_whole_chunk_of_frames(
    engine: Engine, pipeline: Pipeline, watched: Watched, draw: Draw, tmp_path: Path, hop: int
) -> None:
    print_of = pipeline.fingerprint
    often = replace(pipeline, fingerprint=print_of.model_copy(update={"hop": hop / print_of.fps}))
    watched.chunk = 4
    seen: list[int] = []
    watched.before_embed = lambda count: seen.append(watched.pushed)
    outcome = run(often, add(engine, draw(tmp_path / "a.mp4", 14)))
    assert outcome.segments == 1 + (28 - 8) // hop
    assert seen[0] == 8
    assert set(np.diff(seen[:-1])) == {4}


def test_frames_are_kept_only_as_long_as_a_window_needs_them(
    engine: Engine, pipeline: Pipeline, watched: Watched, draw: Draw, tmp_path: Path
) -> None:
    run(pipeline, add(engine, draw(tmp_path / "a.mp4", 60)))
    assert watched.pushed == 120
    assert watched.held <= 8 + 2 * 4


def test_what_is_stored_is_not_embedded_again(
    engine: Engine, pipeline: Pipeline, watched: Watched, draw: Draw, tmp_path: Path
) -> None:
    video = add(engine, draw(tmp_path / "a.mp4", 29.9))
    job = Job(video.video_id)
    watched.before_embed = lambda count: job.cancel() if count == 9 else None
    with pytest.raises(Cancelled):
        pipeline.index(video, job)
    stored = [one.index for one in engine.store.outline(video.video_id)]
    assert 0 < len(stored) < 14
    assert stored == list(range(len(stored)))
    assert engine.library.need(video.video_id).segments_done == len(stored)

    watched.before_embed = lambda count: None
    watched.windows, watched.pushed = [], 0
    assert run(pipeline, video) == Outcome(14, None)
    assert len(watched.windows) == 14 - len(stored)
    # A last segment could begin one sample after the last one stored; nothing before is needed.
    assert watched.pushed == 60 - (4 * (len(stored) - 1) + 1)
    fresh = watched.embed_clips(_clips(video.path, 14))
    resumed = [segment.vector for segment in engine.store.segments(video.video_id)]
    np.testing.assert_allclose(resumed, fresh, atol=1e-3)


def _clips(path: Path, count: int) -> list[np.ndarray]:
    with read_frames(path, pixels=72) as reader:
        frames = np.stack([sample.pixels for sample in reader])
    segments = plan(len(frames), 8, 4, 29.9)
    assert len(segments) == count
    return [frames[list(segment.frames)] for segment in segments]


def test_a_finished_video_costs_no_embedding(
    engine: Engine, pipeline: Pipeline, watched: Watched, draw: Draw, tmp_path: Path
) -> None:
    video = add(engine, draw(tmp_path / "a.mp4", 9.7))
    first = run(pipeline, video)
    watched.windows = []
    assert run(pipeline, video) == first
    assert watched.windows == []


def test_a_truncated_video_is_indexed_as_far_as_it_goes(
    engine: Engine, pipeline: Pipeline, draw: Draw, tmp_path: Path
) -> None:
    whole = draw(tmp_path / "whole.mp4", 30).read_bytes()
    path = tmp_path / "half.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    video = add(engine, path)
    outcome = run(pipeline, video)
    assert outcome.note is not None
    assert outcome.note.startswith("Only ")
    assert 0 < outcome.segments < 14
    assert engine.store.count(video.video_id) == outcome.segments


def test_vectors_that_are_not_numbers_are_an_error_and_no_points(
    engine: Engine, pipeline: Pipeline, watched: Watched, draw: Draw, tmp_path: Path
) -> None:
    video = add(engine, draw(tmp_path / "a.mp4", 5))
    watched.vectors = lambda vectors: vectors * np.nan
    with pytest.raises(BadVector, match="not numbers"):
        run(pipeline, video)
    assert engine.store.count() == 0


def test_a_count_that_does_not_add_up_is_no_success(
    engine: Engine, pipeline: Pipeline, draw: Draw, tmp_path: Path
) -> None:
    video = add(engine, draw(tmp_path / "a.mp4", 9.7))
    stray = np.ones(64, np.float32)
    engine.store.upsert([Point(video.video_id, 77, 777.0, 781.0, stray)])
    with pytest.raises(StoreError, match="holds 5 of the video's segments where 4 were planned"):
        run(pipeline, video)
    assert engine.store.count(video.video_id) == 0
    assert run(pipeline, video) == Outcome(4, None)


def test_a_file_that_changed_since_it_was_added_is_not_stored_under_its_old_name(
    engine: Engine, pipeline: Pipeline, draw: Draw, tmp_path: Path
) -> None:
    video = add(engine, draw(tmp_path / "a.mp4", 5, seed=1))
    draw(tmp_path / "a.mp4", 6, seed=2)
    with pytest.raises(VideoError, match="it has changed since it was added"):
        run(pipeline, video)
    video.path.unlink()
    with pytest.raises(VideoError) as gone:
        run(pipeline, video)
    assert gone.value.code == "not_there"
    assert engine.store.count() == 0


def test_nothing_is_written_once_cancel_has_returned(
    engine: Engine, pipeline: Pipeline, watched: Watched, draw: Draw, tmp_path: Path
) -> None:
    video = add(engine, draw(tmp_path / "a.mp4", 60))
    job, reached = Job(video.video_id), threading.Event()
    watched.before_embed = lambda count: reached.set() if count == 5 else None
    ended: list[float] = []

    def index() -> None:
        with pytest.raises(Cancelled):
            pipeline.index(video, job)
        ended.append(time.monotonic())

    thread = threading.Thread(target=index)
    thread.start()
    assert reached.wait(60)
    job.cancel()
    cancelled, count = time.monotonic(), engine.store.count()
    thread.join()
    assert engine.store.count() == count < 29
    assert ended[0] - cancelled < 2
