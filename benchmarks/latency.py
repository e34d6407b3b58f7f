"""How long a text search takes while indexing runs flat out, beside the same search when idle.

    python -m benchmarks.latency [--model NAME] [--rounds N] [--seconds N]

Weights are drawn from seeds, nothing is downloaded. Idle and busy phases run in turn in one
process, and every text is new, so that none is remembered. Two kinds of load: the encoder alone,
which never waits, and a whole engine that indexes files (decoding child, store, library).
"""

import argparse
import random
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Protocol

import numpy as np

from benchmarks.drawn import copies, scenery
from benchmarks.encoder import draw
from encoder.catalogue import get_card
from encoder.embedder import Embedder
from encoder.tokenizers import load_tokenizer
from indexer.engine import Engine
from indexer.points import Point
from indexer.settings import Settings
from indexer.video import write_h264

STORED = 20_000
"""Segments in the store before anything is indexed."""
SAID = "a small red circle moves left and then two large blue stars spin on a grey background"
SHORT, LONG = 9, 40
"""Words of a usual text, and of one that takes the longest bucket of tokens."""
PAUSE = 0.02, 0.12
"""Seconds between an answer and the next question: no multiple of anything's length."""
VIDEOS = 60
PICTURE = 1280, 720

Ask = Callable[[], None]


class Load(Protocol):
    """Something that embeds segments as fast as it can."""

    name: str

    def running(self) -> AbstractContextManager[None]:
        """Run in the background inside the `with` block."""

    def done(self) -> int:
        """Segments embedded so far."""


class Streaming:
    """The encoder alone: one thread that pushes frames and asks for windows, without a pause."""

    name = "the encoder"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._hop = embedder.frames // 2
        size = (self._hop, embedder.pixels, embedder.pixels, 3)
        self._frames = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
        self._done = 0
        self._stop = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run in the background inside the `with` block."""
        self._stop.clear()
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def done(self) -> int:
        """Segments embedded so far."""
        return self._done

    def _run(self) -> None:
        stream = self._embedder.window_stream()
        stream.push(self._frames)
        start = 0
        while not self._stop.is_set():
            stream.push(self._frames)
            stream.embed([range(start, start + self._embedder.frames)])
            start += self._hop
            stream.drop_before(start)
            self._done += 1


class Indexing:
    """A whole engine with files to index: decoding child, encoder, store and library."""

    name = "a whole engine"

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        first = folder / "0.mp4"
        write_h264(first, scenery(PICTURE, 25 * 30), 25)
        engine.add_files([first, *copies(first, VIDEOS)])

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run in the background inside the `with` block."""
        self._engine.worker.start()
        try:
            yield
            assert self._engine.worker.current, "everything is indexed: draw more videos"
        finally:
            self._engine.worker.stop()

    def done(self) -> int:
        """Segments embedded so far."""
        return self._engine.store.count() - STORED


@dataclass
class Tally:
    """What was measured beside one load."""

    idle: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    busy: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    alone: list[float] = field(default_factory=list)
    """Segments a second while nobody asks, in each round."""
    asked: list[float] = field(default_factory=list)


class Person:
    """Asks one new text after the other, each time another kind of question."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._random = random.Random(0)
        self._kinds = {
            "vector of a text": lambda: engine.search.text_vector(self._text(SHORT)),
            "the same of 40 words": lambda: engine.search.text_vector(self._text(LONG)),
            f"nearest 24 of {STORED:,}": self._search,
        }

    def ask(self, seconds: dict[str, list[float]]) -> None:
        """Ask each kind once, and note how long the answers took."""
        for kind, question in self._kinds.items():
            start = time.perf_counter()
            question()
            seconds[kind].append(time.perf_counter() - start)
            time.sleep(self._random.uniform(*PAUSE))

    def _text(self, words: int) -> str:
        return " ".join(self._random.choices(SAID.split(), k=words))

    def _search(self) -> None:
        self._engine.store.nearest(self._engine.search.text_vector(self._text(SHORT)), 24)


def fill(engine: Engine) -> None:
    """Store segments of videos that lie elsewhere."""
    rng = np.random.default_rng(0)
    for video in range(STORED // 100):
        vectors = rng.standard_normal((100, engine.embedder.dim), dtype=np.float32)
        engine.store.upsert(
            [Point(f"{video:064x}", i, 4.0 * i, 4.0 * i + 8.0, v) for i, v in enumerate(vectors)]
        )


def rate(load: Load, seconds: float, meanwhile: Ask) -> float:
    """Return segments a second, from the end of one to the end of another."""

    def next_end() -> None:
        done = load.done()
        while load.done() == done:
            meanwhile()

    next_end()
    start, first = time.perf_counter(), load.done()
    while time.perf_counter() < start + seconds:
        meanwhile()
    next_end()
    return (load.done() - first) / (time.perf_counter() - start)


def measure(load: Load, person: Person, rounds: int, seconds: float) -> Tally:
    """Take idle and busy phases in turn."""
    tally = Tally()
    for _ in range(rounds):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            person.ask(tally.idle)
        with load.running():
            tally.alone.append(rate(load, seconds, lambda: time.sleep(0.01)))
            tally.asked.append(rate(load, seconds, lambda: person.ask(tally.busy)))
    return tally


def show(load: Load, tally: Tally) -> None:
    """Print one table."""
    print(f"{'beside ' + load.name:>24} |  idle p50   p95 |  busy p50   p95 | ratio p50   p95")
    for kind, idle in tally.idle.items():
        before, beside = (np.percentile(x, (50, 95)) * 1e3 for x in (idle, tally.busy[kind]))
        times = "|".join(f"{a:7.1f} {b:7.1f} ms " for a, b in (before, beside))
        a, b = beside / before
        print(f"{kind:>24} |{times}| {a:9.2f} {b:5.2f}   ({len(idle)}, {len(tally.busy[kind])})")
    ratio = median(b / a for a, b in zip(tally.alone, tally.asked, strict=True))
    speeds = f"{median(tally.alone):.3f} alone, {median(tally.asked):.3f} while asked"
    print(f"{'segments a second':>24} | {speeds}, ratio {ratio:.2f}\n", flush=True)


def main() -> None:
    """Measure beside both loads, and print two tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="videoprism_lvt_public_v1_base")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each phase")
    args = parser.parse_args()
    card = get_card(args.model)
    embedder = Embedder(card, draw(card)["params"], load_tokenizer("toy"))
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        settings = Settings(data_dir=folder / "data", model=card.name)
        engine = opened.enter_context(Engine(settings, embedder))
        fill(engine)
        person = Person(engine)
        person.ask(defaultdict(list))
        print(f"{embedder.describe()}, weights drawn; how many were asked in brackets\n")
        for load in (Streaming(embedder), Indexing(engine, folder)):
            show(load, measure(load, person, args.rounds, args.seconds))


if __name__ == "__main__":
    main()
