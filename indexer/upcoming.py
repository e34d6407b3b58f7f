"""The videos that come next, read ahead while the present one is embedded.

Knows how many decoders this machine feeds, and that one which failed or is no longer wanted is
ended. Knows not which videos come next, nor what is done with them.
"""

import os
from collections.abc import Mapping

from indexer.ahead import Ahead, Open
from indexer.meters import Meters

MOST = 8  # decoders at once, the present video's among them


def decoders() -> int:
    """How many children may decode at once: one for each core that this process may use."""
    able = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(MOST, max(1, able or 1))


class Upcoming:
    """Readers of the next videos, by video. For the one thread that indexes, and its closing."""

    def __init__(self) -> None:
        self._begun: dict[str, Ahead] = {}

    def take(self, video_id: str) -> Ahead | None:
        """The reader of a video whose turn has come, if it was begun and has not failed."""
        ahead = self._begun.pop(video_id, None)
        if ahead is not None and ahead.failed:  # its time has come only now: it is tried again
            ahead.close()
            return None
        return ahead

    def keep(self, wanted: Mapping[str, Open], meters: Meters) -> None:
        """Begin to read these videos unless that has begun, and end every other reader."""
        for video_id in self._begun.keys() - wanted.keys():
            self._begun.pop(video_id).close()
        for video_id in wanted:
            if video_id not in self._begun:
                self._begun[video_id] = Ahead(wanted[video_id], meters)

    def close(self) -> None:
        """End all of them."""
        while self._begun:
            self._begun.popitem()[1].close()
