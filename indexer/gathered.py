"""All segments of a collection in one folder of plain files, for a child that computes over them.

    FOLDER/vectors    float16 [n, dim], one after the other
    FOLDER/places.npz  which segment of which video each of them is, and when

Knows this form alone: who gathers writes it, who computes reads it. Knows no store.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.points import Point

_VECTORS, _PLACES = "vectors", "places.npz"
_ROWS = 4096  # read at once: 12 MB at 768 dimensions


@dataclass(frozen=True)
class Places:
    """Which segments: `ids` names the videos, `video` (int32 [n]) which one each belongs to.

    `index` (int32 [n]) is its number in that video, `start` and `end` (float32 [n]) its seconds.
    """

    ids: list[str]
    video: np.ndarray
    index: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def __len__(self) -> int:
        return len(self.video)

    def arrays(self) -> dict[str, np.ndarray]:
        """The same, fit for a .npz file."""
        return {
            "ids": np.array(self.ids, "S64"),
            "video": self.video,
            "index": self.index,
            "start": self.start,
            "end": self.end,
        }

    @classmethod
    def of(cls, arrays: dict[str, np.ndarray]) -> "Places":
        """Read back what `arrays` gave. Raises KeyError where something is missing."""
        ids = [one.decode("ascii") for one in arrays["ids"].tolist()]
        return cls(ids, *(arrays[name] for name in ("video", "index", "start", "end")))


@dataclass(frozen=True)
class Gathered:
    """Segments in the order of video and time, and their vectors, which stay on the disk.

    `order` says where the vector of each lies.
    """

    places: Places
    vectors: np.ndarray
    order: np.ndarray

    def unit(self, rows: np.ndarray) -> np.ndarray:
        """The vectors of these segments (float32 [len(rows), dim]), each of length 1."""
        found = self.vectors[self.order[rows]].astype(np.float32)
        length = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.maximum(length, 1e-12))

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """All vectors, some thousands at a time, each block with the number of its first."""
        for first in range(0, len(self.places), _ROWS):
            yield first, self.unit(np.arange(first, min(first + _ROWS, len(self.places))))


def write(points: Iterable[Point], folder: Path) -> Iterator[int]:
    """Write the points into the folder; yields how many there are by now."""
    numbers: dict[str, int] = {}
    rows: list[tuple[int, int, float, float]] = []
    with (folder / _VECTORS).open("wb") as file:
        for point in points:
            video = numbers.setdefault(point.video_id, len(numbers))
            rows.append((video, point.index, point.start, point.end))
            file.write(point.vector.astype(np.float16).tobytes())
            yield len(rows)
    table = np.array(rows, np.float64).reshape(-1, 4)
    whole, seconds = table[:, :2].astype(np.int32), table[:, 2:].astype(np.float32)
    places = Places(list(numbers), whole[:, 0], whole[:, 1], seconds[:, 0], seconds[:, 1])
    np.savez(folder / _PLACES, **places.arrays())  # type: ignore[arg-type]


def read(folder: Path) -> Gathered:
    """What `write` left in the folder, in an order that depends on the videos' ids alone."""
    with np.load(folder / _PLACES) as found:
        places = Places.of(found)
    ranked = np.argsort(np.array(places.ids, "S64"))
    rank = np.empty(len(ranked), np.int32)
    rank[ranked] = np.arange(len(ranked))
    order = np.lexsort((places.index, rank[places.video]))
    ids = [places.ids[number] for number in ranked]
    fields = (places.index, places.start, places.end)
    ordered = Places(ids, rank[places.video][order], *(field[order] for field in fields))
    vectors = np.memmap(folder / _VECTORS, np.float16, "r").reshape(len(places), -1)
    return Gathered(ordered, vectors, order)
