"""What the parent lives through: children that stop, die, wait, or are left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import media
import pytest

from indexer import decoding
from indexer.decoding import Limits, Request
from indexer.errors import VideoError
from indexer.parent import Child
from indexer.reader import FrameReader, probe, read_frames

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and /proc")
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.write(tmp_path_factory.mktemp("reader") / "video.mp4")


def large_frames(video: Path, limits: Limits | None = None) -> FrameReader:
    """A reader whose samples do not fit into a pipe: the child waits after the first ones."""
    return read_frames(video, pixels=288, limits=limits)


def pid_of(frames: FrameReader) -> int:
    return frames._child._process.pid


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(happened: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_a_look_at_a_file_shows_life_before_it_has_an_answer(video: Path) -> None:
    with Child(Request(str(video))) as child:
        message = child._next()
    assert message == (decoding.ALIVE, b"")


def test_a_stuck_decoder_is_stopped(video: Path) -> None:
    with large_frames(video, Limits(silence=6)) as frames:
        next(frames)
        os.kill(pid_of(frames), signal.SIGSTOP)
        with pytest.raises(VideoError) as caught:
            list(frames)
        assert caught.value.code == "decoder_timeout"
        assert caught.value.retryable
        assert not alive(pid_of(frames))


@pytest.mark.parametrize(
    ("number", "code", "reason"),
    [
        (signal.SIGKILL, "decoder_crashed", "SIGKILL"),
        (signal.SIGSEGV, "decoder_crashed", "SIGSEGV"),
        (signal.SIGXCPU, "decoder_timeout", "time on the processor"),
    ],
)
def test_a_dying_decoder_is_an_error_not_an_end(
    video: Path, number: int, code: str, reason: str
) -> None:
    with large_frames(video) as frames:
        next(frames)
        os.kill(pid_of(frames), number)
        with pytest.raises(VideoError, match=reason) as caught:
            list(frames)
    assert caught.value.code == code


def test_leaving_early_leaves_nothing_behind(video: Path) -> None:
    threads = threading.active_count()
    with large_frames(video) as frames:
        next(frames)
    assert not alive(pid_of(frames))
    with pytest.raises(KeyError), large_frames(video) as frames:
        raise KeyError
    assert not alive(pid_of(frames))
    wait_until(lambda: threading.active_count() <= threads)


def test_a_child_may_end_while_it_is_being_ended(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with large_frames(video) as frames:
        next(frames)
        process = frames._child._process
        process.kill()
        process.wait()
        monkeypatch.setattr(process, "poll", lambda: None)  # as it was a moment before


@needs_proc
def test_what_somebody_else_closed_is_an_error_of_the_video(video: Path) -> None:
    """As it is when a video is removed between two of its frames."""
    with large_frames(video) as frames:
        next(frames)
        frames.__exit__(None, None, None)
        with pytest.raises(VideoError) as caught:
            next(frames)
    assert caught.value.code == "decoder_crashed"


def test_a_pausing_consumer_stops_the_decoder(video: Path) -> None:
    """It neither decodes ahead nor grows, and goes on afterwards."""

    def stat(pid: int) -> list[str]:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()

    def idle(pid: int) -> bool:
        before = stat(pid)
        time.sleep(0.5)
        after = stat(pid)
        computed = (before[11], before[12]) != (after[11], after[12])
        return after[0] == "S" and not computed

    with large_frames(video) as frames:
        next(frames)
        pid = pid_of(frames)
        wait_until(lambda: idle(pid))
        resident = int(stat(pid)[21]) * os.sysconf("SC_PAGE_SIZE")
        assert resident < 300 * 2**20
        assert len(list(frames)) == 9


CONSUMER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from indexer.reader import read_frames
with read_frames(Path(sys.argv[2]), pixels=288) as frames:
    next(frames)
    print(frames._child._process.pid, flush=True)
    time.sleep(60)
"""


def test_a_killed_consumer_leaves_no_child(video: Path, root: Path) -> None:
    command = [sys.executable, "-c", CONSUMER, str(root), str(video)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as consumer:
        assert consumer.stdout is not None
        pid = int(consumer.stdout.readline())
        assert alive(pid)
        consumer.kill()
    wait_until(lambda: not running(pid))


def running(pid: int) -> bool:
    """Whether a process that is not ours to wait for still does anything."""
    status = Path(f"/proc/{pid}/stat")
    if not status.exists():
        return alive(pid)
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@needs_proc
def test_the_child_knows_no_secret_and_is_limited(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QDRANT_API_KEY", "secret")
    with large_frames(video) as frames:
        next(frames)
        process = Path(f"/proc/{pid_of(frames)}")
        assert b"secret" not in (process / "environ").read_bytes()
        limits = (process / "limits").read_text()
        assert os.getpgid(pid_of(frames)) == pid_of(frames)
    soft = {line[:25].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert soft["Max address space"] == str(4 * 2**30)
    assert soft["Max core file size"] == soft["Max file size"] == "0"
    assert soft["Max open files"] == "64"
    assert 60 < int(soft["Max cpu time"]) < 600


def test_the_child_lets_others_go_first(video: Path) -> None:
    with large_frames(video) as frames:
        next(frames)
        steps = os.getpriority(os.PRIO_PROCESS, pid_of(frames)) - os.getpriority(os.PRIO_PROCESS, 0)
        assert steps == min(10, 19 - os.getpriority(os.PRIO_PROCESS, 0))
        # In a session of its own that would mean nothing: Linux shares between sessions first.
        assert os.getsid(pid_of(frames)) == os.getsid(0)


@pytest.mark.parametrize("spare", [-20, 20])
def test_too_little_memory_is_told(tmp_path: Path, spare: int) -> None:
    """Neither the libraries fit, nor pictures of 33 million pixels into what those leave over."""
    large = media.write(
        tmp_path / "large.avi",
        [media.numbered(1, 8000, 4000)],
        codec="mjpeg",
        pixels="yuvj420p",
        options={"qmin": "30"},
    )
    with pytest.raises(VideoError) as caught:
        probe(large, Limits(memory=libraries_need() + spare * 2**20))
    assert caught.value.code == "out_of_memory"
    assert probe(large).width == 8000


def libraries_need() -> int:
    """Bytes of address space of a child that has loaded what it decodes with."""
    program = (
        "import indexer.video; "
        "print(next(line for line in open('/proc/self/status') if 'VmPeak' in line).split()[1])"
    )
    checkout = str(Path(__file__).parents[2])
    command = [
        sys.executable,
        "-I",
        "-c",
        f"import sys; sys.path.insert(0, {checkout!r}); {program}",
    ]
    # Not by our environment: the children have another, and it decides how much is reserved.
    result = subprocess.run(command, capture_output=True, check=True, env={"PATH": os.defpath})
    return int(result.stdout) * 1024


@pytest.fixture(params=["-dash.mp4", "two\nlines.mp4", "spaß 影片.mp4", "$(x) 'q' \"d\".mp4"])
def oddly_named(request: pytest.FixtureRequest, video: Path, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    path.write_bytes(video.read_bytes())
    return path


def test_any_file_name_will_do(oddly_named: Path) -> None:
    assert probe(oddly_named).codec == "h264"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_text_will_do(video: Path, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.mp4"))
    path.write_bytes(video.read_bytes())
    assert probe(path).codec == "h264"


def test_several_videos_are_read_beside_each_other(video: Path) -> None:
    def numbers(_: int) -> list[int]:
        with read_frames(video, pixels=72) as frames:
            return [media.number_of(sample.pixels) for sample in frames]

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(numbers, range(3)))
    assert results == [[0, 12, 25, 37, 50, 62, 75, 87, 100, 112]] * 3


def test_after_the_end_comes_nothing(video: Path) -> None:
    with read_frames(video, pixels=72) as frames:
        assert frames.summary is None
        assert len(list(frames)) == 10
        assert list(frames) == []
        assert frames.summary is not None
