"""Folders that are followed: real files that come, grow, move, change, go and come back."""

import errno
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import Draw
from disks import Disks
from patience import prompt
from placed import asking

from encoder.embedder import Embedder
from indexer import folders, intake, settling, watch
from indexer.content import Content, read_content
from indexer.database import Database
from indexer.engine import Engine
from indexer.errors import LibraryError, no_room
from indexer.library import Video
from indexer.queue import Queue
from indexer.settings import Settings

PATIENCE = 60.0
QUIET = 0.3
POSIX = os.name == "posix"


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


class Followed:
    """An engine that follows a folder, and everything it said and read."""

    def __init__(self, folder: Path, settings: Settings, embedder: Embedder) -> None:
        self.folder = folder
        self.told: list[str] = []
        self.read: list[str] = []
        self._open = lambda: Engine(settings, embedder, self.told.append)
        self.engine = self._open()

    def begin(self) -> None:
        self.engine.worker.start()
        self.engine.watch(self.folder)

    def restart(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.engine.close()
        meanwhile()
        self.engine = self._open()
        self.begin()

    def titles(self) -> set[str]:
        return {video.title for video in self.engine.library.videos() if not video.missing}

    def missing(self) -> set[str]:
        return {video.title for video in self.engine.library.videos() if video.missing}

    def found(self) -> set[str]:
        """What a search brings up."""
        anything = np.ones(self.engine.embedder.dim, np.float32)
        answer = self.engine.search.ask(asking(anything))
        return {answer.videos[moment.video_id].title for moment in answer.moments}

    def ready(self, *titles: str) -> None:
        until(lambda: self.found() == set(titles) and self.engine.worker.wait(0))

    def video(self, title: str) -> Video:
        return next(one for one in self.engine.library.videos() if one.title == title)

    def rounds(self, count: int = 3) -> None:
        """Wait until the folder was gone through some more times."""
        passed = threading.Semaphore(0)
        followed = self.engine._watch._followed[0]
        go_through = followed._round

        def counted() -> None:
            go_through()
            passed.release()

        followed._round = counted  # type: ignore[method-assign]
        for _ in range(count):
            assert passed.acquire(timeout=PATIENCE)
        followed._round = go_through  # type: ignore[method-assign]


@pytest.fixture
def followed(
    data_dir: Path, tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Followed]:
    monkeypatch.setattr(watch, "AT_LEAST", 0.1)
    monkeypatch.setattr(watch, "OF_A_CORE", 1)
    monkeypatch.setattr(watch, "OF_TIME", 1)
    monkeypatch.setattr(settling, "QUIET", QUIET)
    folder = tmp_path / "videos"
    folder.mkdir()
    following = Followed(folder, Settings(data_dir=data_dir, model="toy"), embedder)

    def counted(path: Path, check: intake.Check) -> Content:
        following.read.append(path.name)
        return read_content(path, check)

    monkeypatch.setattr(intake, "read_content", counted)
    yield following
    following.engine.close()


# What comes.


def test_what_is_there_and_what_comes_later_is_taken_in_and_never_touched(
    followed: Followed, draw: Draw
) -> None:
    def untouched() -> dict[str, tuple[int, int, bytes]]:
        paths = [path for path in followed.folder.rglob("*") if path.is_file()]
        return {
            path.name: (path.stat().st_mtime_ns, path.stat().st_mode, path.read_bytes())
            for path in paths
        }

    draw(followed.folder / "first.mp4", 2)
    followed.begin()
    followed.ready("first")
    draw(followed.folder / "new" / "second.mp4", 2, 1)
    (followed.folder / "notes.txt").write_text("no video")
    (followed.folder / ".hidden.mp4").write_bytes(b"not to be seen")
    before = untouched()
    followed.ready("first", "second")
    assert followed.read == ["first.mp4", "second.mp4"]
    assert untouched() == before


def test_a_file_is_waited_for_while_it_is_written(followed: Followed, draw: Draw) -> None:
    content = draw(followed.folder.parent / "whole.mp4", 3).read_bytes()
    followed.begin()
    size = len(content) // 12
    with (followed.folder / "slow.mp4").open("wb") as file:
        for first in range(0, len(content), size):
            file.write(content[first : first + size])
            file.flush()
            time.sleep(QUIET / 3)
        assert followed.read == []
        assert followed.titles() == set()
    followed.ready("slow")
    assert followed.read == ["slow.mp4"]


def test_a_file_that_grows_while_it_is_read_waits_on(
    followed: Followed, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = draw(followed.folder.parent / "whole.mp4", 2).read_bytes()
    place = followed.folder / "a.mp4"
    place.write_bytes(content[:1000])

    def grow() -> None:
        if place.stat().st_size < len(content):
            place.write_bytes(content)

    monkeypatch.setattr(intake, "read_content", lambda path, check: read_content(path, grow))
    followed.begin()
    followed.ready("a")
    assert len(followed.engine.library.videos()) == 1
    assert any("still being written" in line for line in followed.told)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_text_is_followed_like_any_other(followed: Followed, draw: Draw) -> None:
    path = os.fsdecode(os.fsencode(followed.folder) + b"/caf\xe9.mp4")
    drawn = draw(followed.folder.parent / "a.mp4", 1)
    followed.begin()
    drawn.rename(path)
    followed.ready("caf\ufffd")
    os.remove(path)
    until(lambda: followed.missing() == {"caf\ufffd"})


@pytest.mark.skipif(not POSIX, reason="links and pipes of POSIX")
def test_what_is_refused_is_said_once(followed: Followed, draw: Draw, tmp_path: Path) -> None:
    inside = draw(followed.folder / "inside.mp4", 1)
    (followed.folder / "out.mp4").symlink_to(draw(tmp_path / "outside.mp4", 1, 1))
    (followed.folder / "in.mp4").symlink_to(inside)
    (followed.folder / "round").symlink_to(followed.folder)
    os.mkfifo(followed.folder / "pipe.mp4")
    followed.begin()
    followed.ready("inside")
    followed.rounds(5)
    told = sorted(followed.told)
    assert len(told) == 2
    assert "out.mp4 is a link to a file outside" in told[0]
    assert "pipe.mp4: This is a pipe, not a regular file." in told[1]


def test_what_is_no_folder_is_named(followed: Followed) -> None:
    with pytest.raises(LibraryError, match="is not a folder"):
        followed.engine.watch(followed.folder / "nowhere")
    assert followed.engine.watched == {}


def test_a_folder_within_a_followed_one_is_not_followed_twice(followed: Followed) -> None:
    (followed.folder / "within").mkdir()
    followed.begin()
    followed.engine.watch(followed.folder / "within")
    assert followed.engine.watched == {followed.folder: True}


# What moves and changes.


def test_a_renamed_file_keeps_its_segments_and_is_never_hidden(
    followed: Followed, draw: Draw
) -> None:
    path = draw(followed.folder / "old.mp4", 2)
    followed.begin()
    followed.ready("old")
    before = followed.video("old")
    path.rename(followed.folder / "new.mp4")
    hidden = 0
    while followed.titles() != {"new"}:
        hidden += followed.titles() == set()
        time.sleep(0.01)
    assert hidden == 0
    now = followed.video("new")
    assert (now.video_id, now.added_at, now.spent) == (
        before.video_id,
        before.added_at,
        before.spent,
    )
    assert now.path == followed.folder / "new.mp4"
    followed.ready("new")
    followed.rounds()
    assert followed.titles() == {"new"}


def test_a_folder_that_moves_is_not_read_again(followed: Followed, draw: Draw) -> None:
    for number in range(3):
        draw(followed.folder / "here" / f"{number}.mp4", 1, number)
    followed.begin()
    followed.ready("0", "1", "2")
    (followed.folder / "here").rename(followed.folder / "there")
    until(lambda: {v.path.parent.name for v in followed.engine.library.videos()} == {"there"})
    followed.rounds()
    assert followed.titles() == {"0", "1", "2"}
    assert sorted(followed.read) == ["0.mp4", "1.mp4", "2.mp4"]


def test_new_content_takes_the_place_of_the_old(followed: Followed, draw: Draw) -> None:
    path = draw(followed.folder / "a.mp4", 2)
    followed.begin()
    followed.ready("a")
    old = followed.video("a").video_id
    os.replace(draw(followed.folder.parent / "other.mp4", 2, 1), path)
    until(lambda: [one.video_id for one in followed.engine.library.videos()] not in ([], [old]))
    followed.ready("a")
    assert len(followed.engine.library.videos()) == 1
    assert set(followed.engine.store.videos()) == {followed.video("a").video_id}


# What goes, and comes back.


def test_a_file_that_is_taken_out_is_hidden_and_back_without_work(
    followed: Followed, draw: Draw, tmp_path: Path
) -> None:
    path = draw(followed.folder / "a.mp4", 2)
    draw(followed.folder / "b.mp4", 2, 1)
    followed.begin()
    followed.ready("a", "b")
    before = followed.video("a")
    path.rename(tmp_path / "elsewhere.mp4")
    until(lambda: followed.missing() == {"a"})
    assert followed.found() == {"b"}
    assert followed.engine.store.count(before.video_id) == before.segments_done
    (tmp_path / "elsewhere.mp4").rename(path)
    followed.ready("a", "b")
    assert sorted(followed.read) == ["a.mp4", "b.mp4"]
    assert followed.video("a").spent == before.spent


def test_a_file_may_come_back_elsewhere(followed: Followed, draw: Draw, tmp_path: Path) -> None:
    path = draw(followed.folder / "a.mp4", 2)
    followed.begin()
    followed.ready("a")
    spent = followed.video("a").spent
    path.rename(tmp_path / "away.mp4")
    until(lambda: followed.missing() == {"a"})
    (followed.folder / "deep").mkdir()
    (tmp_path / "away.mp4").rename(followed.folder / "deep" / "back.mp4")
    followed.ready("back")
    assert followed.video("back").spent == spent


def test_a_video_is_played_from_its_copy_wherever_that_lies(
    followed: Followed, draw: Draw, tmp_path: Path
) -> None:
    path = draw(followed.folder / "a.mp4", 2)
    shutil.copy(path, followed.folder / "copy.mp4")
    followed.begin()
    followed.ready("a")
    until(lambda: len(followed.read) == 2)
    path.unlink()
    until(lambda: followed.titles() == {"copy"})
    followed.engine.add_files([Path(shutil.copy(followed.folder / "copy.mp4", tmp_path / "c.mp4"))])
    (followed.folder / "copy.mp4").unlink()
    until(lambda: followed.titles() == {"c"})
    followed.rounds()
    assert followed.missing() == set()


def test_what_happened_while_nobody_looked_is_noticed(
    followed: Followed, draw: Draw, tmp_path: Path
) -> None:
    gone = draw(followed.folder / "gone.mp4", 1)
    moved = draw(followed.folder / "moved.mp4", 1, 1)
    followed.begin()
    followed.ready("gone", "moved")

    def meanwhile() -> None:
        gone.rename(tmp_path / "gone.mp4")
        moved.rename(followed.folder / "there.mp4")
        draw(followed.folder / "new.mp4", 1, 2)

    followed.restart(meanwhile)
    followed.ready("there", "new")
    until(lambda: followed.missing() == {"gone"})
    followed.restart(lambda: (tmp_path / "gone.mp4").rename(gone))
    followed.ready("there", "new", "gone")
    assert followed.read.count("gone.mp4") == 1


def test_what_a_person_removed_stays_away_wherever_it_lies(followed: Followed, draw: Draw) -> None:
    path = draw(followed.folder / "a.mp4", 1)
    followed.begin()
    followed.ready("a")
    followed.engine.remove(followed.video("a").video_id)
    path.rename(followed.folder / "b.mp4")
    until(lambda: followed.read == ["a.mp4", "b.mp4"])
    followed.restart()
    followed.rounds(5)
    assert followed.engine.library.videos() == []
    assert followed.read == ["a.mp4", "b.mp4"]  # known at its new place


def test_a_video_that_goes_while_it_is_indexed_holds_up_nobody(
    followed: Followed, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = draw(followed.folder / "long.mp4", 25)
    gone = threading.Event()
    checkpoint = Queue.checkpoint

    def held(self: Queue, video_id: str, segments: int, seconds: float) -> None:
        """So that it is still being indexed when it goes, however fast the machine is."""
        checkpoint(self, video_id, segments, seconds)
        assert gone.wait(PATIENCE)

    monkeypatch.setattr(Queue, "checkpoint", held)
    followed.begin()
    until(lambda: followed.titles() and followed.video("long").segments_done)
    long.rename(tmp_path / "long.mp4")
    until(lambda: followed.missing() == {"long"})
    gone.set()
    until(lambda: followed.engine.worker.wait(0))
    assert followed.video("long").state == "queued"  # called off, though its file is still open
    draw(followed.folder / "other.mp4", 1, 1)
    followed.ready("other")
    (tmp_path / "long.mp4").rename(long)
    followed.ready("long", "other")


# What only looks like a loss.


def test_a_folder_that_is_away_takes_nothing_with_it(
    followed: Followed, draw: Draw, tmp_path: Path
) -> None:
    draw(followed.folder / "a.mp4", 2)
    followed.begin()
    followed.ready("a")
    followed.folder.rename(tmp_path / "renamed")
    until(lambda: followed.engine.watched == {followed.folder: False})
    followed.rounds()
    assert followed.found() == {"a"}
    assert len([line for line in followed.told if "may be unplugged" in line]) == 1
    followed.restart()  # a folder that was there once may be named while it is away
    followed.rounds()
    assert followed.found() == {"a"}
    draw(tmp_path / "renamed" / "b.mp4", 2, 1)
    (tmp_path / "renamed").rename(followed.folder)
    followed.ready("a", "b")
    assert followed.read.count("a.mp4") == 1


def test_a_video_that_failed_for_want_of_its_drive_is_tried_again_when_that_is_back(
    followed: Followed, draw: Draw, tmp_path: Path
) -> None:
    draw(followed.folder / "a.mp4", 2)
    followed.engine.watch(followed.folder)  # nothing is indexed yet
    until(lambda: followed.titles() == {"a"})
    followed.folder.rename(tmp_path / "renamed")
    followed.engine.worker.start()
    until(lambda: followed.video("a").state == "failed")
    until(lambda: followed.engine.watched == {followed.folder: False})
    (tmp_path / "renamed").rename(followed.folder)
    followed.ready("a")


@pytest.mark.parametrize(
    ("code", "state"),
    [("gave_up", "failed"), ("decoder_timeout", "failed"), ("io_error", "done")],
)
def test_a_start_tries_again_only_what_was_out_of_reach(
    followed: Followed, draw: Draw, code: str, state: str
) -> None:
    draw(followed.folder / "a.mp4", 2)
    followed.begin()
    followed.ready("a")
    followed.engine.serving.queue.mark_failed(followed.video("a").video_id, "Why.", code, "read")
    followed.restart()
    followed.rounds(10)  # longer than a file is left to come to rest
    until(lambda: followed.video("a").state == state and followed.engine.worker.wait(0))
    followed.engine.add_files([followed.folder / "a.mp4"])  # a person
    until(lambda: followed.video("a").state == "done")


def test_an_empty_place_on_another_disk_is_an_unplugged_drive(
    followed: Followed, draw: Draw
) -> None:
    path = draw(followed.folder / "a.mp4", 1)
    followed.begin()
    followed.ready("a")

    def on_another_disk() -> None:
        path.unlink()
        with_disk(followed, "another")

    followed.restart(on_another_disk)
    followed.rounds(5)
    assert followed.missing() == set()
    assert followed.found() == {"a"}


def test_a_drive_with_a_new_number_is_known_by_its_files(followed: Followed, draw: Draw) -> None:
    path = draw(followed.folder / "a.mp4", 1)
    draw(followed.folder / "b.mp4", 1, 1)
    followed.begin()
    followed.ready("a", "b")

    def renumbered() -> None:
        path.unlink()
        with_disk(followed, "another")

    followed.restart(renumbered)
    until(lambda: followed.missing() == {"a"})
    assert followed.found() == {"b"}
    assert followed.read == ["a.mp4", "b.mp4"]


def with_disk(followed: Followed, disk: str) -> None:
    """Make the library believe that every file was seen on this disk."""
    database = Database(followed.engine.settings.data_dir / "library.db")
    database.rows("UPDATE files SET disk = ?", disk)
    database.close()


def test_a_disk_that_is_unmounted_and_comes_back_under_another_number(
    followed: Followed, draw: Draw, tmp_path: Path, disks: Disks
) -> None:
    disk = followed.folder / "disk"
    disk.mkdir()
    disks.plug(disk)
    for number in range(3):
        shutil.copy2(draw(tmp_path / f"{number}.mp4", 1, number), disk)
    draw(followed.folder / "own.mp4", 1, 9)
    followed.begin()
    followed.ready("0", "1", "2", "own")
    disks.unplug(disk)
    followed.rounds(5)
    assert followed.found() == {"0", "1", "2", "own"}
    disks.plug(disk)
    for number in range(2):
        shutil.copy2(tmp_path / f"{number}.mp4", disk)
    until(lambda: followed.missing() == {"2"})
    assert len(followed.read) == 4


def test_a_folder_that_cannot_be_read_takes_nothing_with_it(
    followed: Followed, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = draw(followed.folder / "deep" / "a.mp4", 1)
    followed.begin()
    followed.ready("a")
    scandir = os.scandir

    def in_trouble(folder: str) -> object:
        if str(folder).endswith("deep"):
            raise OSError(errno.EIO, "Input/output error", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", in_trouble)
    path.unlink()
    followed.rounds()
    assert followed.missing() == set()
    assert len([line for line in followed.told if "deep could not be read" in line]) == 1
    monkeypatch.setattr(os, "scandir", scandir)
    until(lambda: followed.missing() == {"a"})


# Many files, and an end.


def test_hundreds_of_files_at_once_are_read_one_by_one_and_block_nobody(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, overlaps, most = threading.Lock(), 0, 0.0

    def one_by_one(path: Path, check: intake.Check) -> Content:
        nonlocal overlaps
        overlaps += at_once.locked()
        with at_once:
            followed.read.append(path.name)
            return read_content(path, check)

    monkeypatch.setattr(intake, "read_content", one_by_one)
    followed.engine.pause()
    other = followed.folder.parent / "more"
    for folder in (followed.folder, other):
        for number in range(150):
            path = folder / f"{number % 7}" / f"{number}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.urandom(100_000))
    followed.begin()
    followed.engine.watch(other)
    while len(followed.titles()) < 150 or len(followed.engine.library.videos()) < 300:
        begun = time.monotonic()
        followed.engine.library.page()
        most = max(most, time.monotonic() - begun)
        time.sleep(0.01)
    assert overlaps == 0
    assert most < prompt()
    assert len(followed.read) == 300
    shutil.rmtree(followed.folder / "0")
    until(lambda: len(followed.missing()) == 22)


def test_the_end_waits_neither_for_a_large_file_nor_for_a_large_folder(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (followed.folder / "large.mp4").open("wb") as file:
        file.truncate(100 << 30)  # it takes no room on the disk, but long to read
    followed.begin()
    until(lambda: followed.read)
    threads = threading.active_count()
    begun = time.monotonic()
    followed.engine.close()
    assert time.monotonic() - begun < prompt()
    assert threading.active_count() < threads

    def endless(folder: Path, skip: Path) -> Iterator[folders.Listing]:
        while True:
            yield folders.Listing(str(folder), {}, [])

    monkeypatch.setattr(watch, "listings", endless)
    begun = time.monotonic()
    followed.restart()
    followed.engine.close()
    assert time.monotonic() - begun < prompt()
    assert not [one for one in threading.enumerate() if one.name.startswith("watch")]


def test_a_full_disk_is_waited_out(
    followed: Followed, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, failures = followed.engine.library.add, iter([no_room(), no_room()])

    def full(*facts: object, **more: object) -> Video:
        for failure in failures:
            raise failure
        return add(*facts, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(followed.engine.library, "add", full)
    draw(followed.folder / "a.mp4", 1)
    followed.begin()
    followed.ready("a")
