"""Whether memory stays flat: over long videos, over many videos, and while nobody reads.

    python -m benchmarks.memory [--quick] [--only long many paused]

Watches the resident memory of this process and of its decoding child while one engine indexes
videos that are drawn here, with a model of the toy's shape. A slope is a least-squares line
through the means of ten stretches after the first fifth, with its 95 % interval. What is found
must be held, so the store's own growth is measured first and taken off. Flat means: at most one
hundredth of itself over the whole run. Linux only.
"""

import argparse
import itertools
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from benchmarks.drawn import copies, scenery
from benchmarks.encoder import draw
from encoder.catalogue import get_card
from encoder.embedder import Embedder
from indexer.decoding import Reader
from indexer.engine import Engine
from indexer.points import Point
from indexer.reader import read_frames
from indexer.settings import Settings
from indexer.store import open_store
from indexer.video import write_h264

TICK = 0.05
"""Seconds between two looks."""
STRETCHES = 10
T_95 = 2.306
"""Of Student's distribution, for as many points less the two numbers of a line."""
WARM_UP = 0.2
FLAT = 0.01
"""How much of itself memory may grow over a whole run and still be called flat."""
STORED = 4_000  # segments: what two hours bring
PARTS = ("long", "many", "paused")
BOTH = ("parent", "child")


@dataclass(frozen=True)
class Look:
    """What was in use at one moment, in bytes, and how far the work was by then."""

    at: float
    parent: int
    child: int


@dataclass(frozen=True)
class Unit:
    """What is counted, and how many segments each brings."""

    name: str
    segments: int = 0


MINUTE = Unit("minute of video", segments=30)
VIDEO = Unit("video", segments=1)
SECOND = Unit("second of pause")


class Watch:
    """Looks at the memory in use, in a thread of its own, until the block ends."""

    def __init__(self, progress: Callable[[], float]) -> None:
        self._progress = progress
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.looks: list[Look] = []

    def __enter__(self) -> Self:
        """Start looking."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(TICK):
            child = sum(resident(pid) for pid in descendants("self") if started(pid))
            self.looks.append(Look(self._progress(), resident("self"), child))


def resident(pid: str) -> int:
    """Return the bytes that a process holds; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    except OSError:
        return 0


def started(pid: str) -> bool:
    """Tell whether a child runs its own program by now, and no longer shares our memory."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != Path("/proc/self/cmdline").read_bytes()
    except OSError:
        return False


def descendants(pid: str) -> Iterator[str]:
    """Yield the children of a process, and theirs."""
    try:
        tasks = [task.read_text().split() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # gone meanwhile
        return
    for child in itertools.chain(*tasks):
        yield child
        yield from descendants(child)


def line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the slope of a least-squares line after the warm-up, and its 95 % margin."""
    cut = points[0][0] + WARM_UP * (points[-1][0] - points[0][0])
    later = np.array([point for point in points if point[0] >= cut])
    # Looks that follow each other are alike: each by itself would pass for more than it tells.
    x, y = np.array([part.mean(axis=0) for part in np.array_split(later, STRETCHES)]).T
    x, y = x - x.mean(), y - y.mean()
    slope = float(x @ y / (x @ x))
    off = y - slope * x
    return slope, T_95 * float((off @ off / (STRETCHES - 2) / (x @ x)) ** 0.5)


def show(
    what: str, looks: list[Look], unit: Unit, sides: Sequence[str] = ("parent",), store: float = 0.0
) -> None:
    """Print a row for each side: levels in MB, the slope and what it means.

    `store` is what the store takes for a segment, in kB.
    """
    for side in sides:
        points = [(look.at, getattr(look, side) / 1e3) for look in looks if getattr(look, side)]
        slope, margin = line(points)
        if side == "parent":
            slope -= store * unit.segments
        levels = [level / 1e3 for _, level in points]
        early, end, most = levels[int(WARM_UP * len(levels))], levels[-1], max(levels)
        allowed = FLAT * early * 1e3 / (points[-1][0] - points[0][0])
        verdict = "unclear"
        if slope + margin < allowed:
            verdict = "flat"
        elif slope - margin > allowed:
            verdict = "GROWS"
        print(
            f"{what:32} {side:6} |{early:6.0f} {end:6.0f} {most:6.0f} |"
            f"{slope:9.2f} +-{margin:8.2f} kB per {unit.name:15} | {verdict}",
            flush=True,
        )


@dataclass(frozen=True)
class Bench:
    """An engine on a folder of its own."""

    engine: Engine
    folder: Path
    store: float
    """kB that the store takes for a segment."""

    def draw(self, name: str, size: tuple[int, int], fps: float, seconds: float) -> Path:
        """Draw a video of `seconds`."""
        path = self.folder / f"{name}.mp4"
        write_h264(path, scenery(size, round(seconds * fps), seed=len(name)), fps)
        return path

    def index(self, paths: list[Path], progress: Callable[[], float]) -> list[Look]:
        """Index files from the first to the last, watched."""
        self.engine.add_files(paths)
        with Watch(progress) as watch:
            self.engine.worker.start()
            self.engine.worker.wait()
            self.engine.worker.stop()
        failed = self.engine.library.videos("failed")
        assert not failed, failed[0].note
        return watch.looks

    def minutes(self) -> float:
        """How many minutes of the video that was added last are indexed."""
        video = self.engine.library.videos()[-1]
        return (video.duration or 0.0) * video.share / 60

    def videos(self) -> float:
        """How many videos are indexed."""
        return self.engine.library.counts().get("done", 0)


def stored(folder: Path, engine: Engine) -> float:
    """Store segments one by one, and nothing else; returns kB for each."""
    store = open_store(Settings(data_dir=folder, model="toy"), engine.fingerprint)
    rng = np.random.default_rng(0)
    points: list[tuple[float, float]] = []
    for index in range(STORED):
        vector = rng.standard_normal(engine.embedder.dim, dtype=np.float32)
        store.upsert([Point("0" * 64, index, 2.0 * index, 2.0 * index + 4.0, vector)])
        if index % 20 == 0:
            points.append((index, resident("self") / 1e3))
    store.close()
    slope, margin = line(points)
    print(f"The store by itself takes {slope:.2f} +- {margin:.2f} kB per segment.\n")
    return slope


def long(bench: Bench, quick: bool) -> None:
    """Index a video of 10 minutes, one of 2 hours, and one of many frames."""
    hours = 0.5 if quick else 2.0
    for what, size, fps, minutes in (
        ("10 minutes at 2 fps", (96, 72), 2, 10),
        (f"{hours:g} hours at 2 fps", (96, 72), 2, 60 * hours),
        ("10 minutes at 25 fps, 320x180", (320, 180), 25, 10),
    ):
        path = bench.draw(what, size, fps, 60 * minutes)
        show(what, bench.index([path], bench.minutes), MINUTE, BOTH, bench.store)


def many(bench: Bench, quick: bool) -> None:
    """Index short videos, one after the other."""
    count = 100 if quick else 1000
    first = bench.draw("short", (96, 72), 10, 3)
    looks = bench.index(copies(first, count), bench.videos)
    show(f"{count:,} videos of 3 seconds", looks, VIDEO, store=bench.store)


def paused(bench: Bench, quick: bool) -> None:
    """Stop reading in mid-video, and pause the engine in mid-video."""
    seconds = 15.0 if quick else 60.0
    path = bench.draw("waiting", (1280, 720), 25, 40)
    for reader in ("pyav", "decord"):
        show(f"{reader}, nobody reads", unread(path, reader, seconds), SECOND, BOTH)
    bench.engine.add_files([path])
    bench.engine.worker.start()
    while bench.minutes() == 0.0 and bench.engine.worker.current:
        time.sleep(TICK)
    bench.engine.pause()
    show("engine paused", idle(seconds), SECOND)
    bench.engine.worker.stop()


def unread(path: Path, reader: Reader, seconds: float) -> list[Look]:
    """Read a few frames, and then none."""
    with read_frames(path, pixels=288, reader=reader) as frames:
        for _ in range(5):
            next(frames)
        return idle(seconds)


def idle(seconds: float) -> list[Look]:
    """Do nothing, watched."""
    start = time.perf_counter()
    with Watch(lambda: time.perf_counter() - start) as watch:
        time.sleep(seconds)
    return watch.looks


def main() -> None:
    """Print a row for each way to use memory."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of each: minutes in all")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    args = parser.parse_args()
    if not Path("/proc/self/task").exists():
        sys.exit("This system does not tell what a process holds in memory.")
    card = get_card("toy")
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        embedder = Embedder(card, draw(card)["params"], tokenizer=None)
        settings = Settings(data_dir=folder / "data", model=card.name)
        engine = opened.enter_context(Engine(settings, embedder))
        store = stored(folder / "store", engine)
        bench = Bench(engine, folder, store)
        columns = (
            f"{'early':>6} {'end':>6} {'most':>6} | {'slope beyond the store, 95 % margin':41}"
        )
        print(f"{'resident memory, MB':39} |{columns} | verdict", flush=True)
        for part in args.only:
            {"long": long, "many": many, "paused": paused}[part](bench, args.quick)


if __name__ == "__main__":
    main()
