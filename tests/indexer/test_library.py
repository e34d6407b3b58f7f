"""The library on a real SQLite file: identity, the queue, attempts, removal, schema steps."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer import library as module
from indexer.content import Content, read_content
from indexer.errors import DiskFull, LibraryError, UnknownVideo, VideoError
from indexer.library import (
    MAX_ATTEMPTS,
    STEPS,
    Collection,
    Library,
    Video,
    collections_of,
    title_of,
)


@pytest.fixture
def library(data_dir: Path) -> Iterator[Library]:
    opened = Library(data_dir / "library.db")
    yield opened
    opened.close()


def add(library: Library, path: Path, content: bytes | None = None, managed: bool = False) -> Video:
    if content is not None:
        path.write_bytes(content)
    return library.add(path, path.name, managed, read_content(path))


# Identity.


def test_the_id_is_the_hash_of_the_bytes(library: Library, tmp_path: Path) -> None:
    video = add(library, tmp_path / "a.mp4", b"abc")
    assert video.video_id == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (video.title, video.state, video.size) == ("a.mp4", "queued", 3)
    assert library.get(video.video_id) == video


def test_the_same_content_twice_is_one_video_with_its_first_label(
    library: Library, tmp_path: Path
) -> None:
    first = add(library, tmp_path / "a.mp4", b"same")
    library.mark_done(first.video_id, 3, None)
    again = add(library, tmp_path / "b.mp4", b"same")
    assert (again.title, again.path, again.state) == ("a.mp4", tmp_path / "a.mp4", "done")
    assert len(library.videos()) == 1


def test_a_renamed_file_takes_its_new_place_and_name(library: Library, tmp_path: Path) -> None:
    first = add(library, tmp_path / "a.mp4", b"same")
    library.mark_done(first.video_id, 3, None)
    (tmp_path / "a.mp4").rename(tmp_path / "b.mp4")
    moved = add(library, tmp_path / "b.mp4")
    assert (moved.title, moved.path, moved.state) == ("b.mp4", tmp_path / "b.mp4", "done")


def test_an_overwritten_file_leaves_its_old_video_behind(library: Library, tmp_path: Path) -> None:
    old = add(library, tmp_path / "a.mp4", b"old")
    new = add(library, tmp_path / "a.mp4", b"new")
    assert old.video_id != new.video_id
    assert [video.video_id for video in library.replaced()] == [old.video_id]


def test_an_overwritten_file_that_has_a_copy_is_played_from_the_copy(
    library: Library, tmp_path: Path
) -> None:
    old = add(library, tmp_path / "a.mp4", b"old")
    add(library, tmp_path / "copy.mp4", b"old")
    add(library, tmp_path / "a.mp4", b"new")
    assert library.need(old.video_id).path == tmp_path / "copy.mp4"
    assert library.replaced() == []


def test_an_unchanged_file_is_known_without_reading_it(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    video = add(library, path, b"abc")
    content = read_content(path)
    known = (path, content.size, content.mtime_ns)
    assert library.known_content(*known) == video.video_id
    assert library.known_content(path, content.size, content.mtime_ns + 1) is None
    assert library.known_content(path, content.size + 1, content.mtime_ns) is None


def test_what_is_no_file_has_no_content(tmp_path: Path) -> None:
    for path, code in ((tmp_path, "not_a_file"), (tmp_path / "missing.mp4", "io_error")):
        with pytest.raises(VideoError) as refused:
            read_content(path)
        assert refused.value.code == code


# The queue.


def test_interrupted_first_then_least_tried_then_oldest(library: Library, tmp_path: Path) -> None:
    a, b, c, d = (
        add(library, tmp_path / name, name.encode()).video_id for name in ("a", "b", "c", "d")
    )
    library.begin(a, "f")
    library.mark_queued(a, "failed once")
    library.begin(c, "f")
    order = []
    while (video := library.next_queued()) is not None:
        order.append(video.video_id)
        library.mark_done(video.video_id, 1, None)
    assert order == [c, b, d, a]


def test_attempts_count_only_without_progress(library: Library, tmp_path: Path) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id

    def attempts() -> int:
        return library.need(video_id).attempts

    for done, left in ((0, 1), (0, 2), (4, 0), (4, 1), (3, 2), (4, 3), (5, 0)):
        library.begin(video_id, "f")
        library.checkpoint(video_id, done)
        assert attempts() == left, done
    assert library.need(video_id).segments_done == 5
    library.begin(video_id, "f")
    library.give_back(video_id)
    assert attempts() == 0


def test_a_failure_is_kept_in_words_until_it_is_retried(library: Library, tmp_path: Path) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    library.begin(video_id, "f")
    library.mark_failed(video_id, "It cannot be read.", "corrupt")
    failed = library.need(video_id)
    assert (failed.state, failed.note, failed.error_code) == (
        "failed",
        "It cannot be read.",
        "corrupt",
    )
    assert library.next_queued() is None
    assert add(library, tmp_path / "a").state == "failed"  # seeing it again changes nothing
    library.retry(video_id)
    again = library.need(video_id)
    assert (again.state, again.note, again.error_code, again.attempts) == ("queued", None, None, 0)


def test_a_file_that_could_not_be_read_is_tried_when_it_is_back(
    library: Library, tmp_path: Path
) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    library.mark_failed(video_id, "The disk is gone.", "io_error")
    assert add(library, tmp_path / "a").state == "queued"


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("decoder_timeout", "queued"),
        ("decoder_crashed", "queued"),
        ("out_of_memory", "queued"),
        ("store_error", "queued"),
        ("disk_full", "queued"),
        ("failed", "queued"),
        ("not_a_video", "failed"),
        ("empty_file", "failed"),
        ("corrupt", "failed"),
    ],
)
def test_what_is_offered_again_is_tried_again_unless_its_bytes_are_wrong(
    library: Library, tmp_path: Path, code: str, state: str
) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    library.mark_failed(video_id, "It failed.", code)
    assert add(library, tmp_path / "a").state == state


def test_a_video_that_ended_the_program_is_tried_again_only_by_a_later_process(
    data_dir: Path, tmp_path: Path
) -> None:
    library = Library(data_dir / "library.db")
    video_id = add(library, tmp_path / "a", b"a").video_id
    library.mark_failed(video_id, "It ended the program.", "gave_up")
    assert add(library, tmp_path / "a").state == "failed"
    library.close()
    library = Library(data_dir / "library.db")
    assert add(library, tmp_path / "a").state == "queued"
    library.close()


def test_retry_leaves_what_is_done_alone(library: Library, tmp_path: Path) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    library.mark_done(video_id, 3, "Only 1.0 of 2.0 s could be read.")
    library.retry(video_id)
    video = library.need(video_id)
    assert (video.state, video.note) == ("done", "Only 1.0 of 2.0 s could be read.")
    assert (video.segments_planned, video.segments_done) == (3, 3)


def test_counts_and_lists_by_state(library: Library, tmp_path: Path) -> None:
    ids = [add(library, tmp_path / name, name.encode()).video_id for name in "abc"]
    library.mark_done(ids[0], 1, None)
    library.mark_failed(ids[1], "no", "corrupt")
    assert library.counts() == {"done": 1, "failed": 1, "queued": 1}
    assert [video.video_id for video in library.videos()] == ids
    assert [video.video_id for video in library.videos("done")] == ids[:1]


# Removal.


def test_a_removed_video_is_hidden_first_and_forgotten_last(
    library: Library, tmp_path: Path
) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    library.begin_removal(video_id)
    assert library.get(video_id) is None
    assert library.videos() == []
    assert library.next_queued() is None
    assert library.counts() == {}
    assert [video.video_id for video in library.removals()] == [video_id]
    with pytest.raises(UnknownVideo, match="no such video"):
        library.begin_removal(video_id)
    library.finish_removal(video_id, "f0")
    assert library.removals() == []
    content = read_content(tmp_path / "a")
    assert library.known_content(tmp_path / "a", content.size, content.mtime_ns) is None


def test_what_is_added_during_its_removal_stays(library: Library, tmp_path: Path) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    library.mark_done(video_id, 2, None)
    library.begin_removal(video_id)
    assert add(library, tmp_path / "a").state == "queued"
    library.finish_removal(video_id, "f0")
    assert library.need(video_id).state == "queued"


def test_an_end_that_comes_after_the_removal_brings_nothing_back(
    library: Library, tmp_path: Path
) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    library.begin_removal(video_id)
    library.mark_done(video_id, 2, None)
    assert library.get(video_id) is None
    library.finish_removal(video_id, "f0")
    library.checkpoint(video_id, 1)
    library.mark_failed(video_id, "late", "late")
    assert library.videos() == []


# Collections.


def test_collections_are_remembered_the_last_one_first(data_dir: Path) -> None:
    assert collections_of(data_dir) == []
    assert list(data_dir.iterdir()) == []
    first = Collection("f0", "toy", None, None)
    second = Collection("f1", "toy", Path(os.fsdecode(b"/w\xe9.npz")), Path("/t.model"))
    library = Library(data_dir / "library.db")
    library.use(first)
    library.use(second)
    assert library.collections() == [second, first]
    library.use(first)
    library.close()
    assert collections_of(data_dir) == [first, second]


def test_a_removed_video_is_a_leftover_of_every_other_collection(
    library: Library, tmp_path: Path
) -> None:
    for key in ("f0", "f1", "f2"):
        library.use(Collection(key, "toy", None, None))
    video_id = add(library, tmp_path / "a", b"a").video_id
    library.begin_removal(video_id)
    library.finish_removal(video_id, "f0")
    assert [library.leftovers(key) for key in ("f0", "f1", "f2")] == [[], [video_id], [video_id]]
    library.forget_leftovers("f1")
    assert [library.leftovers(key) for key in ("f1", "f2")] == [[], [video_id]]


# Titles.


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("a.mp4", "a"),
        ("A trip.MOV", "A trip"),
        ("Talk 3.5", "Talk 3.5"),
        (os.fsdecode(b"caf\xe9.mp4"), "caf\ufffd"),
        ("two\nlines\x1b[31m.mp4", "two\ufffdlines\ufffd[31m"),
        ("\u65e5\u672c\u3000\u8a9e.mkv", "\u65e5\u672c\u3000\u8a9e"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX only")
def test_a_title_is_the_printable_name(name: str, title: str) -> None:
    assert title_of(name) == title
    title.encode()


# The file.


def test_a_library_that_fails_says_so_in_words(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "a"
    video_id = add(library, path, b"a").video_id
    library.close()
    for verb in (
        lambda: add(library, path),
        lambda: library.finish_removal(video_id, "f0"),
        lambda: library.get(video_id),
    ):
        with pytest.raises(LibraryError, match="Your videos are safe"):
            verb()


def test_a_full_disk_is_named_and_leaves_no_half(library: Library, tmp_path: Path) -> None:
    (pages,) = library._db.execute("PRAGMA page_count").fetchone()
    library._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull, match="make room"):
        library.add(tmp_path / "a", "x" * 100_000, False, Content("0" * 64, 1, 1))
    assert library.known_content(tmp_path / "a", 1, 1) is None
    assert library.videos() == []


def test_paths_of_an_older_library_are_kept(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(module, "STEPS", STEPS[:2])
        earlier.setattr(Library, "_videos", lambda *rest: [])
        Library(data_dir / "library.db").close()
    raw = sqlite3.connect(data_dir / "library.db")
    raw.execute(
        "INSERT INTO videos (video_id, title, path, managed, size, added_at)"
        " VALUES ('v', 'a', '/videos/é.mp4', 0, 1, 0)"
    )
    raw.execute("INSERT INTO files VALUES ('/videos/é.mp4', 1, 2, 'v')")
    raw.commit()
    raw.close()
    library = Library(data_dir / "library.db")
    assert library.need("v").path == Path("/videos/é.mp4")
    assert library.known_content(Path("/videos/é.mp4"), 1, 2) == "v"
    library.close()


def test_everything_survives_reopening(data_dir: Path, tmp_path: Path) -> None:
    library = Library(data_dir / "library.db")
    video = add(library, tmp_path / "a", b"a")
    library.describe(video.video_id, 12.5, 640, 360, 3)
    library.begin(video.video_id, "f0")
    library.checkpoint(video.video_id, 2)
    before = library.need(video.video_id)
    library.close()
    library = Library(data_dir / "library.db")
    assert library.need(video.video_id) == before
    assert (before.duration, before.width, before.height, before.fingerprint) == (
        12.5,
        640,
        360,
        "f0",
    )
    library.close()


@pytest.mark.parametrize("version", range(len(STEPS)))
def test_a_library_of_every_earlier_version_is_brought_up_to_date(
    data_dir: Path, tmp_path: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(module, "STEPS", STEPS[:version])
        earlier.setattr(Library, "_videos", lambda *rest: [])  # nothing to look at before step 1
        Library(data_dir / "library.db").close()
    library = Library(data_dir / "library.db")
    assert add(library, tmp_path / "a", b"a").state == "queued"
    library.close()
    raw = sqlite3.connect(data_dir / "library.db")
    assert raw.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    raw.close()


def test_a_newer_library_is_left_alone(data_dir: Path) -> None:
    raw = sqlite3.connect(data_dir / "library.db")
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(LibraryError, match="newer PrismSearch"):
        Library(data_dir / "library.db")


def test_a_damaged_library_is_named_in_words(data_dir: Path) -> None:
    (data_dir / "library.db").write_bytes(b"this is no database, whatever its name" * 100)
    with pytest.raises(LibraryError, match="cannot be opened"):
        Library(data_dir / "library.db")


def test_many_threads_at_once(library: Library, tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                video = add(library, tmp_path / f"{number}-{turn}", f"{turn}".encode())
                library.begin(video.video_id, "f")
                library.checkpoint(video.video_id, turn)
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


def test_three_attempts_are_enough() -> None:
    assert MAX_ATTEMPTS == 3
