"""Indexing and looking on from a terminal."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import pytest
from drawn import BLUE, RED, draw
from serving import running
from typed import Run

from indexer.collection import Collections
from indexer.database import Database
from indexer.engine import Engine
from indexer.library import Library
from indexer.settings import Settings
from indexer.video import write_h264

ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("PRISMSEARCH_", "QDRANT_"))
}
COMMAND = [sys.executable, "-m", "app.cli"]


def prismsearch(*arguments: str) -> subprocess.CompletedProcess[str]:
    """How the command ended and what it printed; never a trace."""
    ended = subprocess.run(
        [*COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in ended.stderr
    return ended


@pytest.fixture
def place(tmp_path: Path) -> tuple[str, str]:
    """Options that put the library into a folder that is not there yet."""
    return "--data-dir", str(tmp_path / "data")


def test_files_and_folders_in_a_log(tmp_path: Path, place: tuple[str, str]) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    draw(folder / "red.mp4", RED, 5)
    blue = draw(tmp_path / "blue.mp4", BLUE, 5)
    bad = tmp_path / "bad.mp4"
    bad.write_text("only words")
    paths = (str(folder), str(blue), str(bad))
    ended = prismsearch("index", *paths, "--model", "toy", *place)
    assert ended.returncode == 1
    failure, summary = ended.stdout.splitlines()
    assert failure.startswith("bad: The content is not a video")
    assert failure.endswith("(while opening)")
    assert re.match(r"2 ready, 1 failed; \d+ segments of 0:10 in ", summary)
    assert "\x1b" not in ended.stderr
    assert re.search(r"^\d of \d videos", ended.stderr, re.MULTILINE)
    assert prismsearch("status", *place).stdout == "3 of 3 videos\n2 ready, 1 failed\n"


def test_a_terminal_has_one_line_that_changes(tmp_path: Path, place: tuple[str, str]) -> None:
    film = tmp_path / "a film with a name that does not fit.mp4"
    write_h264(film, np.full((150, 64, 64, 3), 70, np.uint8), 1)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 50, 0, 0))
    command = [*COMMAND, "index", str(film), "--model", "toy", *place]
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=theirs, stdout=subprocess.PIPE) as index:
        os.close(theirs)
        printed = b""
        try:
            while piece := os.read(ours, 4096):
                printed += piece
        except OSError:  # how a terminal says that nobody is left
            os.close(ours)
        assert index.stdout is not None
        assert index.stdout.read().startswith(b"1 ready; ")
    shown = re.findall(r"\r\x1b\[K([^\r]*)", printed.decode())
    assert any(one.startswith("0 of 1 videos, ") and "realtime" in one for one in shown)
    assert max(map(len, shown)) == 49
    assert shown[-1] == ""  # the line is gone at the end


def test_status_from_beside_a_server_and_without_one(
    tmp_path: Path, place: tuple[str, str]
) -> None:
    nothing = prismsearch("status", *place)
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "prismsearch index FOLDER" in nothing.stderr
    assert prismsearch("status", "--json", *place).stdout == "null\n"
    assert not (tmp_path / "data").exists()

    folder = tmp_path / "folder"
    folder.mkdir()
    write_h264(folder / "long.mp4", np.full((3600, 64, 64, 3), 50, np.uint8), 1)
    with running("serve", str(folder), "--model", "toy", "--port", "0", *place):
        row = None
        while row is None:
            row = re.search(r"^long +(\w+) +\d+ %", prismsearch("status", *place).stdout, re.M)
        assert row[1] in ("opening", "reading", "analysing", "storing", "checking")
        beside = json.loads(prismsearch("status", "--json", *place).stdout)
    after = json.loads(prismsearch("status", "--json", *place).stdout)
    assert (beside["running"], after["running"]) == (True, False)
    assert "Nobody is indexing now" in prismsearch("status", *place).stdout
    for told in (beside, after):
        assert (told["model"], told["videos"], told["paused"]) == ("toy", 1, False)
    assert after["segments"] >= beside["segments"]


def test_what_was_paused_goes_on(run: Run, tmp_path: Path, place: tuple[str, str]) -> None:
    film = draw(tmp_path / "red.mp4", RED, 3)
    assert run("index", str(film), "--model", "toy", *place).code == 0
    database = Database(tmp_path / "data" / "library.db")
    Library(database, "").paused = True
    database.close()
    assert "Paused: " in run("status", *place).out
    another = draw(tmp_path / "blue.mp4", BLUE, 3)
    ended = run("index", str(another), *place)
    assert "it goes on now" in ended.err
    assert ended.out.startswith("2 ready; ")


def test_what_was_removed_comes_back_when_its_folder_is_named_again(
    run: Run, tmp_path: Path, place: tuple[str, str]
) -> None:
    folder = draw(tmp_path / "red.mp4", RED, 3).parent
    indexed = ("index", str(folder), "--model", "toy", *place)
    assert run(*indexed).out.startswith("1 ready; ")
    with Engine.open(Settings(data_dir=tmp_path / "data", model="toy")) as engine:
        engine.remove(engine.library.videos()[0].video_id)
    assert run("status", *place).out.startswith("0 of 0 videos")
    assert run(*indexed).out.startswith("1 ready; ")


def made_as(data_dir: Path) -> tuple[float, float, str]:
    """Window, hop and resize of the index that answers."""
    database = Database(data_dir / "library.db")
    spec = Collections(database).all()[0].spec
    database.close()
    assert spec is not None
    return spec.window, spec.hop, spec.resize


def test_another_window_is_another_index(run: Run, tmp_path: Path, place: tuple[str, str]) -> None:
    film = str(draw(tmp_path / "red.mp4", RED, 12))
    for options in (["--model", "toy"], ["--window", "2", "--hop", "0.5", "--resize", "crop"]):
        assert run("index", film, *options, *place).code == 0
    listed = run("collections", *place).out.splitlines()
    assert [re.split("  +", one)[1] for one in listed] == ["answers", "can be removed"]
    new, old = (one.split()[0] for one in listed)

    assert made_as(tmp_path / "data") == (2.0, 0.5, "crop")

    again = run("index", film, *place)  # without options: as it was indexed last
    assert again.out.startswith("1 ready; 21 segments")
    refused = run("collections", "--remove", new, *place)
    assert (refused.code, refused.out) == (1, "")
    assert "answers the searches" in refused.err
    removed = run("collections", "--remove", old, *place)
    assert (removed.code, removed.out.splitlines()) == (0, [listed[0]])
    assert not (tmp_path / "data" / "index" / old).exists()
    unknown = run("collections", "--remove", old, *place)
    assert f"There is no index {old}" in unknown.err

    assert run("index", film, "--window", "3", *place).code == 0
    assert made_as(tmp_path / "data") == (3.0, 1.5, "crop")  # the hop was for another window


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--window", "2", "--hop", "3"), "longer than the window"),
        (("--window", "0"), "--window"),
        (("--resize", "stretch"), "--resize"),
    ],
)
def test_windows_that_cannot_be(
    run: Run, tmp_path: Path, place: tuple[str, str], options: tuple[str, ...], words: str
) -> None:
    ended = run("index", str(tmp_path), "--model", "toy", *options, *place)
    assert (ended.code, ended.out) == (1, "")
    assert words in ended.err
    assert len(ended.err.splitlines()) <= 3
