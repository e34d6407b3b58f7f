"""Bytes that somebody sends: what is promised, kept, gone on with, handed over and given up."""

import errno
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import DiskFull, UnknownUpload, UploadConflict, UploadRefused
from indexer.partial import PATIENCE, Partial
from indexer.uploads import Uploads

LIMIT = 10**6
Free = Callable[[int], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


@pytest.fixture
def uploads(folder: Path) -> Uploads:
    return Uploads(folder, 0)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Free:
    """Say how many bytes of the disk are free."""
    usage = shutil.disk_usage(tmp_path)

    def _free(count: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=count))

    return _free


def begin(uploads: Uploads, content: bytes, arrived: int = 0, name: str = "a.mp4") -> Partial:
    """An upload of some content, of which a part has arrived."""
    partial = uploads.open(name, len(content), LIMIT)
    if arrived:
        partial.append(0, content[:arrived])
    return partial


def taken(path: Path, name: str) -> str:
    """Takes a file over as the library does: it is moved, and named by what is in it."""
    video_id = hashlib.sha256(path.read_bytes()).hexdigest()
    path.rename(path.parent.parent / video_id)
    return video_id


def full(source: Path, target: Path) -> None:
    """What a full disk says to a file that is to be put in its place."""
    raise OSError(errno.ENOSPC, "No space left on device")


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Going on.


@given(
    content=st.binary(min_size=1, max_size=3000),
    steps=st.lists(st.tuples(st.integers(1, 900), st.sampled_from(["go on", "restart", "repeat"]))),
)
def test_however_it_is_cut_it_arrives_as_it_was(
    content: bytes, steps: list[tuple[int, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("data") / "uploads"
    uploads = Uploads(folder, 0)
    upload_id = begin(uploads, content).upload_id
    for size, what in steps:
        if what == "restart":
            uploads = Uploads(folder, 0)
        partial = uploads.get(upload_id)
        start = partial.arrived
        piece = content[start : start + size]
        assert partial.append(start, piece) == start + len(piece)
        if what == "repeat" and piece:
            with pytest.raises(UploadConflict):
                partial.append(start, piece)
    partial = Uploads(folder, 0).get(upload_id)
    assert partial.path.read_bytes() == content[: partial.arrived]
    partial.append(partial.arrived, content[partial.arrived :])
    assert partial.path.read_bytes() == content


def test_what_is_known_of_an_upload_outlives_the_process(folder: Path) -> None:
    name = "нет\u202e ../\n\x00💥 .mp4"
    before = Uploads(folder, 0).open(name, 1000, LIMIT, metadata="filename QQ==, x")
    before.append(0, b"x" * 300)
    after = Uploads(folder, 0).get(before.upload_id)
    assert (after.note, after.arrived, after.missing) == (before.note, 300, 700)


def test_ids_are_names_in_a_table_and_never_paths(uploads: Uploads, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"name": "a", "length": 1}')
    (tmp_path / "secret.part").write_text("")
    for upload_id in ("../secret", str(tmp_path / "secret"), "", ".", "%2e%2e/secret", "a\x00"):
        for verb in (uploads.get, uploads.drop):
            with pytest.raises(UnknownUpload, match="Send the file from its start"):
                verb(upload_id)
    assert len({uploads.open("a", 1, 1).upload_id for _ in range(50)}) == 50


def test_never_more_than_was_announced(uploads: Uploads) -> None:
    partial = begin(uploads, b"x" * 100, arrived=60)
    with pytest.raises(UploadRefused, match="announced with 100 bytes"):
        partial.append(60, b"x" * 41)
    with pytest.raises(UploadRefused):
        uploads.check(partial.upload_id, 60, 41)
    with pytest.raises(UploadConflict, match="goes on at byte 60"):
        uploads.check(partial.upload_id, 0, 10)
    assert partial.path.stat().st_size == partial.arrived == 60


def test_two_senders_at_once_cannot_mix_their_bytes(uploads: Uploads) -> None:
    content = os.urandom(40_000)
    partial = begin(uploads, content)

    def send(size: int) -> int:
        refused = 0
        while partial.missing:
            start = partial.arrived
            try:
                partial.append(start, content[start : start + size])
            except UploadConflict:
                refused += 1
        return refused

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, (37, 41, 101, 97)))
    assert partial.path.read_bytes() == content


def test_a_disk_that_fills_up_keeps_what_went_in(uploads: Uploads) -> None:
    partial = begin(uploads, b"x" * 100, arrived=60)
    partial.path.rename(partial.path.with_suffix(".kept"))
    partial.path.symlink_to("/dev/full")
    with pytest.raises(DiskFull):
        partial.append(60, b"x" * 40)
    partial.path.with_suffix(".kept").replace(partial.path)
    assert partial.append(60, b"y" * 40) == 100
    assert partial.path.read_bytes() == b"x" * 60 + b"y" * 40


def test_a_write_that_goes_in_by_half_counts_by_half(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    partial = begin(uploads, b"x" * 100, arrived=60)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (75, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            partial.append(60, b"x" * 40)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert partial.arrived == partial.path.stat().st_size == 75


# Room.


def test_too_much_is_refused_before_its_first_byte(folder: Path, free: Free) -> None:
    uploads = Uploads(folder, min_free_bytes=1000)
    free(1999)
    with pytest.raises(UploadRefused, match="at most 1 MiB"):
        uploads.open("a.mp4", LIMIT + 1, LIMIT)
    with pytest.raises(DiskFull, match=r"the disk cannot hold\. Remove"):
        uploads.open("a.mp4", 1000, LIMIT)
    uploads.open("a.mp4", 999, LIMIT)
    assert len(files(folder)) == 2


def test_what_was_promised_to_one_is_not_promised_to_another(uploads: Uploads, free: Free) -> None:
    free(10 << 20)
    first = uploads.open("a.mp4", 6 << 20, 10**9)
    with pytest.raises(DiskFull, match="with 6 MiB of other uploads to come"):
        uploads.open("b.mp4", 5 << 20, 10**9)
    with pytest.raises(DiskFull), uploads.receive(iter([]), 5 << 20, 10**9):
        pass
    first.append(0, bytes(4 << 20))
    free(6 << 20)  # it lies on the disk now, and 2 MiB are still to come
    with pytest.raises(DiskFull):
        uploads.open("b.mp4", 5 << 20, 10**9)
    second = uploads.open("b.mp4", 4 << 20, 10**9)
    uploads.drop(first.upload_id)
    uploads.open("c.mp4", 2 << 20, 10**9)
    uploads.drop(second.upload_id)
    uploads.open("d.mp4", 4 << 20, 10**9)


def test_an_upload_in_one_piece_counts_while_it_comes(uploads: Uploads, free: Free) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x" * 400
        uploads.open("a.mp4", 400, LIMIT)
        with pytest.raises(DiskFull):
            uploads.open("b.mp4", 1, LIMIT)
        yield b"x" * 600

    free(1000)
    with uploads.receive(chunks(), 1000, LIMIT) as received:
        assert received.sha256 == hashlib.sha256(b"x" * 1000).hexdigest()


def test_many_who_ask_at_once_are_promised_no_more_than_there_is(
    uploads: Uploads, free: Free
) -> None:
    free(1000)
    together = threading.Barrier(8)

    def ask(number: int) -> bool:
        together.wait()
        try:
            uploads.open(f"{number}.mp4", 300, LIMIT)
        except DiskFull:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 3


def test_going_on_needs_room_too(uploads: Uploads, free: Free) -> None:
    partial = begin(uploads, b"x" * 100, arrived=10)
    free(89)
    with pytest.raises(DiskFull, match="What has arrived is safe"):
        uploads.check(partial.upload_id, 10, 90)
    free(90)
    assert uploads.check(partial.upload_id, 10, 90) is partial


def test_an_upload_that_cannot_even_begin_leaves_nothing(
    uploads: Uploads, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DiskFull, match="already is safe"):
        uploads.open("a.mp4", 100, LIMIT)
    assert files(folder) == []
    assert uploads.complete() == []


# Handing over.


def test_a_complete_upload_is_handed_over_once(uploads: Uploads, folder: Path) -> None:
    partial = begin(uploads, b"x" * 100, arrived=100, name="my film.mp4")
    other = begin(uploads, b"x" * 100, arrived=99)
    assert uploads.complete() == [partial.upload_id]
    adopted = []

    def adopt(path: Path, name: str) -> str:
        adopted.append(name)
        time.sleep(0.05)
        return taken(path, name)

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(lambda _: uploads.finish(partial.upload_id, adopt), range(4)))
    assert (ids, adopted) == ({hashlib.sha256(b"x" * 100).hexdigest()}, ["my film.mp4"])
    assert uploads.complete() == []
    assert files(folder) == sorted([partial.noted.name, other.noted.name, other.path.name])
    again = Uploads(folder, 0)
    assert {again.finish(partial.upload_id, adopt)} == ids
    assert (adopted, again.get(partial.upload_id).missing) == (["my film.mp4"], 0)


def test_what_the_library_knew_already_is_not_kept_twice(uploads: Uploads, folder: Path) -> None:
    partial = begin(uploads, b"x" * 100, arrived=100)
    uploads.finish(partial.upload_id, lambda path, name: "known")
    assert files(folder) == [partial.noted.name]


def test_a_library_that_fails_may_be_asked_again(uploads: Uploads, folder: Path) -> None:
    def fails(path: Path, name: str) -> str:
        raise DiskFull("no room for the library")

    partial = begin(uploads, b"x" * 100, arrived=100)
    with pytest.raises(DiskFull):
        uploads.finish(partial.upload_id, fails)
    after = Uploads(folder, 0)
    assert after.complete() == [partial.upload_id]
    assert after.finish(partial.upload_id, taken) == hashlib.sha256(b"x" * 100).hexdigest()


def test_a_note_that_could_not_be_written_is_remembered(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial = begin(uploads, b"x" * 100, arrived=100)

    def adopt(path: Path, name: str) -> str:
        monkeypatch.setattr(os, "replace", full)
        return taken(path, name)

    with pytest.raises(DiskFull):
        uploads.finish(partial.upload_id, adopt)
    assert uploads.finish(partial.upload_id, taken) == hashlib.sha256(b"x" * 100).hexdigest()


# Giving up.


def test_what_is_stopped_is_gone_and_its_sender_is_told(uploads: Uploads, folder: Path) -> None:
    partial = begin(uploads, b"x" * 100, arrived=60)
    uploads.drop(partial.upload_id)
    assert files(folder) == []
    for late in (lambda: partial.append(60, b"x"), partial.settle):
        with pytest.raises(UnknownUpload):
            late()
    assert files(folder) == []


def test_what_does_not_grow_for_a_day_is_given_up(
    uploads: Uploads, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = begin(uploads, b"x" * 100, arrived=1)
    growing = begin(uploads, b"x" * 100, arrived=1)
    begun = time.monotonic()
    monkeypatch.setattr(time, "time", lambda: 4e9)  # somebody sets the clock: nothing happens
    uploads.sweep()
    monkeypatch.setattr(time, "monotonic", lambda: begun + PATIENCE / 2)
    growing.append(1, b"x")
    monkeypatch.setattr(time, "monotonic", lambda: begun + PATIENCE + 10)
    uploads.open("new.mp4", 1, 1)
    assert growing.patience == pytest.approx(PATIENCE / 2 - 10)
    assert uploads.get(growing.upload_id) is growing
    assert not still.path.exists()
    with pytest.raises(UnknownUpload):
        uploads.get(still.upload_id)


@pytest.mark.parametrize(
    ("age", "left"), [(PATIENCE + 60, None), (PATIENCE / 2, PATIENCE / 2), (-1e6, PATIENCE)]
)
def test_a_restart_counts_the_time_between(folder: Path, age: float, left: float | None) -> None:
    """A negative age is that of a clock which was set back meanwhile: it must not count."""
    partial = begin(Uploads(folder, 0), b"x" * 100, arrived=50)
    done = begin(Uploads(folder, 0), b"x", arrived=1)
    Uploads(folder, 0).finish(done.upload_id, taken)
    for path in (partial.path, done.noted):
        os.utime(path, (time.time() - age,) * 2)
    after = Uploads(folder, 0)
    if left is None:
        assert files(folder) == []
    else:
        for one in (partial, done):
            assert after.get(one.upload_id).patience == pytest.approx(left, abs=5)


def test_what_nothing_can_go_on_with_is_swept_at_the_start(folder: Path) -> None:
    before = Uploads(folder, 0)
    kept = begin(before, b"x" * 100, arrived=50)
    torn, lost, grown, done = (begin(before, b"x" * 9, arrived=9) for _ in range(4))
    torn.noted.write_text('{"name": "a')
    lost.path.unlink()
    grown.path.write_bytes(b"x" * 10)
    before.finish(done.upload_id, lambda path, name: "known")
    done.path.write_bytes(b"x" * 9)  # killed before it could be deleted
    (folder / "tmp123").write_bytes(b"of an example")
    (folder / f"{kept.upload_id}.fresh").touch()
    (folder / f"{'0' * 32}.part").touch()
    (folder / "mine.json").write_text(kept.noted.read_text())
    (folder / "mine.part").touch()
    (folder / "@made by the system").mkdir()
    after = Uploads(folder, 0)
    names = [kept.path.name, kept.noted.name, done.noted.name, "@made by the system"]
    assert files(folder) == sorted(names)
    assert after.get(kept.upload_id).arrived == 50


def test_an_example_leaves_nothing(uploads: Uploads, folder: Path) -> None:
    with uploads.receive(iter([b"x" * 10]), 10, 10) as received:
        assert files(folder) == [received.path.name]
    with pytest.raises(UploadRefused), uploads.receive(iter([b"x" * 9]), 10, 10):
        pass
    assert files(folder) == []
