"""Questions in, moments out.

Knows how words and videos become vectors, and how a question, its scope and its order become a page
of moments. Does not know how a question was typed or how results are shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import numpy as np

from encoder.embedder import Embedder
from indexer.classes import ClassTimeline, classify
from indexer.decoding import Reader
from indexer.errors import UnknownMoment
from indexer.example import Embedded, embed_example, spread
from indexer.heat import Heatmap, heat
from indexer.lately import Lately
from indexer.library import Library, Video
from indexer.moments import Moment
from indexer.noise import Hearing
from indexer.order import Sort, ordered, stretches
from indexer.points import EVERYTHING, Scope, Store, StoredSegment
from indexer.question import Asked, Condition, Probe, Question, probes
from indexer.ranking import Ranking
from indexer.settings import Fingerprint
from indexer.yardstick import Sampler, Yardstick

KEPT_RANKINGS = 128  # so that what many ask for, and the next page, does not begin it anew
KEPT_PROBES = 128  # each with what the library's sample scores: 16 kB and more
MOST_SORTED = 200  # moments that are put into another order than the best first
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
        self._hearing = Hearing(embedder.embed_texts)
        self._probes = Lately[tuple[Probe, ...]](KEPT_PROBES)
        self._rankings = Lately[Ranking](KEPT_RANKINGS)

    # What can be asked for.

    def text_vector(self, words: str) -> np.ndarray:
        """The words as a unit vector: float32 [dim]. Raises InvalidInput if there is no word."""
        vector: np.ndarray = self._embedder.embed_texts([" ".join(words.split())])[0]
        return vector

    def words(self, words: str) -> Question:
        """The question for what some words say. Raises InvalidInput if there is no word."""
        return Question(((Condition(self.text_vector(words)[None], said=words),),))

    def warm_up(self, stopped: Event) -> None:
        """Do once what the first questions in words would otherwise wait for, until `stopped`."""
        self.text_vector("hello")
        self._hearing.noise(self._sampler.yardstick())
        self._embedder.warm_up_texts(stopped)

    def example(self, path: Path) -> Embedded:
        """A video or a picture as a query. Raises VideoError."""
        return embed_example(path, self._embedder, self._made_as, self._reader)

    def segment(self, video_id: str, index: int) -> StoredSegment:
        """One segment with its vector. Raises UnknownVideo and UnknownMoment."""
        self._library.need(video_id)
        found = self._store.segments(video_id, index)
        if not found:
            raise UnknownMoment("This moment is not indexed any more. Please ask without it.")
        return found[0]

    def stretch(self, video_id: str, start: float, end: float) -> np.ndarray:
        """A stretch of a video (seconds) as vectors: float32 [Q, dim], at most 8 of them.

        They are of the segments whose middle lies in it, else of the one that shares most with
        it. Raises UnknownVideo, and UnknownMoment if it lies beyond the video.
        """
        self._library.need(video_id)
        shared = [
            one for one in self._store.outline(video_id) if one.start < end and start < one.end
        ]
        if not shared:
            raise UnknownMoment("Nothing of this video is indexed there. Please mark another part.")
        inside = [one for one in shared if start <= (one.start + one.end) / 2 <= end]
        most = max(shared, key=lambda one: min(one.end, end) - max(one.start, start))
        chosen = spread(inside or [most], MOST_EXAMPLES)
        return np.stack([self.segment(video_id, one.index).vector for one in chosen])

    def segment_at(self, video_id: str, seconds: float) -> int:
        """The index of the segment whose middle is nearest. Raises UnknownVideo."""
        return self._at(self._library.need(video_id), seconds)

    def _at(self, video: Video, seconds: float) -> int:
        index = round((seconds - self._made_as.window / 2) / self._made_as.hop)
        return min(max(index, 0), max(0, video.segments_done - 1))

    # Answers.

    def ask(self, question: Question, wanted: Wanted | None = None) -> Answer:
        """A page of the moments that answer a question. Raises NothingAsked."""
        wanted = wanted or Wanted()
        yardstick = self._sampler.yardstick()
        asked = self._measured(question, yardstick)
        ranking = self._ranking(asked, question.gap, wanted)
        until = wanted.offset + wanted.limit
        found = self._in_order(ranking, wanted, until + 1)
        videos = self._known(one.video_id for one in found[wanted.offset : until])
        page = [
            replace(moment, rank=rank, top=_top(asked, moment))
            for rank, moment in enumerate(found[wanted.offset : until], wanted.offset + 1)
            if moment.video_id in videos
        ]
        weak = question.is_said and self._is_weak(asked, ranking.moments(1), yardstick)
        return Answer(page, videos, len(found) > until, weak, ranking.total())

    def _measured(self, question: Question, yardstick: Yardstick) -> tuple[Probe, ...]:
        """The steps of a question; to hold one against the sample takes as long as to rank it."""
        key = (question.key, yardstick.drawn, yardstick.total)
        return self._probes.get(key, lambda: probes(question, yardstick))

    def _is_weak(
        self, asked: Sequence[Probe], best: Sequence[Moment], yardstick: Yardstick
    ) -> bool:
        """Whether words that mean nothing here would find as much as one of the steps did."""
        noise = self._hearing.noise(yardstick)
        scores = [score for moment in best for score in _scores(moment)]
        nearest = [probe.cosine(score) for probe, score in zip(asked, scores, strict=False)]
        return any(noise.hides(cosine, lead) for cosine, lead in nearest)

    def _ranking(self, asked: tuple[Probe, ...], gap: float, wanted: Wanted) -> Ranking:
        """The ranking of this question; one that was begun a moment ago goes on."""
        least = tuple(
            float("-inf") if wanted.least is None else probe.scale.least(wanted.least)
            for probe in asked
        )
        hidden = self._library.hidden_ids()
        wants = Asked(asked, gap, wanted.scope, wanted.per_video, least)
        return self._rankings.get(
            (wants.key, hidden, asked[0].scale.total),
            lambda: Ranking(self._store, self._library, wants, hidden),
        )

    def _in_order(self, ranking: Ranking, wanted: Wanted, count: int) -> list[Moment]:
        if wanted.sort == "best":
            return ranking.groups(count) if wanted.grouped else ranking.moments(count)
        best = ranking.moments(1)
        half = best[0].score / 2 if best else 0.0
        good = [one for one in ranking.moments(MOST_SORTED, half) if one.score >= half]
        videos = self._known(one.video_id for one in good)
        return ordered(good, videos, wanted.sort, wanted.grouped)

    def _known(self, video_ids: Iterable[str]) -> dict[str, Video]:
        """Those of the videos that can be found, by id."""
        found = self._library.several(set(video_ids))
        return {video.video_id: video for video in found if not video.missing}

    def browse(self, wanted: Wanted) -> Answer:
        """What a scope holds, without a question: chosen stretches, else one moment a video."""
        scope = wanted.scope
        inside = self._library.playable_ids() if scope.videos is None else scope.videos
        videos = self._known(inside)
        found = [
            Moment(one.video_id, start, end, self._at(one, (start + end) / 2), (start + end) / 2, 0)
            for one in videos.values()
            for start, end in stretches(scope, one)
        ]
        sort = "newest" if wanted.sort == "best" else wanted.sort
        found = ordered(found, videos, sort, wanted.grouped)
        until = wanted.offset + wanted.limit
        page = [
            replace(moment, rank=rank)
            for rank, moment in enumerate(found[wanted.offset : until], wanted.offset + 1)
        ]
        return Answer(page, videos, more=len(found) > until, total=len(found))

    def heatmap(self, video_id: str, question: Question) -> Heatmap:
        """How well each segment of one video fits each step. Raises UnknownVideo, NothingAsked."""
        self._library.need(video_id)
        asked = self._measured(question, self._sampler.yardstick())
        return heat(self._store, asked, video_id)

    def classify(self, video_id: str, class_names: Sequence[str]) -> ClassTimeline:
        """How probable each class is in each segment of one video, by time.

        Raises UnknownVideo, and InvalidInput unless two names or more have letters.
        """
        self._library.need(video_id)
        return classify(self._store.segments(video_id), class_names, self._embedder)


def _top(asked: Sequence[Probe], moment: Moment) -> float:
    """The percentage of the library's segments that score as well; of several steps the worst."""
    return max(probe.scale.top(score) for probe, score in zip(asked, _scores(moment), strict=True))


def _scores(moment: Moment) -> list[float]:
    """What a moment scores in each step."""
    return [part.score for part in moment.steps] or [moment.score]
