"""The library as JSON: a video, how far all of them are, the indexes there are.

Knows which of the indexer's fields people may see: where a file lies stays on the server. Does not
know who asks, HTTP or the command line.
"""

from typing import TYPE_CHECKING

from app.schemas import CollectionOut, StatusOut, SwitchOut, VideoOut
from indexer.collection import Collection
from indexer.records import STATES, Video, VideoState
from indexer.status import Progress, Status, Switch

if TYPE_CHECKING:  # it brings the model's machinery along
    from indexer.engine import Engine


def describe_video(video: Video) -> VideoOut:
    """One video and how far it got."""
    return VideoOut.model_validate(video)


def describe_status(status: Status) -> StatusOut:
    """How far the whole library is."""
    progress = status.progress
    return StatusOut(
        paused=status.paused,
        waiting=status.waiting,
        model=status.model,
        videos=progress.videos,
        counts=every_state(progress.counts),
        segments=progress.segments,
        seconds=progress.seconds,
        seconds_done=progress.seconds_done,
        share=share_of(progress),
        speed=progress.speed,
        left=progress.left,
        switch=None if status.switch is None else describe_switch(status.switch),
        current=[describe_video(video) for video in status.current],
    )


def describe_switch(switch: Switch) -> SwitchOut:
    """The index that is being built."""
    return SwitchOut(
        key=switch.fingerprint,
        model=switch.model,
        held=switch.held,
        share=share_of(switch.progress),
        left=switch.progress.left,
    )


def describe_collection(collection: Collection, size: int | None) -> CollectionOut:
    """One index; `size` is bytes on this machine, None if it is kept elsewhere."""
    return CollectionOut(
        key=collection.fingerprint, model=collection.model, role=collection.role, bytes=size
    )


def every_state(counts: dict[VideoState, int]) -> dict[VideoState, int]:
    """How many videos are in each state, those in which there are none included."""
    return {state: counts.get(state, 0) for state in STATES}


def share_of(progress: Progress) -> float:
    """How much of what can be searched one day can be searched now, 0 to 1."""
    return min(1.0, progress.seconds_done / progress.seconds) if progress.seconds else 0.0


def poster_url(video_id: str, index: int) -> str:
    """Where a segment's picture is."""
    return f"/media/{video_id}/poster/{index}.jpg"


def strip_url(engine: "Engine", video_id: str, index: int) -> str | None:
    """Where a segment's frames are, side by side; None if its video has no such pictures."""
    there = engine.serving.media.has_strips(video_id)
    return f"/media/{video_id}/strip/{index}.jpg" if there else None


def example_url(query_id: str) -> str:
    """Where an example's picture is."""
    return f"/api/v1/queries/{query_id}/poster.jpg"
