"""The JSON of what people say and keep: tags, marks, saved searches, selections; and of facets.

Knows names, types and bounds of what crosses the wire. Does not know where it comes from.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.schemas import Identifier
from indexer.saved import LONGEST_QUESTION

Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Stretch = Annotated[tuple[Seconds, Seconds], Field(description="[start, end] in seconds")]
Given = Annotated[str, Field(max_length=1000)]


class TagsOut(BaseModel):
    """The tags of one video as a whole, in the order of their letters."""

    tags: list[str]


class TagCountOut(BaseModel):
    """A tag: how many videos have it, as a whole or marked, and how many stretches are marked."""

    model_config = ConfigDict(from_attributes=True)

    tag: str
    videos: int
    moments: int


class AllTagsOut(BaseModel):
    """Every tag of the library, the one of most videos first."""

    tags: list[TagCountOut]


class MarkIn(BaseModel):
    """A tag for a stretch of a video, in seconds."""

    start: Seconds
    end: Seconds
    tag: Given


class MarkOut(BaseModel):
    """A tag on a stretch of a video, [start, end) in seconds, and when it was put there."""

    model_config = ConfigDict(from_attributes=True)

    mark_id: int
    video_id: str
    start: float
    end: float
    tag: str
    made_at: float


class MarksOut(BaseModel):
    """The marks of one video in the order of time."""

    marks: list[MarkOut]


class QuestionIn(BaseModel):
    """A question as the page's address says it, after its question mark."""

    question: Annotated[str, Field(max_length=LONGEST_QUESTION)]


class SavedSearchOut(BaseModel):
    """A question that was saved under a name, and when."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    question: str
    saved_at: float


class SavedSearchesOut(BaseModel):
    """Every saved search, the newest first."""

    searches: list[SavedSearchOut]


class SelectionIn(BaseModel):
    """Stretches of videos."""

    videos: Annotated[dict[Identifier, list[Stretch]], Field(max_length=20_000)]


class SelectionOut(BaseModel):
    """The id by which `within` narrows a search to a selection."""

    selection: str


class SelectedOut(SelectionOut):
    """A selection and the stretches in it, joined and in order; of videos that are still here."""

    videos: dict[str, list[Stretch]]


class VideoFacetOut(BaseModel):
    """A video that can be chosen."""

    video_id: str
    title: str
    count: int


class FolderFacetOut(BaseModel):
    """A folder, and how many videos lie in it or below."""

    folder: str
    count: int


class TagFacetOut(BaseModel):
    """A tag: how many videos have it, and how many stretches are marked with it."""

    tag: str
    count: int
    moments: int


class LengthFacetOut(BaseModel):
    """Videos that last from `from` to `to` seconds, null for any length."""

    first: Annotated[float, Field(serialization_alias="from")]
    last: Annotated[float | None, Field(serialization_alias="to")]
    count: int


class MonthFacetOut(BaseModel):
    """Videos of one month, from its first day to its last (ISO 8601)."""

    first: Annotated[str, Field(serialization_alias="from")]
    last: Annotated[str, Field(serialization_alias="to")]
    count: int


class FacetsOut(BaseModel):
    """What each filter could be set to, and how many videos that would leave beside the others."""

    videos: list[VideoFacetOut]
    folders: list[FolderFacetOut]
    tags: list[TagFacetOut]
    durations: list[LengthFacetOut]
    recorded: list[MonthFacetOut]
    added: list[MonthFacetOut]
