"""Videos in a person's folders: found where they lie, never changed.

Knows suffixes, links and what may not be read. Does not know what is inside a file.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from indexer.formats import SUPPORTED


@dataclass(frozen=True)
class Refused:
    """A path that was not taken in, and a sentence that says why."""

    path: Path
    reason: str


def find_videos(folder: Path, skip: Path) -> Iterator[Path | Refused]:
    """Every file below `folder` with a video's suffix, in order of names, hidden ones left out.

    Links are followed only to files within the folder. `skip`, our own data folder, is left out.
    """
    refused: list[Refused] = []
    for parent, folders, files in os.walk(folder, onerror=lambda e: refused.append(_unread(e))):
        yield from refused
        refused.clear()
        here = Path(parent)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and here / f != skip)
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in SUPPORTED:
                yield _within(here / name, folder)
    yield from refused


def _unread(error: OSError) -> Refused:
    path = Path(error.filename)
    return Refused(path, f"The folder {path} could not be read ({error.strerror}).")


def real_path(path: Path) -> Path:
    """Where a path leads; one that leads nowhere, or round in a loop, fails only when read."""
    return Path(os.path.realpath(path))


def _within(path: Path, folder: Path) -> Path | Refused:
    """The file itself, unless it is a link that leads out of the folder."""
    if not os.path.islink(path):
        return path
    target = real_path(path)
    if not target.is_relative_to(real_path(folder)):
        return Refused(path, f"{path} is a link to a file outside {folder}; add that file itself.")
    return target
