"""N videos in, the sum of their planned segments out: exactly, whatever their lengths are and
wherever they were interrupted."""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from encoder.embedder import Embedder
from indexer import pipeline, thumbnails
from indexer.decoding import Probe, Sample, Summary
from indexer.engine import Engine
from indexer.job import Cancelled, Job
from indexer.library import Video
from indexer.points import Scope
from indexer.segments import grid_size
from indexer.settings import Settings

NUMBERS = itertools.count()
PICTURE = thumbnails.jpeg(Image.new("RGB", (16, 9)))


class Imagined:
    """Reads a video that was never drawn, as long as its file says; `stop_at` a sample if asked."""

    stop_at: int | None = None
    job: Job

    def __init__(self, path: Path, *, fps: float, first: int, **rest: Any) -> None:
        duration = float(path.read_text().split()[0])
        self.fps = fps
        self.index = first
        self.count = grid_size(duration, fps)
        told = {"plays": "as_is", "seekable": True, "recorded_at": None}
        self.probe = Probe(duration, 0.0, 64, 48, 0, 25.0, "h264", "mp4", False, **told)
        self.summary = Summary(self.count, self.count, duration, duration)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Sample:
        if self.index >= self.count:
            raise StopIteration
        if self.index == self.stop_at:
            self.job.cancel()
        shade = np.full((72, 72, 3), 7 * self.index % 256, np.uint8)
        self.index += 1
        return Sample(self.index - 1, (self.index - 1) / self.fps, shade, PICTURE)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "read_frames", Imagined)
        chosen = Settings(data_dir=tmp_path_factory.mktemp("data"), model="toy")
        with Engine(chosen, embedder) as engine:
            yield engine


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(st.floats(0.04, 45.0), st.none() | st.integers(0, 90)), max_size=5))
def test_every_planned_segment_is_stored_once(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[float, int | None]]
) -> None:
    before, folder = engine.store.count(), tmp_path_factory.mktemp("videos")
    planned: dict[str, int] = {}
    for duration, stop_at in asked:
        path = folder / f"{next(NUMBERS)}.mp4"
        path.write_text(f"{duration} {path.name}")
        (video,) = engine.add_files([path]).videos
        index(engine, video, stop_at)
        planned[video.video_id] = planned_for(duration)
    stored = engine.store.videos()
    assert {video_id: stored[video_id] for video_id in planned} == planned
    assert engine.store.count() == before + sum(planned.values()) == engine.serving.queue.segments()
    for video_id, count in planned.items():
        assert engine.store.count(video_id) == engine.library.need(video_id).segments_done == count
        vector = engine.store.segments(video_id)[0].vector
        found = engine.store.nearest(vector, before + 1000, Scope(frozenset({video_id})))
        assert sorted(hit.index for hit in found) == list(range(count))


def planned_for(duration: float) -> int:
    """Windows of 4 s every 2 s, the last one aligned to the end; at least one."""
    points = math.ceil((duration - 0.001) * 2)
    return max(1, 1 + math.ceil((points - 8) / 4))


def index(engine: Engine, video: Video, stop_at: int | None) -> None:
    """Index a video; called off when the sample `stop_at` is due, and then taken up again."""
    serving, Imagined.job = engine.serving, Job(video.video_id)
    Imagined.stop_at = stop_at
    try:
        serving.pipeline.index(video, Imagined.job)
    except Cancelled:
        Imagined.stop_at = None
        serving.pipeline.index(serving.queue.get(video.video_id) or video, Job(video.video_id))


@pytest.mark.parametrize("worth", [0.0, np.nan, np.inf])
def test_vectors_that_point_nowhere_are_an_error_and_no_points(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worth: float
) -> None:
    before = engine.store.count()
    path = tmp_path / "a.mp4"
    path.write_text(f"30 {worth}")
    begin = type(engine.embedder.window_stream()).begin
    spoilt = [True]

    def spoiling(stream: Any, windows: Any) -> Any:
        vectors = begin(stream, windows)
        return lambda: vectors() * worth if spoilt[0] else vectors()

    monkeypatch.setattr(type(engine.embedder.window_stream()), "begin", spoiling)
    (video,) = engine.add_files([path]).videos
    engine.worker.start()
    assert engine.worker.wait(120)
    failed = engine.library.need(video.video_id)
    assert (failed.state, failed.error_code, failed.step) == ("failed", "bad_vector", "store")
    assert "has no direction" in str(failed.note)
    assert engine.store.count() == before
    spoilt[0] = False
    engine.retry(video.video_id)
    assert engine.worker.wait(120)
    assert engine.store.count(video.video_id) == 14
