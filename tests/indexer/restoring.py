"""Restores a backup and kills itself at a chosen instant; started by test_backup.py.

Arguments: data folder, backup, the number of the event to die at (0: never). Prints how many
events there were.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from indexer.edge import EdgeStore
from indexer.settings import Settings
from indexer.upkeep import restore

happened = 0


def fated(action: Callable[..., Any], number: int) -> Callable[..., Any]:
    """The same action with an event before it and one after it."""

    def event() -> None:
        global happened
        happened += 1
        if happened == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def acting(*args: Any, **kwargs: Any) -> Any:
        event()
        result = action(*args, **kwargs)
        event()
        return result

    return acting


def main(data_dir: str, file: str, number: str) -> None:
    for owner, verb in (
        (restore, "_write"),
        (restore, "refit_library"),
        (EdgeStore, "upsert"),
        (EdgeStore, "close"),
        (os, "replace"),
    ):
        setattr(owner, verb, fated(getattr(owner, verb), int(number)))
    restore.restore_backup(Settings(data_dir=Path(data_dir)), Path(file))
    print(happened)


if __name__ == "__main__":
    main(*sys.argv[1:])
