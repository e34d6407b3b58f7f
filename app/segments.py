"""The segments of one video and the pictures of each, under /api/v1.

Knows which of them lie around one. Does not know what they are searched for.
"""

from typing import Annotated

from fastapi import APIRouter, Query

from app.access import OpenEngine, SearchableVideo
from app.describe import poster_url, strip_url
from app.schemas import SegmentIndex, SegmentOut, SegmentsOut
from indexer.points import Timed
from indexer.strips import grid

router = APIRouter(prefix="/api/v1")


@router.get("/videos/{video_id}/segments")
def segments(
    video: SearchableVideo,
    engine: OpenEngine,
    around: Annotated[SegmentIndex | None, Query(description="a segment's index")] = None,
    count: Annotated[int, Query(ge=1, le=200, description="how many around that one")] = 9,
) -> SegmentsOut:
    """The video's segments by time: all of them, or those around one."""
    index = engine.serving
    known = index.store.outline(video.video_id)
    frames = index.fingerprint.frames
    columns, rows = grid(frames)
    chosen = known if around is None else neighbours(known, around, count)
    return SegmentsOut(
        segments=[
            SegmentOut(
                index=one.index,
                start=one.start,
                end=one.end,
                poster=poster_url(video.video_id, one.index),
                strip=strip_url(engine, video.video_id, one.index),
            )
            for one in chosen
        ],
        frames=frames,
        columns=columns,
        rows=rows,
        total=len(known),
    )


def neighbours(segments: list[Timed], index: int, count: int) -> list[Timed]:
    """At most `count` segments by time, that one as near their middle as the ends allow."""
    before = sum(one.index < index for one in segments)
    first = max(0, min(before - count // 2, len(segments) - count))
    return segments[first : first + count]
