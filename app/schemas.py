"""The JSON that the API takes and gives, field by field.

Knows names, types and bounds of what crosses the wire. Does not know where it comes from.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from indexer.collection import Role
from indexer.formats import Plays
from indexer.library import Standing
from indexer.playable import PlayState
from indexer.records import Step, VideoState

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
ClassName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Identifier = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
SegmentIndex = Annotated[int, Field(ge=0, le=10_000_000)]
Key = Annotated[str, StringConstraints(pattern="^[0-9a-f]{16}$")]


class ModelOut(BaseModel):
    """The model that made every vector of this library."""

    name: str
    description: str
    frames: int
    pixels: int
    dim: int
    toy: bool
    reads_words: bool


class FolderOut(BaseModel):
    """A folder that is followed: its own name, and whether it is there or its drive is away."""

    name: str
    there: bool


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
    folders: list[FolderOut]


class SegmentOut(BaseModel):
    """One segment of a video, in seconds, and the addresses of its pictures."""

    index: int
    start: float
    end: float
    poster: str
    strip: str | None


class SegmentsOut(BaseModel):
    """Segments of one video by time, out of `total`.

    A strip holds `frames` tiles row by row, in so many `columns` and `rows`.
    """

    segments: list[SegmentOut]
    frames: int
    columns: int
    rows: int
    total: int


class ExampleOut(BaseModel):
    """An example, `clip:<query_id>` in a question, and the address of its picture."""

    query_id: str
    label: str
    kind: Literal["clip"] = "clip"
    poster: str


class VideoOut(BaseModel):
    """One video and how far it got.

    `share` is 0 to 1, `speed` seconds of video in a second of work, `left` seconds of work,
    `managed` that the file is kept by us, `missing` that it was taken out of its folder, `redo`
    that it is to be indexed again. `recorded_at` is null if the file does not say.
    """

    model_config = ConfigDict(from_attributes=True)

    video_id: str
    title: str
    state: VideoState
    step: Step | None
    share: float
    speed: float | None
    left: float | None
    note: str | None
    error_code: str | None
    duration: float | None
    width: int | None
    height: int | None
    size: int
    managed: bool
    missing: bool
    plays: Plays | None
    redo: bool
    segments_planned: int
    segments_done: int
    added_at: float
    recorded_at: float | None
    folder: str | None
    tags: list[str]


class VideosOut(BaseModel):
    """A stretch of the library, out of `total` that were asked for; `counts` are of all videos."""

    total: int
    counts: dict[Standing, int]
    videos: list[VideoOut]


class SwitchOut(BaseModel):
    """The index that is built beside the one that answers.

    `held` is a sentence that says why it does not take over although all of it was tried.
    """

    key: str
    model: str
    held: str | None
    share: float
    left: float | None


class StatusOut(BaseModel):
    """How far the whole library is.

    `waiting` is a sentence that says why nothing goes on for now, `model` what the answering index
    was made with, `current` the videos under way. `seconds` is the length of all videos, by
    estimate where a file was not looked at yet; `seconds_done` what can be searched of it.
    """

    paused: bool
    waiting: str | None
    model: str | None
    videos: int
    counts: dict[VideoState, int]
    segments: int
    seconds: float
    seconds_done: float
    share: float
    speed: float | None
    left: float | None
    switch: SwitchOut | None
    current: list[VideoOut]


class HowManyOut(BaseModel):
    """How many videos a request was about."""

    videos: int


class CollectionOut(BaseModel):
    """One index of the library: its key, the model behind it, what it is for.

    `bytes` is what it takes on this machine, null if a server keeps it.
    """

    key: str
    model: str
    role: Role
    bytes: int | None


class CollectionsOut(BaseModel):
    """Every index, the one that answers first."""

    collections: list[CollectionOut]


class PlayableOut(BaseModel):
    """How a video can be played: at `address` once it is ready; `share` (0 to 1) of its copy is.

    `how` is None where the file cannot be read; `message` says what went wrong.
    """

    state: PlayState
    how: Plays | None
    share: float
    message: str | None
    address: str | None


class ClassesIn(BaseModel):
    """Names to choose among, in words."""

    classes: Annotated[list[ClassName], Field(min_length=1, max_length=40)]


class ClassesOut(BaseModel):
    """Each class's probability in each segment: rows are segments, columns the classes."""

    classes: list[str]
    starts: list[float]
    ends: list[float]
    probabilities: list[list[float]]
