"""The points of the curves of growth: each is one call, in a process of its own.

Knows how a library of any size comes about and what is measured of it. Does not know the curves
(growth.py).
"""

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from benchmarks.drawn import copies, scenery
from benchmarks.memory import Watch, resident
from benchmarks.search import MODEL, OF_A_VIDEO, scene
from encoder.catalogue import get_card
from encoder.embedder import Embedder
from indexer.content import Content
from indexer.engine import Engine
from indexer.filters import Filters
from indexer.points import Point
from indexer.question import Condition, Question
from indexer.search import Wanted
from indexer.settings import Settings
from indexer.video import write_h264

Measured = dict[str, float]
FPS = 2
SIZE = (96, 72)
FOLDERS = 10
ROUNDS = 20
EVERY = 50  # videos


class Wordless(Embedder):
    """As wide as LvT-base and without a network: what it gives for a text is drawn."""

    def __init__(self) -> None:
        card = get_card(MODEL)
        self.card, self.weights_id = card, "drawn"
        self.frames, self.pixels, self.dim, self.batch = card.frames, card.pixels, card.dim, 1

    def embed_texts(self, texts: Iterable[str]) -> np.ndarray:
        """Return a unit vector for each text."""
        return np.stack([vectors(1, len(text))[0] for text in texts])


def vectors(count: int, seed: int) -> np.ndarray:
    """Draw the unit vectors of one video's segments."""
    return scene(np.random.default_rng(seed), count, get_card(MODEL).dim)


def opened(folder: Path) -> Engine:
    """The library of drawn vectors in a folder."""
    return Engine(Settings(data_dir=folder, model=MODEL), Wordless())


def index_minutes(folder: Path, minutes: float) -> Measured:
    """Index one drawn video with the toy model."""
    path = folder / "long.mp4"
    write_h264(path, scenery(SIZE, round(60 * minutes * FPS)), FPS)
    with Engine.open(Settings(data_dir=folder / "data", model="toy")) as engine:
        engine.embedder.embed_clips(np.zeros((1, 8, 72, 72, 3), np.uint8))  # compiled
        engine.add_files([path])
        with Watch(lambda: 0.0) as watch:
            begun = time.perf_counter()
            engine.worker.start()
            engine.worker.wait()
            took = time.perf_counter() - begun
        (video,) = engine.library.videos("done")
    return {
        "minutes": minutes,
        "segments": video.segments_planned or 0,
        "seconds": took,
        "peak_mb": max(look.parent for look in watch.looks) / 1e6,
        "child_peak_mb": max(look.child for look in watch.looks) / 1e6,
    }


def index_videos(folder: Path, count: int) -> list[Measured]:
    """Index short videos one after the other; a point for every so many that are ready."""
    first = folder / "short.mp4"
    write_h264(first, scenery(SIZE, 30), 10)
    points: list[Measured] = []
    with Engine.open(Settings(data_dir=folder / "data", model="toy")) as engine:
        engine.add_files(copies(first, count))
        with Watch(lambda: 0.0) as watch:
            begun = time.perf_counter()
            engine.worker.start()
            while (done := engine.library.counts().get("done", 0)) < count:
                if done >= EVERY * (len(points) + 1):
                    points.append(_so_far(done, begun))
                time.sleep(0.1)
            points.append(_so_far(done, begun))
            engine.worker.wait()
        points[-1]["child_peak_mb"] = max(look.child for look in watch.looks) / 1e6
    return points


def _so_far(done: float, begun: float) -> Measured:
    return {
        "videos": done,
        "seconds": time.perf_counter() - begun,
        "resident_mb": resident("self") / 1e6,
    }


def fill(folder: Path, segments: int) -> Measured:
    """Let a library of drawn vectors grow to so many segments; adds what is missing."""
    with opened(folder) as engine:
        had = engine.store.count() // OF_A_VIDEO
        numbers = range(had, segments // OF_A_VIDEO)
        _add_videos(engine, numbers)
        begun = time.perf_counter()
        for number in numbers:
            engine.store.upsert(_points(engine, number))
        engine.store.flush()
        took = time.perf_counter() - begun
    return {"segments": segments, "seconds": took}


def _add_videos(engine: Engine, numbers: range) -> None:
    hop = engine.fingerprint.hop
    with engine.library.database.together():
        for number in numbers:
            path, video_id = Path(f"/drawn/{number % FOLDERS}/{number}.mp4"), f"{number:064x}"
            engine.library.add(path, f"video {number}", False, Content(video_id, 1, 1))
            engine.library.describe(video_id, hop * (OF_A_VIDEO + 1), 1920, 1080, "as_is")
            engine.serving.queue.mark_done(video_id, OF_A_VIDEO, None)
    engine.library.database.rows("UPDATE videos SET folder = CAST(rowid % ? AS TEXT)", FOLDERS)


def _points(engine: Engine, number: int) -> list[Point]:
    hop, rows = engine.fingerprint.hop, vectors(OF_A_VIDEO, number)
    return [Point(f"{number:064x}", i, hop * i, hop * (i + 2), v) for i, v in enumerate(rows)]


def ask(folder: Path, segments: int) -> Measured:
    """Open a library, ask it the first question and many more; milliseconds, and memory."""
    begun = time.perf_counter()
    with opened(folder) as engine:
        open_ms = 1e3 * (time.perf_counter() - begun)
        assert engine.store.count() == segments
        engine.search.ask(_question(vectors(1, 0)))
        first_ms = 1e3 * (time.perf_counter() - begun)
        points = {"segments": segments, "open_ms": open_ms, "first_answer_ms": first_ms}
        points |= _medians(engine)
        points["resident_mb"] = resident("self") / 1e6
        points["own_mb"] = _anonymous() / 1e6
    return points


def _medians(engine: Engine) -> Measured:
    took: dict[str, list[float]] = defaultdict(list)
    seeds = itertools.count(1)  # never the same question: what was asked lately is remembered
    for _ in range(ROUNDS + 1):
        for name, ask_one in _ways(engine).items():
            vector = vectors(1, next(seeds))
            begun = time.perf_counter()
            ask_one(vector)
            took[name].append(1e3 * (time.perf_counter() - begun))
    return {name: float(np.median(each[1:])) for name, each in took.items()}


def _ways(engine: Engine) -> dict[str, Callable[[np.ndarray], object]]:
    search, one = engine.search, Filters(folders=("3",))
    return {
        "words_ms": lambda v: search.ask(_question(v)),
        "folder_ms": lambda v: search.ask(_question(v), Wanted(scope=one.scope(engine.library))),
        "by_video_ms": lambda v: search.ask(_question(v), Wanted(grouped=True)),
        "store_ms": lambda v: engine.store.nearest(v[0], 24),
    }


def _question(vector: np.ndarray) -> Question:
    return Question(steps=((Condition(vector),),))


def _anonymous() -> int:
    """Bytes that belong to this process alone: what is mapped from files can be let go of."""
    for row in Path("/proc/self/status").read_text().splitlines():
        if row.startswith("RssAnon:"):
            return int(row.split()[1]) * 1024
    return 0
