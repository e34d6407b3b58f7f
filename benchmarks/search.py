"""What a search costs beyond the text tower, beside the store's own answer to the same vectors.

    python -m benchmarks.search [--segments N] [--rounds N] [--people N]

Vectors are drawn, nothing is downloaded. Every question is asked in turn in one process, so that
what else the machine does falls on all of them. Then so many people ask the API at once, over
real connections; they share the cores with the server. The heat-map is of a 2-hour video.
"""

import argparse
import asyncio
import itertools
import random
import socket
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import numpy as np
import uvicorn

from app.server import create_app
from benchmarks.encoder import draw
from encoder.catalogue import get_card
from encoder.embedder import Embedder
from encoder.tokenizers import load_tokenizer
from indexer.content import Content
from indexer.engine import Engine
from indexer.filters import Filters
from indexer.points import Point
from indexer.question import Condition, Question
from indexer.search import Wanted
from indexer.settings import Settings

MODEL = "videoprism_lvt_public_v1_base"
OF_A_VIDEO = 50  # segments
LONG = 1800  # segments of a video of two hours
FOLDERS = 10
TEXTS = 20
"""Different words that people ask for, all of them asked before."""

Ask = Callable[[np.ndarray], object]


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
        return Question(steps=((Condition(vector[None]),),))

    def then(vector: np.ndarray) -> Question:
        return Question(steps=((Condition(vector[None]),), (Condition(-vector[None][:, ::-1]),)))

    def narrowed(vector: np.ndarray, filters: Filters) -> object:
        return search.ask(one(vector), Wanted(scope=filters.scope(library)))

    half = Filters(folders=tuple(map(str, range(FOLDERS // 2))))
    return {
        "the store alone, 24": lambda v: engine.store.nearest(v, 24),
        "the store alone, 96": lambda v: engine.store.nearest(v, 96),
        "words": lambda v: search.ask(one(v)),
        "words, one folder of ten": lambda v: narrowed(v, Filters(folders=("3",))),
        "words, half of the folders": lambda v: narrowed(v, half),
        "words, last third of a video": lambda v: narrowed(v, Filters(part=(0.67, 1.0))),
        "words, by video": lambda v: search.ask(one(v), Wanted(grouped=True)),
        "words, the best 1 %": lambda v: search.ask(one(v), Wanted(least=1.0)),
        "words, newest first": lambda v: search.ask(one(v), Wanted(sort="newest")),
        "words, the third page": lambda v: search.ask(one(v), Wanted(offset=48)),
        "one thing, then another": lambda v: search.ask(then(v)),
        "heat-map of two hours": lambda v: search.heatmap(long, one(v)),
        "heat-map of two steps": lambda v: search.heatmap(long, then(v)),
    }


def measure(asks: dict[str, Ask], dim: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of each question, asked in turn with new vectors."""
    rng = np.random.default_rng(1)
    took: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds + 1):
        for name, ask in asks.items():
            vector = scene(rng, 1, dim)[0]  # a new one: what was asked lately is remembered
            begun = time.perf_counter()
            ask(vector)
            took[name].append(time.perf_counter() - begun)
    return {name: seconds[1:] for name, seconds in took.items()}  # the first one warms up


def show(took: dict[str, list[float]]) -> None:
    """Print one table: milliseconds, and how many times the store's own."""
    own = np.percentile(next(iter(took.values())), 50)
    print(f"{'':>30} |    p50     p95 ms | times the store's own")
    for name, seconds in took.items():
        p50, p95 = np.percentile(seconds, (50, 95))
        print(f"{name:>30} | {1e3 * p50:7.2f} {1e3 * p95:7.2f} | {p50 / own:6.2f}", flush=True)


@contextmanager
def served(engine: Engine) -> Iterator[str]:
    """The real application on a free port; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(create_app(engine), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


async def crowd(address: str, texts: Sequence[str], people: int, each: int) -> list[float]:
    """Seconds of every answer, when so many people each ask one question after the other."""
    took: list[float] = []

    async def person(number: int, client: httpx.AsyncClient) -> None:
        draw_text = random.Random(number)
        for _ in range(each):
            begun = time.perf_counter()
            answer = await client.get("/api/v1/search", params={"q": draw_text.choice(texts)})
            took.append(time.perf_counter() - begun)
            assert answer.status_code == 200, answer.text
            assert len(answer.json()["moments"]) == 24

    limits = httpx.Limits(max_connections=people)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=60) as client:
        for text in texts:  # from now on the tower has them
            (await client.get("/api/v1/search", params={"q": text})).raise_for_status()
        await asyncio.gather(*(person(number, client) for number in range(people)))
    return took


def main() -> None:
    """Fill a store, ask everything in turn, then let people ask at once."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--segments", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--people", type=int, default=50)
    args = parser.parse_args()
    card = get_card(MODEL)
    embedder = Embedder(card, draw(card)["params"], load_tokenizer("toy"))
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        engine = opened.enter_context(Engine(Settings(data_dir=folder, model=MODEL), embedder))
        ids = fill(engine, args.segments)
        print(f"{engine.store.count():,} segments of {embedder.dim} in {len(ids):,} videos\n")
        show(measure(questions(engine, ids[0]), embedder.dim, args.rounds))
        shapes = itertools.product(("red", "blue", "green", "white"), ("circle", "star", "cross"))
        texts = [f"a {colour} {shape} moves" for colour, shape in shapes][:TEXTS]
        with served(engine) as address:
            for people in (1, args.people):
                took = asyncio.run(crowd(address, texts, people, 20))
                show({f"{people} at once, through the API": took})


if __name__ == "__main__":
    main()
