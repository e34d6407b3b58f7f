"""The questions a page or a program can ask: what is here, where a moment is, what a video shows.

Knows addresses and JSON. Routes are plain functions, so they run in the server's thread pool and
answer while videos are being indexed.
"""

import time
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request

from app import __version__
from app.access import KnownExamples, KnownVideo, OpenEngine, SearchableVideo
from app.errors import ApiError, NotFoundError
from app.examples import Examples
from app.schemas import (
    ClassesIn,
    ClassesOut,
    HeatmapOut,
    HeatOut,
    Identifier,
    InfoOut,
    ModelOut,
    MomentOut,
    QueryOut,
    SearchOut,
    VideoOut,
    VideosOut,
    Words,
)
from indexer.engine import Engine
from indexer.formats import SUPPORTED
from indexer.library import Video
from indexer.search import Moment

router = APIRouter(prefix="/api/v1")
AskedWords = Annotated[Words | None, Query(description="what to look for, in words")]
AskedExample = Annotated[Identifier | None, Query(description="an example video's query_id")]


@router.get("/info")
def info(request: Request, engine: OpenEngine) -> InfoOut:
    """What this installation is and holds."""
    settings, card = engine.settings, engine.embedder.card
    videos = engine.library.videos()
    return InfoOut(
        version=__version__,
        model=ModelOut(
            name=card.name,
            description=card.description,
            frames=card.frames,
            pixels=card.pixels,
            dim=card.dim,
            toy=card.tokenizer == "toy",
            reads_words=card.kind == "clip",
        ),
        device=engine.embedder.device,
        read_only=settings.read_only,
        max_upload_bytes=settings.max_upload_bytes,
        max_example_bytes=settings.max_example_bytes,
        suffixes=sorted(SUPPORTED),
        suggestions=list(request.app.state.suggestions),
        videos=len(videos),
        videos_done=sum(video.state == "done" for video in videos),
        segments=sum(video.segments_done for video in videos),
    )


@router.get("/search")
def search(
    engine: OpenEngine,
    examples: KnownExamples,
    q: AskedWords = None,
    query: AskedExample = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 24,
    per_video: Annotated[int, Query(ge=1, le=50)] = 3,
) -> SearchOut:
    """The moments that fit best, over all videos."""
    begun = time.perf_counter()
    asked, vector = understand(engine, examples, q, query)
    moments = engine.search.by_vector(vector, limit=limit, per_video=per_video)
    return SearchOut(
        query=asked,
        took_ms=round(1000 * (time.perf_counter() - begun), 1),
        videos_done=len(engine.library.videos(state="done")),
        moments=[describe_moment(moment, lead_in(engine)) for moment in moments],
    )


@router.get("/videos")
def videos(engine: OpenEngine) -> VideosOut:
    """Every video and how far it got."""
    return VideosOut(videos=[describe_video(video) for video in engine.library.videos()])


@router.get("/videos/{video_id}")
def video(video: KnownVideo) -> VideoOut:
    """One video and how far it got."""
    return describe_video(video)


@router.delete("/videos/{video_id}", status_code=204)
def remove(video: KnownVideo, engine: OpenEngine) -> None:
    """Forget a video; a file that lies in a watched folder is left where it is."""
    engine.remove(video.video_id)


@router.post("/videos/{video_id}/retry", status_code=202)
def retry(video: KnownVideo, engine: OpenEngine) -> VideoOut:
    """Give a video that was set aside another chance; for any other this changes nothing."""
    engine.retry(video.video_id)
    return describe_video(engine.library.need(video.video_id))


@router.get("/videos/{video_id}/heatmap")
def heatmap(
    video: SearchableVideo,
    engine: OpenEngine,
    examples: KnownExamples,
    q: AskedWords = None,
    query: AskedExample = None,
) -> HeatmapOut:
    """How well each segment of one video fits the query."""
    _, vector = understand(engine, examples, q, query)
    heat = engine.search.heatmap(video.video_id, vector)
    return HeatmapOut(
        segments=[HeatOut(start=start, end=end, score=score) for start, end, score in heat]
    )


@router.post("/videos/{video_id}/classes")
def classes(video: SearchableVideo, engine: OpenEngine, asked: ClassesIn) -> ClassesOut:
    """Which of the named classes each segment of one video shows."""
    timeline = engine.search.classify(video.video_id, asked.classes)
    return ClassesOut(
        classes=asked.classes,
        starts=list(timeline.starts),
        ends=list(timeline.ends),
        probabilities=[[float(p) for p in row] for row in timeline.probabilities],
    )


def understand(
    engine: Engine, examples: Examples, words: str | None, query_id: str | None
) -> tuple[QueryOut, np.ndarray]:
    """The query in words for people, and as unit vectors (float32 [dim] or [Q, dim])."""
    if (words is None) == (query_id is None):
        raise ApiError("Ask with either words (q) or an example video (query).")
    if words is not None:
        return QueryOut(kind="words", label=words), engine.search.text_vector(words)
    example = examples.get(query_id or "")
    if example is None:
        raise NotFoundError("This example is no longer remembered. Please give it again.")
    asked = QueryOut(kind="example", label=example.label, query_id=example.query_id)
    return asked, example.vector


def lead_in(engine: Engine) -> float:
    """How many seconds before its peak a moment begins to play: a quarter of a window."""
    return engine.fingerprint.window / 4


def describe_moment(moment: Moment, lead: float) -> MomentOut:
    """A moment as the page shows it."""
    return MomentOut(
        rank=moment.rank,
        video_id=moment.video_id,
        title=moment.title,
        start=moment.start,
        end=moment.end,
        peak=moment.peak,
        play_at=max(moment.start, moment.peak - lead),
        score=moment.score,
        poster=f"/media/{moment.video_id}/poster/{moment.poster}.jpg",
    )


def describe_video(video: Video) -> VideoOut:
    """A video as the page shows it; where its file lies stays on the server."""
    return VideoOut(
        video_id=video.video_id,
        title=video.title,
        state=video.state,
        note=video.note,
        error_code=video.error_code,
        duration=video.duration,
        width=video.width,
        height=video.height,
        size=video.size,
        segments_planned=video.segments_planned,
        segments_done=video.segments_done,
        added_at=video.added_at,
    )
