"""The SQLite file: steps from every earlier version, errors in words, threads, looking on."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from indexer import database as module
from indexer.collection import Collections
from indexer.content import Content
from indexer.database import STEPS, Database
from indexer.errors import DiskFull, LibraryError
from indexer.library import Library
from indexer.queue import Queue
from indexer.tags import Tags

CONTENT = Content("0" * 64, 1, 1)


def earlier(path: Path, version: int, *statements: str) -> None:
    """A library as an earlier version left it."""
    raw = sqlite3.connect(path, isolation_level=None)
    for number in range(version):
        raw.executescript(f"{STEPS[number]} PRAGMA user_version = {number + 1};")
    for statement in statements:
        raw.execute(statement)
    raw.close()


def version_of(path: Path) -> int:
    raw = sqlite3.connect(path)
    (version,) = raw.execute("PRAGMA user_version").fetchone()
    raw.close()
    return int(version)


# Steps.


@pytest.mark.parametrize("version", range(len(STEPS)))
def test_a_library_of_every_earlier_version_is_brought_up_to_date(
    data_dir: Path, version: int
) -> None:
    path = data_dir / "library.db"
    earlier(path, version)
    database = Database(path)
    assert Library(database, "f0").add(data_dir, "a", False, CONTENT).state == "queued"
    assert Queue(database, "f0").begin(CONTENT.video_id)
    database.close()
    assert version_of(path) == len(STEPS)


def test_paths_of_the_second_version_are_kept(data_dir: Path) -> None:
    path = data_dir / "library.db"
    earlier(
        path,
        2,
        "INSERT INTO videos (video_id, title, path, managed, size, added_at)"
        " VALUES ('v', 'a', '/videos/é.mp4', 0, 1, 0)",
        "INSERT INTO files VALUES ('/videos/é.mp4', 1, 2, 'v')",
    )
    database = Database(path)
    library = Library(database, "f0")
    assert library.need("v").path == Path("/videos/é.mp4")
    assert library.known_content(Path("/videos/é.mp4"), 1, 2) == "v"
    database.close()


def test_how_far_videos_of_the_third_version_got_is_kept(data_dir: Path) -> None:
    path = data_dir / "library.db"
    row = "INSERT INTO videos VALUES ('{0}', '{0}', 0, 9, 12.5, 640, 360, {1}, 0, {2}, 0, x'2f')"
    earlier(
        path,
        3,
        row.format("ready", "'done', 'Only half.', NULL, 7, 7, 0", "'f1'"),
        row.format("half", "'indexing', NULL, NULL, 7, 3, 2", "'f1'"),
        row.format("other", "'done', NULL, NULL, 4, 4, 0", "'f0'"),
        row.format("new", "'queued', NULL, NULL, 0, 0, 0", "NULL"),
        "INSERT INTO collections VALUES ('f0', 'toy', NULL, NULL)",
        "INSERT INTO collections VALUES ('f1', 'large', NULL, NULL)",
    )
    database = Database(path)
    assert [(one.fingerprint, one.role) for one in Collections(database).all()] == [
        ("f1", "serving"),
        ("f0", "old"),
    ]
    now = {video.video_id: video for video in Library(database, "f1").videos()}
    told = {name: (v.state, v.segments_done, v.attempts, v.note) for name, v in now.items()}
    assert told == {
        "ready": ("done", 7, 0, "Only half."),
        "half": ("indexing", 3, 2, None),
        "other": ("queued", 0, 0, None),  # it was never indexed with the later model
        "new": ("queued", 0, 0, None),
    }
    assert (now["half"].duration, now["half"].width, now["half"].plays) == (12.5, 640, None)
    assert Queue(database, "f0").counts() == {"queued": 3, "done": 1}
    database.close()


def test_videos_of_the_fifth_version_get_a_folder_and_can_be_tagged(data_dir: Path) -> None:
    path = data_dir / "library.db"
    row = (
        "INSERT INTO videos (video_id, title, managed, size, added_at, path)"
        " VALUES ('{0}', '{0}', {1}, 1, 0, CAST('{2}' AS BLOB))"
    )
    earlier(
        path, 5, row.format("in place", 0, "/films/é/a.mp4"), row.format("sent", 1, "/data/b.mp4")
    )
    database = Database(path)
    library = Library(database, "f0")
    assert library.need("in place").folder is None
    library.roots.name_folders()
    assert {one.video_id: one.folder for one in library.videos()} == {
        "in place": "é",
        "sent": "uploads",
    }
    assert Tags(database).add("sent", "sea") == "sea"
    assert library.need("sent").tags == ("sea",)
    assert library.need("sent").recorded_at is None
    database.close()


def test_a_step_that_fails_leaves_the_library_as_it_was(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = data_dir / "library.db"
    earlier(path, len(STEPS))
    broken = "CREATE TABLE extra (a TEXT) STRICT; THIS IS NO SQL;"
    monkeypatch.setattr(module, "STEPS", (*STEPS, broken))
    with pytest.raises(LibraryError, match="Your videos are safe"):
        Database(path)
    assert version_of(path) == len(STEPS)
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT name FROM sqlite_master WHERE name = 'extra'").fetchall() == []
    raw.close()


def test_two_that_start_at_once_bring_it_up_to_date_once(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have seen the earlier version before either begins."""
    path = data_dir / "library.db"
    earlier(path, 2)
    seen = threading.Barrier(2, timeout=20)
    looks = threading.local()
    version = Database._version

    def looked(self: Database) -> int:
        found = version(self)
        if not hasattr(looks, "first"):
            looks.first = found
            seen.wait()
        return found

    monkeypatch.setattr(Database, "_version", looked)
    with ThreadPoolExecutor(2) as pool:
        for opened in [pool.submit(Database, path) for _ in range(2)]:
            opened.result().close()
    assert version_of(path) == len(STEPS)


def test_a_newer_library_is_left_alone(data_dir: Path) -> None:
    earlier(data_dir / "library.db", 0, "PRAGMA user_version = 99")
    with pytest.raises(LibraryError, match="newer PrismSearch"):
        Database(data_dir / "library.db")
    assert version_of(data_dir / "library.db") == 99


# Errors.


def test_a_damaged_library_is_named_in_words(data_dir: Path) -> None:
    (data_dir / "library.db").write_bytes(b"this is no database, whatever its name" * 100)
    with pytest.raises(LibraryError, match="cannot be opened"):
        Database(data_dir / "library.db")


def test_a_library_that_fails_says_so_in_words(database: Database, tmp_path: Path) -> None:
    library, queue = Library(database, "f0"), Queue(database, "f0")
    library.add(tmp_path, "a", False, CONTENT)
    database.close()
    verbs: tuple[Callable[[], object], ...] = (
        lambda: library.add(tmp_path, "a", False, CONTENT),
        lambda: library.finish_removal(CONTENT.video_id),
        lambda: library.get(CONTENT.video_id),
        queue.retry_failed,
    )
    for verb in verbs:
        with pytest.raises(LibraryError, match="Your videos are safe"):
            verb()


def test_a_full_disk_is_named_and_leaves_no_half(database: Database, tmp_path: Path) -> None:
    library = Library(database, "f0")
    (pages,) = database.rows("PRAGMA page_count")[0]
    database.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull, match="make room"):
        library.add(tmp_path / "a", "x" * 100_000, False, CONTENT)
    assert library.known_content(tmp_path / "a", 1, 1) is None
    assert library.videos() == []


def test_what_belongs_together_happens_together_or_not_at_all(
    database: Database, tmp_path: Path
) -> None:
    library = Library(database, "f0")
    with pytest.raises(RuntimeError), database.together():  # noqa: PT012
        library.add(tmp_path, "a", False, CONTENT)  # a block within the block
        raise RuntimeError
    assert library.videos() == []


# Beside others.


def test_another_process_may_look_on(database: Database, data_dir: Path, tmp_path: Path) -> None:
    library = Library(database, "f0")
    beside = Database(data_dir / "library.db", read_only=True)
    library.add(tmp_path, "a", False, CONTENT)
    assert [video.title for video in Library(beside, "f0").videos()] == ["a"]
    with pytest.raises(LibraryError, match="readonly"):
        Queue(beside, "f0").begin(CONTENT.video_id)
    beside.close()


def test_looking_on_brings_nothing_up_to_date(data_dir: Path) -> None:
    path = data_dir / "library.db"
    earlier(path, 2)
    with pytest.raises(LibraryError, match="earlier PrismSearch"):
        Database(path, read_only=True)
    assert version_of(path) == 2


def test_a_copy_is_whole_while_others_write(
    database: Database, data_dir: Path, tmp_path: Path
) -> None:
    library = Library(database, "f0")
    library.add(tmp_path, "a", False, CONTENT)
    database.copy_to(tmp_path / "copy.db")
    library.begin_removal(CONTENT.video_id)
    copy = Database(tmp_path / "copy.db")
    assert copy.integrity() == []
    assert [video.title for video in Library(copy, "f0").videos()] == ["a"]
    copy.close()


def test_what_is_wrong_inside_the_file_is_found(data_dir: Path) -> None:
    path = data_dir / "library.db"
    database = Database(path)
    for number in range(200):
        content = Content(f"{number:064x}", 1, 1)
        Library(database, "f0").add(data_dir / str(number), "a" * 100, False, content)
    database.close()
    raw = bytearray(path.read_bytes())
    raw[-20_000:] = b"\xff" * 20_000
    path.write_bytes(raw)
    damaged = Database(path)
    assert damaged.integrity() != []
    damaged.close()


def test_many_threads_at_once(database: Database, tmp_path: Path) -> None:
    library, queue = Library(database, "f0"), Queue(database, "f0")
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                content = Content(f"{turn:064x}", 1, 1)
                library.add(tmp_path / f"{number}-{turn}", "a", False, content)
                queue.begin(content.video_id)
                queue.checkpoint(content.video_id, turn, 0.1)
                library.videos()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(library.videos()) == 10  # ten contents, each seen by six threads
    assert sum(video.spent for video in library.videos()) == pytest.approx(6.0)


def test_what_is_remembered_is_read_anew_once_anything_was_written(
    database: Database, data_dir: Path
) -> None:
    asked = "SELECT name FROM saved WHERE name <> ? ORDER BY name"

    def names() -> list[str]:
        return [row[0] for row in database.remembered(asked, "")]

    save = "INSERT INTO saved (name, question, saved_at) VALUES (?, '', 0)"
    database.rows(save, "one")
    assert names() == ["one"]
    assert database.remembered(asked, "") is database.remembered(asked, "")
    assert [row[0] for row in database.remembered(asked, "one")] == []
    database.rows(save, "two")
    assert names() == ["one", "two"]
    with closing(sqlite3.connect(data_dir / "library.db")) as other, other:
        other.execute(save, ("three",))
    assert names() == ["one", "three", "two"]
    with suppress(ZeroDivisionError), database.together():
        database.rows(save, "taken back")
        assert "taken back" in names()
        raise ZeroDivisionError
    assert names() == ["one", "three", "two"]
