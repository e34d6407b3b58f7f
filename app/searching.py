"""The questions that have moments for an answer, and how hot each is over one video.

Knows addresses, and how a moment is shown as JSON. All of it runs in the server's threads and
answers while videos are being indexed.
"""

import time
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Request

from app.access import KnownExamples, OpenEngine, SearchableVideo
from app.asking import Asked, read
from app.describe import poster_url, strip_url
from app.errors import NO_SELECTION, ApiError, GoneError
from app.found import ConditionOut, CurveOut, HeatmapOut, MomentOut, SearchOut, StepOut
from app.meaning import Meaning
from indexer.engine import Engine
from indexer.examples import Examples
from indexer.filters import Filters
from indexer.index import Index
from indexer.library import Video
from indexer.moments import Moment, Part
from indexer.search import Answer, Wanted
from indexer.selections import Selections
from indexer.tags import Tags

router = APIRouter(prefix="/api/v1")

AT_A_TIME = 8
"""Searches that run side by side: as many as the text tower takes together. With more, threads
wait for each other, and chance decides who is last."""


async def _asked(request: Request) -> Asked:
    return read(request.query_params.multi_items())


AskedQuestion = Annotated[Asked, Depends(_asked)]


@router.get("/search")
async def search(
    request: Request, engine: OpenEngine, examples: KnownExamples, asked: AskedQuestion
) -> SearchOut:
    """The moments that fit best, over all videos in scope: who asked first is answered first."""
    turns: CapacityLimiter = request.app.state.asking
    return await to_thread.run_sync(answer, engine, examples, asked, limiter=turns)


def answer(engine: Engine, examples: Examples, asked: Asked) -> SearchOut:
    """What `asked` finds. Raises ApiError, IndexerError, EncoderError."""
    begun = time.perf_counter()
    index = engine.serving  # once: another may take its place meanwhile
    found, conditions, ignored = find(engine, index, examples, asked)
    return SearchOut(
        conditions=conditions,
        took_ms=round(1000 * (time.perf_counter() - begun), 1),
        videos_done=engine.library.counts().get("done", 0),
        weak=found.weak,
        more=found.more,
        total=found.total,
        ignored=ignored,
        moments=describe_moments(engine, index, found),
    )


def find(
    engine: Engine, index: Index, examples: Examples, asked: Asked
) -> tuple[Answer, list[ConditionOut], list[str]]:
    """The moments that `asked` finds in this index, its conditions for people, and what is ignored.

    Ignored is what was liked or disliked and is gone, as a question writes it.
    """
    wanted = _wanted(engine, asked)
    if asked.browses:
        if asked.filters == Filters():
            raise ApiError("Ask for something: words (q), an example (q=clip:...), or a filter.")
        return index.search.browse(wanted), [], []
    meaning = Meaning(index, engine.library, examples)
    question = meaning.question(asked)
    conditions = [meaning.describe(term) for term in asked.terms]
    return index.search.ask(question, wanted), conditions, meaning.ignored


def _wanted(engine: Engine, asked: Asked) -> Wanted:
    wishes = asked.wishes
    within = asked.filters.within
    if within and (unknown := Selections(engine.library.database).unknown(within)):
        raise GoneError(NO_SELECTION, [f"within={one}" for one in unknown])
    return Wanted(
        scope=asked.filters.scope(engine.library),
        limit=wishes.limit,
        offset=wishes.offset,
        per_video=wishes.per_video,
        sort=wishes.sort,
        grouped=wishes.group is not None,
        least=wishes.least,
    )


@router.get("/videos/{video_id}/heatmap")
def heatmap(
    video: SearchableVideo, engine: OpenEngine, examples: KnownExamples, asked: AskedQuestion
) -> HeatmapOut:
    """How well each segment of one video fits each step of the question."""
    index = engine.serving
    if asked.browses:
        raise ApiError("Ask for something: words (q), or an example (q=clip:...).")
    meaning = Meaning(index, engine.library, examples)
    heat = index.search.heatmap(video.video_id, meaning.question(asked))
    labels = [_label(meaning, asked, step) for step in range(len(heat.curves))]
    return HeatmapOut(
        starts=list(heat.starts),
        ends=list(heat.ends),
        curves=[
            CurveOut(label=label, step=step, scores=[round(float(s), 4) for s in heat.curves[step]])
            for step, label in enumerate(labels)
        ],
        low=heat.low,
        high=heat.high,
    )


def _label(meaning: Meaning, asked: Asked, step: int) -> str:
    """What people call a step: all that is to be seen in it."""
    seen = (term for term in asked.terms if term.step == step and term.role != "not")
    return ", ".join(meaning.describe(term).label for term in seen)


def describe_moments(engine: Engine, index: Index, found: Answer) -> list[MomentOut]:
    """Moments as the page shows them."""
    stretches = [(one.video_id, one.start, one.end) for one in found.moments]
    tags = Tags(engine.library.database).showing(stretches)
    return [
        describe_moment(engine, index, found.videos[one.video_id], one, said)
        for one, said in zip(found.moments, tags, strict=True)
    ]


def describe_moment(
    engine: Engine, index: Index, video: Video, moment: Moment, tags: list[str]
) -> MomentOut:
    """One moment as the page shows it; what is said of it are `tags`."""
    lead = lead_in(index)
    return MomentOut(
        rank=moment.rank,
        video_id=moment.video_id,
        title=video.title,
        index=moment.index,
        start=moment.start,
        end=moment.end,
        peak=moment.peak,
        play_at=max(moment.start, moment.peak - lead),
        score=moment.score,
        top=moment.top,
        poster=poster_url(moment.video_id, moment.index),
        strip=strip_url(engine, moment.video_id, moment.index),
        frames=index.fingerprint.frames,
        width=video.width,
        height=video.height,
        tags=tags,
        steps=[_describe_step(moment.video_id, part, lead) for part in moment.steps],
    )


def _describe_step(video_id: str, part: Part, lead: float) -> StepOut:
    peak = (part.start + part.end) / 2
    return StepOut(
        index=part.index,
        start=part.start,
        end=part.end,
        peak=peak,
        play_at=max(part.start, peak - lead),
        poster=poster_url(video_id, part.index),
        score=part.score,
    )


def lead_in(index: Index) -> float:
    """How many seconds before its peak a moment begins to play: a quarter of a window."""
    return index.fingerprint.window / 4
