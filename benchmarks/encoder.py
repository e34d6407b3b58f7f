"""How fast the Embedder is beside the plain modules and beside the machine: in turn, one process.

    python -m benchmarks.encoder [--model NAME] [--rounds N]

Weights are drawn from seeds, nothing is downloaded. The plain modules, the Embedder and the
matrix products alone (products.py) run in turn, so that whatever else the machine does falls on
all alike: trust the ratios more than the seconds. What the Embedder's process takes of memory
when nothing else is in it, footprint.py tells.
"""

import argparse
import sys
import zlib
from collections.abc import Callable
from statistics import median
from typing import Any

import jax
import numpy as np

from benchmarks.machine import machine
from benchmarks.products import Rate, products
from benchmarks.runs import Run, difference, in_turn, ratio
from benchmarks.work import work_of
from encoder.catalogue import ModelCard, get_card
from encoder.checkpoints import nest
from encoder.embedder import Embedder
from encoder.models import expected_shapes, get_model

STRETCH = 2
"""Windows that cover the stretch of frames over which windows slide, without overlap."""


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


def shared(embedder: Embedder, frames: np.ndarray, windows: int) -> np.ndarray:
    """Embed windows spread evenly over one stretch of frames, each frame encoded once."""
    stream = embedder.window_stream()
    stream.push(frames)
    return stream.embed([range(at, at + embedder.frames) for at in starts(embedder, windows)])


def separate(embedder: Embedder, frames: np.ndarray, windows: int) -> np.ndarray:
    """Embed the same windows as clips that know nothing of each other."""
    clips = [frames[at : at + embedder.frames] for at in starts(embedder, windows)]
    return embedder.embed_clips(clips)


def starts(embedder: Embedder, windows: int) -> list[int]:
    """Return the first frame of each of so many windows over the stretch.

    Twice `STRETCH` of them are what an endless video costs with windows that overlap by half.
    """
    last = embedder.frames * (STRETCH - 1)
    return [int(at) for at in np.linspace(0, last, windows)]


def one_segment(
    embedder: Embedder, variables: dict[str, Any], clip: np.ndarray, rounds: int
) -> None:
    """Print what a segment takes in each path, and its matrix products alone."""
    card = embedder.card
    scaled = (clip / np.float32(255.0))[None]
    modules = Run("plain modules", plain(card, variables, scaled))
    ours = Run("Embedder", lambda: embedder.embed_clips([clip]))
    alone = in_turn([modules, ours], rounds, Rate(products(card)).seconds)
    flops = work_of(card).segment
    for run in (modules, ours):
        share = ratio(alone, run.seconds)
        print(f"{run.describe(1)}  {flops / median(run.seconds) / 1e9:6.1f} GFLOP/s", end="")
        print(f"  {share:.1%} of the rate of the products alone")
    print(f"{'products alone':>28}: {median(alone):7.2f} s", end="")
    print(f"  {flops / 1e9:.0f} GFLOP  {flops / median(alone) / 1e9:.1f} GFLOP/s")
    print(
        f"{'Embedder':>28}: {ratio(modules.seconds, ours.seconds):.2f} times the plain modules",
        end="",
    )
    print(f"; {difference(modules, ours)}\n", flush=True)


def sliding(embedder: Embedder, frames: np.ndarray, rounds: int) -> None:
    """Print what windows that overlap by half cost more than those that do not overlap."""
    apart = Run("no overlap", lambda: shared(embedder, frames, STRETCH))
    sharing = Run("half overlap, sharing", lambda: shared(embedder, frames, 2 * STRETCH))
    clips = Run("half overlap, not sharing", lambda: separate(embedder, frames, 2 * STRETCH))
    in_turn([apart, sharing, clips], rounds)
    print(apart.describe(STRETCH))
    for run in (sharing, clips):
        print(f"{run.describe(2 * STRETCH)}  {ratio(run.seconds, apart.seconds):.2f} times as long")
    print(f"{'shared or not':>28}: {difference(clips, sharing)}\n", flush=True)


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
    print(f"{machine()}\n{embedder.describe()}, weights drawn\n", flush=True)
    shape = (card.frames * STRETCH, card.pixels, card.pixels, 3)
    frames = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    one_segment(embedder, variables, frames[: card.frames], args.rounds)
    sliding(embedder, frames, args.rounds)


if __name__ == "__main__":
    main()
