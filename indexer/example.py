"""An example video as a query: a few windows of it, each a vector.

Knows which windows stand for the whole. Keeps nothing and stores nothing.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from encoder.embedder import Embedder
from indexer.decoding import Reader, Sample
from indexer.errors import VideoError
from indexer.reader import probe, read_frames
from indexer.segments import Segment, grid_size, plan, rate_for
from indexer.settings import Fingerprint

MOST_WINDOWS = 8


def embed_video(
    path: Path, embedder: Embedder, made_as: Fingerprint, reader: Reader = "pyav"
) -> np.ndarray:
    """Unit vectors, float32 [windows, dim]: one window if it is short, else up to 8 spread evenly.

    Windows are cut as those of the collection `made_as`. Raises VideoError if it cannot be read.
    """
    frames, duration = made_as.frames, probe(path).duration
    if duration <= 0:
        raise VideoError("nothing_decodable")  # no window fits into no time
    rate = rate_for(duration, frames, made_as.fps)
    planned = plan(grid_size(duration, rate), frames, made_as.hop_frames, duration, rate)
    chosen = spread(planned, MOST_WINDOWS)
    with read_frames(
        path,
        pixels=made_as.pixels,
        fps=rate,
        reader=reader,
        resize=made_as.resize,
        thumbnails=False,
    ) as samples:
        clips = _clips(samples, chosen)
    return embedder.embed_clips(clips)


def spread(segments: Sequence[Segment], most: int) -> list[Segment]:
    """At most so many of the segments, evenly spread, the first and the last among them."""
    count = min(most, len(segments))
    places = np.linspace(0, len(segments) - 1, count).round().astype(int)
    return [segments[place] for place in places]


def _clips(samples: Iterable[Sample], segments: Sequence[Segment]) -> list[np.ndarray]:
    """Each segment's frames; where the video ends early, its last frame stays."""
    wanted = {index for segment in segments for index in segment.frames}
    kept: dict[int, np.ndarray] = {}
    last = 0
    for sample in samples:
        last = sample.index
        if last in wanted:
            kept[last] = sample.pixels
        final = sample.pixels
    for index in wanted - kept.keys():
        kept[index] = final
    return [np.stack([kept[index] for index in segment.frames]) for segment in segments]
