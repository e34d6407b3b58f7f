"""Which segments can be embedded by now, while a video is still being read.

Knows the plan's arithmetic for a stream whose end is not known yet, and which segments an earlier
attempt stored. Knows no pixel and no vector.
"""

from indexer.segments import Segment, completed, plan


class Windows:
    """The segments of one video in their order, each given once, those in `stored` left out.

    `frames` and `hop` count grid samples.
    """

    def __init__(self, frames: int, hop: int, stored: frozenset[int]) -> None:
        self._frames = frames
        self._hop = hop
        self._stored = stored
        self._next = 0
        self._skip_stored()

    @property
    def earliest(self) -> int:
        """The first sample that any segment still to come can need.

        The last one is aligned to the end, so it may begin just after the one before it.
        """
        return (self._next - 1) * self._hop + 1 if self._next else 0

    def ready(self, seen: int, fps: float) -> list[Segment]:
        """Segments that are complete once the samples before `seen` were read.

        One that ends with the very last sample seen waits: if nothing follows, its end is the
        video's.
        """
        found = []
        while self._next < completed(max(0, seen - 1), self._frames, self._hop):
            found.append(self._regular(self._next, fps))
            self._next += 1
            self._skip_stored()
        return found

    def rest(self, samples: int, duration: float, fps: float) -> tuple[list[Segment], int]:
        """What remains when a video turns out to have `samples`, and how many it has in all."""
        whole = plan(samples, self._frames, self._hop, duration, fps)
        return [s for s in whole[self._next :] if s.index not in self._stored], len(whole)

    def _regular(self, index: int, fps: float) -> Segment:
        start = index * self._hop
        stop = start + self._frames
        return Segment(index, start / fps, stop / fps, tuple(range(start, stop)))

    def _skip_stored(self) -> None:
        while self._next in self._stored:
            self._next += 1
