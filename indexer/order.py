"""What is shown without a ranking: what of a video is in scope, and orders besides the best first.

Knows what each order goes by. Knows not what is looked for.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from indexer.library import Video
from indexer.moments import Moment
from indexer.points import Scope
from indexer.stretches import WHOLE, common

Sort = Literal["best", "newest", "oldest", "title", "time"]


def ordered(
    moments: Iterable[Moment], videos: Mapping[str, Video], sort: Sort, grouped: bool
) -> list[Moment]:
    """The moments of known videos in this order, those of one video by time.

    `newest` and `oldest` go by when a video was recorded, or else added; `time` by how far into
    its video a moment is. If `grouped`, the moments of one video stand together.
    """

    def key(moment: Moment) -> tuple[object, ...]:
        video = videos[moment.video_id]
        place = (video.video_id, moment.start) if grouped else (moment.start, video.video_id)
        return (*_by(video, sort), *place)

    known = [moment for moment in moments if moment.video_id in videos]
    return known if sort == "best" else sorted(known, key=key)


def _by(video: Video, sort: Sort) -> tuple[object, ...]:
    date = video.added_at if video.recorded_at is None else video.recorded_at
    if sort == "newest":
        return (-date,)
    if sort == "oldest":
        return (date,)
    return (video.title.casefold(),) if sort == "title" else ()


def stretches(scope: Scope, video: Video) -> list[tuple[float, float]]:
    """What is in scope of a video that has segments, in seconds."""
    if not video.segments_done:
        return []
    length = video.duration or 0.0
    low, high = (0.0, 1.0) if scope.part is None else scope.part
    chosen = WHOLE if scope.spans is None else scope.spans.get(video.video_id, ())
    return list(common(((low * length, high * length),), chosen))
