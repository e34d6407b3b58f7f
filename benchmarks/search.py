"""What a search costs beyond the text tower, and how much of it is the store's own time.

    python -m benchmarks.search [--segments N ...] [--rounds N]

Vectors are drawn, nothing is downloaded. Every question is asked in turn in one process, so that
what else the machine does falls on all of them. The store's own time is what its engine takes for
the very calls that a question makes: as many candidates, the same filters, the same payloads. All
else is ours: the question's measure, reading what the engine hands over, moments, the library's
rows, and in one row the JSON of the answer. The heat-map is of a 2-hour video.
"""

import argparse
import itertools
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from app.asking import read
from app.searching import answer
from benchmarks.encoder import draw
from benchmarks.machine import machine
from encoder.catalogue import get_card
from encoder.embedder import Embedder
from encoder.tokenizers import load_tokenizer
from indexer.content import Content
from indexer.engine import Engine
from indexer.filters import Filters
from indexer.points import EVERYTHING, Point, Scope
from indexer.question import Condition, Question
from indexer.search import Wanted
from indexer.settings import Settings

MODEL = "videoprism_lvt_public_v1_base"
OF_A_VIDEO = 50  # segments
LONG = 1800  # segments of a video of two hours
FOLDERS = 10
TEXTS = 120
"""More than are remembered with their answers."""

Ask = Callable[[np.ndarray], object]


class Watched:
    """The engine of a store, with the seconds that were spent in it."""

    def __init__(self, shard: Any) -> None:
        self._shard = shard
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return partial(self._timed, getattr(self._shard, name))

    def _timed(self, call: Callable[..., Any], *values: Any) -> Any:
        begun = time.perf_counter()
        try:
            return call(*values)
        finally:
            self.seconds += time.perf_counter() - begun


@dataclass(frozen=True)
class Took:
    """The seconds of one answer, and those of them that were the store's."""

    whole: float
    store: float


def fill(engine: Engine, segments: int) -> list[str]:
    """Store drawn segments of videos that are not there, one long one first; their ids."""
    rng = np.random.default_rng(0)
    sizes = [LONG] + [OF_A_VIDEO] * ((segments - LONG) // OF_A_VIDEO)
    ids = [f"{number:064x}" for number in range(len(sizes))]
    hop = engine.fingerprint.hop
    with engine.library.database.together():
        for number, (video_id, size) in enumerate(zip(ids, sizes, strict=True)):
            path = Path(f"/drawn/{number % FOLDERS}/{number}.mp4")
            engine.library.add(path, f"video {number}", False, Content(video_id, 1, 1))
            engine.library.describe(video_id, hop * (size + 1), 1920, 1080, "as_is")
            engine.serving.queue.mark_done(video_id, size, None)
    engine.library.database.rows("UPDATE videos SET folder = CAST(rowid % ? AS TEXT)", FOLDERS)
    for video_id, size in zip(ids, sizes, strict=True):
        vectors = scene(rng, size, engine.embedder.dim)
        engine.store.upsert(
            [Point(video_id, i, hop * i, hop * (i + 2), v) for i, v in enumerate(vectors)]
        )
    return ids


def scene(rng: np.random.Generator, size: int, dim: int) -> np.ndarray:
    """Unit vectors that resemble their neighbours, as the segments of one video do."""
    steps = rng.standard_normal((size, dim), dtype=np.float32)
    path = rng.standard_normal(dim, dtype=np.float32) + 0.2 * np.cumsum(steps, axis=0)
    unit: np.ndarray = path / np.linalg.norm(path, axis=1, keepdims=True)
    return unit


def questions(engine: Engine, long: str) -> dict[str, Ask]:
    """Everything that is timed, each with the vector of what is looked for."""
    search, library = engine.search, engine.library

    def one(vector: np.ndarray) -> Question:
        return Question(((Condition(vector[None], said="drawn"),),))

    def then(vector: np.ndarray) -> Question:
        other = Condition(-vector[None][:, ::-1], said="drawn")
        return Question(((Condition(vector[None], said="drawn"),), (other,)))

    def narrowed(vector: np.ndarray, filters: Filters) -> object:
        return search.ask(one(vector), Wanted(scope=filters.scope(library)))

    def alone(vector: np.ndarray, scope: Scope = EVERYTHING) -> object:
        return engine.store.nearest(vector, 24, scope)

    said = [f"{count} red circles" for count in range(TEXTS)]
    engine.embedder.embed_texts(said)
    texts = itertools.cycle(said)
    half = Filters(folders=tuple(map(str, range(FOLDERS // 2))))
    return {
        "the store alone, nearest 24": alone,
        "the same in half of the folders": partial(alone, scope=half.scope(library)),
        "words": lambda v: search.ask(one(v)),
        "words, one folder of ten": lambda v: narrowed(v, Filters(folders=("3",))),
        "words, half of the folders": lambda v: narrowed(v, half),
        "words, last third of each video": lambda v: narrowed(v, Filters(part=(0.67, 1.0))),
        "words, by video": lambda v: search.ask(one(v), Wanted(grouped=True)),
        "words, the best 1 %": lambda v: search.ask(one(v), Wanted(least=1.0)),
        "words, newest first": lambda v: search.ask(one(v), Wanted(sort="newest")),
        "words, the third page": lambda v: search.ask(one(v), Wanted(offset=48)),
        "one thing, then another": lambda v: search.ask(then(v)),
        "words whose vector is known, to JSON": lambda _: spoken(engine, texts),
        "heat-map of two hours": lambda v: search.heatmap(long, one(v)),
        "heat-map of two steps": lambda v: search.heatmap(long, then(v)),
    }


def spoken(engine: Engine, texts: Iterator[str]) -> object:
    """Ask for a text whose vector the tower remembers, though nobody asked for it yet."""
    found = answer(engine, engine.examples, read([("q", next(texts))]))
    return found.model_dump_json()


def measure(engine: Engine, asks: dict[str, Ask], rounds: int) -> dict[str, list[Took]]:
    """What each question took, asked in turn with new vectors."""
    store: Any = engine.store
    store._shard = watched = Watched(store._shard)
    rng = np.random.default_rng(1)
    took: dict[str, list[Took]] = defaultdict(list)
    for _ in range(rounds + 1):
        for name, ask in asks.items():
            vector = scene(rng, 1, engine.embedder.dim)[0]  # what was asked lately is remembered
            begun, before = time.perf_counter(), watched.seconds
            ask(vector)
            took[name].append(Took(time.perf_counter() - begun, watched.seconds - before))
    return {name: seconds[1:] for name, seconds in took.items()}  # the first one warms up


def show(took: dict[str, list[Took]]) -> None:
    """Print one table: milliseconds, those of the store, and the share that is not the store's."""
    print(f"{'p50 and p95':>36} |  whole answer ms |  store's own ms  | share that is ours %")
    for name, each in took.items():
        whole, store = (np.array([getattr(one, of) for one in each]) for of in ("whole", "store"))
        parts = (1e3 * whole, 1e3 * store, 100 * (1 - store / whole))
        told = " | ".join("{:7.1f} {:7.1f} ".format(*np.percentile(p, (50, 95))) for p in parts)
        print(f"{name:>36} | {told}", flush=True)


def drawn_tower(model: str = MODEL) -> Embedder:
    """A model's text tower with drawn weights: nothing here looks at a picture."""
    card = get_card(model)
    params = {"text_encoder": draw(card)["params"]["text_encoder"]}
    return Embedder(card, params, load_tokenizer("toy"))


def main() -> None:
    """Fill a store of each size and ask everything in turn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--segments", type=int, nargs="+", default=[100_000, 300_000])
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args()
    print(machine())
    embedder = drawn_tower()
    for segments in args.segments:
        with ExitStack() as opened:
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
            engine = opened.enter_context(Engine(Settings(data_dir=folder, model=MODEL), embedder))
            ids = fill(engine, segments)
            print(f"\n{segments:,} segments of {embedder.dim} in {len(ids):,} videos")
            engine.search.warm_up(threading.Event())
            show(measure(engine, questions(engine, ids[0]), args.rounds))


if __name__ == "__main__":
    main()
