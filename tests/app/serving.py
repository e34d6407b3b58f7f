"""Builds the application in this process, or runs the program in one of its own."""

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.request import urlopen

from fastapi import FastAPI

from app.server import create_app
from indexer.engine import Engine
from indexer.settings import Settings

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]


def application(engine: Engine) -> FastAPI:
    """The whole application over an engine."""
    return create_app(engine)


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """The address of `prismsearch ...` in a process of its own.

    At the end it is asked to stop as Ctrl-C does, and must do so within seconds.
    """
    give_programs(Path(arguments[arguments.index("--data-dir") + 1]))
    command = [sys.executable, "-m", "app.cli", *arguments, "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            found = re.search(r"http://\S+", server.stdout.readline())
            assert found is not None, "it did not start"
            yield found[0]
            server.send_signal(signal.SIGINT)
            assert server.wait(30) == 0
        finally:
            server.kill()


@contextmanager
def running_demo(data_dir: Path) -> Iterator[str]:
    """The address of `prismsearch demo`, once its videos are ready."""
    with running("demo", "--port", "0", "--data-dir", str(data_dir)) as address:
        wait_until_ready(address)
        yield address


@cache
def _indexed_demo() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="prismsearch-tests-")
    with Engine.open(Settings(data_dir=Path(folder.name) / "data", model="toy")) as engine:
        engine.add_folder(DEMO)
        engine.worker.start()
        assert engine.worker.wait(180)
        engine.serving.search.warm_up(threading.Event())
    return folder


def give_demo(data_dir: Path) -> Path:
    """Fill an empty data folder with the demo's library, which is indexed once for all tests."""
    shutil.copytree(Path(_indexed_demo().name) / "data", data_dir, dirs_exist_ok=True)
    return data_dir


def give_programs(data_dir: Path) -> None:
    """Spare a process the compiling of what the toy runs, as at any start but the first."""
    programs = Path(_indexed_demo().name) / "data" / "models"
    shutil.copytree(programs, data_dir / "models", dirs_exist_ok=True)


def wait_until_ready(address: str, videos: int = 12) -> None:
    """Wait until so many videos, which are all there are, are indexed."""
    states: list[str] = []
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        with urlopen(f"{address}/api/v1/videos") as answer:
            states = [video["state"] for video in json.load(answer)["videos"]]
        if len(states) == videos and set(states) == {"done"}:
            return
        time.sleep(0.5)
    raise AssertionError(f"not every video became ready: {states}")
