"""What is new in a followed folder, and what was taken out of it.

Knows what was there, and what only looks like a loss: a drive that is unplugged, a folder that
cannot be read, a file that was renamed. Knows neither when a new file is read, nor what becomes of
the video of a lost one.
"""

import os
from functools import cached_property
from pathlib import Path

from indexer.folders import Look, disk_of
from indexer.places import Places


class Changes:
    """One folder, compared with what is known of it."""

    def __init__(self, folder: Path, places: Places) -> None:
        self._folder = folder
        self._places = places

    @cached_property
    def _known(self) -> dict[str, Look]:
        """Every file as it was when it was dealt with."""
        return self._places.below(self._folder)

    @cached_property
    def _away(self) -> set[str]:
        """Those known that were not seen at the last comparison, or could not be read before.

        A start by itself gives no other failure another chance.
        """
        return self._places.out_of_reach(self._folder)

    def note(self, path: str, look: Look) -> None:
        """A file was dealt with, looking like this."""
        self._known[path] = look

    def forget(self, path: str) -> None:
        """A loss was dealt with."""
        del self._known[path]

    def news(self, found: dict[str, Look]) -> dict[str, Look]:
        """What is new or changed, and what is back whose video needs it."""
        self._note_disks(found)
        back = self._away & found.keys()
        again = {
            path
            for path, missing in self._places.in_trouble(self._folder).items()
            if missing or path in back
        }
        return {
            path: look
            for path, look in found.items()
            if path in again or not look.same_file(self._known.get(path))
        }

    def _note_disks(self, found: dict[str, Look]) -> None:
        """A drive that was plugged in again may have another number: its files tell.

        What is missing from it was on it as well, if all the others are on one disk now.
        """
        seen = {p: found[p] for p, known in self._known.items() if known.same_file(found.get(p))}
        now_on: dict[str | None, set[str | None]] = {}
        for path, look in seen.items():
            now_on.setdefault(self._known[path].disk, set()).add(look.disk)
        for old, (new, *others) in now_on.items():
            if new != old and not others:
                self._renumber(old, new)
        for path, look in seen.items():
            if look != self._known[path]:
                self._places.put_on(path, look.disk)
                self._known[path] = look

    def _renumber(self, old: str | None, new: str | None) -> None:
        self._places.renumber(self._folder, old, new)
        for path, known in self._known.items():
            if known.disk == old:
                self._known[path] = known._replace(disk=new)

    def losses(self, found: dict[str, Look], unread: list[str], newcomers: set[int]) -> list[str]:
        """What was taken out; all else that is not found is away.

        `unread` are folders that may hold anything, `newcomers` the sizes (bytes) of new files: a
        file of that size may have been renamed, which is known once those are read.
        """
        gone = {path: look for path, look in self._known.items() if path not in found}
        lost = [
            path
            for path, look in gone.items()
            if look.size not in newcomers
            and not _below(path, unread)
            and self._was_taken_out(path, look)
        ]
        self._away = set(gone).difference(lost)
        return lost

    def _was_taken_out(self, path: str, look: Look) -> bool:
        """Whether a file is gone while the disk that it lay on is still there."""
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return look.disk is not None and look.disk == self._disk_above(path)
        except OSError:  # a disk in trouble
            pass
        return False

    def _disk_above(self, path: str) -> str | None:
        """The disk of the nearest folder above that is there, the followed one being the last."""
        for parent in Path(path).parents:
            if os.path.lexists(parent) or parent == self._folder:
                return disk_of(str(parent))
        return None


def _below(path: str, folders: list[str]) -> bool:
    return any(path.startswith(os.path.join(folder, "")) for folder in folders)
