"""Questions in, moments out.

Knows how words and videos become vectors, and how a question, its scope and its order become a page
of moments. Does not know how a question was typed or how results are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np

from encoder.embedder import Embedder
from encoder.errors import InvalidInput
from encoder.zero_shot import class_vectors, probabilities
from indexer.decoding import Reader
from indexer.errors import UnknownMoment
from indexer.example import Embedded, embed_example, spread
from indexer.library import Library, Video
from indexer.moments import Moment
from indexer.points import EVERYTHING, Scope, Store, StoredSegment
from indexer.question import Condition, Question, probes
from indexer.ranking import Asked, Ranking, heat
from indexer.settings import Fingerprint
from indexer.yardstick import Sampler, Yardstick

Sort = Literal["best", "newest", "oldest", "title", "time"]

MOST_SORTED = 1000  # moments that are put into another order than the best first
MOST_EXAMPLES = 8  # segments that stand for a stretch of a video


@dataclass(frozen=True)
class Wanted:
    """How an answer is to be: from where, how much of it, and in which order.

    `least` keeps moments among the best so many percent of the library's segments. Another order
    than the best first is one of those moments that score at least half of what the best does.
    """

    scope: Scope = EVERYTHING
    limit: int = 24
    offset: int = 0
    per_video: int = 3
    sort: Sort = "best"
    grouped: bool = False
    least: float | None = None


@dataclass(frozen=True)
class Answer:
    """A page of moments; `more` follow it. `weak` says that nothing fits well.

    `total` is how many there are in all, where that is known.
    """

    moments: list[Moment]
    videos: dict[str, Video]
    more: bool
    weak: bool = False
    total: int | None = None


@dataclass(frozen=True)
class Heatmap:
    """What each segment of a video scores for each step, in the order of time (seconds).

    `curves` is float32 [steps, segments]; `low` and `high` are the library's scale.
    """

    starts: tuple[float, ...]
    ends: tuple[float, ...]
    curves: np.ndarray
    low: float
    high: float


@dataclass(frozen=True)
class ClassTimeline:
    """Class probabilities (float32 [segments, classes], rows sum to 1) over segments in seconds."""

    classes: tuple[str, ...]
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    probabilities: np.ndarray


class Search:
    """Every question that can be asked of one library. Safe to use from several threads."""

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
        self._sampler = Sampler(store)

    # What can be asked for.

    def text_vector(self, words: str) -> np.ndarray:
        """The words as a unit vector: float32 [dim]. Raises InvalidInput if there is no word."""
        vector: np.ndarray = self._embedder.embed_texts([" ".join(words.split())])[0]
        return vector

    def words(self, words: str) -> Question:
        """The question for what some words say. Raises InvalidInput if there is no word."""
        return Question(((Condition(self.text_vector(words)[None]),),))

    def example(self, path: Path) -> Embedded:
        """A video or a picture as a query. Raises VideoError."""
        return embed_example(path, self._embedder, self._made_as, self._reader)

    def segment(self, video_id: str, index: int) -> StoredSegment:
        """One segment with its vector. Raises UnknownVideo and UnknownMoment."""
        found = [one for one in self._segments(video_id) if one.index == index]
        if not found:
            raise UnknownMoment("This moment is not indexed any more. Please ask without it.")
        return found[0]

    def stretch(self, video_id: str, start: float, end: float) -> np.ndarray:
        """A stretch of a video (seconds) as vectors: float32 [Q, dim], at most 8 of them.

        They are of the segments whose middle lies in it, else of the one that shares most with
        it. Raises UnknownVideo, and UnknownMoment if it lies beyond the video.
        """
        segments = [one for one in self._segments(video_id) if one.start < end and start < one.end]
        if not segments:
            raise UnknownMoment("Nothing of this video is indexed there. Please mark another part.")
        inside = [one for one in segments if start <= (one.start + one.end) / 2 <= end]
        most = max(segments, key=lambda one: min(one.end, end) - max(one.start, start))
        return np.stack([one.vector for one in spread(inside or [most], MOST_EXAMPLES)])

    def _segments(self, video_id: str) -> list[StoredSegment]:
        self._library.need(video_id)
        return self._store.segments(video_id)

    # Answers.

    def ask(self, question: Question, wanted: Wanted | None = None) -> Answer:
        """A page of the moments that answer a question. Raises NothingAsked."""
        wanted = wanted or Wanted()
        yardstick = self._sampler.yardstick()
        asked = tuple(probes(question, yardstick))
        videos = self._findable(wanted.scope)
        lengths = {one.video_id: one.duration or 0.0 for one in videos.values()}
        ranking = Ranking(
            self._store,
            Asked(asked, question.gap, wanted.scope, wanted.per_video),
            frozenset(videos),
            lengths,
        )
        until = wanted.offset + wanted.limit
        found = _in_order(ranking, wanted, videos, until + 1)
        page = [
            replace(moment, rank=rank)
            for rank, moment in enumerate(found[wanted.offset : until], wanted.offset + 1)
        ]
        return Answer(page, videos, more=len(found) > until)

    def browse(self, wanted: Wanted) -> Answer:
        """What a scope holds, without a question: chosen stretches, else one moment a video."""
        videos = self._findable(wanted.scope)
        found = [
            self._shown(video, start, end)
            for video in videos.values()
            for start, end in _stretches(wanted.scope, video)
        ]
        sort = "newest" if wanted.sort == "best" else wanted.sort
        found = _sorted(found, sort, videos)
        page = found[wanted.offset : wanted.offset + wanted.limit]
        ranked = [replace(one, rank=rank) for rank, one in enumerate(page, wanted.offset + 1)]
        return Answer(
            ranked, videos, more=len(found) > wanted.offset + wanted.limit, total=len(found)
        )

    def _shown(self, video: Video, start: float, end: float) -> Moment:
        """A stretch of a video as a moment, with the picture of the segment in its middle."""
        middle = (start + end) / 2
        return Moment(video.video_id, start, end, self._at(video, middle), middle, score=0.0)

    def _at(self, video: Video, seconds: float) -> int:
        """The index of the segment whose middle is nearest."""
        hop = self._made_as.hop_frames / self._made_as.fps
        index = round((seconds - self._made_as.window / 2) / hop)
        return min(max(index, 0), max(0, video.segments_done - 1))

    def segment_at(self, video_id: str, seconds: float) -> int:
        """The index of the segment whose middle is nearest. Raises UnknownVideo."""
        return self._at(self._library.need(video_id), seconds)

    def _findable(self, scope: Scope) -> dict[str, Video]:
        """The videos in scope that can be found, by id: in the library, and there to be played."""
        inside = scope.videos
        if scope.spans is not None:
            inside = frozenset(scope.spans) & (inside if inside is not None else scope.spans.keys())
        return {
            video.video_id: video
            for video in self._library.videos()
            if not video.missing
            and video.segments_done
            and (inside is None or video.video_id in inside)
        }

    def heatmap(self, video_id: str, question: Question) -> Heatmap:
        """How well each segment of one video fits each step. Raises UnknownVideo, NothingAsked."""
        self._library.need(video_id)
        yardstick = self._sampler.yardstick()
        asked = probes(question, yardstick)
        heats = [heat(self._store, probe, video_id) for probe in asked]
        curves = np.array([[hit.score for hit in each] for each in heats], np.float32)
        low, high = _scale([probe.scores(yardstick.sample) for probe in asked], yardstick)
        return Heatmap(
            starts=tuple(hit.start for hit in heats[0]),
            ends=tuple(hit.end for hit in heats[0]),
            curves=curves,
            low=low,
            high=high,
        )

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


def _in_order(
    ranking: Ranking, wanted: Wanted, videos: dict[str, Video], count: int
) -> list[Moment]:
    if wanted.sort == "best":
        if wanted.grouped:
            return list(chain.from_iterable(ranking.groups(count)))
        return ranking.moments(count)
    best = ranking.moments(1)
    good = ranking.moments(MOST_SORTED, least=best[0].score / 2) if best else []
    return _sorted(good, wanted.sort, videos, wanted.grouped)


def _sorted(
    moments: list[Moment], sort: Sort, videos: dict[str, Video], grouped: bool = False
) -> list[Moment]:
    """Moments in the order that a person asked for; of one video by time."""

    def key(moment: Moment) -> tuple[object, ...]:
        video = videos[moment.video_id]
        added = video.added_at
        by_video = {
            "newest": (-added,),
            "oldest": (added,),
            "title": (video.title.casefold(),),
            "time": (),
            "best": (),
        }[sort]
        if grouped:
            return (*by_video, video.video_id, moment.start)
        return (*by_video, moment.start, video.video_id)

    return sorted(moments, key=key)


def _stretches(scope: Scope, video: Video) -> list[tuple[float, float]]:
    length = video.duration or 0.0
    if scope.spans is None:
        return [(0.0, length)]
    return [(start, min(end, length)) for start, end in scope.spans.get(video.video_id, ())]


def _scale(scores: Sequence[np.ndarray], yardstick: Yardstick) -> tuple[float, float]:
    """What is cold and what is hot for a question in this library: its middle, and its best."""
    if not len(yardstick.sample):
        return 0.0, 1.0
    return 0.0, max(float(each.max()) for each in scores)
