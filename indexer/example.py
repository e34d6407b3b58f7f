"""A video or a picture as a query: a few windows of it, each a vector, and how it looks.

Knows which windows stand for the whole. Keeps nothing and stores nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from encoder.embedder import Embedder
from indexer.decoding import Reader, Sample
from indexer.errors import VideoError
from indexer.reader import probe, read_frames, read_still
from indexer.segments import grid_size, plan, rate_for
from indexer.settings import Fingerprint

MOST_WINDOWS = 8
Piece = TypeVar("Piece")


@dataclass(frozen=True)
class Embedded:
    """What became of an example: unit vectors, float32 [Q, dim], and a JPEG of its middle."""

    vectors: np.ndarray
    poster: bytes


def embed_example(
    path: Path, embedder: Embedder, made_as: Fingerprint, reader: Reader = "pyav"
) -> Embedded:
    """A picture gives one vector, a video one if it is short, else up to 8 spread evenly.

    Made as the segments of the collection `made_as` are. Raises VideoError if it cannot be read.
    """
    still = read_still(path, pixels=made_as.pixels, resize=made_as.resize)
    try:
        if still is None:
            clips, seen = _of_video(path, made_as, reader)
        else:
            clips, seen = [np.stack([still.pixels] * made_as.frames)], still
    except VideoError as error:
        if error.code != "not_a_video":
            raise
        raise VideoError("no_example") from error  # it may have been meant as a picture
    assert seen.thumbnail is not None
    return Embedded(embedder.embed_clips(clips), seen.thumbnail)


def spread(segments: Sequence[Piece], most: int) -> list[Piece]:
    """At most so many of the segments, evenly spread, the first and the last among them."""
    count = min(most, len(segments))
    places = np.linspace(0, len(segments) - 1, count).round().astype(int)
    return [segments[place] for place in places]


def _of_video(path: Path, made_as: Fingerprint, reader: Reader) -> tuple[list[np.ndarray], Sample]:
    """The clips that stand for a video, and the sample in its middle."""
    frames, duration = made_as.frames, probe(path).duration
    if duration <= 0:
        raise VideoError("nothing_decodable")  # no window fits into no time
    rate = rate_for(duration, frames, made_as.fps)
    samples = grid_size(duration, rate)
    planned = plan(samples, frames, made_as.hop_frames, duration, rate)
    chosen = spread(planned, MOST_WINDOWS)
    wanted = {index for segment in chosen for index in segment.frames} | {samples // 2}
    with read_frames(
        path, pixels=made_as.pixels, fps=rate, reader=reader, resize=made_as.resize
    ) as found:
        kept = _kept(found, wanted)
    clips = [np.stack([kept[index].pixels for index in segment.frames]) for segment in chosen]
    return clips, kept[samples // 2]


def _kept(samples: Iterable[Sample], wanted: set[int]) -> dict[int, Sample]:
    """The samples that are wanted; where the video ends early, its last one stays."""
    kept: dict[int, Sample] = {}
    for sample in samples:
        if sample.index in wanted:
            kept[sample.index] = sample
        last = sample
    return {index: kept.get(index, last) for index in wanted}
