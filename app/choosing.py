"""Which moments are taken along: those that a question finds, or that a person names.

Knows how people name what is in the library, and the language of questions. Does not know who
answers them, nor what becomes of the moments.
"""

import os
import re
from pathlib import Path
from typing import Protocol

from app.errors import ApiError
from app.found import SearchOut
from indexer.errors import UnknownVideo
from indexer.export.clips import within
from indexer.export.excerpts import Excerpt
from indexer.library import Library
from indexer.records import Video
from indexer.tags import Tags


class Side(Protocol):
    """One that answers questions: this process (here.py), or a running server (beside.py)."""

    library: Library

    def segment_at(self, video_id: str, seconds: float) -> int:
        """The index of the segment around a time."""

    def remember(self, path: Path) -> str:
        """The id of an example, a video or a picture, that was given as a file."""

    def answer(self, question: list[tuple[str, str]]) -> SearchOut:
        """What a question finds."""


_TIME = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,2}):)?(\d{1,6}(?:\.\d{1,6})?)")


def chosen(library: Library, found: SearchOut) -> list[Excerpt]:
    """What a question found, best first. Raises UnknownVideo for what has gone meanwhile."""
    return [
        Excerpt(
            library.need(one.video_id),
            one.start,
            one.end,
            one.rank,
            one.score,
            one.top,
            tuple(one.tags),
        )
        for one in found.moments
    ]


def named(library: Library, stretches: list[tuple[str, float, float]]) -> list[Excerpt]:
    """Moments in the order in which they are named. Raises UnknownVideo and BadStretch."""
    videos = [library.need(video_id) for video_id, _, _ in stretches]
    cuts = [within(video, *times) for video, (_, *times) in zip(videos, stretches, strict=True)]
    said = Tags(library.database).showing(stretches)
    return [
        Excerpt(video, *cut, rank, tags=tuple(tags))
        for rank, (video, cut, tags) in enumerate(zip(videos, cuts, said, strict=True), 1)
    ]


def video_of(library: Library, text: str) -> Video:
    """The video that a person means by an id, the begin of one, a path, or a title.

    Raises UnknownVideo where there is none, or more than one.
    """
    if re.fullmatch("[0-9a-f]{64}", text):
        return library.need(text)
    videos = library.videos()
    place = Path(os.path.realpath(text))
    for meant in (
        [one for one in videos if one.path == place],
        [one for one in videos if one.title.casefold() == text.casefold()],
        [one for one in videos if len(text) >= 4 and one.video_id.startswith(text.lower())],
    ):
        if len(meant) == 1:
            return meant[0]
        if meant:
            ids = ", ".join(one.video_id[:12] for one in meant[:5])
            raise UnknownVideo(f"{len(meant)} videos are called so. Give one's id: {ids}.")
    raise UnknownVideo(
        "There is no such video in this library. Give its title, its path, or the begin of its id."
    )


def understood(side: Side, said: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What a person typed in the language of questions, with names turned into what they name.

    `similar`, `liked`, `disliked` and `titled` name moments and videos, `example` a file. The first
    condition begins the question, also where what is missing was said before it. Raises ApiError,
    UnknownVideo, VideoError.
    """
    pairs = [_understood(side, name, value) for name, value in said]
    roles = [at for at, (name, _) in enumerate(pairs) if name in ("q", "and", "then")]
    if roles:
        pairs.insert(0, ("q", pairs.pop(roles[0])[1]))
    return pairs


def _understood(side: Side, name: str, value: str) -> tuple[str, str]:
    if name == "titled":
        return "video", video_of(side.library, value).video_id
    if name == "similar":
        return "and", spelled(side, value)
    if name in ("liked", "disliked"):
        return name.removesuffix("d"), spelled(side, value).partition(":")[2]
    if name == "example":
        return "and", f"clip:{side.remember(Path(value))}"
    return name, value


def spelled(side: Side, text: str) -> str:
    """A moment or a stretch that a person names, VIDEO@TIME or VIDEO@FROM-TO, as a condition.

    Raises UnknownVideo, and ApiError where that is no time.
    """
    name, at, times = text.rpartition("@")
    if not at:
        raise ApiError(f"“{text}” names no moment. Write VIDEO@TIME, or VIDEO@FROM-TO.")
    video_id = video_of(side.library, name).video_id
    start, dash, end = times.partition("-")
    if dash:
        return f"range:{video_id}:{seconds(start):f}-{seconds(end):f}"
    return f"moment:{video_id}:{side.segment_at(video_id, seconds(start))}"


def seconds(text: str) -> float:
    """Seconds from 75.5, 1:15.5 or 0:01:15.5. Raises ApiError."""
    said = _TIME.fullmatch(text.strip())
    if said is None:
        raise ApiError(f"“{text}” is no time. Write seconds, or 1:02:03.5.")
    hours, minutes, rest = (float(part or 0) for part in said.groups())
    return 3600 * hours + 60 * minutes + rest
