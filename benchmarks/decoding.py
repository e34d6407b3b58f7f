"""Decoding a video to 2 pictures a second of 288 px: ours against ffmpeg's command line.

    python -m benchmarks.decoding [--rounds 2] [--only "1080p h264"] [--long]

Both decode the same drawn files (see footage.py) with one thread, in turn; ours through the child
process that indexing uses, its start and its look at every packet counted. Ratios above 1 mean
that ours takes less. `exact` gives the same pixels as decoding everything; `fast` also leaves out
the filter that smooths blocks, and what that does to vectors is shown with the toy model. `--long`
compares one child with as many as there are cores, at one long video.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.footage import Kind, footage
from benchmarks.machine import machine
from encoder.embedder import Embedder
from indexer.decoding import Decode
from indexer.reader import FrameReader, read_frames
from indexer.relay import Relay
from indexer.upcoming import decoders

SIDE = 288
KINDS = {
    Kind("h264", 1920, 1080): 25.0,
    Kind("hevc", 1920, 1080): 25.0,
    Kind("h264", 3840, 2160): 8.3,
    Kind("hevc", 3840, 2160): 8.3,
}
"""What is decoded, and about how many seconds of it."""
LONG = 500.0  # seconds
DEMO = Path(__file__).parent.parent / "assets" / "demo"
INSTALL = (
    "ffmpeg is not installed; it is what this compares with. Debian and Ubuntu: "
    "apt-get install ffmpeg; macOS: brew install ffmpeg."
)


@dataclass
class Runs:
    """One way to decode a file, and what each of its runs took."""

    name: str
    call: Callable[[], object]
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def measure(self) -> None:
        """Run once more."""
        cpu, wall = _children_cpu(), time.monotonic()
        self.call()
        self.cpu.append(_children_cpu() - cpu)
        self.wall.append(time.monotonic() - wall)


def _children_cpu() -> float:
    """Return seconds of processor that ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def by_ffmpeg(path: Path) -> None:
    """Decode with the command line, the pixels thrown away."""
    command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", str(path), "-an"]
    shape = ["-vf", f"fps=2,scale={SIDE}:{SIDE}", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    subprocess.run([*command, *shape], stdout=subprocess.DEVNULL, check=True)


def frames(path: Path, decode: Decode, side: int = SIDE) -> np.ndarray:
    """Decode through the child that indexing uses: uint8 [samples, side, side, 3]."""
    with read_frames(path, pixels=side, thumbnails=False, decode=decode) as reader:
        return np.stack([sample.pixels for sample in reader])


def compare(kind: Kind, seconds: float, rounds: int) -> None:
    """Decode one kind of video each way in turn, and print the ratios."""
    path = footage(kind, seconds)
    ways = (
        Runs("ffmpeg", lambda: by_ffmpeg(path)),
        Runs("exact", lambda: frames(path, "exact")),
        Runs("fast", lambda: frames(path, "fast")),
    )
    for _ in range(rounds):
        for way in ways:
            way.measure()
    for way in ways:
        print(
            f"{kind.name:>12} {way.name:>7}: {median(way.cpu):6.2f} s of CPU "
            f"({_ratio(ways[0].cpu, way.cpu):.2f})   {median(way.wall):6.2f} s of wall "
            f"({_ratio(ways[0].wall, way.wall):.2f})",
            flush=True,
        )


def by_several(kind: Kind, rounds: int) -> None:
    """Decode a long video by one child and by one for each core, in turn, and print the ratio."""
    path = footage(kind, LONG)

    def read(first: int, last: int | None) -> FrameReader:
        return read_frames(path, pixels=SIDE, first=first, last=last)

    def through(most: int) -> None:
        with Relay(read, 0, most) as samples:
            for _ in samples:
                pass

    most = decoders()
    ways = (Runs("one child", lambda: through(1)), Runs("several", lambda: through(most)))
    for _ in range(rounds):
        for way in ways:
            way.measure()
    one, several = (median(way.wall) for way in ways)
    print(
        f"{kind.name}, {LONG:.0f} s: one child {LONG / one:.1f} times realtime, {most} children "
        f"{LONG / several:.1f} ({_ratio(ways[0].wall, ways[1].wall):.2f} times as fast, "
        f"{1 / _ratio(ways[0].cpu, ways[1].cpu):.2f} times the CPU)",
        flush=True,
    )


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def effect(paths: list[Path], name: str) -> None:
    """Print how near the vectors of both ways are: the toy's, window by window."""
    toy = Embedder.load("toy")
    found = [cosines(toy, path) for path in paths]
    near = np.concatenate([cosine for cosine, _ in found])
    apart = np.concatenate([step for _, step in found])
    print(
        f"Vectors of the fast way, {name} ({len(near)} segments): cosine to exact "
        f"{near.mean():.5f}, least {near.min():.5f}; of neighbouring segments {apart.mean():.3f}",
        flush=True,
    )


def cosines(embedder: Embedder, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the cosine of each segment's two vectors, and of each with the next segment."""
    exact, fast = (
        embedder.embed_clips(windows(frames(path, decode, embedder.pixels), embedder.frames))
        for decode in ("exact", "fast")
    )
    return (exact * fast).sum(1), (exact[1:] * exact[:-1]).sum(1)


def windows(samples: np.ndarray, length: int) -> Iterator[np.ndarray]:
    """Yield windows that overlap by half."""
    for start in range(0, len(samples) - length + 1, length // 2):
        yield samples[start : start + length]


def main() -> None:
    """Measure, and print a line for each way and kind."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", help="one kind, such as “1080p h264”")
    parser.add_argument("--long", action="store_true", help="one long video by several children")
    args = parser.parse_args()
    if shutil.which("ffmpeg") is None:
        sys.exit(INSTALL)
    print(f"{machine()}\n", flush=True)
    if args.long:
        by_several(next(iter(KINDS)), args.rounds)
        return
    for kind, seconds in KINDS.items():
        if args.only in (None, kind.name):
            compare(kind, seconds, args.rounds)
    effect([footage(kind, s) for kind, s in KINDS.items()], "grainy footage of every kind")
    effect(sorted(DEMO.glob("*.mp4")), "the demo's videos")


if __name__ == "__main__":
    main()
