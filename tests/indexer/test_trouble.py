"""What lies outside of any video goes wrong: nothing is lost, it is said in one sentence, and as
soon as it passes all goes on by itself, at no video's expense."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Draw
from disks import Disks, full
from patience import PATIENCE, prompt, until
from qdrant_stub import API_KEY, Stub, serving

from encoder.errors import EncoderError
from indexer import database as database_module
from indexer import worker as worker_module
from indexer.database import Database
from indexer.engine import Engine
from indexer.errors import DiskFull, LibraryBusy
from indexer.media import Media
from indexer.upkeep.backup import write_backup
from indexer.uploads import Uploads

TOY = Path(__file__).resolve().parent.parent.parent / "assets" / "toy" / "toy_lvt.npz"
local_mode = pytest.mark.filterwarnings(
    "ignore:Payload indexes have no effect", "ignore:Local mode performs exact"
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for is looked at again soon."""
    monkeypatch.setattr(worker_module, "PAUSE", 0.1)


def finish(engine: Engine, segments: int) -> None:
    """All is indexed in the end, at no video's expense, and nothing is waited for."""
    assert engine.worker.wait(PATIENCE)
    for video in engine.library.videos():
        assert (video.state, video.attempts, video.note) == ("done", 0, None)
    assert engine.store.count() == engine.serving.queue.segments() == segments
    assert engine.status().waiting is None


def add_facts(database: Database, count: int) -> None:
    with database.together():
        for number in range(count):
            database.rows("REPLACE INTO facts (name, value) VALUES (?, ?)", str(number), "2" * 99)


@pytest.fixture
def disk(tmp_path: Path, disks: Disks) -> Path:
    """A real small disk."""
    place = tmp_path / "disk"
    place.mkdir()
    disks.plug(place, 8)
    return place


# A full disk. What becomes of the program is in tests/app/test_full_disk.py.


def test_a_library_on_a_full_disk_takes_nothing_and_loses_nothing(disk: Path) -> None:
    database = Database(disk / "library.db")
    database.rows("INSERT INTO facts (name, value) VALUES ('a', '1')")
    with full(disk), pytest.raises(DiskFull, match="make room on it"):
        add_facts(database, 10_000)
    assert [tuple(row) for row in database.rows("SELECT * FROM facts")] == [("a", "1")]
    database.rows("INSERT INTO facts (name, value) VALUES ('b', '2')")
    assert database.integrity() == []
    database.close()


def test_a_picture_that_the_disk_cannot_hold_is_not_there(disk: Path) -> None:
    media, video_id = Media(disk, "f0"), "0" * 64
    media.save_poster(video_id, 0, b"first")
    with full(disk), pytest.raises(DiskFull):
        media.save_poster(video_id, 1, b"second" * 4096)
    assert not media.poster(video_id, 1).exists()
    media.save_poster(video_id, 1, b"second" * 4096)
    assert media.poster(video_id, 0).read_bytes() == b"first"
    assert len(list(media.poster(video_id, 0).parent.iterdir())) == 2


def test_an_upload_keeps_what_arrived_before_the_disk_was_full(disk: Path) -> None:
    uploads, content = Uploads(disk / "uploads", 0), bytes(range(256)) * 4096
    upload = uploads.open("a.mp4", len(content), len(content))
    upload.append(0, content[:100_000])
    with full(disk), pytest.raises(DiskFull, match="make room on it"):
        upload.append(100_000, content[100_000:])
    again = Uploads(disk / "uploads", 0).get(upload.upload_id)
    assert 100_000 <= again.arrived < len(content)
    again.append(again.arrived, content[again.arrived :])
    assert again.path.read_bytes() == content


def test_a_backup_that_the_disk_cannot_hold_leaves_nothing(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path, disk: Path
) -> None:
    with open_engine() as engine:
        content = draw(tmp_path / "a.mp4", 9.7).read_bytes()
        engine.add_upload([content], "a.mp4", len(content))
        engine.worker.start()
        assert engine.worker.wait(PATIENCE)
        settings = engine.settings
    with full(disk), pytest.raises(DiskFull, match="the library is as it was"):
        write_backup(settings, disk / "a.backup", "1")
    assert list(disk.iterdir()) == []
    assert write_backup(settings, disk / "a.backup", "1").segments == 4


# The store.


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture
def engine_on(stub: Stub, open_engine: Callable[..., Engine]) -> Callable[[], Engine]:
    """Opens an engine whose segments are in the stub."""
    return lambda: open_engine(qdrant_url=stub.url, qdrant_api_key=API_KEY)


@local_mode
def test_a_store_that_is_gone_and_comes_back(
    stub: Stub, engine_on: Callable[[], Engine], draw: Draw, tmp_path: Path
) -> None:
    with serving(stub):
        engine = engine_on()
        (old,) = engine.add_files([draw(tmp_path / "a.mp4", 5, 1)]).videos
        engine.worker.start()
        finish(engine, 2)
    engine.remove(old.video_id)  # which it does not hear of
    (new,) = engine.add_files([draw(tmp_path / "b.mp4", 9.7, 2)]).videos
    assert until(lambda: engine.status().waiting)
    assert "does not answer" in str(engine.status().waiting)
    time.sleep(1)  # and many more tries
    assert [video.title for video in engine.library.videos()] == ["b"]
    assert engine.library.need(new.video_id).attempts == 0
    with serving(stub):
        finish(engine, 4)
        assert engine.store.videos() == {new.video_id: 4}
        assert engine.library.removals() == []
        engine.close()


@local_mode
def test_a_store_that_takes_a_second_for_everything(
    stub: Stub, engine_on: Callable[[], Engine], draw: Draw, tmp_path: Path
) -> None:
    with serving(stub):
        engine = engine_on()
        stub.slow = 1.0
        (video,) = engine.add_files([draw(tmp_path / "a.mp4", 9.7)]).videos
        engine.worker.start()
        assert until(lambda: engine.library.need(video.video_id).segments_done)
        begun = time.monotonic()
        engine.worker.stop()
        assert time.monotonic() - begun < prompt()
        assert engine.library.need(video.video_id).attempts == 0
        stub.slow = 0.2
        engine.worker.start()
        finish(engine, 4)
        engine.close()


# The library's file.


def test_a_library_that_another_program_holds_for_a_while(
    open_engine: Callable[..., Engine],
    draw: Draw,
    tmp_path: Path,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.2)
    with open_engine() as engine:
        (video,) = engine.add_files([draw(tmp_path / "a.mp4", 60)]).videos
        engine.worker.start()
        assert until(lambda: engine.library.need(video.video_id).segments_done > 3)
        other = sqlite3.connect(data_dir / "library.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert until(lambda: engine.status().waiting)
        assert "Another program holds the library" in str(engine.status().waiting)
        with pytest.raises(LibraryBusy):
            engine.pause()
        time.sleep(1)
        other.execute("ROLLBACK")
        other.close()
        finish(engine, 29)


def test_a_library_that_another_program_does_not_let_go_is_not_called_damaged(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.2)
    Database(data_dir / "library.db").close()
    other = sqlite3.connect(data_dir / "library.db", isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LibraryBusy, match="Another program holds"):
        Database(data_dir / "library.db")
    other.close()
    Database(data_dir / "library.db").close()


def test_a_second_program_on_the_data_folder_harms_nobody(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path, root: Path
) -> None:
    with open_engine() as engine:
        engine.add_files([draw(tmp_path / "v" / "a.mp4", 5, 1)])
        engine.worker.start()
        finish(engine, 2)
        command = ["index", str(tmp_path / "v"), "--data-dir", str(engine.settings.data_dir)]
        second = subprocess.run(
            [sys.executable, "-m", "app.cli", *command],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert "Another PrismSearch is using" in second.stderr
        assert "Traceback" not in second.stderr
        # Another process that tries to open Edge's folder can break the flush of this one.
        engine.add_files([draw(tmp_path / "v" / "b.mp4", 9.7, 2)])
        finish(engine, 6)
        engine.store.flush()


# The clock.


@pytest.mark.parametrize("shift", [-86_400.0, 86_400.0])
def test_a_clock_that_is_set_in_the_middle_changes_nothing(
    open_engine: Callable[..., Engine],
    draw: Draw,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shift: float,
) -> None:
    now = time.time
    begun = time.monotonic()
    with open_engine() as engine:
        upload = engine.uploads.open("c.mp4", 100, 100)
        long, short = draw(tmp_path / "a.mp4", 30, 1), draw(tmp_path / "b.mp4", 5, 2)
        first, _ = engine.add_files([long, short]).videos
        engine.worker.start()
        assert until(lambda: engine.library.need(first.video_id).segments_done > 2)
        monkeypatch.setattr(time, "time", lambda: now() + shift)
        third = draw(tmp_path / "d.mp4", 5, 3)
        engine.add_files([third])
        finish(engine, 14 + 2 + 2)
        engine.uploads.sweep()
        assert engine.uploads.get(upload.upload_id) is upload
        assert [video.title for video in engine.library.page().videos] == ["d", "b", "a"]
        longest = time.monotonic() - begun
        assert all(0 < video.spent < longest for video in engine.library.videos())


# Weights.


def test_weights_of_which_a_half_arrived_change_nothing(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path
) -> None:
    with open_engine() as engine:
        engine.add_files([draw(tmp_path / "a.mp4", 5)])
        engine.worker.start()
        finish(engine, 2)
        settings, serving_key = engine.settings, engine.serving.key
    weights = tmp_path / "other.npz"
    content = TOY.read_bytes()
    weights.write_bytes(content[: len(content) // 2])
    asked = settings.model_copy(update={"weights": weights})
    with pytest.raises(EncoderError, match=r"other\.npz") as refused:
        Engine.open(asked)
    assert "\n" not in str(refused.value)
    with open_engine() as engine:
        assert [one.fingerprint for one in engine.collections()] == [serving_key]
        assert engine.store.count() == 2
    weights.write_bytes(content)
    with Engine.open(asked) as engine:
        assert engine.embedder.weights_id != "untrained0"
