"""The folder of a video as people see it: never more of a path than was taken in."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.content import Content
from indexer.database import Database
from indexer.engine import Engine
from indexer.library import Library
from indexer.roots import UPLOADS, folder_of

ANNA = Path("/home/anna")


@pytest.fixture
def library(database: Database) -> Library:
    return Library(database, "f0")


def add(library: Library, path: Path, number: int = 1, managed: bool = False) -> str:
    content = Content(f"{number:064x}", 1, number)
    return library.add(path, path.stem, managed, content).video_id


@pytest.mark.parametrize(
    ("path", "roots", "folder"),
    [
        (ANNA / "Holiday/clips/a.mp4", [ANNA / "Holiday"], "Holiday/clips"),
        (ANNA / "Holiday/a.mp4", [ANNA / "Holiday"], "Holiday"),
        (ANNA / "Holiday/clips/a.mp4", [ANNA, ANNA / "Holiday"], "anna/Holiday/clips"),
        (ANNA / "Holiday/clips/a.mp4", [], "clips"),
        (ANNA / "Holiday/clips/a.mp4", [Path("/")], "clips"),
        (ANNA / "Holiday 2/a.mp4", [ANNA / "Holiday"], "Holiday 2"),
        (Path("/a.mp4"), [], "/"),
        (Path("/films/\u202ecilbup\n/a.mp4"), [Path("/films")], "films/cilbup\ufffd"),
        (Path(os.fsdecode(b"/films/caf\xe9/a.mp4")), [Path("/films")], "films/caf\ufffd"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="paths as POSIX has them")
def test_a_folder_is_named_from_what_was_taken_in(
    path: Path, roots: list[Path], folder: str
) -> None:
    assert folder_of(path, roots) == folder


def test_taking_in_a_folder_names_what_lies_below_it(library: Library) -> None:
    film = add(library, ANNA / "Holiday/clips/a.mp4", 1)
    other = add(library, ANNA / "Holiday 2/b.mp4", 2)
    sent = add(library, ANNA / "Holiday/data/source.mp4", 3, managed=True)
    assert library.need(film).folder == "clips"
    library.roots.add(ANNA / "Holiday/clips")
    library.roots.add(ANNA / "Holiday")  # the outer one counts
    library.roots.add(ANNA / "Holiday/clips")
    assert library.need(film).folder == "Holiday/clips"
    assert library.need(other).folder == "Holiday 2"
    assert library.need(sent).folder == UPLOADS
    assert library.need(add(library, ANNA / "Holiday/c.mp4", 4)).folder == "Holiday"


def test_a_moved_file_is_in_its_new_folder(library: Library, tmp_path: Path) -> None:
    film = add(library, tmp_path / "old" / "a.mp4")  # nothing lies there
    assert add(library, tmp_path / "new" / "a.mp4") == film
    assert library.need(film).folder == "new"


def test_what_is_overwritten_is_in_the_folder_of_its_copy(library: Library) -> None:
    film = add(library, Path("/films/a.mp4"))
    library.see(Path("/copies/a.mp4"), Content(film, 1, 1))
    library.see(Path("/films/a.mp4"), Content("f" * 64, 2, 2))
    assert library.need(film).folder == "copies"


def test_the_engine_tells_folders_as_they_were_taken_in(
    open_engine: Callable[..., Engine], draw: Callable[..., Path], tmp_path: Path
) -> None:
    drawn = draw(tmp_path / "trips" / "2024" / "a.mp4", 2)
    draw(tmp_path / "single" / "b.mp4", 2, 1)
    engine = open_engine()
    engine.add_files([tmp_path / "single" / "b.mp4"])
    engine.add_folder(tmp_path / "trips")
    engine.add_upload([b"no film"], "c.mp4", 7)
    told = {video.title: video.folder for video in engine.library.videos()}
    assert told == {"a": "trips/2024", "b": "single", "c": UPLOADS}
    engine.watch(tmp_path / "trips" / "2024")
    drawn.rename(drawn.with_name("d.mp4"))
    engine.add_folder(tmp_path / "trips")
    assert {video.folder for video in engine.library.videos()} == set(told.values())
