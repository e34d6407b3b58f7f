"""Indexes a folder and kills itself at a chosen instant; started by test_kills.py.

Arguments: data folder, folder of videos, the number of the event to die at (0: never). Prints a
line for each video that is opened for reading, with the first frame wanted.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import untrained

from indexer import pipeline
from indexer.engine import Engine
from indexer.settings import Settings


class Fate:
    """Counts events and ends the process, without any goodbye, at the chosen one."""

    def __init__(self, number: int) -> None:
        self._left = number

    def around(self, action: Callable[..., Any]) -> Callable[..., Any]:
        """The same action with an event just before and one just after."""

        def fated(*args: Any, **kwargs: Any) -> Any:
            self._event()
            result = action(*args, **kwargs)
            self._event()
            return result

        return fated

    def _event(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def told(read_frames: Callable[..., Any]) -> Callable[..., Any]:
    """The same reader, which says what it reads."""

    def telling(path: Path, *, first: int = 0, **rest: Any) -> Any:
        print("read", path.name, first, flush=True)
        return read_frames(path, first=first, **rest)

    return telling


def main(data_dir: str, videos: str, number: str) -> None:
    fate = Fate(int(number))
    pipeline.read_frames = told(fate.around(pipeline.read_frames))
    settings = Settings(data_dir=Path(data_dir), model="toy")
    with Engine(settings, untrained.embedder()) as engine:
        for owner, verbs in (
            (engine.store, ("upsert", "flush")),
            (engine.library, ("describe",)),
            (engine.serving.queue, ("begin", "expect", "checkpoint", "mark_done")),
        ):
            for verb in verbs:
                setattr(owner, verb, fate.around(getattr(owner, verb)))
        engine.add_folder(Path(videos))
        engine.worker.start()
        engine.worker.wait(120)


if __name__ == "__main__":
    main(*sys.argv[1:])
