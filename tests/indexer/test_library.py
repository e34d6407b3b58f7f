"""The library on a real SQLite file: identity, places, removal, titles, the job table."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from indexer.content import read_content
from indexer.database import Database
from indexer.errors import UnknownVideo, VideoError
from indexer.library import Library, Video, title_of
from indexer.queue import Queue
from indexer.selections import Selections
from indexer.tags import Tags


@pytest.fixture
def library(database: Database) -> Library:
    return Library(database, "f0")


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database, "f0")


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
    library: Library, queue: Queue, tmp_path: Path
) -> None:
    first = add(library, tmp_path / "a.mp4", b"same")
    queue.mark_done(first.video_id, 3, None)
    again = add(library, tmp_path / "b.mp4", b"same")
    assert (again.title, again.path, again.state) == ("a.mp4", tmp_path / "a.mp4", "done")
    assert len(library.videos()) == 1


def test_a_renamed_file_takes_its_new_place_and_name(
    library: Library, queue: Queue, tmp_path: Path
) -> None:
    first = add(library, tmp_path / "a.mp4", b"same")
    queue.mark_done(first.video_id, 3, None)
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


# Removal.


def test_a_removed_video_is_hidden_first_and_forgotten_last(
    library: Library, queue: Queue, tmp_path: Path
) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    library.begin_removal(video_id)
    assert library.get(video_id) is None
    assert library.videos() == []
    assert queue.next() is None
    assert library.counts() == {}
    assert [video.video_id for video in library.removals()] == [video_id]
    with pytest.raises(UnknownVideo, match="no such video"):
        library.begin_removal(video_id)
    library.finish_removal(video_id)
    assert library.removals() == []
    content = read_content(tmp_path / "a")
    assert library.known_content(tmp_path / "a", content.size, content.mtime_ns) is None


def test_what_is_added_during_its_removal_stays(
    library: Library, queue: Queue, tmp_path: Path
) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    queue.mark_done(video_id, 2, None)
    library.begin_removal(video_id)
    assert add(library, tmp_path / "a").state == "queued"
    library.finish_removal(video_id)
    assert library.need(video_id).state == "queued"


def say(library: Library, video_id: str) -> None:
    """Tag a video, mark it and select of it."""
    tags = Tags(library.database)
    tags.add(video_id, "sea")
    tags.mark(video_id, 0, 1, "sea")
    Selections(library.database).keep({video_id: [(0, 1)]})


def said(library: Library, video_id: str) -> list[int]:
    """How much is written of a video, table by table."""
    asked = "SELECT COUNT(*) FROM {} WHERE video_id = ?"
    return [
        library.database.rows(asked.format(table), video_id)[0][0]
        for table in ("tags", "marks", "selected")
    ]


def test_what_was_said_of_a_video_goes_with_it(library: Library, tmp_path: Path) -> None:
    gone, kept = (add(library, tmp_path / name, name.encode()).video_id for name in "ab")
    say(library, gone)
    say(library, kept)
    library.begin_removal(gone)
    assert said(library, gone) == [1, 1, 1]  # killed here, the removal is finished at the start
    library.finish_removal(gone)
    assert said(library, gone) == [0, 0, 0]
    assert said(library, kept) == [1, 1, 1]
    add(library, tmp_path / "a")
    assert library.need(gone).tags == ()


def test_a_video_that_is_added_during_its_removal_starts_without_tags(
    library: Library, tmp_path: Path
) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    say(library, video_id)
    library.begin_removal(video_id)
    assert add(library, tmp_path / "a").tags == ()
    library.finish_removal(video_id)
    assert said(library, video_id) == [0, 0, 0]


def test_tags_stay_while_a_removal_is_not_whole(library: Library, tmp_path: Path) -> None:
    """All of it happens in one transaction."""
    video_id = add(library, tmp_path / "a", b"a").video_id
    say(library, video_id)
    library.begin_removal(video_id)
    with pytest.raises(RuntimeError), library.database.together():  # noqa: PT012
        library.finish_removal(video_id)
        raise RuntimeError
    assert said(library, video_id) == [1, 1, 1]
    assert [video.video_id for video in library.removals()] == [video_id]


def test_tags_stay_with_content_that_moves(library: Library, tmp_path: Path) -> None:
    video_id = add(library, tmp_path / "a.mp4", b"a").video_id
    say(library, video_id)
    (tmp_path / "a.mp4").rename(tmp_path / "b.mp4")
    assert add(library, tmp_path / "b.mp4").tags == ("sea",)


def test_an_end_that_comes_after_the_removal_brings_nothing_back(
    library: Library, queue: Queue, tmp_path: Path
) -> None:
    video_id = add(library, tmp_path / "a", b"a").video_id
    library.begin_removal(video_id)
    queue.mark_done(video_id, 2, None)
    assert library.get(video_id) is None
    library.finish_removal(video_id)
    queue.checkpoint(video_id, 1, 0.5)
    queue.mark_failed(video_id, "late", "late", "read")
    assert library.videos() == []


# Titles.


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("a.mp4", "a"),
        ("A trip.MOV", "A trip"),
        ("Talk 3.5", "Talk 3.5"),
        (os.fsdecode(b"caf\xe9.mp4"), "caf\ufffd"),
        ("two\nlines\x1b[31m.mp4", "two\ufffdlines\ufffd[31m"),
        ("invoice\u202e4pm.gnp\u2069.mp4", "invoice4pm.gnp"),
        ("\u65e5\u672c\u3000\u8a9e.mkv", "\u65e5\u672c\u3000\u8a9e"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX only")
def test_a_title_is_the_printable_name(name: str, title: str) -> None:
    assert title_of(name) == title
    title.encode()


def test_several_videos_are_told_as_they_are_now(library: Library, tmp_path: Path) -> None:
    ids = [add(library, tmp_path / name, name.encode()).video_id for name in ("a.mp4", "b.mp4")]
    assert [one.video_id for one in library.several([ids[1], ids[0], "0" * 64])] == ids[1::-1]
    library.set_missing(ids[0], True)
    library.describe(ids[1], 9.0, 320, 240, "as_is")
    first, second = library.several(ids)
    assert (first.missing, second.duration) == (True, 9.0)
    library.fingerprint = "another"
    Queue(library.database, "another").mark_done(ids[0], 7, None)
    assert [one.segments_done for one in library.several(ids)] == [7, 0]
    library.begin_removal(ids[0])
    assert [one.video_id for one in library.several(ids)] == [ids[1]]
    with suppress(ZeroDivisionError), library.database.together():
        library.set_missing(ids[1], True)
        assert library.several(ids)[0].missing
        raise ZeroDivisionError
    assert not library.several(ids)[0].missing
