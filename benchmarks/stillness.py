"""What it saves, and costs in meaning, to embed once what stands still.

    python -m benchmarks.stillness [--films N]

Draws films of the toy world that move for some seconds and then stand still under a sensor's
noise, encodes them as H.264 and reads them as the indexer does. Every film is embedded twice:
frames as bytes, where those that show the same stand for one another, and as floats, where each
is computed. Then every film is asked for by its caption among all segments of both.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.machine import machine
from encoder.embedder import Embedder
from encoder.toy.captions import plain_caption
from encoder.toy.evaluate import different_scenes
from encoder.toy.plays import random_play
from encoder.toy.scenes import Scene
from encoder.toy.world import draw
from indexer.reader import read_frames
from indexer.video import write_h264

HEIGHT, WIDTH, FPS = 288, 384, 12
MOVING, STILL = 6.0, 24.0  # seconds
NOISES = (0.0, 2.0, 6.0)
"""Deviations of the sensor's noise, in levels out of 255, before the film is encoded."""


@dataclass
class Way:
    """One way of embedding: its vectors, and what they took."""

    seconds: float = 0.0
    frames: int = 0
    windows: int = 0
    vectors: list[np.ndarray] = field(default_factory=list)

    def embed(self, embedder: Embedder, frames: np.ndarray) -> None:
        """Embed half-overlapping windows over one film."""
        hop = embedder.frames // 2
        windows = [range(at, at + embedder.frames) for at in range(0, len(frames) - hop, hop)]
        begun = time.perf_counter()
        stream = embedder.window_stream()
        stream.push(frames)
        rows = stream.embed([window for window in windows if window[-1] < len(frames)])
        self.seconds += time.perf_counter() - begun
        self.frames += len(set(stream._shown.values()))
        self.windows += len(np.unique(rows, axis=0))
        self.vectors.append(rows)


def film(scene: Scene, seed: int, noise: float) -> Iterator[np.ndarray]:
    """Draw a play and its last picture held, both under noise: uint8 [HEIGHT, WIDTH, 3]."""
    rng = np.random.default_rng(seed)
    play = random_play(scene, rng, aspect=WIDTH / HEIGHT, length=MOVING)
    moments = np.arange(0, MOVING, 1 / FPS)
    pictures = draw([play], [moments], HEIGHT, WIDTH)[0]
    for index in range(int((MOVING + STILL) * FPS)):
        picture = pictures[min(index, len(pictures) - 1)]
        grain = rng.normal(0, noise, picture.shape) if noise else 0.0
        yield np.clip(picture + grain, 0, 255).astype(np.uint8)


def read(path: Path, pixels: int) -> np.ndarray:
    """Read a film as the indexer does."""
    with read_frames(path, pixels=pixels, thumbnails=False) as samples:
        return np.stack([sample.pixels for sample in samples])


def found(captions: np.ndarray, way: Way) -> np.ndarray:
    """Tell for each caption whether its film has the best segment of all films."""
    best = np.stack([(rows @ captions.T).max(axis=0) for rows in way.vectors])
    first: np.ndarray = best.argmax(axis=0) == np.arange(len(captions))
    return first


def compare(embedder: Embedder, scenes: list[Scene], noise: float, folder: Path) -> None:
    """Embed all films in both ways, in turn, and print a row."""
    once, anew = Way(), Way()
    for number, scene in enumerate(scenes):
        path = folder / f"{number}.mp4"
        write_h264(path, film(scene, number, noise), FPS)
        frames = read(path, embedder.pixels)
        if number == 0:  # programs are compiled before anything is timed
            Way().embed(embedder, frames)
            Way().embed(embedder, frames / np.float32(255))
        once.embed(embedder, frames)
        anew.embed(embedder, frames / np.float32(255))
    tell(embedder, scenes, noise, once, anew)


def tell(embedder: Embedder, scenes: list[Scene], noise: float, once: Way, anew: Way) -> None:
    """Print how the two ways compare."""
    captions = embedder.embed_texts([plain_caption(scene) for scene in scenes])
    cosines = np.concatenate(
        [(a * b).sum(axis=1) for a, b in zip(once.vectors, anew.vectors, strict=True)]
    )
    right = [found(captions, way).mean() for way in (once, anew)]
    print(
        f"noise {noise:.0f}: frames {once.frames / anew.frames:.3f}, "
        f"windows {once.windows / len(cosines):.3f}, {anew.seconds / once.seconds:.2f} times as "
        f"fast; cosine min {cosines.min():.6f}, mean {cosines.mean():.6f}; "
        f"R@1 {right[0]:.3f} against {right[1]:.3f}",
        flush=True,
    )


def main() -> None:
    """Draw, embed, and print a row for each noise."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--films", type=int, default=40)
    count = parser.parse_args().films
    print(machine(), "\n", flush=True)
    embedder = Embedder.load("toy")
    scenes = different_scenes(count, np.random.default_rng(7), held_out=False)
    with tempfile.TemporaryDirectory() as folder:
        for noise in NOISES:
            compare(embedder, scenes, noise, Path(folder))


if __name__ == "__main__":
    main()
