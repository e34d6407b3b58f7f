"""The library as a person sees and steers it: videos, how far they are, and what to do with them.

Knows addresses and JSON. Every request may be repeated: the second one changes nothing. Does not
know how anything is queued or indexed.
"""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query

from app.access import KnownVideo, OpenEngine
from app.describe import describe_collection, describe_status, describe_video
from app.schemas import (
    CollectionsOut,
    HowManyOut,
    Identifier,
    Key,
    StatusOut,
    VideoOut,
    VideosOut,
)
from indexer.engine import Engine
from indexer.errors import UnknownVideo
from indexer.library import Standing, Video
from indexer.store import size_on_disk

router = APIRouter(prefix="/api/v1")
AskedState = Annotated[Standing | None, Query(description="only videos in this state")]
AskedTitle = Annotated[str, Query(max_length=200, description="words that a title holds")]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]
Limit = Annotated[int, Query(ge=1, le=1000)]


# What there is.


@router.get("/status")
def status(engine: OpenEngine) -> StatusOut:
    """How far the whole library is, and why it does not go on if it does not."""
    return describe_status(engine.status())


@router.get("/videos")
def videos(
    engine: OpenEngine,
    state: AskedState = None,
    words: AskedTitle = "",
    offset: Offset = 0,
    limit: Limit = 100,
) -> VideosOut:
    """A stretch of the videos: what is indexed now, what comes next, what failed, what is ready."""
    page = engine.library.page(state, words, offset, limit)
    return VideosOut(
        total=page.total,
        counts=engine.library.standings(),
        videos=[describe_video(video) for video in page.videos],
    )


@router.get("/videos/{video_id}")
def video(video: KnownVideo) -> VideoOut:
    """One video and how far it got."""
    return describe_video(video)


@router.get("/collections")
def collections(engine: OpenEngine) -> CollectionsOut:
    """Every index that this installation holds: what answers, what is built, what is left over."""
    return CollectionsOut(
        collections=[
            describe_collection(one, size_on_disk(engine.settings, one.fingerprint))
            for one in engine.collections()
        ]
    )


# What to do with all of it.


@router.post("/pause")
def pause(engine: OpenEngine) -> StatusOut:
    """Index nothing until `resume`, restarts included; what is done of a video is kept."""
    engine.pause()
    return describe_status(engine.status())


@router.post("/resume")
def resume(engine: OpenEngine) -> StatusOut:
    """Go on after `pause`."""
    engine.resume()
    return describe_status(engine.status())


@router.post("/retry", status_code=202)
def retry_failed(engine: OpenEngine) -> HowManyOut:
    """Give every video that was set aside another chance."""
    return HowManyOut(videos=engine.retry_failed())


@router.post("/reindex", status_code=202)
def reindex_all(engine: OpenEngine) -> HowManyOut:
    """Index every video again; until its turn comes, each one stays searchable."""
    return HowManyOut(videos=engine.reindex_all())


@router.delete("/collections/{key}", status_code=204)
def remove_collection(key: Key, engine: OpenEngine) -> None:
    """Delete an index that no longer answers; the one that answers is refused."""
    engine.remove_collection(key)


# What to do with one video.


@router.post("/videos/{video_id}/cancel", status_code=202)
def cancel(video: KnownVideo, engine: OpenEngine) -> VideoOut:
    """Index a video no further; what is indexed of it stays searchable."""
    engine.cancel(video.video_id)
    return _now(engine, video)


@router.post("/videos/{video_id}/retry", status_code=202)
def retry(video: KnownVideo, engine: OpenEngine) -> VideoOut:
    """Queue a video again that failed or was stopped."""
    engine.retry(video.video_id)
    return _now(engine, video)


@router.post("/videos/{video_id}/front", status_code=202)
def to_front(video: KnownVideo, engine: OpenEngine) -> VideoOut:
    """Index a waiting video next, before the one that is being indexed."""
    engine.to_front(video.video_id)
    return _now(engine, video)


@router.post("/videos/{video_id}/reindex", status_code=202)
def reindex(video: KnownVideo, engine: OpenEngine) -> VideoOut:
    """Index a video again; until its turn comes, it stays searchable."""
    engine.reindex(video.video_id)
    return _now(engine, video)


@router.delete("/videos/{video_id}", status_code=204)
def remove(video_id: Identifier, engine: OpenEngine) -> None:
    """Forget a video; a file that lies in a folder of its own is left where it is.

    One that is not here is gone already.
    """
    with suppress(UnknownVideo):
        engine.remove(video_id)


def _now(engine: Engine, video: Video) -> VideoOut:
    return describe_video(engine.library.need(video.video_id))
