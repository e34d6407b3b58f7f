"""A process that indexes is killed at many instants; nothing is lost, doubled or begun anew."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Draw

from indexer.engine import Engine

HERE = Path(__file__).parent
# Videos of 1, 4 and 14 segments: a run has about 110 events to die at.
LENGTHS = {"short": 2.0, "middle": 9.7, "long": 29.9}
PLANNED = {"short": 1, "middle": 4, "long": 14}
EVENTS = 110


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> Path:
    folder = tmp_path_factory.mktemp("kills") / "videos"
    for seed, (name, seconds) in enumerate(LENGTHS.items()):
        draw(folder / f"{name}.mp4", seconds, seed)
    return folder


def index(data_dir: Path, videos: Path, number: int) -> tuple[bool, list[tuple[str, int]]]:
    """Run until the end or the kill; whether it was killed, and what it opened for reading."""
    command = [sys.executable, str(HERE / "killed.py"), str(data_dir), str(videos), str(number)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(HERE.parent.parent), str(HERE)]),
        # Programs that one run compiled serve the others.
        "JAX_COMPILATION_CACHE_DIR": str(videos.parent / "programs"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode in (0, -9), ended.stderr
    lines = [line.split() for line in ended.stdout.splitlines()]
    return ended.returncode == -9, [
        (name.removesuffix(".mp4"), int(first)) for _, name, first in lines
    ]


def check_rounds(
    data_dir: Path, videos: Path, instants: list[int], open_engine: Callable[..., Engine]
) -> None:
    """Kill at each instant in turn, over one data folder, then let it finish and count."""
    done: set[str] = set()
    for instant in instants:
        killed, opened = index(data_dir, videos, instant)
        assert done.isdisjoint(name for name, _ in opened), "a finished video was read again"
        with open_engine() as engine:
            known = engine.library.videos()
            done = {video.title for video in known if video.state == "done"}
            for video in known:
                stored = [one.index for one in engine.store.outline(video.video_id)]
                assert engine.store.count(video.video_id) == len(stored), "a segment twice"
                assert stored == list(range(len(stored))), "a segment lost or twice"
                assert video.segments_done <= len(stored), "acknowledged and gone"
                assert (video.title not in done) or len(stored) == PLANNED[video.title]
        if not killed:
            break
    _, opened = index(data_dir, videos, 0)
    assert done.isdisjoint(name for name, _ in opened)
    with open_engine() as engine:
        assert {v.title: engine.store.count(v.video_id) for v in engine.library.videos()} == PLANNED
        assert engine.library.counts() == {"done": 3}
        assert all(
            engine.poster(video.video_id, index) and engine.strip(video.video_id, index)
            for video in engine.library.videos()
            for index in range(PLANNED[video.title])
        )


@pytest.mark.timeout(600)
def test_kills_at_a_few_instants(
    data_dir: Path, videos: Path, open_engine: Callable[..., Engine]
) -> None:
    check_rounds(data_dir, videos, [7, 25, 31], open_engine)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(20))
def test_kills_at_many_instants(
    data_dir: Path, videos: Path, open_engine: Callable[..., Engine], seed: int
) -> None:
    chance = random.Random(seed)
    check_rounds(data_dir, videos, [chance.randrange(1, EVENTS) for _ in range(4)], open_engine)


def test_a_resumed_video_is_read_from_where_it_was_left(data_dir: Path, videos: Path) -> None:
    (videos.parent / "one").mkdir(exist_ok=True)
    alone = videos.parent / "one" / "long.mp4"
    alone.write_bytes((videos / "long.mp4").read_bytes())
    # begin 2, open 2, describe 2, expect 2, then 4 for each segment: dead after the eighth.
    killed, opened = index(data_dir, alone.parent, 8 + 8 * 4)
    assert killed
    assert opened == [("long", 0)]
    killed, opened = index(data_dir, alone.parent, 0)
    assert not killed
    assert opened == [("long", 7 * 4 + 1)]


def test_a_video_at_which_the_program_dies_three_times_is_set_aside(
    data_dir: Path, videos: Path, open_engine: Callable[..., Engine]
) -> None:
    for _ in range(3):
        assert index(data_dir, videos, 3) == (True, [("long", 0)])  # as it is opened
    killed, opened = index(data_dir, videos, 0)
    assert not killed
    assert {name for name, _ in opened} == {"middle", "short"}
    with open_engine() as engine:
        known = {video.title: video for video in engine.library.videos()}
        assert {title: video.state for title, video in known.items()} == {
            "long": "failed",
            "middle": "done",
            "short": "done",
        }
        assert (known["long"].error_code, known["long"].step) == ("gave_up", "open")
        assert "ended the program 3 times" in str(known["long"].note)
        assert engine.store.count() == PLANNED["middle"] + PLANNED["short"]
