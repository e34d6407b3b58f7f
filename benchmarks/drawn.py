"""Videos that benchmarks draw for themselves: any length, and as many as are wanted."""

import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np


def scenery(size: tuple[int, int], count: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Draw `count` frames (uint8 RGB) of a landscape that pans, one pixel column a frame.

    `size` is width and height in pixels, both even.
    """
    width, height = size
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    picture = coarse.repeat(8, axis=0).repeat(8, axis=1)[:height, :width]
    for index in range(count):
        yield np.roll(picture, index, axis=1)


def copies(path: Path, count: int) -> list[Path]:
    """Copy an MP4 file `count` times with the same pictures, each with bytes of its own."""
    made = [path.with_name(f"{path.stem}-{number}.mp4") for number in range(1, count + 1)]
    for number, copy in enumerate(made):
        shutil.copyfile(path, copy)
        with copy.open("ab") as file:
            file.write(struct.pack(">I4sI", 12, b"free", number))  # a box that players skip
    return made
