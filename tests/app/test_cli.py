"""The command line as a person types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from drawn import RED, draw
from typed import Run

from app import cli
from app.terminal import clock
from encoder.catalogue import get_card
from indexer.collection import Collection, Collections
from indexer.database import Database
from indexer.settings import Settings

LARGE = "videoprism_lvt_public_v1_large"


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['prismsearch', '--help']\n"
        "from app.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'jax', 'gradio', 'av', 'fastapi', 'qdrant_edge', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    for command in ("demo", "serve", "index", "search", "info"):
        assert command in result.stdout


@pytest.fixture
def folder_to_index(tmp_path: Path) -> Path:
    """A folder with one good and one bad file."""
    folder = tmp_path / "videos"
    folder.mkdir()
    draw(folder / "red.mp4", RED, 6)
    (folder / "bad.mp4").write_text("only words")
    return folder


def test_index_then_search_then_info(run: Run, folder_to_index: Path, tmp_path: Path) -> None:
    choices = ("--model", "toy", "--data-dir", str(tmp_path / "data"))
    indexed = run("index", str(folder_to_index), *choices)
    assert indexed.code == 1  # not everything is ready
    assert "bad: The content is not a video" in indexed.out
    assert "1 ready, 1 failed" in indexed.out

    found = run("search", "a red circle", "--top", "1", *choices)
    assert found.code == 0
    assert found.out.split()[0] == "1"
    assert found.out.rstrip().endswith("red")

    told = json.loads(run("search", "a red circle", "--json", *choices).out)
    assert told["conditions"][0]["label"] == "a red circle"
    assert Path(told["moments"][0]["path"]) == folder_to_index / "red.mp4"

    nothing = run("search", "???", *choices)
    assert (nothing.code, nothing.out) == (1, "")
    assert "word" in nothing.err

    library = ("--data-dir", str(tmp_path / "data"))
    about = run("info", *library)
    assert "1 ready, 1 failed" in about.out
    assert str(tmp_path / "data") in about.out
    assert "toy: " in about.out  # remembered
    assert run("search", "a red circle", *library).out.rstrip().endswith("red")
    assert "videoprism_lvt_public_v1_base" in run("info", "--data-dir", str(tmp_path)).out


def test_a_search_with_a_model_that_was_never_used_names_the_one_that_was(
    run: Run, tmp_path: Path
) -> None:
    database = Database(tmp_path / "library.db")
    Collections(database).use(Collection("f0", "toy", None, None))
    database.close()
    refused = run("search", "a", "--model", LARGE, "--data-dir", str(tmp_path))
    assert refused.code == 1
    assert f"Nothing is indexed with {LARGE}" in refused.err
    assert "indexed with toy" in refused.err
    assert {path.name for path in tmp_path.iterdir() if "library.db" not in path.name} == set()


def test_a_search_by_words_reads_the_text_tower_alone(
    run: Run, folder_to_index: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "toy.npz"
    bundled = get_card("toy").bundled
    assert bundled is not None
    data = bytearray(bundled.read_bytes())
    weights.write_bytes(data)
    library = ("--data-dir", str(tmp_path / "data"))
    run("index", str(folder_to_index), "--model", "toy", "--weights", str(weights), *library)

    data[data.index(b"params/vision_encoder/spatial_encoder") + 2000] ^= 1
    weights.write_bytes(data)
    assert run("search", "a red circle", *library).out.rstrip().endswith("red")
    by_example = run("search", "--example", str(folder_to_index / "red.mp4"), *library)
    assert by_example.code == 1
    assert "damaged" in by_example.err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_text_is_printed_all_the_same(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    path = os.fsdecode(os.fsencode(folder) + b"/caf\xe9.mp4")
    draw(folder / "a.mp4", RED, 2).rename(path)
    choices = ("--data-dir", str(tmp_path / "data"))
    assert run("index", str(folder), "--model", "toy", *choices).code == 0
    told = json.loads(run("search", "a red circle", "--json", *choices).out)
    assert told["moments"][0]["path"] == path


def test_choices_may_come_from_the_environment(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRISMSEARCH_MODEL", "toy")
    monkeypatch.setenv("PRISMSEARCH_DATA_DIR", str(tmp_path / "none"))
    about = run("info")
    assert "toy: " in about.out
    assert str(tmp_path / "none") in about.out
    assert "none yet" in about.out
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("serve", "--model", "videoprism_lvt_public_v1_bas"), "videoprism_lvt_public_v1_base"),
        (("index", ".", "--model", "toy", "--weights", "/nowhere.npz"), "/nowhere.npz"),
        (("index", ".", "--reader", "vlc"), "--reader"),
        (("serve", "--host", "256.0.0.1"), "256.0.0.1"),
    ],
)
def test_what_cannot_be_done_is_one_message(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    ended = run(*arguments, "--data-dir", str(tmp_path))
    assert ended.code == 1
    assert words in ended.err


def test_missing_weights_say_what_to_do(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    ended = run("serve", "--no-browser", "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert ended.code == 1
    for hint in ("--weights", "--tokenizer", "prismsearch demo"):
        assert hint in ended.err


def test_a_port_that_cannot_be(run: Run) -> None:
    ended = run("serve", "--port", "70000")
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_a_folder_that_is_not_there(run: Run, tmp_path: Path) -> None:
    ended = run("index", str(tmp_path / "nowhere"))
    assert ended.code == 2
    assert "Invalid value" in ended.err


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (65.9, "1:05"), (59.9999999, "1:00"), (3661, "1:01:01")]
)
def test_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("words", "size", "keep_old"),
    [((), 4 << 30, True), (("--max-upload", "0.5", "--remove-old"), 1 << 29, False)],
)
def test_what_a_server_takes_and_keeps_is_chosen(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    size: int,
    keep_old: bool,
) -> None:
    asked: list[Settings] = []
    monkeypatch.setattr(cli, "_serve", lambda settings, *rest: asked.append(settings))
    assert run("serve", "--data-dir", str(tmp_path), *words).code == 0
    monkeypatch.setenv("PRISMSEARCH_MAX_UPLOAD", "0.25")
    assert run("serve", "--data-dir", str(tmp_path)).code == 0
    assert (asked[0].max_upload_bytes, asked[0].keep_old) == (size, keep_old)
    assert asked[1].max_upload_bytes == 1 << 28
