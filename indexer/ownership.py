"""One process at a time owns a folder.

Knows a lock file that the system lets go of by itself when its process dies, however it dies, and
that its owner may write there where it can be spoken to. Knows nothing of what is kept in the
folder.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

import portalocker

from indexer.errors import StoreError, StoreLocked, StoreUnavailable

LOCK = "owner.lock"
_AT_ONCE = portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING
_FOR_A_GLANCE = portalocker.LockFlags.SHARED | portalocker.LockFlags.NON_BLOCKING
TRIES, GLANCE = 3, 0.1  # whoever only looks (`owned`) holds the lock for an instant: try again


class Ownership:
    """A folder held by this object until `release`, or until the process ends."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Own `folder`, made if need be. Raises StoreLocked when somebody else does,
        StoreUnavailable when the folder cannot be written."""
        file = _lock_file(folder)
        for left in reversed(range(TRIES)):
            try:
                portalocker.lock(file, _AT_ONCE)
                break
            except portalocker.LockException as error:
                if left:
                    time.sleep(GLANCE)
                    continue
                file.close()
                raise _refused(folder, error) from error
        file.truncate(0)  # what an earlier owner announced
        return cls(file)

    def announce(self, text: str) -> None:
        """Let others read `text` for as long as this one owns the folder, if its disk has room."""
        with suppress(OSError):
            os.write(self._file.fileno(), text.encode())  # nothing is left to be written later

    def release(self) -> None:
        """Let others own the folder; the lock file stays, as removing it would race."""
        self._file.close()


def owned(folder: Path) -> bool:
    """Whether somebody owns `folder` at this moment; nothing is made or kept."""
    try:
        with (folder / LOCK).open("r+") as file:
            portalocker.lock(file, _FOR_A_GLANCE)
    except portalocker.LockException as error:
        return isinstance(error, portalocker.AlreadyLocked)
    except OSError:
        return False
    return False


def announced(folder: Path) -> str | None:
    """What the one that owns `folder` at this moment announced; None without one."""
    try:
        return ((folder / LOCK).read_text(encoding="utf-8") or None) if owned(folder) else None
    except (OSError, UnicodeDecodeError):  # some systems keep locked files from being read
        return None


def _refused(folder: Path, error: portalocker.LockException) -> StoreError:
    if isinstance(error, portalocker.AlreadyLocked):
        return StoreLocked(
            f"Another PrismSearch is using {folder}. Nothing was changed. Close the other one, "
            "or give this one a data folder of its own."
        )
    return StoreUnavailable(
        f"The disk of {folder} cannot keep two programs apart ({error}), so nothing can be kept "
        "there. Nothing was changed. Choose a data folder on a disk of this machine."
    )


def _lock_file(folder: Path) -> IO[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / LOCK).open("a", encoding="utf-8")
    except OSError as error:
        raise StoreUnavailable(
            f"The folder {folder} cannot be written ({error.strerror}). Nothing was changed. "
            "Choose another data folder, or change who may write there."
        ) from error
