"""Which moments are taken along: those that a question finds, or that a person names.

Knows the library and the language of questions. Does not know what becomes of the moments.
"""

import os
import re
from pathlib import Path

from app.asking import Asked
from app.searching import find
from indexer.engine import Engine
from indexer.errors import UnknownVideo
from indexer.export.clips import within
from indexer.export.excerpts import Excerpt
from indexer.library import Library
from indexer.records import Video
from indexer.tags import Tags


def found(engine: Engine, asked: Asked) -> list[Excerpt]:
    """What a question finds, best first. Raises ApiError, IndexerError, EncoderError."""
    answer, _ = find(engine, engine.serving, engine.examples, asked)
    stretches = [(one.video_id, one.start, one.end) for one in answer.moments]
    said = Tags(engine.library.database).showing(stretches)
    return [
        Excerpt(
            answer.videos[one.video_id],
            one.start,
            one.end,
            one.rank,
            one.score,
            one.top,
            tuple(tags),
        )
        for one, tags in zip(answer.moments, said, strict=True)
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
