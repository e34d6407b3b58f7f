"""The questions a page or a program can ask: what this is, where a moment is, what a video shows.

Knows addresses and JSON. Routes are plain functions, so they run in the server's thread pool and
answer while videos are being indexed.
"""

import time
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request

from app import __version__
from app.access import KnownExamples, OpenEngine, SearchableVideo
from app.errors import ApiError, NotFoundError
from app.examples import Examples
from app.schemas import (
    ClassesIn,
    ClassesOut,
    FolderOut,
    HeatmapOut,
    HeatOut,
    Identifier,
    InfoOut,
    ModelOut,
    MomentOut,
    QueryOut,
    SearchOut,
    Words,
)
from indexer.formats import SUPPORTED
from indexer.index import Index
from indexer.search import Moment

router = APIRouter(prefix="/api/v1")
AskedWords = Annotated[Words | None, Query(description="what to look for, in words")]
AskedExample = Annotated[Identifier | None, Query(description="an example video's query_id")]


@router.get("/info")
def info(request: Request, engine: OpenEngine) -> InfoOut:
    """What this installation is and holds."""
    settings, card = engine.settings, engine.embedder.card
    held = engine.status().progress
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
        videos=held.videos,
        videos_done=held.counts.get("done", 0),
        segments=held.segments,
        folders=[FolderOut(name=path.name, there=there) for path, there in engine.watched.items()],
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
    index = engine.serving  # once: another may take its place meanwhile
    asked, vector = understand(index, examples, q, query)
    moments = index.search.by_vector(vector, limit=limit, per_video=per_video)
    return SearchOut(
        query=asked,
        took_ms=round(1000 * (time.perf_counter() - begun), 1),
        videos_done=engine.library.counts().get("done", 0),
        moments=[describe_moment(moment, lead_in(index)) for moment in moments],
    )


@router.get("/videos/{video_id}/heatmap")
def heatmap(
    video: SearchableVideo,
    engine: OpenEngine,
    examples: KnownExamples,
    q: AskedWords = None,
    query: AskedExample = None,
) -> HeatmapOut:
    """How well each segment of one video fits the query."""
    index = engine.serving
    _, vector = understand(index, examples, q, query)
    heat = index.search.heatmap(video.video_id, vector)
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
    index: Index, examples: Examples, words: str | None, query_id: str | None
) -> tuple[QueryOut, np.ndarray]:
    """The query in words for people, and as unit vectors (float32 [dim] or [Q, dim])."""
    if (words is None) == (query_id is None):
        raise ApiError("Ask with either words (q) or an example video (query).")
    if words is not None:
        return QueryOut(kind="words", label=words), index.search.text_vector(words)
    example = examples.get(query_id or "")
    if example is None or example.collection != index.key:
        raise NotFoundError("This example is no longer remembered. Please give it again.")
    asked = QueryOut(kind="example", label=example.label, query_id=example.query_id)
    return asked, example.vector


def lead_in(index: Index) -> float:
    """How many seconds before its peak a moment begins to play: a quarter of a window."""
    return index.fingerprint.window / 4


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
