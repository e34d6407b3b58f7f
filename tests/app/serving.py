"""Builds the application in this process, or runs the demo in one of its own."""

import asyncio
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from fastapi import FastAPI

from app.server import create_app
from indexer.engine import Engine

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
    """The whole application over an engine.

    Built inside a loop, because Gradio otherwise makes loops of its own and never closes them.
    """

    async def build() -> FastAPI:
        return create_app(engine)

    return asyncio.run(build())


@contextmanager
def running_demo(data_dir: Path) -> Iterator[str]:
    """The address of `prismsearch demo` in a process of its own, once its videos are ready.

    At the end it is asked to stop as Ctrl-C does, and must do so within seconds.
    """
    command = [sys.executable, "-m", "app.cli", "demo", "--no-browser", "--port", "0"]
    with subprocess.Popen(
        [*command, "--data-dir", str(data_dir)], stdout=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        found = re.search(r"http://\S+", demo.stdout.readline())
        assert found is not None, "the demo did not start"
        wait_until_ready(found[0])
        yield found[0]
        demo.send_signal(signal.SIGINT)
        assert demo.wait(30) == 0


def wait_until_ready(address: str) -> None:
    """Wait until every video of the demo is indexed."""
    states: list[str] = []
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        with urlopen(f"{address}/api/v1/videos") as answer:
            states = [video["state"] for video in json.load(answer)["videos"]]
        if len(states) == 12 and set(states) == {"done"}:
            return
        time.sleep(0.5)
    raise AssertionError(f"not every demo video became ready: {states}")
