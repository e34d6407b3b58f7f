"""What is stored of a segment, what a search may ask, and the verbs of every store.

Knows ids, scopes and which vectors are fit to be compared. Knows no engine: edge.py and server.py
do. `Scope` is the only language of filters.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from indexer.errors import BadVector

_NAMESPACE = uuid.UUID("5a2f1d0e-6c0b-5b8f-9d55-70726973616d")


@dataclass(frozen=True)
class Point:
    """One segment to store: its place in the video (seconds) and its vector (float32 [dim])."""

    video_id: str
    index: int
    start: float
    end: float
    vector: np.ndarray


@dataclass(frozen=True)
class Timed:
    """Where one stored segment lies in its video, in seconds."""

    index: int
    start: float
    end: float


@dataclass(frozen=True)
class StoredSegment(Timed):
    """One segment as it was stored; `vector` is float32 [dim], rounded to float16."""

    vector: np.ndarray


class Hit(NamedTuple):
    """One segment that a search found, with its score. A search makes thousands of these."""

    video_id: str
    index: int  # type: ignore[assignment]  # it hides a tuple's method, which nobody asks for
    start: float
    end: float
    score: float


@dataclass(frozen=True)
class Scope:
    """Which segments a search may return: those of these videos, in these stretches of them.

    `videos`: None stands for all of them, an empty set matches nothing. A store knows these alone;
    ranking.py holds its hits to the rest. `spans`: (start, end) in seconds that are allowed in each
    video (see stretches.holds); one that is not named has none. `part`: a share of the video's
    length, 0 to 1 at either end, that holds the middle of a segment.
    """

    videos: frozenset[str] | None = None
    spans: Mapping[str, tuple[tuple[float, float], ...]] | None = None
    part: tuple[float, float] | None = None


EVERYTHING = Scope()


class Store(Protocol):
    """All segments of one fingerprint. Safe to use from several threads.

    Every verb raises StoreError, StoreUnavailable when nobody answers, or DiskFull.
    """

    def upsert(self, points: Sequence[Point]) -> None:
        """Store points; one stored before at the same place of the same video is replaced."""

    def nearest(
        self,
        vector: np.ndarray,
        limit: int,
        scope: Scope = EVERYTHING,
        least: float | None = None,
        offset: float = 0.0,
    ) -> list[Hit]:
        """The `limit` segments in scope that score highest, best first; those of `least` or more.

        A segment, whose vector has the length 1, scores its product with `vector` less `offset`:
        where `vector` has that length too, their cosine.
        """

    def leading(
        self, vector: np.ndarray, limit: int, scope: Scope = EVERYTHING
    ) -> list[tuple[str, float]]:
        """The video and the product of each of these segments, which is less to read."""

    def segments(self, video_id: str, index: int | None = None) -> list[StoredSegment]:
        """All segments of one video in the order of time, or the one of this index."""

    def outline(self, video_id: str) -> list[Timed]:
        """Which segments of one video are stored, in the order of time: no vector is read."""

    def count(self, video_id: str | None = None) -> int:
        """How many segments are stored, of one video or of all."""

    def about(self) -> int:
        """How many segments are stored, roughly and at once: counting takes as long as a search."""

    def videos(self) -> dict[str, int]:
        """How many segments are stored of each video that has any."""

    def scan(self) -> Iterator[Point]:
        """Every point as it was stored, page by page, in no order that means anything."""

    def delete_video(self, video_id: str) -> None:
        """Forget all segments of one video; one that is not stored is no error."""

    def promote(self) -> None:
        """Become the collection that serves, for whoever looks for it by its usual name."""

    def flush(self) -> None:
        """Bring what was stored to the disk."""

    def close(self) -> None:
        """Let go of files and connections."""


def point_id(video_id: str, fingerprint: str, start: float) -> str:
    """The id of a segment: the same place of the same video under one fingerprint has one id."""
    return str(uuid.uuid5(_NAMESPACE, f"{video_id}/{fingerprint}/{start:.3f}"))


def fit(vector: np.ndarray, dim: int) -> np.ndarray:
    """The vector as float32 [dim]. Raises BadVector if it is not finite, zero or of other width."""
    plain = np.asarray(vector, dtype=np.float32)
    if plain.shape != (dim,):
        raise BadVector(f"A vector has the shape {plain.shape} where ({dim},) is stored.")
    if not np.isfinite(plain).all() or not plain.any():
        raise BadVector(
            "A vector has no direction: it is zero or holds values that are not numbers. "
            "It was not used; what is already stored is safe."
        )
    return plain
