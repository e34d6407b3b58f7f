"""How a video gets to play in a browser, and the copy that some need for it.

Knows addresses and JSON. Does not know how copies are made. A copy changes nothing of the library,
so a read-only one makes them, too.
"""

from typing import Annotated

from fastapi import APIRouter, Query

from app.access import KnownVideo, OpenEngine
from app.schemas import PlayableOut
from indexer.playable import Playback
from indexer.records import Video

router = APIRouter(prefix="/api/v1/videos")
Failed = Annotated[bool, Query(description="the browser could not play what it was given")]


@router.get("/{video_id}/playable")
def look(video: KnownVideo, engine: OpenEngine, failed: Failed = False) -> PlayableOut:
    """How the video can be played now, and how far its copy is."""
    return describe(video, engine.playable.look(video, failed))


@router.post("/{video_id}/playable", status_code=202)
def make(video: KnownVideo, engine: OpenEngine, failed: Failed = False) -> PlayableOut:
    """Have the copy made that the video needs; for one that needs none this changes nothing."""
    return describe(video, engine.playable.make(video, failed))


def describe(video: Video, playback: Playback) -> PlayableOut:
    """What a player needs to know; another copy has another address, for browsers keep parts."""
    address = None
    if playback.state == "ready":
        version = "" if playback.version is None else f"?copy={playback.version:x}"
        address = f"/media/{video.video_id}/video{version}"
    return PlayableOut(
        state=playback.state,
        how=playback.how,
        share=playback.share,
        message=playback.message,
        address=address,
    )
