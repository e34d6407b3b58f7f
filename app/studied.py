"""The JSON of what is computed over the whole library: the map and the duplicates.

Knows names and types of what crosses the wire. Does not know where it comes from.
"""

from typing import Annotated

from pydantic import BaseModel, Field

from app.schemas import Identifier, VideoOut
from indexer.duplicates import Why
from indexer.study import StudyState


class StudyOut(BaseModel):
    """How far something is: `share` (0 to 1) while it is being made.

    `made_at` (seconds since 1970) is of the result that is there meanwhile, `stale` how many
    segments came since, `message` a sentence that says why the last try failed.
    """

    state: StudyState
    share: float
    made_at: float | None
    stale: int
    message: str | None


class MappedVideoOut(BaseModel):
    """A video with points on the map."""

    video_id: str
    title: str


class MapOut(StudyOut):
    """Where each of `count` segments stands: columns, a segment a row, in the order of videos.

    `x` and `y` run from 0 to `size`, `video` counts in `videos`, `index` is the segment's number
    in its video, `start` and `end` are seconds. `group` 0 is the largest cluster. No column is
    there where only the state was asked for.
    """

    size: int
    count: int
    videos: list[MappedVideoOut] | None = None
    x: list[int] | None = None
    y: list[int] | None = None
    video: list[int] | None = None
    index: list[int] | None = None
    start: list[float] | None = None
    end: list[float] | None = None
    group: list[int] | None = None


class PartOut(BaseModel):
    """A stretch of video `a` that is the same as one of video `b`, in seconds of each.

    `a_poster` and `b_poster` show the middle of it, `likeness` is the mean cosine.
    """

    a: str
    b: str
    a_poster: str
    b_poster: str
    a_start: float
    a_end: float
    b_start: float
    b_end: float
    likeness: float


class CopyOut(BaseModel):
    """One video of a group, and which of the others hold nothing that it has not as well."""

    video: VideoOut
    replaces: list[str]


class GroupOut(BaseModel):
    """Videos that share stretches; `keep` is the one to keep, for the reason `why`.

    Both are null where no video lies wholly in another.
    """

    keep: str | None
    why: Why | None
    videos: list[CopyOut]
    parts: list[PartOut]


class DuplicatesOut(StudyOut):
    """What was found when they were last looked for, of the videos that are still there."""

    groups: list[GroupOut]


class KeepIn(BaseModel):
    """The video that stays, those that go in its favour, and whether files may be deleted."""

    keep: Identifier
    remove: Annotated[list[Identifier], Field(min_length=1, max_length=200)]
    delete_files: bool = False
