"""A moment to take along: a stretch of one video, and why it was chosen.

Knows what an export needs of a moment. Does not know who chose it.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from indexer.decoding import Probe
from indexer.errors import VideoError
from indexer.reader import probe
from indexer.records import Video


@dataclass(frozen=True)
class Excerpt:
    """[start, end) of a video in seconds; `rank` counts from 1, in the order of the list.

    `score` and `top` are what the search said of it, None where a person named the moment.
    """

    video: Video
    start: float
    end: float
    rank: int
    score: float | None = None
    top: float | None = None
    tags: tuple[str, ...] = ()


def source_of(video: Video) -> Probe | None:
    """What a video's file is; None if it cannot be read now."""
    try:
        return _looked_at(video.video_id, video.path)
    except VideoError:
        return None


@lru_cache(maxsize=1024)
def _looked_at(video_id: str, path: Path) -> Probe:
    """A look at a file, which tells the same of the same content wherever it lies."""
    return probe(path)
