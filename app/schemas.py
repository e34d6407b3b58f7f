"""The JSON that the API takes and gives, field by field.

Knows names, types and bounds of what crosses the wire. Does not know where it comes from.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
ClassName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Identifier = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class ModelOut(BaseModel):
    """The model that made every vector of this library."""

    name: str
    description: str
    frames: int
    pixels: int
    dim: int
    toy: bool
    reads_words: bool


class InfoOut(BaseModel):
    """What this installation is, for the page's first words."""

    version: str
    model: ModelOut
    device: str
    read_only: bool
    max_upload_bytes: int
    max_example_bytes: int
    suffixes: list[str]
    suggestions: list[str]
    videos: int
    videos_done: int
    segments: int


class MomentOut(BaseModel):
    """One found moment; times in seconds of its video, score a cosine; it plays from play_at."""

    rank: int
    video_id: str
    title: str
    start: float
    end: float
    peak: float
    play_at: float
    score: float
    poster: str


class QueryOut(BaseModel):
    """What was searched for: words, or an example video under its id."""

    kind: Literal["words", "example"]
    label: str
    query_id: str | None = None


class SearchOut(BaseModel):
    """Moments, best first, and how long finding them took."""

    query: QueryOut
    took_ms: float
    videos_done: int
    moments: list[MomentOut]


class VideoOut(BaseModel):
    """One video of the library and how far it got."""

    video_id: str
    title: str
    state: Literal["queued", "indexing", "done", "failed", "cancelled"]
    note: str | None
    error_code: str | None
    duration: float | None
    width: int | None
    height: int | None
    size: int
    segments_planned: int
    segments_done: int
    added_at: float


class VideosOut(BaseModel):
    """The whole library, newest last."""

    videos: list[VideoOut]


class HeatOut(BaseModel):
    """One segment's cosine to the query."""

    start: float
    end: float
    score: float


class HeatmapOut(BaseModel):
    """A query held against every segment of one video, in order of time."""

    segments: list[HeatOut]


class ClassesIn(BaseModel):
    """Names to choose among, in words."""

    classes: Annotated[list[ClassName], Field(min_length=1, max_length=40)]


class ClassesOut(BaseModel):
    """Each class's probability in each segment: rows are segments, columns the classes."""

    classes: list[str]
    starts: list[float]
    ends: list[float]
    probabilities: list[list[float]]
