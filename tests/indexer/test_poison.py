"""Files that do harm cost three attempts at most, and nobody who waits behind them."""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import Draw
from placed import asking

from indexer import pipeline, process
from indexer.decoding import Limits
from indexer.engine import Engine
from indexer.library import Video

HERE = Path(__file__).parent
PATIENCE = 300.0
LENGTH = 20.0  # seconds of each poisoned video: 40 samples, 9 segments


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Puts the child of poisoned.py in the place of the real one; counts what is opened."""
    start = f"import sys; sys.path[:0] = [sys.argv[1], {str(HERE)!r}]; from poisoned import main; "
    monkeypatch.setattr(process, "_START", f"{start}main(sys.argv[2])")
    counts, read_frames = Counter[str](), pipeline.read_frames

    def counted(path: Path, **rest: Any) -> Any:
        counts[path.stem] += 1
        # The good ones must not be given up because the machine is busy.
        silence = {"spin": 1.0, "hang": 3.0}.get(path.stem.split()[0], 60.0)
        limits = Limits(silence=silence, memory=2 << 30)
        return read_frames(path, **rest, limits=limits)

    monkeypatch.setattr(pipeline, "read_frames", counted)
    monkeypatch.setattr(pipeline, "decoders", lambda: 1)  # attempts alone are counted
    return counts


def indexed(engine: Engine, draw: Draw, folder: Path, *names: str) -> dict[str, Video]:
    """Index poisoned videos and, behind them, two good ones; what became of each."""
    for seed, name in enumerate((*names, "x good", "y good")):
        draw(folder / f"{name}.mp4", LENGTH if name in names else 5, seed)
    engine.add_folder(folder)
    engine.worker.start()
    assert engine.worker.wait(PATIENCE)
    videos = {video.title: video for video in engine.library.videos()}
    for video in videos.values():
        assert engine.store.count(video.video_id) == video.segments_done
    good = [videos.pop("x good"), videos.pop("y good")]
    assert [(video.state, video.note, video.segments_done) for video in good] == [
        ("done", None, 2),
        ("done", None, 2),
    ]
    return videos


def test_what_harms_at_once_is_set_aside_with_the_reason_and_the_step(
    engine: Engine, draw: Draw, tmp_path: Path, opened: Counter[str]
) -> None:
    videos = indexed(
        engine, draw, tmp_path / "v", "crash at open", "spin at open", "leave at 3", "eat at 3"
    )
    told = {
        title: (video.state, video.error_code, video.step, opened[title])
        for title, video in videos.items()
    }
    assert told == {
        "crash at open": ("failed", "decoder_crashed", "open", 3),
        "spin at open": ("failed", "decoder_timeout", "open", 3),
        "leave at 3": ("failed", "decoder_crashed", "read", 3),
        "eat at 3": ("failed", "out_of_memory", "read", 1),  # it would need as much again
    }
    for title, words in {
        "crash at open": "ended by SIGSEGV",
        "spin at open": "no sign of life for 1 s",
        "leave at 3": "ended by SIGABRT",
        "eat at 3": "more memory than is allowed",
    }.items():
        assert words in str(videos[title].note)
        assert "The file was not changed and the other videos go on." in str(videos[title].note)


def test_what_harms_later_keeps_what_was_read_before(
    engine: Engine, draw: Draw, tmp_path: Path, opened: Counter[str]
) -> None:
    # Samples 0 to 19 fill the windows from 0, 4, 8 and 12; the last of them would be the video's
    # end if nothing followed, so it awaits one more.
    for title, video in indexed(
        engine, draw, tmp_path / "v", "crash at 20", "hang at 20", "eat at 20"
    ).items():
        assert (video.state, video.segments_done, video.attempts) == ("done", 3, 0), title
        assert str(video.note).startswith("Only 8.0 of 20.0 s could be read. ")
        assert "the other videos go on" in str(video.note)
        vector = engine.store.segments(video.video_id)[0].vector
        assert len(engine.search.heatmap(video.video_id, asking(vector)).starts) == 3
        # One attempt that got further, and three that did not; memory is not tried again.
        assert opened[title] == (1 if title == "eat at 20" else 4), title


def test_what_only_complains_is_indexed_to_its_end(
    engine: Engine, draw: Draw, tmp_path: Path, opened: Counter[str]
) -> None:
    (video,) = indexed(engine, draw, tmp_path / "v", "rave at 10").values()
    assert (video.state, video.note, video.segments_done) == ("done", None, 9)
    assert opened["rave at 10"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes as Linux lists them")
@pytest.mark.parametrize("harm", ["hang", "spin"])
def test_a_child_that_is_stuck_does_not_outlive_a_killed_program(
    draw: Draw, tmp_path: Path, root: Path, harm: str
) -> None:
    path = draw(tmp_path / f"{harm} at open.mp4", 1)
    program = subprocess.Popen(
        [sys.executable, "-c", _READING, str(root), str(HERE), str(path)], stdout=subprocess.PIPE
    )
    with program:
        assert program.stdout is not None
        child = int(program.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        program.kill()
    deadline = time.monotonic() + 20
    while is_running(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


_READING = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from indexer import process, reader
begin = f"import sys; sys.path[:0] = [sys.argv[1], {sys.argv[2]!r}]; from poisoned import main; "
process._START = begin + "main(sys.argv[2])"
child = reader.read_frames(Path(sys.argv[3]), pixels=72)._child
with child:
    print(child._process.pid, flush=True)
    child.receive()
"""
