"""Duplicates among real files: films encoded anew, cut and mixed, and what only looks like it.

One library of 39 files goes through real codecs and the toy model; precision and recall are counted
over all of its pairs.
"""

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import av
import numpy as np
import pytest

from indexer.alike import parts
from indexer.demo import DEMO, FILMS, FPS, events, frames
from indexer.engine import Engine
from indexer.gathered import read, write
from indexer.settings import Settings
from indexer.video import write_h264

Cut = tuple[str, float, float]
"""A film and the seconds of it that a file shows."""

SHORTEST = 12.0  # seconds that must agree: three windows of the toy model


def pictures(film: str) -> np.ndarray:
    with av.open(str(DEMO / f"{film}.mp4")) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


def encode(path: Path, seen: np.ndarray, codec: str, size: tuple[int, int], rate: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS)
        stream.width, stream.height = size
        stream.pix_fmt, stream.bit_rate = "yuv420p", rate
        for picture in seen:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(stream.encode(frame.reformat(*size)))
        container.mux(stream.encode())


def black(seen: np.ndarray, seconds: float) -> np.ndarray:
    return np.zeros((round(seconds * FPS), *seen.shape[1:]), np.uint8)


def like(seen: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The pictures in the size of others."""
    height, width = other.shape[1:3]
    made = (av.VideoFrame.from_ndarray(one, format="rgb24") for one in seen)
    return np.stack([one.reformat(width, height).to_ndarray(format="rgb24") for one in made])


def drawn(folder: Path) -> dict[str, list[Cut]]:
    """Write every file; returns which seconds of which film each shows."""
    names = sorted(FILMS)
    shown: dict[str, list[Cut]] = {name: [(name, 0, 99)] for name in names}
    for number, name in enumerate(names):
        seen, rate = pictures(name), 12
        path = folder / f"{name}, again.mp4"
        shown[path.stem] = [(name, 0, 99)]
        if number % 4 == 0:
            encode(path.with_suffix(".webm"), seen, "libvpx-vp9", (192, 144), 60_000)
        elif number % 4 == 1:
            write_h264(path, np.concatenate([black(seen, 7.3), seen]), FPS)
        elif number % 4 == 2:
            encode(path, seen[round(5.3 * rate) : round(27.8 * rate)], "mpeg4", (240, 180), 300_000)
            shown[path.stem] = [(name, 5.3, 27.8)]
        else:
            guest = names[(number + 5) % 12]
            inner = like(pictures(guest)[8 * rate : 25 * rate], seen)
            mixed = [seen[: 9 * rate], inner, seen[9 * rate : 24 * rate]]
            write_h264(path, np.concatenate(mixed), FPS)
            shown[path.stem] = [(name, 0, 9), (guest, 8, 25), (name, 9, 24)]
    return shown | strangers(folder)


def strangers(folder: Path) -> dict[str, list[Cut]]:
    """Films of the same kinds of scene behind the same black; still slides; black and grey."""
    random = np.random.default_rng(5)
    lines = [line for _, some in FILMS.values() for line in some]
    for number in range(5):
        chosen = tuple(random.choice(lines, 5, replace=False))
        seen = np.stack(list(frames(events(chosen), 384, 100 + number)))
        around = [black(seen, 8), seen, black(seen, 6)]
        write_h264(folder / f"other {number}.mp4", np.concatenate(around), FPS)
        tiles = random.integers(0, 255, (2, 6, 8, 3), np.uint8)
        slides = np.repeat(np.kron(tiles, np.ones((1, 48, 48, 1), np.uint8)), 15 * FPS, axis=0)
        write_h264(folder / f"slides {number}.mp4", slides, FPS)
        flat = np.full(((20 + 5 * number) * FPS, 288, 384, 3), 45 * (number % 2), np.uint8)
        write_h264(folder / f"flat {number}.mp4", flat, FPS)
    kinds = ("other", "slides", "flat")
    return {f"{kind} {number}": [] for kind in kinds for number in range(5)}


def agreeing(one: list[Cut], other: list[Cut]) -> float:
    """The longest stretch, in seconds, that two files both show."""
    common = [
        min(end, until) - max(start, since)
        for film, start, end in one
        for same, since, until in other
        if film == same
    ]
    return max(common, default=0)


@pytest.fixture(scope="module")
def library(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Engine, dict[str, list[Cut]]]]:
    folder = tmp_path_factory.mktemp("films")
    shown = drawn(folder)
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), model="toy")
    with Engine.open(settings) as engine:
        engine.add_folder(DEMO)
        engine.add_folder(folder)
        engine.worker.start()
        assert engine.worker.wait(600)
        yield engine, shown


@pytest.mark.slow
def test_copies_are_found_and_nothing_else(
    library: tuple[Engine, dict[str, list[Cut]]], tmp_path: Path
) -> None:
    engine, shown = library
    for _ in write(engine.store.scan(), tmp_path):
        pass
    gathered = read(tmp_path)
    titles = {video.video_id: video.title for video in engine.library.videos()}
    assert set(titles.values()) == set(shown)
    found = {
        frozenset(titles[gathered.places.ids[one]] for one in (part.a, part.b))
        for part in parts(gathered, lambda _: None)
    }
    pairs = {
        frozenset(pair): agreeing(*(shown[one] for one in pair)) for pair in combinations(shown, 2)
    }
    wanted = {pair for pair, seconds in pairs.items() if seconds >= SHORTEST}
    wrong = {pair for pair in found if pairs[pair] <= 0}
    print(json.dumps({"found": len(found), "wanted": len(wanted), "missed": len(wanted - found)}))
    assert wrong == set()
    assert len(wanted & found) / len(wanted) >= 0.9, wanted - found
