"""The moments that answer a question, over all videos in scope, in the order of their score.

Knows which videos have to be looked at, and when no other one can be better. Knows neither words
nor titles; what a segment scores is told by the store, along a question's directions.
"""

import threading
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from indexer import sequences
from indexer.library import Library
from indexer.moments import Moment, Part, Span, enough, spans
from indexer.points import Hit, Scope, Store
from indexer.question import Probe
from indexer.sequences import Chain, chains, score_of
from indexer.stretches import holds

FIRST_LOOK, MOST_AT_ONCE = 256, 4096  # hits that a store is asked for, twice as many each time
FEW, MANY = 8, 64  # videos that are looked at together: half of those before, within these
ROOM = 2048  # hits that are asked for of a few videos; if that was too few, twice as many


@dataclass(frozen=True)
class Asked:
    """A question ready to be ranked: its steps, the gap between them (seconds), and its bounds.

    `least` is what a moment must score in each step.
    """

    probes: tuple[Probe, ...]
    gap: float
    scope: Scope
    per_video: int
    least: tuple[float, ...]

    @property
    def key(self) -> Hashable:
        """The same for two questions that have the same answer."""
        directions = tuple(probe.directions.tobytes() for probe in self.probes)
        offsets = tuple(probe.offsets.tobytes() for probe in self.probes)
        scope = self.scope
        spans = None if scope.spans is None else frozenset(scope.spans.items())
        among = (scope.videos, spans, scope.part)
        return directions, offsets, self.gap, among, self.per_video, self.least


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
        self._hidden = hidden
        self._lock = threading.Lock()
        self._ranked: list[Moment] = []
        self._by_video: dict[str, list[Moment]] = {}
        self._coming = self._candidates()
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
        coming = dict(islice(self._coming, min(max(FEW, self._looked // 2), MANY)))
        self._looked += len(coming)
        for video_id, found in self._moments_of(coming).items():
            self._by_video[video_id] = found
            self._ranked += found
        self._ranked.sort(key=_place)
        last = min(coming.values(), default=float("-inf"))
        self._bound = last if last >= float(np.mean(self._asked.least)) else float("-inf")

    # Which videos there are.

    def _candidates(self) -> Iterator[tuple[str, float]]:
        """Videos with the best score that each could have, in falling order, as far as asked for.

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
            yield from sorted(ready, key=lambda one: (-one[1], one[0]))
            if rest == float("-inf"):
                return
            seen.update(video_id for video_id, _ in ready)
            at_once = min(2 * at_once, MOST_AT_ONCE)
            videos = self._all() - seen

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
        hits = nearest(self._store, self._asked.probes[step], at_once, Scope(videos))
        last = hits[-1].score if len(hits) >= at_once else float("-inf")
        best = {hit.video_id: hit.score for hit in reversed(hits)}
        least = self._floor(step)
        return {
            video_id: score if score >= least else float("-inf")
            for video_id, score in best.items()
            if video_id not in self._hidden
        }, (last if last >= least else float("-inf"))

    def _floor(self, step: int) -> float:
        """What a segment must score to be this step of a sequence."""
        least = self._asked.least[step]
        return max(least, sequences.LEAST) if self._steps > 1 else least

    # What is in them.

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
        if not self._narrowed:
            return heat
        return [hit for hit in heat if self._allows(hit, lengths)]

    def _moments(self, heats: list[list[Hit]]) -> list[Moment]:
        most, least = self._asked.per_video, self._asked.least
        if len(heats) > 1:
            return [_spanning(chain) for chain in chains(heats, self._asked.gap, most)]
        return [_moment(span) for span in spans(heats[0], most) if span.best.score >= least[0]]

    def _heats(self, step: int, coming: dict[str, float]) -> dict[str, list[Hit]]:
        """The segments of some videos that matter for a step, by time."""
        if self._steps > 1:
            least = self._floor(step)
        elif self._narrowed:  # what is best in scope may score anything
            least = float("-inf")
        else:
            least = enough(min(coming.values(), default=0.0))
        found: dict[str, list[Hit]] = defaultdict(list)
        for hit in all_nearest(self._store, self._asked.probes[step], frozenset(coming), least):
            found[hit.video_id].append(hit)
        return {video_id: sorted(heat, key=_when) for video_id, heat in found.items()}

    @property
    def _narrowed(self) -> bool:
        return self._asked.scope.spans is not None or self._asked.scope.part is not None

    def _lengths(self, videos: Iterable[str]) -> dict[str, float]:
        """Each video's seconds, where they are asked for."""
        if self._asked.scope.part is None:
            return {}
        return {one.video_id: one.duration or 0.0 for one in self._library.several(videos)}

    def _allows(self, hit: Hit, lengths: dict[str, float]) -> bool:
        """Whether a segment of a video in scope lies in the stretches and the part in scope."""
        scope = self._asked.scope
        inside = None if scope.spans is None else scope.spans.get(hit.video_id, ())
        if inside is not None and not holds(inside, hit.start, hit.end):
            return False
        if scope.part is None:
            return True
        low, high = (share * lengths.get(hit.video_id, 0.0) for share in scope.part)
        return low <= (hit.start + hit.end) / 2 <= high


def nearest(
    store: Store, probe: Probe, limit: int, scope: Scope, least: float = float("-inf")
) -> list[Hit]:
    """The `limit` best hits of a step that score `least` or more, best first."""
    found: dict[tuple[str, int], Hit] = {}
    for direction, offset in zip(probe.directions, probe.offsets.tolist(), strict=True):
        length = float(np.linalg.norm(direction))
        above = None if least == float("-inf") else (least + offset) / length - 1e-5
        hits = [
            Hit(video_id, index, start, end, cosine * length - offset)
            for video_id, index, start, end, cosine in store.nearest(direction, limit, scope, above)
        ]
        if len(probe.directions) == 1:
            return hits
        for hit in hits:
            known = found.get(hit[:2])
            if known is None or hit.score > known.score:
                found[hit[:2]] = hit
    return sorted(found.values(), key=lambda hit: -hit.score)[:limit]


def all_nearest(
    store: Store, probe: Probe, videos: frozenset[str], least: float = float("-inf")
) -> Sequence[Hit]:
    """Every segment of these videos that scores `least` or more, best first."""
    room = ROOM
    while True:
        hits = nearest(store, probe, room, Scope(videos), least)
        if len(hits) < room:
            return hits
        room *= 4


def _when(hit: Hit) -> float:
    return hit.start


def _place(moment: Moment) -> tuple[float, str, float]:
    """What moments are ranked by; where scores are equal, the order is always the same."""
    return -moment.score, moment.video_id, moment.start


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


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
