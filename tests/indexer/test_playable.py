"""Copies on request: one at a time, joined, bounded, removed and given up at any moment."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import media
import pytest
from patience import prompt

from indexer.copies import Copies
from indexer.copy_queue import CopyQueue, Job
from indexer.decoding import Probe
from indexer.engine import Engine
from indexer.formats import Plays
from indexer.playable import Playable, Playback
from indexer.reader import probe
from indexer.records import Video

PLENTY = 10**9  # bytes
GIB = 2**30


def video(path: Path, plays: Plays | None) -> Video:
    """A video as the library tells it."""
    return Video(
        video_id=hashlib.sha256(str(path).encode()).hexdigest(),
        title=path.stem,
        path=path,
        managed=False,
        size=path.stat().st_size,
        duration=None,
        width=None,
        height=None,
        added_at=0.0,
        recorded_at=None,
        folder=None,
        tags=(),
        plays=plays,
        missing=False,
        state="done",
        step=None,
        note=None,
        error_code=None,
        segments_planned=0,
        segments_done=0,
        attempts=0,
        spent=0.0,
        front=0,
        redo=False,
    )


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("originals")
    media.write(folder / "good.mp4", media.clip(30), muxer={"movflags": "faststart"})
    media.write(folder / "packed.mkv", media.clip(30))
    media.write(folder / "old.avi", media.clip(30), codec="mpeg4")
    long = [media.numbered(n, 640, 480) for n in range(50)] * 16
    media.write(folder / "long.avi", long, codec="mpeg4", options={"b": "2M"})
    (folder / "none.avi").write_text("only words")
    return folder


@pytest.fixture
def good(originals: Path) -> Video:
    return video(originals / "good.mp4", "as_is")


@pytest.fixture
def packed(originals: Path) -> Video:
    return video(originals / "packed.mkv", "remux")


@pytest.fixture
def old(originals: Path) -> Video:
    return video(originals / "old.avi", "transcode")


@pytest.fixture
def long(originals: Path) -> Video:
    return video(originals / "long.avi", "transcode")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def playable(root: Path) -> Iterator[Playable]:
    playable = Playable(root, PLENTY)
    yield playable
    playable.close()


def wait_for(look: Callable[[], Playback], *states: str) -> Playback:
    deadline = time.monotonic() + 60
    while (now := look()).state not in states:
        assert time.monotonic() < deadline, now
        time.sleep(0.02)
    return now


def ready(playable: Playable, one: Video, failed: bool = False) -> Playback:
    return wait_for(lambda: playable.look(one, failed), "ready")


def files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_what_plays_as_it_is_needs_no_copy(playable: Playable, good: Video, root: Path) -> None:
    assert playable.make(good) == playable.look(good) == Playback("ready", "as_is", 1.0)
    assert playable.file(good) == good.path
    assert files(root) == []


@pytest.mark.parametrize("name", ["packed", "old"])
def test_a_copy_is_made_on_request(
    playable: Playable, name: str, root: Path, request: pytest.FixtureRequest
) -> None:
    one: Video = request.getfixturevalue(name)
    assert playable.look(one) == Playback("needed", one.plays)
    assert playable.file(one) is None
    assert playable.make(one).state in ("waiting", "making")
    assert ready(playable, one).how == one.plays
    copy = playable.file(one)
    assert copy == root / one.video_id / "playable.mp4"
    assert probe(copy).plays == "as_is"
    assert files(root) == ["playable.mp4"]


def test_a_file_that_nobody_looked_at_is_looked_at(
    playable: Playable, originals: Path, root: Path
) -> None:
    assert playable.look(video(originals / "good.mp4", None)).how == "as_is"
    assert playable.look(video(originals / "packed.mkv", None)).how == "remux"
    assert playable.file(video(originals / "good.mp4", None)) == originals / "good.mp4"
    found = playable.make(video(originals / "none.avi", None))
    assert (found.state, found.how) == ("failed", None)
    assert found.message is not None
    assert found.message.startswith("The content is not a video")


def test_a_file_is_looked_at_once_however_many_ask(
    playable: Playable, originals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Path] = []

    def counted(path: Path) -> Probe:
        looks.append(path)
        return probe(path)

    monkeypatch.setattr("indexer.playable.probe", counted)
    asked = [video(originals / name, None) for name in ("good.mp4", "none.avi")] * 3
    with ThreadPoolExecutor(6) as threads:
        states = [one.state for one in threads.map(playable.look, asked)]
    assert states == ["ready", "failed"] * 3
    assert sorted(looks) == [originals / "good.mp4", originals / "none.avi"]
    for _ in range(2):
        playable.look(replace(asked[0], video_id="b" * 64, path=originals / "gone.mp4"))
    assert looks[2:] == [originals / "gone.mp4"] * 2  # it may come back


def test_who_asks_again_waits_for_the_same_copy(playable: Playable, long: Video) -> None:
    playable.make(long)
    begun = wait_for(lambda: playable.look(long), "making")
    job = playable._queue.find(long.video_id, anew=True)
    for _ in range(3):
        again = playable.make(long)
        assert again.state == "making"
        assert again.share >= begun.share
        assert playable._queue.find(long.video_id, anew=True) is job


def test_a_copy_that_gets_whole_while_one_looks_is_ready(
    playable: Playable, old: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a look for the copy and one for who makes it."""
    find = CopyQueue.find

    def slow(self: CopyQueue, video_id: str, anew: bool) -> Job | None:
        deadline = time.monotonic() + 60
        while find(self, video_id, anew) is not None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return None

    monkeypatch.setattr(CopyQueue, "find", slow)
    assert playable.make(old).state == "ready"


def test_what_was_asked_for_last_comes_first(
    playable: Playable, long: Video, packed: Video, old: Video
) -> None:
    playable.make(long)
    wait_for(lambda: playable.look(long), "making")
    assert playable.make(old).state == "waiting"
    assert playable.make(packed).state == "waiting"
    ready(playable, packed)
    assert playable.look(long).state == "ready"
    order = [one.version for one in (playable.look(packed), ready(playable, old))]
    assert order == sorted(order, key=lambda version: version or 0)


def test_why_a_copy_failed_is_told_until_it_is_asked_for_again(
    playable: Playable, originals: Path, root: Path
) -> None:
    one = video(originals / "none.avi", "transcode")
    playable.make(one)
    now = wait_for(lambda: playable.look(one), "failed")
    assert "not a video" in (now.message or "")
    assert playable.make(one).state != "ready"
    wait_for(lambda: playable.look(one), "failed")
    assert files(root) == []


def test_a_browser_that_fails_on_a_good_file_gets_a_copy(playable: Playable, good: Video) -> None:
    assert playable.look(good, failed=True).state == "needed"
    playable.make(good, failed=True)
    assert ready(playable, good, failed=True).how == "transcode"
    assert playable.file(good) == good.path  # everyone else gets the file itself
    copy = playable.file(good, copy=True)
    assert copy is not None
    assert copy.name == "playable.mp4"


def test_a_browser_that_fails_on_a_packed_copy_gets_new_pictures(
    playable: Playable, packed: Video
) -> None:
    playable.make(packed)
    first = ready(playable, packed)
    assert playable.make(packed, failed=True).state in ("waiting", "making")
    second = ready(playable, packed, failed=True)
    assert second.version != first.version
    assert playable.make(packed, failed=True) == second  # better than that there is none


def test_removing_a_video_deletes_its_copy(playable: Playable, old: Video, root: Path) -> None:
    playable.make(old)
    ready(playable, old)
    playable.remove(old.video_id)
    assert files(root) == []
    assert playable.look(old).state == "needed"


@pytest.mark.parametrize("end", ["remove", "close"])
def test_a_copy_in_the_making_is_given_up_at_once(
    playable: Playable, long: Video, old: Video, root: Path, end: str
) -> None:
    playable.make(long)
    wait_for(lambda: playable.look(long), "making")
    while not playable.look(long).share:
        time.sleep(0.02)
    job = playable._queue.find(long.video_id, anew=True)
    assert job is not None
    assert job.copier is not None
    playable.make(old)
    begun = time.monotonic()
    if end == "close":
        playable.close()
        assert playable.make(old).state == "needed"  # nothing more is begun
    else:
        playable.remove(long.video_id)
        ready(playable, old)
        playable.remove(old.video_id)
    assert time.monotonic() - begun < (1 if end == "close" else 4) * prompt()
    assert job.copier._child._process.poll() is not None
    assert files(root) == []
    assert playable.look(long).state == "needed"


def test_a_removed_video_takes_its_copy_along(engine: Engine, originals: Path) -> None:
    """Also one in the making."""
    for name in ("old.avi", "long.avi"):
        (one,) = engine.add_files([originals / name]).videos
        assert one.plays is None
        engine.playable.make(one)
        wait_for(lambda: engine.playable.look(one), "ready" if name == "old.avi" else "making")  # noqa: B023
        engine.remove(one.video_id)
        assert files(engine.settings.data_dir / "media") == []
        assert (originals / name).exists()


def test_too_little_room_is_one_clear_sentence(root: Path, old: Video) -> None:
    for limit, spare, told in (
        (2000, 0, "GiB that are set aside"),
        (PLENTY, 10**18, "disk is full"),
    ):
        playable = Playable(root, limit, spare)
        playable.make(old)
        now = wait_for(lambda: playable.look(old), "failed")  # noqa: B023
        assert told in (now.message or "")
        assert files(root) == []
        playable.close()


# --- what is kept ---------------------------------------------------------------------------


def keep(copies: Copies, video_id: str, size: int = 1000) -> None:
    """What a copier would have written becomes a copy."""
    path, most = copies.begin(video_id, size)
    assert size <= most
    path.write_bytes(bytes(size))
    copies.finish(video_id)


def unused(root: Path, video_id: str, seconds: float) -> None:
    path = root / video_id / "playable.mp4"
    os.utime(path, (time.time() - seconds, path.stat().st_mtime))


def kept(root: Path) -> set[str]:
    return {path.parent.name for path in root.glob("*/playable.mp4")}


@pytest.fixture
def copies(root: Path) -> Copies:
    root.mkdir()
    return Copies(root, 3500)


def test_the_longest_unused_copy_goes_first(copies: Copies, root: Path) -> None:
    for age, name in enumerate("cba"):
        keep(copies, name)
        unused(root, name, 10_000 + age)
    assert copies.use("a") is not None
    again = Copies(root, 3500)  # the order survives a restart
    keep(again, "d")
    assert kept(root) == {"a", "c", "d"}
    keep(again, "e")
    assert kept(root) == {"a", "d", "e"}


def test_what_is_being_watched_stays(copies: Copies, root: Path) -> None:
    for name in "abc":
        keep(copies, name)
    unused(root, "b", 10_000)
    keep(copies, "d")
    assert copies.begin("e", 1000) == (root / "e" / "playable.mp4.partial", 500)
    assert kept(root) == {"a", "c", "d"}
    for name in "acd":
        unused(root, name, 10_000)
    keep(copies, "f", 1000)
    assert sum(path.stat().st_size for path in root.glob("*/*.mp4")) <= 3500


def test_a_clock_that_was_set_back_keeps_no_copy(copies: Copies, root: Path) -> None:
    for name in "ab":
        keep(copies, name)
    unused(root, "a", -10_000)
    copies.begin("c", 2000)
    assert kept(root) == {"b"}


def test_a_copy_may_have_what_the_others_leave(copies: Copies, root: Path) -> None:
    for name in "ab":
        keep(copies, name)
    assert copies.begin("c", 1000)[1] == 1500
    unused(root, "a", 10_000)
    assert copies.begin("c", 2000)[1] == 2500


def test_using_a_copy_does_not_change_what_it_is(copies: Copies, root: Path) -> None:
    keep(copies, "a")
    unused(root, "a", 10_000)
    before = (root / "a" / "playable.mp4").stat().st_mtime_ns
    assert copies.use("a") == root / "a" / "playable.mp4"
    after = (root / "a" / "playable.mp4").stat()
    assert after.st_mtime_ns == before
    assert time.time() - after.st_atime < 100
    assert copies.use("nobody") is None


def test_leftovers_of_a_dead_process_are_swept(root: Path) -> None:
    (root / "a" / "posters").mkdir(parents=True)
    (root / "a" / "playable.mp4.partial").write_bytes(b"half")
    (root / "a" / "source.mp4").write_bytes(b"mine")
    (root / "a" / "playable.mp4").write_bytes(b"whole")
    Copies(root, PLENTY)
    assert files(root) == ["playable.mp4", "source.mp4"]
