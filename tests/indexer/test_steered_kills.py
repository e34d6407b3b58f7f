"""A process is killed at every single instant of a removal, a re-index and a switch."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import media
import pytest
from conftest import Draw
from steered import opened

from indexer.engine import Engine

HERE = Path(__file__).parent
PLANNED = {"a": 4, "b": 1}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> Path:
    """A data folder with two videos of 4 and 1 segments, the first one sent, the other in place."""
    folder = tmp_path_factory.mktemp("indexed")
    content = draw(folder / "a.mp4", 9.7, 1).read_bytes()
    with opened(folder / "data", 0) as engine:
        engine.add_upload([content], "a.mp4", len(content))
        engine.add_files([draw(folder / "b.mp4", 2, 2)])
        finish(engine)
    return folder / "data"


def finish(engine: Engine) -> None:
    engine.worker.start()
    assert engine.worker.wait(120)


def dies(data_dir: Path, deed: str, number: int) -> bool:
    """Do it until the event of this number; whether there was one."""
    command = [sys.executable, str(HERE / "steered.py"), str(data_dir), deed, str(number)]
    path = os.pathsep.join([str(HERE.parent.parent), str(HERE)])
    ended = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in (0, -9), ended.stderr
    return ended.returncode == -9


def at_every_instant(indexed: Path, folder: Path, deed: str, check: Callable[[Path], None]) -> None:
    """Die at each event in turn, each time on a fresh copy, and look at what is left of it."""
    for number in itertools.count(1):
        data_dir = folder / f"{deed}{number}"
        subprocess.run(["cp", "-a", str(indexed), str(data_dir)], check=True)
        died = dies(data_dir, deed, number)
        check(data_dir)
        if not died:
            break
    assert number > 8


def test_a_removal_is_never_half_done(indexed: Path, tmp_path: Path) -> None:
    def check(data_dir: Path) -> None:
        with opened(data_dir, 0) as engine:
            finish(engine)
            titles = {video.title for video in engine.library.videos()}
            assert titles in ({"a", "b"}, {"b"})
            assert engine.store.count() == sum(PLANNED[title] for title in titles)
            assert len(engine.store.videos()) == len(titles)
            assert engine.library.removals() == []
            assert len(list((data_dir / "media").iterdir())) == len(titles)

    at_every_instant(indexed, tmp_path, "remove", check)


def test_a_video_that_is_indexed_again_is_whole_in_the_end(indexed: Path, tmp_path: Path) -> None:
    def check(data_dir: Path) -> None:
        with opened(data_dir, 0) as engine:
            finish(engine)
            videos = engine.library.videos()
            assert {video.title: video.segments_done for video in videos} == PLANNED
            assert {engine.store.count(video.video_id) for video in videos} == {4, 1}
            assert engine.store.count() == 5
            assert not any(video.redo for video in videos)

    at_every_instant(indexed, tmp_path, "reindex", check)


def test_what_is_stored_of_a_damaged_video_is_taken_back(
    indexed: Path, draw: Draw, tmp_path: Path
) -> None:
    whole, ruined = draw(tmp_path / "whole.mp4", 30, 3), tmp_path / "ruined.mp4"
    ruined.write_bytes(media.noise_after(0.4)(whole.read_bytes()))

    def check(data_dir: Path) -> None:
        with opened(data_dir, 0) as engine:
            engine.add_files([ruined])
            finish(engine)
            (failed,) = engine.library.videos("failed")
            assert (failed.error_code, failed.segments_done) == ("corrupt", 0)
            assert engine.store.count() == engine.serving.queue.segments() == 5
            assert len(list((data_dir / "media").rglob("*.jpg"))) == 2 * 5

    at_every_instant(indexed, tmp_path, "ruin", check)


def test_one_whole_collection_serves_at_every_instant_of_a_switch(
    indexed: Path, tmp_path: Path
) -> None:
    def check(data_dir: Path) -> None:
        with opened(data_dir, 1) as engine:
            assert engine.store.count() == 5  # the old one or the new
            assert {video.state for video in engine.library.videos()} == {"done"}
            current = (data_dir / "index" / "CURRENT").read_text()
            assert current in {one.fingerprint for one in engine.collections()}
            finish(engine)
            assert engine.building is None
            assert engine.embedder.weights_id == "untrained1"
            assert engine.store.count() == 5
            assert [one.role for one in engine.collections()] == ["serving", "old"]
            assert (data_dir / "index" / "CURRENT").read_text() == engine.serving.key

    at_every_instant(indexed, tmp_path, "switch", check)
