"""One installation from outside: folders, uploads, removal, a second owner, another model."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
import untrained
from conftest import Draw

from indexer.engine import Engine
from indexer.errors import (
    DiskFull,
    LibraryError,
    NotIndexed,
    ReadOnly,
    StoreLocked,
    UnknownVideo,
    UploadRefused,
)
from indexer.settings import Settings

PATIENCE = 120.0
ROOT = Path(__file__).resolve().parent.parent.parent
POSIX = os.name == "posix"


def finish(engine: Engine) -> None:
    engine.worker.start()
    assert engine.worker.wait(PATIENCE)


def pieces(content: bytes, size: int = 1000) -> Iterator[bytes]:
    for first in range(0, len(content), size):
        yield content[first : first + size]


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


# Folders.


def test_a_folder_is_taken_in_where_it_lies_and_never_changed(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    folder = tmp_path / "videos"
    draw(folder / "a.MP4", 1)
    draw(folder / "deep" / "er" / "b.mp4", 1, 1)
    (folder / "notes.txt").write_text("no video")
    (folder / "._a.mp4").write_bytes(b"what another system leaves beside files")
    before = {path: path.stat().st_mtime_ns for path in files_below(folder)}
    added = engine.add_folder(folder)
    assert [video.title for video in added.videos] == ["a", "b"]
    assert added.refused == []
    finish(engine)
    assert {path: path.stat().st_mtime_ns for path in files_below(folder)} == before


@pytest.mark.skipif(not POSIX, reason="links and modes of POSIX")
def test_links_out_of_the_folder_and_pipes_are_refused_in_words(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    folder = tmp_path / "videos"
    inside = draw(folder / "z" / "inside.mp4", 1)
    outside = draw(tmp_path / "outside.mp4", 1, 1)
    (folder / "out.mp4").symlink_to(outside)
    (folder / "in.mp4").symlink_to(inside)
    (folder / "loop").symlink_to(folder)
    (folder / "broken.mp4").symlink_to(folder / "nothing.mp4")
    os.mkfifo(folder / "pipe.mp4")
    added = engine.add_folder(folder)
    assert {video.path for video in added.videos} == {inside}
    reasons = {refused.path.name: refused.reason for refused in added.refused}
    assert set(reasons) == {"out.mp4", "nothing.mp4", "pipe.mp4"}
    assert "outside" in reasons["out.mp4"]
    assert "not a regular file" in reasons["pipe.mp4"]
    assert len(engine.library.videos()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_text_is_taken_in_like_any_other(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path
) -> None:
    folder = tmp_path / "videos"
    path = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.mp4"))
    draw(folder / "a.mp4", 1).rename(path)
    with open_engine() as engine:
        (video,) = engine.add_folder(folder).videos
        assert (video.title, video.path) == ("caf\ufffd", path)
        finish(engine)
        assert engine.library.need(video.video_id).state == "done"
        assert engine.add_folder(folder).refused == []


@pytest.mark.skipif(not POSIX, reason="links and modes of POSIX")
def test_a_link_to_itself_stops_nobody(engine: Engine, draw: Draw, tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    good = draw(folder / "b.mp4", 1)
    loop = folder / "a.mp4"
    loop.symlink_to(loop)
    for added in (engine.add_folder(folder), engine.add_files([loop, good])):
        assert [video.path for video in added.videos] == [good]
        assert [refused.path for refused in added.refused] == [loop]
        assert "could not be read" in added.refused[0].reason


def test_our_own_data_folder_is_no_library(
    engine: Engine, draw: Draw, tmp_path: Path, data_dir: Path
) -> None:
    content = draw(tmp_path / "a.mp4", 1).read_bytes()
    engine.add_upload(pieces(content), "mine.mp4", len(content))
    (tmp_path / "a.mp4").unlink()
    assert data_dir.parent == tmp_path
    assert engine.add_folder(tmp_path).videos == []


def test_what_is_no_folder_is_named(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="is not a folder"):
        engine.add_folder(tmp_path / "missing")


def test_a_file_that_was_overwritten_replaces_its_video(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    path = draw(tmp_path / "v" / "a.mp4", 5, seed=1)
    (old,) = engine.add_folder(path.parent).videos
    finish(engine)
    draw(path, 9.7, seed=2)
    (new,) = engine.add_folder(path.parent).videos
    assert engine.worker.wait(PATIENCE)
    assert [video.video_id for video in engine.library.videos()] == [new.video_id]
    assert (engine.store.count(old.video_id), engine.store.count()) == (0, 4)


# Uploads.


def test_an_upload_is_kept_indexed_and_removed_with_all_its_files(
    engine: Engine, draw: Draw, tmp_path: Path, data_dir: Path
) -> None:
    content = draw(tmp_path / "a.mp4", 5).read_bytes()
    video = engine.add_upload(pieces(content), "My holiday.MP4", len(content))
    assert (video.title, video.managed, video.state) == ("My holiday", True, "queued")
    assert video.path == data_dir / "media" / video.video_id / "source.mp4"
    assert video.path.read_bytes() == content
    finish(engine)
    assert engine.library.need(video.video_id).state == "done"
    assert engine.poster(video.video_id, 0) is not None
    engine.remove(video.video_id)
    assert engine.store.count() == 0
    assert files_below(data_dir / "media") == files_below(data_dir / "uploads") == set()
    assert engine.library.videos() == []
    with pytest.raises(UnknownVideo):
        engine.remove(video.video_id)


def test_a_second_upload_of_the_same_content_is_the_first_one(
    engine: Engine, draw: Draw, tmp_path: Path, data_dir: Path
) -> None:
    in_place = draw(tmp_path / "v" / "a.mp4", 1)
    content = in_place.read_bytes()
    (first,) = engine.add_folder(in_place.parent).videos
    again = engine.add_upload(pieces(content), "other.mp4", len(content))
    assert (again.video_id, again.title, again.path) == (first.video_id, "a", in_place)
    assert files_below(data_dir / "uploads") == set()
    assert not (data_dir / "media").exists()


def test_an_upload_stands_in_for_a_file_that_is_gone(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    in_place = draw(tmp_path / "v" / "a.mp4", 1)
    content = in_place.read_bytes()
    engine.add_folder(in_place.parent)
    in_place.unlink()
    video = engine.add_upload(pieces(content), "again.mp4", len(content))
    assert (video.managed, video.path.exists()) == (True, True)
    finish(engine)
    assert engine.library.need(video.video_id).state == "done"


def test_an_upload_stands_in_for_a_file_that_holds_something_else_now(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    in_place = draw(tmp_path / "v" / "a.mp4", 1)
    content = in_place.read_bytes()
    engine.add_folder(in_place.parent)
    in_place.write_bytes(b"something else")  # and nobody has looked since
    video = engine.add_upload(pieces(content), "again.mp4", len(content))
    assert video.managed
    assert video.path.read_bytes() == content


def test_an_upload_of_a_process_that_dies_while_it_is_taken_over_is_not_lost(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path
) -> None:
    """Killed once the file is in its place, and before the library knows of it."""
    content = draw(tmp_path / "a.mp4", 1).read_bytes()
    engine = open_engine()
    upload = engine.uploads.open("a.mp4", len(content), len(content))
    upload.append(0, content)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine.library, "add", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            engine.uploads.finish(upload.upload_id, lambda *file: engine.adopt(*file).video_id)
    engine.close()
    again = open_engine()
    assert again.uploads.complete() == [upload.upload_id]
    again.uploads.finish(upload.upload_id, lambda *file: again.adopt(*file).video_id)
    (video,) = again.library.videos()
    assert (video.title, video.managed, video.path.read_bytes()) == ("a", True, content)
    assert not upload.path.exists()


def test_an_upload_is_moved_where_a_disk_gives_no_file_two_names(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    monkeypatch.setattr(os, "link", Mock(side_effect=PermissionError))
    video = engine.add_upload([b"content"], "a.mp4", 7)
    assert video.path.read_bytes() == b"content"
    assert files_below(data_dir / "uploads") == set()


@pytest.mark.parametrize("name", ["../../etc/passwd", "a.exe", "", "x.mp4/../../y"])
def test_a_name_lends_an_upload_nothing_but_a_known_suffix(
    engine: Engine, draw: Draw, tmp_path: Path, data_dir: Path, name: str
) -> None:
    content = draw(tmp_path / "a.mp4", 1).read_bytes()
    video = engine.add_upload(pieces(content), name, len(content))
    assert video.path.parent == data_dir / "media" / video.video_id
    assert video.path.name == "source"


def counted(chunks: Iterable[bytes], seen: list[int]) -> Iterator[bytes]:
    for chunk in chunks:
        seen.append(len(chunk))
        yield chunk


def test_too_much_is_refused_before_its_first_byte(
    open_engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(max_upload_bytes=1000, min_free_bytes=10**6)
    seen: list[int] = []
    with pytest.raises(UploadRefused, match="at most"):
        engine.add_upload(counted([b"x" * 1001], seen), "a.mp4", 1001)
    nearly_full = shutil.disk_usage(engine.settings.data_dir)._replace(free=10**6 + 999)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: nearly_full)
    with pytest.raises(DiskFull, match="the disk cannot hold"):
        engine.add_upload(counted([b"x" * 1000], seen), "a.mp4", 1000)
    assert seen == []


def _breaks_off() -> Iterator[bytes]:
    yield b"x" * 500
    raise ConnectionError("the browser is gone")


@pytest.mark.parametrize(
    ("chunks", "error"),
    [
        (lambda: iter([b"x" * 500]), UploadRefused),
        (lambda: iter([b"x" * 900, b"x" * 900]), UploadRefused),
        (_breaks_off, ConnectionError),
    ],
    ids=["too short", "too long", "broken off"],
)
def test_what_does_not_arrive_whole_leaves_nothing(
    engine: Engine,
    data_dir: Path,
    chunks: Callable[[], Iterator[bytes]],
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        engine.add_upload(chunks(), "a.mp4", 1000)
    assert files_below(data_dir / "uploads") == set()
    assert engine.library.videos() == []


def test_what_a_dead_process_left_of_an_upload_is_swept(
    open_engine: Callable[..., Engine], data_dir: Path
) -> None:
    (data_dir / "uploads").mkdir()
    (data_dir / "uploads" / "tmp123").write_bytes(b"half a video")
    open_engine()
    assert files_below(data_dir) & files_below(data_dir / "uploads") == set()


# Who may do what.


def test_a_read_only_installation_says_no_in_words(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path
) -> None:
    path = draw(tmp_path / "v" / "a.mp4", 1)
    engine = open_engine(read_only=True)
    (video,) = engine.add_folder(path.parent).videos  # the one who starts it may fill it
    finish(engine)
    for refused in (
        lambda: engine.add_upload(iter([b"x"]), "a.mp4", 1),
        lambda: engine.remove(video.video_id),
        lambda: engine.retry(video.video_id),
    ):
        with pytest.raises(ReadOnly, match="read-only"):
            refused()
    assert engine.store.count() == 1


def test_a_second_engine_on_the_same_folder_is_refused(
    engine: Engine, open_engine: Callable[..., Engine]
) -> None:
    for model in (engine.embedder, untrained.embedder(1)):
        with pytest.raises(StoreLocked, match="Another PrismSearch"):
            open_engine(model)
    assert engine.library.videos() == []
    engine.close()
    open_engine()


# Compiled programs.


def test_what_one_process_compiled_the_next_one_finds(data_dir: Path, tmp_path: Path) -> None:
    """Also where the data folder was moved meanwhile."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from indexer.engine import Engine\n"
        "from indexer.settings import Settings\n"
        "with Engine.open(Settings(data_dir=Path(sys.argv[2]), model='toy')) as engine:\n"
        "    engine.search.text_vector('a red circle')\n"
    )
    command = [sys.executable, "-c", script, str(ROOT)]
    seen: list[set[str]] = []
    for folder in (data_dir, tmp_path / "moved"):
        if seen:
            data_dir.rename(folder)
        ended = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, "")
        programs = (folder / "models").iterdir()
        seen.append({path.name for path in programs if path.name.endswith("-cache")})
    assert len(seen[0]) > 0
    assert seen[0] == seen[1], "the second process compiled something again"


# Making the library true again.


def test_a_search_with_another_model_changes_nothing_and_names_the_one_in_use(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path, data_dir: Path
) -> None:
    settings = Settings(data_dir=data_dir, model="toy")
    with pytest.raises(NotIndexed, match="Nothing is indexed yet"):
        Engine.open(settings, only_search=True)
    assert files_below(data_dir) == set()
    with open_engine() as engine:  # as if with weights of its own
        engine.add_files([draw(tmp_path / "a.mp4", 1)])
        finish(engine)
        before = engine.library.videos()
        current = (data_dir / "index" / "CURRENT").read_text()
        assert current == engine.fingerprint.key
    for model in ("videoprism_lvt_public_v1_base", "toy"):
        other = settings.model_copy(update={"model": model})
        with pytest.raises(NotIndexed, match=f"with {model} as .* indexed with toy"):
            Engine.open(other, only_search=True)
    assert [path.name for path in (data_dir / "index").glob("*/")] == [current]
    with open_engine() as engine:
        assert engine.library.videos() == before


def test_a_removed_video_leaves_every_collection(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path
) -> None:
    models = untrained.embedder(), untrained.embedder(1)
    path = draw(tmp_path / "a.mp4", 5)
    for model in models:
        with open_engine(model) as engine:
            (video,) = engine.add_files([path]).videos
            finish(engine)
            assert engine.store.count() == 2
    with open_engine(models[1]) as engine:
        engine.remove(video.video_id)
        assert engine.store.count() == 0
    with open_engine(models[0]) as engine:
        assert engine.store.count() == 0


def test_an_upload_of_what_failed_tries_it_again(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    content = draw(tmp_path / "a.mp4", 1).read_bytes()
    for code, state in (("gave_up", "queued"), ("corrupt", "failed")):
        video = engine.add_upload(pieces(content), "a.mp4", len(content))
        engine.serving.queue.mark_failed(video.video_id, "It failed.", code, "read")
        again = engine.add_upload(pieces(content), "a.mp4", len(content))
        assert again.state == state


def test_an_index_that_was_deleted_is_made_again(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path, data_dir: Path
) -> None:
    with open_engine() as engine:
        engine.add_files([draw(tmp_path / "a.mp4", 5), draw(tmp_path / "b.mp4", 5, 1)])
        finish(engine)
        assert engine.store.count() == 4
    shutil.rmtree(data_dir / "index")
    with open_engine() as engine:
        finish(engine)
        assert engine.store.count() == 4
        assert engine.library.counts() == {"done": 2}


def test_a_removal_that_was_interrupted_is_ended_at_the_next_start(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path, data_dir: Path
) -> None:
    content = draw(tmp_path / "a.mp4", 5).read_bytes()
    with open_engine() as engine:
        video = engine.add_upload(pieces(content), "a.mp4", len(content))
        finish(engine)
        engine.library.begin_removal(video.video_id)  # and then the process died
    with open_engine() as engine:
        assert engine.library.removals() == []
        assert engine.store.count() == 0
        assert files_below(data_dir / "media") == set()


def test_a_video_is_forgotten_only_once_its_files_are_gone(
    open_engine: Callable[..., Engine],
    draw: Draw,
    tmp_path: Path,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = draw(tmp_path / "a.mp4", 1).read_bytes()
    with open_engine() as engine, monkeypatch.context() as stuck:
        video = engine.add_upload(pieces(content), "a.mp4", len(content))
        stuck.setattr("shutil.rmtree", lambda *args, **options: None)
        engine.remove(video.video_id)
        assert engine.library.videos() == []
        assert [one.video_id for one in engine.library.removals()] == [video.video_id]
        engine.add_files([draw(tmp_path / "b.mp4", 1, 1)])
        finish(engine)
        assert engine.library.counts()["done"] == 1  # it holds up nobody
    with open_engine() as engine:
        assert engine.library.removals() == []
    assert not (data_dir / "media" / video.video_id).exists()


def test_a_poster_is_looked_up_by_checked_ids_only(engine: Engine) -> None:
    assert engine.poster("a" * 64, 0) is None
    for bad in ("../" * 8 + "etc/passwd", "A" * 64, "a" * 63 + "\n", "a" * 63 + "/"):
        with pytest.raises(ValueError, match="not a video's id"):
            engine.poster(bad, 0)
