"""The JSON of searches: what was asked, the moments that answer it, and heat over a video.

Knows names and types of what crosses the wire. Does not know where it comes from.
"""

from pydantic import BaseModel

from app.asking import Kind, Role


class ConditionOut(BaseModel):
    """One condition as it was understood.

    `value` is how it is written, without its weight; `label` is for people. `poster` is the
    address of a picture of it, null for words.
    """

    step: int
    role: Role
    kind: Kind
    value: str
    label: str
    weight: float
    poster: str | None


class StepOut(BaseModel):
    """Where one step of a question happens, in seconds; it plays from `play_at`."""

    index: int
    start: float
    end: float
    peak: float
    play_at: float
    poster: str
    score: float


class MomentOut(BaseModel):
    """One found moment; times in seconds of its video, which it plays from `play_at`.

    `score` counts the library's deviations above its mean; `top` is the percentage of the
    library's segments that score at least as well. `index` names the best segment, `poster` and
    `strip` are addresses of its picture and of its `frames` frames side by side. `width` and
    `height` are the video's, null if unknown. `steps` are those of a question of several.
    """

    rank: int
    video_id: str
    title: str
    index: int
    start: float
    end: float
    peak: float
    play_at: float
    score: float
    top: float
    poster: str
    strip: str | None
    frames: int
    width: int | None
    height: int | None
    tags: list[str]
    steps: list[StepOut]


class SearchOut(BaseModel):
    """Moments in the order that was asked for, and how long finding them took.

    `weak` says that nothing in the library fits well; `more` that further moments follow, `total`
    how many there are, null where that is not known. `videos_done` can be searched. `ignored` are
    likes and dislikes of moments that are gone, as a question writes them.
    """

    conditions: list[ConditionOut]
    took_ms: float
    videos_done: int
    weak: bool
    more: bool
    total: int | None
    ignored: list[str]
    moments: list[MomentOut]


class CurveOut(BaseModel):
    """One step held against every segment of a video."""

    label: str
    step: int
    scores: list[float]


class HeatmapOut(BaseModel):
    """A question held against every segment of one video, in order of time (seconds).

    `low` and `high` are the library's scale: the same for every curve and every video.
    """

    starts: list[float]
    ends: list[float]
    curves: list[CurveOut]
    low: float
    high: float
