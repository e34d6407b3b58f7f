"""Files that are new or changed, until they have come to rest.

Knows how long a file must have looked the same before it is read, and that one which was read too
early is given longer. Knows paths, looks and time; touches no file.
"""

from collections.abc import Collection
from dataclasses import dataclass

from indexer.folders import Look

QUIET = 3.0  # seconds without a change, at first
MOST = 600.0
# A file that changes within this many times its quiet after it was read is still being written.
RESTLESS = 20


@dataclass(frozen=True)
class _Waiting:
    look: Look
    since: float
    quiet: float


class Settling:
    """The files of one folder that are waited for. Times are seconds of one steady clock."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._read: dict[str, tuple[float, float]] = {}  # when, and after how much quiet

    def see(self, path: str, look: Look, now: float) -> None:
        """A file that should be read looks like this; another look than before begins anew."""
        before = self._waiting.get(path)
        if before is None:
            self._waiting[path] = _Waiting(look, now, self._quiet(path, now))
        elif not look.same_file(before.look):
            self._waiting[path] = _Waiting(look, now, before.quiet)

    def _quiet(self, path: str, now: float) -> float:
        read, quiet = self._read.pop(path, (0.0, 0.0))
        return min(MOST, 2 * quiet) if quiet and now - read < RESTLESS * quiet else QUIET

    def due(self, now: float) -> dict[str, Look]:
        """The files that have looked the same for long enough."""
        return {
            path: one.look for path, one in self._waiting.items() if now >= one.since + one.quiet
        }

    def next_due(self) -> float:
        """When the next file will be due, if it does not change; infinite if none waits."""
        return min((one.since + one.quiet for one in self._waiting.values()), default=float("inf"))

    def settled(self, path: str, now: float) -> None:
        """A file was read."""
        self._read[path] = (now, self._waiting.pop(path).quiet)

    def put_off(self, path: str, now: float) -> None:
        """A file could not be read for now; it is given twice the time until the next try."""
        one = self._waiting[path]
        self._waiting[path] = _Waiting(one.look, now, min(MOST, 2 * one.quiet))

    def changed(self, path: str, look: Look | None, now: float) -> None:
        """A file that was due looks different after all; one that is gone waits no longer."""
        if look is None:
            del self._waiting[path]
        else:
            self.see(path, look, now)

    def keep(self, paths: Collection[str]) -> None:
        """Wait for no other files than these."""
        self._waiting = {path: one for path, one in self._waiting.items() if path in paths}

    def sizes(self) -> set[int]:
        """The sizes (bytes) of the files that are waited for."""
        return {one.look.size for one in self._waiting.values()}
