"""The videos that may answer a question, the most promising first.

Knows what the best of each could score, from a few hits of each step. Knows not what is a moment in
them: ranking.py looks.
"""

from collections.abc import Iterator, Sequence

from indexer import sequences
from indexer.hits import leading
from indexer.library import Library
from indexer.points import Scope, Store
from indexer.question import Asked

# Hits that a store is asked for, more each time: to look for them anew is what takes it long.
FIRST_LOOK, WIDER, MOST_AT_ONCE = 400, 4, 4096


class Candidates:
    """Every video in scope with the best score that it could have, in falling order."""

    def __init__(
        self, store: Store, library: Library, asked: Asked, hidden: frozenset[str]
    ) -> None:
        """`hidden` are the videos that cannot be found now, though they may be stored."""
        self._store = store
        self._library = library
        self._asked = asked
        self._hidden = hidden

    def __iter__(self) -> Iterator[tuple[list[tuple[str, float]], float]]:
        """Videos with the best score that each could have, in falling order, a look at a time.

        After each look's videos, what those of later ones cannot exceed.

        A video is at best what its best hit for each step says, or, where it has none among the
        hits that were asked for, what the last of those says.
        """
        at_once, seen = FIRST_LOOK, set(self._hidden)
        videos = None if self._everywhere else self._all() - seen
        while True:
            looks = [self._look_for(step, at_once, videos) for step in range(self._steps)]
            rest = _mean([last for _, last in looks])
            bounds = {
                video_id: _mean([best.get(video_id, last) for best, last in looks])
                for video_id in {video_id for best, _ in looks for video_id in best} - seen
            }
            ready = [one for one in bounds.items() if one[1] >= rest and one[1] > float("-inf")]
            yield sorted(ready, key=lambda one: (-one[1], one[0])), rest
            if rest == float("-inf"):
                return
            seen.update(video_id for video_id, _ in ready)
            at_once = min(WIDER * at_once, MOST_AT_ONCE)
            # To name nearly all videos takes a store longer than to bring the known hits again.
            again = self._everywhere and at_once < MOST_AT_ONCE
            videos = None if again else self._all() - seen

    @property
    def _everywhere(self) -> bool:
        return self._asked.scope.videos is None and self._asked.scope.spans is None

    def _all(self) -> frozenset[str]:
        if self._everywhere:  # naming all of them takes a store longer than naming none
            return self._library.playable_ids()
        scope = self._asked.scope
        return frozenset(scope.spans or ()) if scope.videos is None else scope.videos

    @property
    def _steps(self) -> int:
        return len(self._asked.probes)

    def _look_for(
        self, step: int, at_once: int, videos: frozenset[str] | None
    ) -> tuple[dict[str, float], float]:
        """Each video's best score among so many hits, and what no other one exceeds."""
        best, rest = leading(self._store, self._asked.probes[step], at_once, Scope(videos))
        least = self.floor(step)
        return {
            video_id: score if score >= least else float("-inf")
            for video_id, score in best.items()
            if video_id not in self._hidden
        }, (rest if rest >= least else float("-inf"))

    def floor(self, step: int) -> float:
        """What a segment must score to be this step of a sequence."""
        least = self._asked.least[step]
        return max(least, sequences.LEAST) if self._steps > 1 else least


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
