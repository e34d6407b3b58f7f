"""The disk under a data folder: tables of mounts, network disks, read-only places, no room."""

import errno
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import portalocker
import pytest
from conftest import Draw
from disks import Disks

from encoder.embedder import Embedder
from indexer import ground
from indexer.content import Content
from indexer.database import Database
from indexer.engine import Engine
from indexer.errors import DiskFull, StoreLocked, StoreUnavailable
from indexer.ground import TO_START, check_ground, kind_of_disk, network_disk
from indexer.library import Library
from indexer.ownership import Ownership
from indexer.settings import Settings
from indexer.status import status_of

CONTENT = Content("0" * 64, 1, 1)
TABLE = r"""
sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0
/dev/nvme0n1p2 / ext4 rw,relatime,errors=remount-ro 0 0
//nas/films /mnt/films cifs rw,relatime,vers=3.1.1,addr=10.0.0.2 0 0
nas:/export /mnt/films/new nfs4 rw,relatime,vers=4.2,hard,addr=10.0.0.2 0 0
nas:/photos /mnt/my\040photos\134old nfs rw,vers=3,addr=10.0.0.2 0 0
me@host:/home/me /home/me/there fuse.sshfs rw,nosuid,nodev,user_id=1000 0 0
C:\134 /mnt/c 9p rw,noatime,aname=drvfs;path=C:\134 0 0
/dev/sdb1 /media/me/STICK vfat rw,nosuid,nodev,uid=1000 0 0
/dev/sdc1 /mnt/drive fuseblk rw,nosuid,user_id=0 0 0
nas:/export /covered nfs4 rw 0 0
tmpfs /covered tmpfs rw 0 0
""".strip()


def seen(database: Path) -> str:
    """How SQLite keeps the journal of a file."""
    raw = sqlite3.connect(database)
    (mode,) = raw.execute("PRAGMA journal_mode").fetchone()
    raw.close()
    return str(mode)


# What a table of mounts tells.


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/home/me/data", "ext4"),
        ("/mnt/films", "cifs"),
        ("/mnt/films/old/data", "cifs"),
        ("/mnt/films/new/data", "nfs4"),
        ("/mnt/filmsnew", "ext4"),
        ("/mnt/my photos\\old/data", "nfs"),
        ("/home/me/there/data", "fuse.sshfs"),
        ("/mnt/c/Users/me", "9p"),
        ("/media/me/STICK/data", "vfat"),
        ("/mnt/drive", "fuseblk"),
        ("/covered/data", "tmpfs"),
    ],
)
def test_the_disk_under_a_path_is_the_nearest_and_latest_mount(path: str, kind: str) -> None:
    assert kind_of_disk(path, TABLE) == kind


def test_a_table_that_makes_no_sense_tells_nothing() -> None:
    assert kind_of_disk("/home", "") is None
    assert kind_of_disk("/home", "\n\n/dev/sda1\nnonsense / \n") in (None, "")


@pytest.fixture
def on_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | None], None]:
    """Makes this system say that a folder lies on a network disk, or that none does."""
    table = tmp_path / "mounts"

    def _on_network(folder: Path | None) -> None:
        line = "" if folder is None else f"nas:/export {os.path.realpath(folder)} nfs4 rw 0 0\n"
        table.write_text(f"/dev/sda1 / ext4 rw 0 0\n{line}")

    monkeypatch.setattr(ground, "MOUNTS", table)
    return _on_network


def test_a_system_without_a_table_counts_every_disk_as_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ground, "MOUNTS", tmp_path / "nowhere")
    assert network_disk(tmp_path) is None


# A network disk.


def test_a_network_disk_is_told_of_in_one_sentence(
    data_dir: Path, on_network: Callable[[Path | None], None]
) -> None:
    told: list[str] = []
    on_network(None)
    check_ground(data_dir, told.append)
    assert told == []
    on_network(data_dir)
    check_ground(data_dir, told.append)
    assert len(told) == 1
    for words in (str(data_dir), "nfs4", "backups", "--data-dir"):
        assert words in told[0]


def test_the_library_on_a_network_disk_needs_no_shared_memory(
    data_dir: Path, tmp_path: Path, on_network: Callable[[Path | None], None]
) -> None:
    path = data_dir / "library.db"
    on_network(data_dir)
    database = Database(path)
    Library(database, "f0").add(tmp_path, "a", False, CONTENT)
    assert seen(path) == "truncate" or seen(path) == "delete"  # both are one to a reader
    beside = Database(path, read_only=True)
    assert [video.title for video in Library(beside, "f0").videos()] == ["a"]
    assert not list(data_dir.glob("library.db-shm")) + list(data_dir.glob("library.db-wal"))
    Library(database, "f0").set_missing(CONTENT.video_id, True)  # the reader holds up nobody
    assert Library(beside, "f0").videos()[0].missing
    beside.close()
    database.close()


def test_a_library_that_is_moved_to_a_network_disk_and_back_keeps_what_was_written_last(
    data_dir: Path, tmp_path: Path, on_network: Callable[[Path | None], None]
) -> None:
    on_network(None)
    database = Database(tmp_path / "library.db")
    Library(database, "f0").add(tmp_path, "a", False, CONTENT)
    for name in ("library.db", "library.db-wal"):  # as a killed process leaves them
        (data_dir / name).write_bytes((tmp_path / name).read_bytes())
    database.close()
    path = data_dir / "library.db"
    assert seen(tmp_path / "library.db") == "wal"
    on_network(data_dir)
    database = Database(path)
    assert [video.title for video in Library(database, "f0").videos()] == ["a"]
    assert {one.name for one in data_dir.iterdir()} <= {"library.db", "library.db-journal"}
    database.close()
    on_network(None)
    Database(path).close()
    assert seen(path) == "wal"


def test_a_disk_that_cannot_lock_is_not_mistaken_for_another_prismsearch(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise portalocker.LockException(OSError(errno.ENOLCK, "No locks available"))

    monkeypatch.setattr(portalocker, "lock", no_locks)
    with pytest.raises(StoreUnavailable, match="cannot keep two programs apart"):
        check_ground(data_dir)


def test_another_owner_is_named_before_a_model_is_loaded(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("encoder.embedder.Embedder.load", None)
    held = Ownership.of(data_dir)
    with pytest.raises(StoreLocked, match="Another PrismSearch is using"):
        Engine.open(Settings(data_dir=data_dir, model="toy"))
    held.release()


# What must not be written.


def everything_in(folder: Path) -> dict[Path, tuple[float, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.mark.parametrize("name", [".", "library.db", "index", "media", "uploads"])
def test_what_cannot_be_written_is_named_and_nothing_changes(
    name: str,
    data_dir: Path,
    open_engine: Callable[..., Engine],
    disks: Disks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_engine().close()
    for folder in ("index", "media", "uploads"):
        (data_dir / folder).mkdir(exist_ok=True)
    before = everything_in(data_dir)
    disks.freeze(data_dir / name)
    monkeypatch.setattr("encoder.embedder.Embedder.load", None)  # nothing gets that far
    with pytest.raises(StoreUnavailable) as refused:
        Engine.open(Settings(data_dir=data_dir, model="toy"))
    assert str(refused.value).startswith(f"{data_dir / name} cannot be written. Nothing was")
    assert everything_in(data_dir) == before


def test_a_library_that_must_not_be_written_is_refused_by_whoever_would(
    data_dir: Path, disks: Disks
) -> None:
    path = data_dir / "library.db"
    Database(path).close()
    disks.freeze(path)
    with pytest.raises(StoreUnavailable, match=r"library\.db cannot be written"):
        Database(path)


def test_a_library_on_a_read_only_disk_can_be_looked_at(
    data_dir: Path, tmp_path: Path, disks: Disks
) -> None:
    database = Database(data_dir / "library.db")
    Library(database, "f0").add(tmp_path, "a", False, CONTENT)
    database.close()
    disks.freeze(data_dir)
    status = status_of(data_dir)
    assert status is not None
    assert status.progress.counts == {"queued": 1}
    assert {path.name for path in data_dir.iterdir()} == {"library.db"}


# No room.


def test_a_disk_without_room_is_named_before_anything_is_made(
    tmp_path: Path, disks: Disks, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    disks.plug(small, TO_START // ground.MIB - 1)
    monkeypatch.setattr("encoder.embedder.Embedder.load", None)
    with pytest.raises(DiskFull, match="63 MiB left; 64 MiB are needed to start") as refused:
        Engine.open(Settings(data_dir=small, model="toy"))
    assert "What is stored is safe." in str(refused.value)
    assert list(small.iterdir()) == []


def test_a_full_disk_is_named_by_whoever_opens_the_library(tmp_path: Path, disks: Disks) -> None:
    full = tmp_path / "full"
    full.mkdir()
    disks.plug(full, 1)
    fill(full, leave=0)
    with pytest.raises(DiskFull, match="then start again"):
        Database(full / "library.db")


def test_indexing_on_a_disk_that_fills_up_waits_and_goes_on_by_itself(
    tmp_path: Path, disks: Disks, embedder: Embedder, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.worker.PAUSE", 0.2)
    disk = tmp_path / "disk"
    disk.mkdir()
    disks.plug(disk, 400)
    check_ground(disk / "data")
    with Engine(Settings(data_dir=disk / "data", model="toy"), embedder) as engine:
        fill(disk, leave=TO_START)
        (video,) = engine.add_files([draw(tmp_path / "a.mp4", 2)]).videos
        engine.worker.start()
        end = time.monotonic() + 60
        while engine.status().waiting is None and time.monotonic() < end:
            time.sleep(0.05)
        assert "The disk is full." in (engine.status().waiting or "")
        (disk / "filling").unlink()
        assert engine.worker.wait(60)
        assert engine.library.need(video.video_id).state == "done"
    fill(disk, leave=TO_START + 4 * ground.MIB)
    check_ground(disk / "data")
    with Engine(Settings(data_dir=disk / "data", model="toy"), embedder) as engine:
        assert engine.store.count() > 0  # with as much room as a start asks for, it starts


def fill(disk: Path, leave: int) -> None:
    """Fill a disk but for so many bytes."""
    with (disk / "filling").open("wb", buffering=0) as file:
        with suppress(OSError):
            while True:
                file.write(b"x" * (1 << 18))
        file.truncate(max(0, file.tell() - leave))
