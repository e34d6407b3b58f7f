"""The moments that answer a question, over all videos in scope, in the order of their score.

Knows which videos have to be looked at, and when no other one can be better. Knows neither words
nor titles; what a segment scores is told by the store, along a question's directions.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from indexer.moments import Moment, Part, Span, spans
from indexer.points import Hit, Scope, Store
from indexer.question import Probe
from indexer.sequences import Chain, chains, score_of
from indexer.stretches import holds

FIRST_LOOK = 96  # hits that are asked for at first; each further look asks for twice as many
MOST_AT_ONCE = 4096


@dataclass(frozen=True)
class Asked:
    """A question ready to be ranked: its steps, the gap between them (seconds), and its bounds."""

    probes: tuple[Probe, ...]
    gap: float
    scope: Scope
    per_video: int


class Ranking:
    """The answer to one question, as far as it was asked for. Safe to use from several threads.

    Videos are looked at in the order of the best that each could reach. What is found is settled
    once no video that was not looked at can be better.
    """

    def __init__(
        self, store: Store, asked: Asked, everything: frozenset[str], lengths: dict[str, float]
    ) -> None:
        """`everything` are the videos to be found at all; `lengths` their seconds, by id."""
        self._store = store
        self._asked = asked
        self._lengths = lengths
        self._lock = threading.Lock()
        self._found: dict[str, list[Moment]] = {}
        self._coming = self._candidates(everything)
        self._bound = np.inf

    def moments(self, count: int, least: float = -np.inf) -> list[Moment]:
        """The `count` best moments that score `least` or more, best first."""
        with self._lock:
            while True:
                found = [one for each in self._found.values() for one in each]
                found = sorted((m for m in found if m.score >= least), key=lambda m: -m.score)
                enough = len(found) >= count and found[count - 1].score >= self._bound
                if enough or self._bound < least or not self._look():
                    return found[:count]

    def groups(self, count: int, least: float = -np.inf) -> list[list[Moment]]:
        """The best videos' moments, each best first, until there are `count` moments in all."""
        with self._lock:
            while True:
                ranked = sorted(
                    ([m for m in each if m.score >= least] for each in self._found.values()),
                    key=lambda each: -each[0].score if each else np.inf,
                )
                settled = [each for each in ranked if each and each[0].score >= self._bound]
                enough = sum(map(len, settled)) >= count
                if enough or self._bound < least or not self._look():
                    return [each for each in ranked if each]

    def _look(self) -> bool:
        """Look at the next video; False if there is none."""
        coming = next(self._coming, None)
        if coming is None:
            self._bound = -np.inf
            return False
        video_id, self._bound = coming
        self._found[video_id] = self._moments_of(video_id)
        return True

    def _candidates(self, unseen: frozenset[str]) -> Iterator[tuple[str, float]]:
        """Videos with the best score that each could have, in falling order, as far as asked for.

        A video is at best what its best hit for each step says, or, where it has none among the
        hits that were asked for, what the last of those says.
        """
        at_once = FIRST_LOOK
        while unseen:
            looks = [self._look_for(probe, at_once, unseen) for probe in self._asked.probes]
            seen = {video_id for best, _ in looks for video_id in best}
            bounds = {
                video_id: float(np.mean([best.get(video_id, last) for best, last in looks]))
                for video_id in seen
            }
            rest = float(np.mean([last for _, last in looks]))
            ready = [one for one in seen if bounds[one] >= rest]
            yield from sorted(
                ((one, bounds[one]) for one in ready), key=lambda one: (-one[1], one[0])
            )
            unseen -= frozenset(ready)
            if rest == -np.inf:
                return
            at_once = min(2 * at_once, MOST_AT_ONCE)

    def _look_for(
        self, probe: Probe, at_once: int, videos: frozenset[str]
    ) -> tuple[dict[str, float], float]:
        """Each video's best score among so many hits, and what no other one exceeds."""
        hits = nearest(self._store, probe, at_once, Scope(videos))
        best = {hit.video_id: hit.score for hit in reversed(hits)}
        return best, hits[-1].score if len(hits) >= at_once else -np.inf

    def _moments_of(self, video_id: str) -> list[Moment]:
        asked = self._asked
        heats = [heat(self._store, probe, video_id) for probe in asked.probes]
        inside = [self._within(video_id, each) for each in heats]
        if len(inside) == 1:
            return [_moment(span) for span in spans(inside[0], asked.per_video)]
        return [_spanning(chain) for chain in chains(inside, asked.gap, asked.per_video)]

    def _within(self, video_id: str, hits: Sequence[Hit]) -> list[Hit]:
        length = self._lengths.get(video_id) or max((hit.end for hit in hits), default=0.0)
        return [hit for hit in hits if allows(self._asked.scope, hit, length)]


def allows(scope: Scope, hit: Hit, length: float) -> bool:
    """Whether a scope's stretches and part hold a segment of a video of this length (seconds)."""
    if scope.spans is not None:
        if not holds(scope.spans.get(hit.video_id, ()), hit.start, hit.end):
            return False
    if scope.part is None:
        return True
    middle = (hit.start + hit.end) / 2
    return scope.part[0] * length <= middle <= scope.part[1] * length


def nearest(store: Store, probe: Probe, limit: int, scope: Scope) -> list[Hit]:
    """The best hits of a step, best first: exactly the `limit` best."""
    best: dict[tuple[str, int], Hit] = {}
    for direction, offset in zip(probe.directions, probe.offsets, strict=True):
        length = float(np.linalg.norm(direction))
        for hit in store.nearest(direction, limit, scope):
            score = hit.score * length - float(offset)
            key = (hit.video_id, hit.index)
            if key not in best or score > best[key].score:
                best[key] = replace(hit, score=score)
    return sorted(best.values(), key=lambda hit: -hit.score)[:limit]


def heat(store: Store, probe: Probe, video_id: str) -> list[Hit]:
    """Every segment of one video, by time, with its score."""
    stored = store.count(video_id)
    if stored == 0:
        return []
    hits = nearest(store, probe, stored, Scope(frozenset({video_id})))
    return sorted(hits, key=lambda hit: hit.start)


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
