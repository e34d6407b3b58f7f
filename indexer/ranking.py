"""The moments that answer a question, over all videos in scope, in the order of their score.

Knows which videos have to be looked at, and when no other one can be better. Knows neither words
nor titles; what a segment scores is told by the store, along a question's directions.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Iterable
from operator import attrgetter

import numpy as np

from indexer.candidates import Candidates
from indexer.hits import all_nearest
from indexer.library import Library
from indexer.moments import Moment, Part, Span, enough, spans
from indexer.points import Hit, Store
from indexer.question import Asked
from indexer.sequences import Chain, chains, score_of
from indexer.stretches import holds

_WHEN = attrgetter("start")

FEW, MANY = 12, 64  # videos that are looked at together: half of those before, within these


class Ranking:
    """The answer to one question, as far as it was asked for. Safe to use from several threads.

    Videos are looked at in the order of the best that each could reach. What is found is settled
    once no video that was not looked at can be better.
    """

    def __init__(
        self, store: Store, library: Library, asked: Asked, hidden: frozenset[str]
    ) -> None:
        """`hidden` are the videos that cannot be found now, though they may be stored."""
        self._store = store
        self._library = library
        self._asked = asked
        self._lock = threading.Lock()
        self._ranked: list[Moment] = []
        self._by_video: dict[str, list[Moment]] = {}
        self._candidates = Candidates(store, library, asked, hidden)
        self._looks = iter(self._candidates)
        self._coming: deque[tuple[str, float]] = deque()
        self._later = float("inf")  # what videos that are not known to come cannot exceed
        self._bound = float("inf")
        self._looked = 0

    def moments(self, count: int, least: float = float("-inf")) -> list[Moment]:
        """The `count` best moments, best first; at least all of those that score `least`."""
        with self._lock:
            while not self._settled(count) and self._bound >= least:
                self._look()
            return self._ranked[:count]

    def groups(self, count: int) -> list[Moment]:
        """The best videos' moments, those of each together: at least `count`, if there are."""
        with self._lock:
            while True:
                best = sorted(self._by_video.values(), key=lambda each: _place(each[0]))
                sure = [each for each in best if each[0].score >= self._bound]
                if self._done or sum(map(len, sure)) >= count:
                    return [moment for each in sure for moment in each]
                self._look()

    def total(self) -> int | None:
        """How many moments there are, once that is known."""
        return len(self._ranked) if self._done else None

    @property
    def _done(self) -> bool:
        return self._bound == float("-inf")

    def _settled(self, count: int) -> bool:
        ranked = self._ranked
        return self._done or (len(ranked) >= count and ranked[count - 1].score >= self._bound)

    def _look(self) -> None:
        """Look at the next few videos."""
        most = min(max(FEW, self._looked // 2), MANY)
        coming = dict(self._coming.popleft() for _ in range(min(most, self._ready())))
        self._looked += len(coming)
        for video_id, found in self._moments_of(coming).items():
            self._by_video[video_id] = found
            self._ranked += found
        self._ranked.sort(key=_place)
        last = self._coming[0][1] if self._coming else self._later
        self._bound = last if last >= float(np.mean(self._asked.least)) else float("-inf")

    def _ready(self) -> int:
        """How many videos are known to come next: a store is asked for more only if there is none.

        It is 0 at the end.
        """
        while not self._coming and (look := next(self._looks, None)) is not None:
            self._coming.extend(look[0])
            self._later = look[1]
        return len(self._coming)

    # What is in them.

    @property
    def _steps(self) -> int:
        return len(self._asked.probes)

    def _moments_of(self, coming: dict[str, float]) -> dict[str, list[Moment]]:
        """The moments of some videos whose best scores are known; videos without any are out."""
        lengths = self._lengths(coming)
        heats = [self._heats(step, coming) for step in range(self._steps)]
        found: dict[str, list[Moment]] = {}
        for video_id in coming:
            inside = [self._inside(heat.get(video_id, []), lengths) for heat in heats]
            if moments := self._moments(inside):
                found[video_id] = moments
        return found

    def _inside(self, heat: list[Hit], lengths: dict[str, float]) -> list[Hit]:
        """Those segments of a video in scope that lie in the stretches and the part in scope."""
        scope = self._asked.scope
        if heat and scope.spans is not None:
            inside = scope.spans.get(heat[0].video_id, ())
            heat = [hit for hit in heat if holds(inside, hit.start, hit.end)]
        if heat and scope.part is not None:
            low, high = (2 * share * lengths.get(heat[0].video_id, 0.0) for share in scope.part)
            heat = [hit for hit in heat if low <= hit.start + hit.end <= high]
        return heat

    def _moments(self, heats: list[list[Hit]]) -> list[Moment]:
        most, least = self._asked.per_video, self._asked.least
        if len(heats) > 1:
            return [_spanning(chain) for chain in chains(heats, self._asked.gap, most)]
        return [_moment(span) for span in spans(heats[0], most) if span.best.score >= least[0]]

    def _heats(self, step: int, coming: dict[str, float]) -> dict[str, list[Hit]]:
        """The segments of some videos that matter for a step, by time."""
        if self._steps > 1:
            least = self._candidates.floor(step)
        elif self._narrowed:  # what is best in scope may score anything
            least = float("-inf")
        else:
            least = enough(min(coming.values(), default=0.0))
        found: dict[str, list[Hit]] = defaultdict(list)
        for hit in all_nearest(self._store, self._asked.probes[step], frozenset(coming), least):
            found[hit.video_id].append(hit)
        for heat in found.values():
            heat.sort(key=_WHEN)
        return found

    @property
    def _narrowed(self) -> bool:
        return self._asked.scope.spans is not None or self._asked.scope.part is not None

    def _lengths(self, videos: Iterable[str]) -> dict[str, float]:
        """Each video's seconds, where they are asked for."""
        if self._asked.scope.part is None:
            return {}
        return {one.video_id: one.duration or 0.0 for one in self._library.several(videos)}


def _place(moment: Moment) -> tuple[float, str, float]:
    """What moments are ranked by; where scores are equal, the order is always the same."""
    return -moment.score, moment.video_id, moment.start


def _moment(span: Span) -> Moment:
    best = span.best
    return Moment(
        video_id=best.video_id,
        start=span.start,
        end=span.end,
        index=best.index,
        peak=(best.start + best.end) / 2,
        score=best.score,
    )


def _spanning(chain: Chain) -> Moment:
    first = chain[0]
    return Moment(
        video_id=first.video_id,
        start=first.start,
        end=max(hit.end for hit in chain),
        index=first.index,
        peak=(first.start + first.end) / 2,
        score=score_of(chain),
        steps=tuple(Part(hit.index, hit.start, hit.end, hit.score) for hit in chain),
    )
