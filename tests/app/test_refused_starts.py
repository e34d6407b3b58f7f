"""Commands on a data folder that somebody else uses, or where nothing can be kept."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from disks import Disks
from drawn import RED, draw

from app import cli
from indexer.database import Database
from indexer.ownership import Ownership

Refused = Callable[..., str]
WRITING = [
    ("serve", "--port", "0", "--no-browser"),
    ("index", "{videos}"),
    ("search", "red"),
    ("doctor",),
    ("doctor", "--repair"),
    ("backup", "{file}"),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which something was indexed, and `videos` beside it."""
    folder = tmp_path_factory.mktemp("refused")
    (folder / "videos").mkdir()
    draw(folder / "videos" / "red.mp4", RED, 2)
    data = ("--model", "toy", "--data-dir", str(folder / "data"))
    with pytest.raises(SystemExit) as ended:
        cli.main(["index", str(folder / "videos"), *data])
    assert ended.value.code == 0
    return folder / "data"


@pytest.fixture
def refused(library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs a command that must be refused; what it says."""

    def _refused(*words: str) -> str:
        places = {"videos": library.parent / "videos", "file": tmp_path / "saved"}
        arguments = [word.format(**places) for word in words]
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments, "--data-dir", str(library)])
        assert ended.value.code == 1
        said = capsys.readouterr().err.strip()
        assert "\n" not in said
        return said

    return _refused


@pytest.fixture
def used(library: Path) -> Iterator[None]:
    owner = Ownership.of(library)
    yield
    owner.release()


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
@pytest.mark.usefixtures("used")
def test_a_folder_that_another_prismsearch_uses(
    refused: Refused, library: Path, command: tuple[str, ...]
) -> None:
    said = refused(*command)
    assert said.startswith(f"Another PrismSearch is using {library}. Nothing was changed.")


@pytest.mark.usefixtures("used")
def test_what_only_looks_is_answered_all_the_same(
    library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("status", "info"):
        with pytest.raises(SystemExit) as ended:
            cli.main([command, "--data-dir", str(library)])
        assert ended.value.code in (0, None)
        assert re.search("1 (done|ready)", capsys.readouterr().out)


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_a_library_that_must_not_be_written(
    refused: Refused, library: Path, command: tuple[str, ...], disks: Disks
) -> None:
    before = (library / "library.db").read_bytes()
    disks.freeze(library / "library.db")
    assert refused(*command).startswith(
        f"{library / 'library.db'} cannot be written. Nothing was changed."
    )
    assert (library / "library.db").read_bytes() == before


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_a_folder_that_must_not_be_written(
    refused: Refused, library: Path, command: tuple[str, ...], disks: Disks
) -> None:
    disks.freeze(library)
    assert "cannot be written" in refused(*command)


def test_a_disk_without_room(
    tmp_path: Path, library: Path, disks: Disks, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    disks.plug(disk, 8)
    database = Database(library / "library.db")
    database.copy_to(disk / "library.db")
    database.close()
    with pytest.raises(SystemExit) as ended:
        cli.main(["index", str(library.parent / "videos"), "--data-dir", str(disk)])
    assert ended.value.code == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith(f"The disk of {disk} has only")
    assert "\n" not in said
