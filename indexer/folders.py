"""Videos in a person's folders: found where they lie, never changed.

Knows suffixes, links, disks and what may not be read. Does not know what is inside a file, nor what
was there before.
"""

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from indexer.formats import SUPPORTED
from indexer.labels import unturned


@dataclass(frozen=True)
class Refused:
    """A path that was not taken in, and a sentence that says why."""

    path: Path
    reason: str


class Look(NamedTuple):
    """What tells, without reading it, that a file is still the one that was there (size in bytes).

    `disk` is the one that the file's folder lies on (see `disk_of`), None if that is not known.
    """

    size: int
    mtime_ns: int
    disk: str | None

    def same_file(self, other: "Look | None") -> bool:
        """Whether nothing shows that the content is another one, on whatever disk."""
        return other is not None and self[:2] == other[:2]


@dataclass(frozen=True)
class Listing:
    """What one folder holds. One that could not be read (not `read`) may hold anything."""

    folder: str
    videos: dict[str, Look]
    refused: list[Refused]
    read: bool = True


def find_videos(folder: Path, skip: Path) -> Iterator[Path | Refused]:
    """Every file below `folder` with a video's suffix, in order of names, hidden ones left out.

    Links are followed only to files within the folder. `skip`, our own data folder, is left out.
    """
    for listing in listings(folder, skip):
        yield from map(Path, listing.videos)
        yield from listing.refused


def listings(folder: Path, skip: Path) -> Iterator[Listing]:
    """One folder after the other, itself first, as `find_videos` goes through them."""
    unread: list[OSError] = []
    real = real_path(folder)
    for parent, folders, files in os.walk(folder, onerror=unread.append):
        yield from _unread(unread)
        folders[:] = sorted(
            name for name in folders if name[0] != "." and Path(parent, name) != skip
        )
        yield _listing(parent, sorted(filter(_wanted, files)), real)
    yield from _unread(unread)


def _unread(errors: list[OSError]) -> Iterator[Listing]:
    while errors:
        error = errors.pop()
        reason = f"The folder {error.filename} could not be read ({error.strerror})."
        refused = [Refused(Path(error.filename), reason)]
        yield Listing(error.filename, {}, refused, read=False)


def _wanted(name: str) -> bool:
    return name[0] != "." and os.path.splitext(name)[1].lower() in SUPPORTED


def _listing(parent: str, names: list[str], root: Path) -> Listing:
    disk = disk_of(parent)
    if disk is None:  # it went while we looked
        return Listing(parent, {}, [], read=False)
    listing = Listing(parent, {}, [])
    for name in names:
        path = os.path.join(parent, name)
        try:
            status = os.lstat(path)
        except OSError:  # so did the file
            continue
        if not stat.S_ISLNK(status.st_mode):
            listing.videos[path] = Look(status.st_size, status.st_mtime_ns, disk)
        else:
            _follow(path, root, listing)
    return listing


def _follow(path: str, root: Path, listing: Listing) -> None:
    """Take the file that a link leads to, unless it leads out of the folder."""
    target = real_path(Path(path))
    look = look_at(str(target))
    if not target.is_relative_to(root):
        reason = f"{path} is a link to a file outside {root}; add that file itself."
        listing.refused.append(Refused(Path(path), reason))
    elif look is None:
        reason = f"{target} could not be read: the link {path} leads nowhere."
        listing.refused.append(Refused(target, reason))
    else:
        listing.videos[str(target)] = look


def look_at(path: str) -> Look | None:
    """How the file at `path` looks now; None if none can be seen there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return Look(status.st_size, status.st_mtime_ns, disk_of(os.path.dirname(path)))


def disk_of(folder: str) -> str | None:
    """What names the disk that a folder lies on, until the machine numbers its disks anew."""
    # Of the folder, as an overlay of several disks numbers files by the one that they come from.
    try:
        return str(os.stat(folder).st_dev)
    except OSError:
        return None


def printable(name: str) -> str:
    """A file's or a folder's name as people can be shown it."""
    # Bytes that are no text arrive here as surrogates (Cs).
    shown = unturned(name)
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") else c for c in shown)


def real_path(path: Path) -> Path:
    """Where a path leads; one that leads nowhere, or round in a loop, fails only when read."""
    return Path(os.path.realpath(path))
