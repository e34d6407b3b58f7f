"""Indexing without the page, from the first file to the last, told on a terminal.

Knows when to say what. Does not know the words (progress.py), nor how anything is indexed.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app import progress
from app.terminal import add, clock, opened, printable, tell
from indexer.settings import Settings

if TYPE_CHECKING:  # it brings the model's machinery along
    from indexer.engine import Engine

GLANCE = 0.5  # seconds between two looks at how far indexing got
SELDOM = 15.0  # seconds between two lines about it where there is no terminal


def index(settings: Settings, paths: Sequence[Path]) -> bool:
    """Index files and folders to the end; whether no video of the library has failed then."""
    with opened(settings) as engine:
        if engine.paused:
            engine.resume()
            tell("Indexing was paused; it goes on now.")
        engine.worker.start()
        add(engine, paths, welcome=True)
        watch(engine)
        failed = engine.library.videos("failed")
        for video in failed:
            print(printable(progress.failure(video)))
        print(summary(engine))
        return not failed


def watch(engine: "Engine") -> None:
    """Say how far indexing is until nothing is left to do."""
    line, said = Line(), None
    while not engine.worker.wait(GLANCE):
        status = engine.status()
        line.show(progress.line(status), settled=progress.headline(status))
        if status.waiting and status.waiting != said:
            line.end()
            tell(status.waiting)
        said = status.waiting
    line.end()


def summary(engine: "Engine") -> str:
    """What the library holds, in one line."""
    now = engine.status().progress
    long = clock(now.seconds_done)
    held = f"{engine.store.count():,} segments of {long} in {engine.settings.data_dir}"
    return f"{progress.counted(now.counts)}; {held}"


class Line:
    """One line of a terminal that is written again and again; elsewhere, plain lines now and then.

    A terminal is as wide as it is at that moment; what does not fit is cut off.
    """

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._next = 0.0

    def show(self, text: str, settled: str) -> None:
        """Put the text where the last one was; in a log, only `settled`, and rarely."""
        if self._live:
            fitting = printable(text)[: os.get_terminal_size(sys.stderr.fileno()).columns - 1]
            print(f"\r\x1b[K{fitting}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + SELDOM
            tell(settled)

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self._live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
