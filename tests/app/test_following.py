"""`prismsearch serve FOLDER` in a process of its own, while files come and go."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from drawn import BLUE, RED, draw
from serving import running

from app import cli

PATIENCE = 120.0


class Served:
    """What a program learns from the API of a server."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, place: str) -> dict[str, object]:
        with urlopen(f"{self.address}/api/v1/{place}") as answer:
            told: dict[str, object] = json.load(answer)
        return told

    def found(self) -> set[str]:
        moments = self.ask(f"search?q={quote('a red circle')}")["moments"]
        assert isinstance(moments, list)
        return {moment["title"] for moment in moments}

    def videos(self) -> dict[str, tuple[str, bool]]:
        videos = self.ask("videos")["videos"]
        assert isinstance(videos, list)
        return {video["title"]: (video["state"], video["missing"]) for video in videos}


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


def test_a_file_that_comes_goes_and_comes_back_is_found_hidden_and_found(tmp_path: Path) -> None:
    folder, outside = tmp_path / "videos", tmp_path / "outside.mp4"
    folder.mkdir()
    draw(folder / "blue.mp4", BLUE, 3)
    data = ("--data-dir", str(tmp_path / "data"))
    with running("serve", str(folder), "--model", "toy", "--port", "0", *data) as address:
        served = Served(address)
        until(lambda: served.found() == {"blue"})
        draw(outside, RED, 3)
        shutil.copy(outside, folder / "red.mp4")
        until(lambda: served.found() == {"blue", "red"})
        assert served.ask("info")["folders"] == [{"name": "videos", "there": True}]
        (folder / "red.mp4").unlink()
        until(lambda: served.found() == {"blue"})
        assert served.videos() == {"blue": ("done", False), "red": ("done", True)}
        outside.rename(folder / "again.mp4")
        until(lambda: served.found() == {"blue", "again"})
        folder.rename(tmp_path / "away")
        until(lambda: served.ask("info")["folders"] == [{"name": "videos", "there": False}])
        assert served.found() == {"blue", "again"}
    # Its videos are known: the drive may come later.
    with running("serve", str(folder), "--port", "0", *data) as address:
        served = Served(address)
        assert served.found() == {"blue", "again"}
        (tmp_path / "away").rename(folder)
        (folder / "again.mp4").unlink()
        until(lambda: served.found() == {"blue"})


def test_a_folder_that_never_was_is_named_before_anything_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = tmp_path / "data"
    monkeypatch.setattr("encoder.embedder.Embedder.load", None)
    with pytest.raises(SystemExit) as ended:
        cli.main(["serve", str(tmp_path / "nowhere"), "--data-dir", str(data_dir), "--port", "0"])
    assert ended.value.code == 1
    assert "nowhere is not a folder. Name a folder that holds videos." in capsys.readouterr().err
    assert not data_dir.exists()
