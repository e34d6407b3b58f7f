"""The orders that people put moments into, besides the best first.

Knows what each order goes by. Knows not where moments come from.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from indexer.library import Video
from indexer.moments import Moment

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
