"""What bfloat16 on a CPU wins over float32, and how near its vectors stay.

    python -m benchmarks.precision [--model NAME] [--rounds N]

Three paths embed the same clip in turn in one process, from the same weights: the plain modules,
the Embedder in float32, the Embedder in bfloat16 (which needs the extra "cpu"). Weights are drawn
from seeds, those of the toy are its own; cosines are the least of two clips.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import jax
import numpy as np

from benchmarks.drawn import scenery
from benchmarks.encoder import draw
from benchmarks.machine import machine
from encoder.catalogue import ASSETS, ModelCard, get_card
from encoder.checkpoints import load_weights
from encoder.embedder import Embedder
from encoder.models import expected_shapes, get_model

Path = Callable[[np.ndarray], np.ndarray]
"""Clips of bytes in, vectors out."""
CLIPS = 2


def plain(card: ModelCard, params: Any) -> Path:
    """Return the plain modules, compiled."""
    model = get_model(card.name)
    apply = jax.jit(lambda variables, clips: model.apply(variables, clips)[0])
    return lambda clips: np.asarray(apply({"params": params}, clips / np.float32(255.0)))


def paths(card: ModelCard, params: Any) -> dict[str, Path]:
    """Return what is compared, by name; says how long an Embedder takes until it can begin."""
    made: dict[str, Path] = {"plain modules": plain(card, params)}
    for precision in ("float32", "bfloat16"):
        start = time.perf_counter()
        embedder = Embedder(card, params, None, precision=precision)
        print(f"{embedder.describe()}: made in {time.perf_counter() - start:.1f} s", flush=True)
        made[f"Embedder, {embedder.dtype}"] = embedder.embed_clips
    return made


def clips_of(card: ModelCard) -> np.ndarray:
    """Draw clips of landscapes that pan, uint8."""
    size = (card.pixels, card.pixels)
    return np.stack([list(scenery(size, card.frames, seed)) for seed in range(CLIPS)])


def measure(compared: dict[str, Path], clip: np.ndarray, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each path, round by round."""
    seconds: dict[str, list[float]] = {name: [] for name in compared}
    for _ in range(rounds):
        for name, path in compared.items():
            start = time.perf_counter()
            path(clip)
            seconds[name].append(time.perf_counter() - start)
    return seconds


def tell(vectors: dict[str, np.ndarray], seconds: dict[str, list[float]]) -> None:
    """Print each path beside the first."""
    reference, *_ = vectors
    for name, taken in seconds.items():
        ratio = median(a / b for a, b in zip(seconds[reference], taken, strict=True))
        cosine = (vectors[name] * vectors[reference]).sum(axis=1).min()
        print(f"{name:>20}: {median(taken):7.3f} s  {ratio:5.2f} times  cosine {cosine:.6f}")


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="videoprism_lvt_public_v1_base")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print(machine(), flush=True)
    card = get_card(args.model)
    params = weights_of(card)["params"]
    compared, clips = paths(card, params), clips_of(card)
    vectors = {
        name: np.concatenate([path(clip[None]) for clip in clips])
        for name, path in compared.items()
    }
    tell(vectors, measure(compared, clips[:1], args.rounds))


def weights_of(card: ModelCard) -> dict[str, Any]:
    """Read the toy's weights; draw those of the others."""
    if card.name == "toy":
        return load_weights(ASSETS / "toy" / "toy_lvt.npz", expected_shapes("toy"), "toy")
    return draw(card)


if __name__ == "__main__":
    main()
