"""How fast the Embedder is beside the plain modules: same weights, same frames, one process.

    python -m benchmarks.encoder [--model NAME] [--rounds N]

Weights are drawn from seeds, nothing is downloaded. Both paths run in turn, so that whatever
else the machine does falls on both alike: trust the ratios more than the seconds.
"""

import argparse
import sys
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import jax
import numpy as np

from encoder.catalogue import ModelCard, get_card
from encoder.checkpoints import nest
from encoder.embedder import Embedder
from encoder.models import expected_shapes, get_model

STATM = Path("/proc/self/statm")
PAGE = 4096
TICK = 0.01
"""Seconds between two looks at the memory in use."""
WINDOWS = 3


@dataclass
class Run:
    """One path: what it computes, and what was measured of it."""

    name: str
    call: Callable[[], np.ndarray]
    seconds: list[float] = field(default_factory=list)
    peak: float = 0.0
    """Most memory in use above what was before, in bytes."""
    result: np.ndarray = field(default_factory=lambda: np.empty(0))

    def measure(self) -> None:
        """Run once, timed and watched."""
        before = resident()
        with Watch() as watch:
            start = time.perf_counter()
            self.result = self.call()
            self.seconds.append(time.perf_counter() - start)
        self.peak = max(self.peak, watch.peak - before)


class Watch:
    """Looks at the memory in use from a thread of its own."""

    def __enter__(self) -> "Watch":
        """Start looking."""
        self.peak = resident()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(TICK):
            self.peak = max(self.peak, resident())


def resident() -> int:
    """Return the bytes of memory in use; 0 where the system does not tell."""
    return int(STATM.read_text().split()[1]) * PAGE if STATM.exists() else 0


def draw(card: ModelCard) -> dict[str, Any]:
    """Draw a model's weights, each array from a seed that only its name decides."""

    def array(name: str, shape: tuple[int, ...]) -> np.ndarray:
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        values: np.ndarray = rng.standard_normal(shape, dtype=np.float32)
        values *= 0.04
        return values

    drawn = nest({name: array(name, shape) for name, shape in expected_shapes(card.name).items()})
    on_device: dict[str, Any] = jax.tree.map(jax.device_put, drawn)
    return on_device


def plain(card: ModelCard, variables: dict[str, Any], clip: np.ndarray) -> Callable[[], np.ndarray]:
    """Return a run of the plain modules, compiled, on one clip of floats."""
    model = get_model(card.name)
    apply = jax.jit(lambda v, x: model.apply(v, x)[0])
    return lambda: np.asarray(apply(variables, clip))


def overlapping(embedder: Embedder, frames: np.ndarray) -> np.ndarray:
    """Embed windows that share half their frames, each frame encoded once."""
    stream = embedder.window_stream()
    stream.push(frames)
    return stream.embed([range(start, start + embedder.frames) for start in starts(embedder)])


def separate(embedder: Embedder, frames: np.ndarray) -> np.ndarray:
    """Embed the same windows as clips that know nothing of each other."""
    return embedder.embed_clips(frames[s : s + embedder.frames] for s in starts(embedder))


def starts(embedder: Embedder) -> list[int]:
    """Return the first frame of each window."""
    return [i * embedder.frames // 2 for i in range(WINDOWS)]


def compare(first: Run, second: Run, rounds: int, segments: int) -> None:
    """Run both in turn after a warm-up, and print how the second compares with the first."""
    for run in (first, second):
        run.call()
    for _ in range(rounds):
        first.measure()
        second.measure()
    for run in (first, second):
        seconds = median(run.seconds)
        rate, peak = segments / seconds, run.peak / 1e9
        print(f"{run.name:>24}: {seconds:7.2f} s  {rate:8.3f} segments/s  peak +{peak:.2f} GB")
    ratio = median(a / b for a, b in zip(first.seconds, second.seconds, strict=True))
    error = np.linalg.norm(second.result - first.result) / np.linalg.norm(first.result)
    print(f"{'ratio':>24}: {ratio:7.2f}    relative error {error:.1e}\n", flush=True)


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="videoprism_lvt_public_v1_base")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    card = get_card(args.model)
    if card.kind != "clip":
        sys.exit("Only models that embed video and text have both paths.")
    variables = draw(card)
    embedder = Embedder(card, variables["params"], tokenizer=None)
    print(f"{embedder.describe()}, weights drawn\n", flush=True)
    rng = np.random.default_rng(0)
    count = card.frames * (WINDOWS + 1) // 2
    frames = rng.integers(0, 256, (count, card.pixels, card.pixels, 3), dtype=np.uint8)
    clip = frames[: card.frames]
    scaled = (clip / np.float32(255.0))[None]
    compare(
        Run("plain modules", plain(card, variables, scaled)),
        Run("Embedder", lambda: embedder.embed_clips([clip])),
        args.rounds,
        segments=1,
    )
    compare(
        Run("separate windows", lambda: separate(embedder, frames)),
        Run("overlapping windows", lambda: overlapping(embedder, frames)),
        args.rounds,
        segments=WINDOWS,
    )


if __name__ == "__main__":
    main()
