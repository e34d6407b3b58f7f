"""Words, an example video or a vector in, moments out.

Knows how hits become ranked moments, and what a whole video scores over time. Does not know how a
query was typed or how results are shown; every question goes to the store within a scope.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from encoder.embedder import Embedder
from encoder.errors import InvalidInput
from encoder.zero_shot import class_vectors, probabilities
from indexer.decoding import Reader
from indexer.example import embed_video
from indexer.library import Library
from indexer.moments import Span, spans
from indexer.points import EVERYTHING, Hit, Scope, Store
from indexer.settings import Fingerprint

FIRST_LOOK = 4  # hits asked for at once per moment wanted: most videos are hit several times


@dataclass(frozen=True)
class Moment:
    """What a search returns: a stretch of one video, in seconds, with the place of its peak.

    `peak` is the middle of the best segment, `score` its cosine, `rank` counts from 1. `poster`
    names that segment's picture among the video's.
    """

    video_id: str
    title: str
    start: float
    end: float
    peak: float
    score: float
    rank: int
    poster: str


@dataclass(frozen=True)
class ClassTimeline:
    """Class probabilities (float32 [segments, classes], rows sum to 1) over segments in seconds."""

    classes: tuple[str, ...]
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    probabilities: np.ndarray


class Search:
    """Every question that can be asked of one library. Safe to use from several threads.

    A query is a unit vector (float32 [dim]) or several (float32 [Q, dim]); of several, a segment's
    score is the best.
    """

    def __init__(
        self,
        library: Library,
        store: Store,
        embedder: Embedder,
        made_as: Fingerprint,
        reader: Reader = "pyav",
    ) -> None:
        """`made_as` is the collection that `store` holds and `embedder` makes vectors for."""
        self._library = library
        self._store = store
        self._embedder = embedder
        self._made_as = made_as
        self._reader = reader

    def text_vector(self, words: str) -> np.ndarray:
        """The words as a query: float32 [dim]. Raises InvalidInput if there is no word."""
        vector: np.ndarray = self._embedder.embed_texts([" ".join(words.split())])[0]
        return vector

    def video_vectors(self, path: Path) -> np.ndarray:
        """An example video as a query: float32 [Q, dim], Q small. Raises VideoError."""
        return embed_video(path, self._embedder, self._made_as, self._reader)

    def by_text(
        self, words: str, limit: int = 24, per_video: int = 3, scope: Scope = EVERYTHING
    ) -> list[Moment]:
        """The moments nearest to the words, best first."""
        return self.by_vector(self.text_vector(words), limit, per_video, scope)

    def by_vector(
        self,
        vector: np.ndarray,
        limit: int = 24,
        per_video: int = 3,
        scope: Scope = EVERYTHING,
    ) -> list[Moment]:
        """The `limit` best moments in scope, best first, at most `per_video` of one video."""
        found: list[Moment] = []
        if limit < 1:
            return found
        for video_id, best in self._ranked_videos(vector, limit * FIRST_LOOK, scope):
            if len(found) >= limit and found[limit - 1].score >= best:
                break
            found += self._moments_of(video_id, vector, per_video, scope)
            found.sort(key=lambda moment: -moment.score)
        return [replace(moment, rank=rank) for rank, moment in enumerate(found[:limit], 1)]

    def _ranked_videos(
        self, vector: np.ndarray, at_once: int, scope: Scope
    ) -> Iterator[tuple[str, float]]:
        """Every video in scope with its best score, in falling order, as far as is asked for."""
        seen: set[str] = set()
        while True:
            hits = self._nearest(vector, at_once, scope)
            best = {hit.video_id: hit.score for hit in reversed(hits)}
            yield from sorted(best.items(), key=lambda item: -item[1])
            if len(hits) < at_once:
                return
            seen.update(best)
            scope = replace(scope, videos=self._all_of(scope) - seen)

    def _all_of(self, scope: Scope) -> frozenset[str]:
        if scope.videos is not None:
            return scope.videos
        return self._library.playable_ids()

    def _nearest(self, vector: np.ndarray, limit: int, scope: Scope) -> list[Hit]:
        """The best hits over all vectors of the query, best first: exactly the `limit` best."""
        best: dict[tuple[str, int], Hit] = {}
        for row in np.atleast_2d(vector):
            for hit in self._store.nearest(row, limit, scope):
                key = (hit.video_id, hit.index)
                if key not in best or hit.score > best[key].score:
                    best[key] = hit
        return sorted(best.values(), key=lambda hit: -hit.score)[:limit]

    def _moments_of(
        self, video_id: str, vector: np.ndarray, most: int, scope: Scope
    ) -> list[Moment]:
        video = self._library.get(video_id)
        if video is None or video.missing:  # removed, or its file is not there to be played
            return []
        heat = self._heat(video_id, vector, scope)
        return [_moment(video.title, span) for span in spans(heat, most)]

    def _heat(self, video_id: str, vector: np.ndarray, scope: Scope = EVERYTHING) -> list[Hit]:
        """Every segment of one video in scope, by time, with its score."""
        stored = self._store.count(video_id)
        if stored == 0:
            return []
        within = replace(scope, videos=frozenset({video_id}))
        return sorted(self._nearest(vector, stored, within), key=lambda hit: hit.start)

    def heatmap(self, video_id: str, vector: np.ndarray) -> list[tuple[float, float, float]]:
        """(start, end, score) of every segment of one video, by time. Raises UnknownVideo."""
        self._library.need(video_id)
        return [(hit.start, hit.end, hit.score) for hit in self._heat(video_id, vector)]

    def classify(self, video_id: str, class_names: Sequence[str]) -> ClassTimeline:
        """How probable each class is in each segment of one video, by time.

        Raises UnknownVideo, and InvalidInput unless two names or more have letters.
        """
        self._library.need(video_id)
        names = tuple(" ".join(name.split()) for name in class_names)
        if len(names) < 2 or not all(any(c.isalnum() for c in name) for name in names):
            raise InvalidInput("Name at least two classes, one a line, to choose between.")
        segments = self._store.segments(video_id)
        vectors = np.array([segment.vector for segment in segments], np.float32)
        return ClassTimeline(
            classes=names,
            starts=tuple(segment.start for segment in segments),
            ends=tuple(segment.end for segment in segments),
            probabilities=probabilities(
                vectors.reshape(-1, self._embedder.dim), class_vectors(self._embedder, names)
            ),
        )


def _moment(title: str, span: Span) -> Moment:
    best = span.best
    return Moment(
        video_id=best.video_id,
        title=title,
        start=span.start,
        end=span.end,
        peak=(best.start + best.end) / 2,
        score=best.score,
        rank=0,
        poster=str(best.index),
    )
