"""The most memory that an Embedder's process takes: loading a checkpoint, then embedding.

    python -m benchmarks.footprint [--model NAME] [--weights FILE] [--tokenizer FILE]

Weights and vocabulary of the public size are drawn into files unless they are given. A fresh
process loads them as any does, and embeds windows and a text: no plain modules are in it.
"""

import argparse
import multiprocessing
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.full_size import save_checkpoint, save_vocabulary
from benchmarks.machine import machine
from encoder.catalogue import get_card, get_tokenizer_card
from encoder.embedder import Embedder

STATUS = Path("/proc/self/status")


def peak() -> float:
    """Return the most memory that this process ever had, in GB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text())
    return int(found[1]) * 1024 / 1e9 if found else 0.0


def stages(model: str, weights: Path, tokenizer: Path) -> Iterator[tuple[str, float]]:
    """Yield what was done and the peak so far."""
    yield "started", peak()
    embedder = Embedder.load(model, weights=weights, tokenizer=tokenizer)
    yield "loaded", peak()
    shape = (2 * embedder.frames, embedder.pixels, embedder.pixels, 3)
    frames = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    stream = embedder.window_stream()
    stream.push(frames)
    half = embedder.frames // 2
    stream.embed([range(at, at + embedder.frames) for at in (0, half, 2 * half)])
    yield "three windows embedded", peak()
    embedder.embed_texts(["a video of playing drums."])
    yield "a text embedded", peak()


def tell(model: str, weights: Path, tokenizer: Path) -> None:
    """Print the stages."""
    for done, most in stages(model, weights, tokenizer):
        print(f"{done:>24}: at most {most:.2f} GB so far", flush=True)


def main() -> None:
    """Draw what is missing, then measure in a process of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="videoprism_lvt_public_v1_base")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--tokenizer", type=Path)
    args = parser.parse_args()
    card = get_card(args.model)
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        weights = args.weights or save_checkpoint(Path(folder) / "weights.npz", card)
        vocabulary = get_tokenizer_card(card.tokenizer)
        tokenizer = args.tokenizer or save_vocabulary(Path(folder) / "words.model", vocabulary)
        given = (card.name, weights, tokenizer)
        child = multiprocessing.get_context("spawn").Process(target=tell, args=given)
        child.start()
        child.join()


if __name__ == "__main__":
    main()
