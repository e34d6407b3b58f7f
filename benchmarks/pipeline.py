"""A whole engine against its parts: decoding alone, encoding alone, and all of indexing at once.

    python -m benchmarks.pipeline [--rounds 2] [--only toy lvt]

Indexes drawn 1080p H.264 (see footage.py), with the toy model, where decoding is what takes time,
and with LvT-base, weights drawn from seeds, where encoding is. Each round runs the parts and the
whole in turn in one process, and then an upload: how long from its last byte until a search finds
a segment of it, against the time that one segment takes to encode. Queues and waits are those
that /metrics tells.
"""

import argparse
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from app.tus import hand_over
from benchmarks.drawn import copies
from benchmarks.encoder import draw
from benchmarks.footage import Kind, footage
from benchmarks.machine import machine
from encoder.catalogue import get_card
from encoder.embedder import Embedder
from indexer.engine import Engine
from indexer.reader import read_frames
from indexer.settings import Settings

LVT = "videoprism_lvt_public_v1_base"
KIND = Kind("h264", 1920, 1080)
SECONDS = 25.0
VIDEOS = {"toy": 4, "lvt": 1}
PATIENCE = 600.0
PIECE = 1 << 20


@dataclass(frozen=True)
class Case:
    """What is indexed with which model; the frames are those of one video, read before."""

    embedder: Embedder
    paths: list[Path]
    frames: np.ndarray

    def decode(self) -> None:
        """Read every video, one after the other, as indexing does."""
        for path in self.paths:
            with read_frames(path, pixels=self.embedder.pixels) as reader:
                for _ in reader:
                    pass

    def encode(self) -> None:
        """Embed the windows of every video from frames that are in memory."""
        for _ in self.paths:
            self._encode_one(len(self.frames))

    def encode_first(self) -> None:
        """Embed one segment from frames that are in memory."""
        self._encode_one(self.embedder.frames)

    def _encode_one(self, count: int) -> None:
        stream, length = self.embedder.window_stream(), self.embedder.frames
        hop, batch = length // 2, self.embedder.batch
        for start in range(0, count, hop):
            stream.push(self.frames[start : start + hop])
        starts = [*range(0, count - length, hop), count - length]
        for at in range(0, len(starts), batch):
            stream.embed([range(start, start + length) for start in starts[at : at + batch]])

    def index(self) -> dict[str, float]:
        """Index every video with an engine on a new folder; what it tells of its stages."""
        with tempfile.TemporaryDirectory() as folder, self._engine(folder) as engine:
            engine.add_files(self.paths)
            engine.worker.start()
            assert engine.worker.wait(PATIENCE)
            assert engine.library.counts() == {"done": len(self.paths)}
            return told(engine)

    def upload(self) -> float:
        """Send one video to an engine that rests; seconds from the last byte to the first hit."""
        with tempfile.TemporaryDirectory() as folder, self._engine(folder) as engine:
            engine.worker.start()
            assert engine.worker.wait(PATIENCE)
            source = self.paths[0]
            size = source.stat().st_size
            upload = engine.uploads.open(source.name, size, size, "")
            with source.open("rb") as file:
                while piece := file.read(PIECE):
                    upload.append(file.tell() - len(piece), piece)
            begun = time.monotonic()
            upload.settle()
            hand_over(engine, upload.upload_id, lambda: None)
            return self._found(engine) - begun

    def _engine(self, folder: str) -> Engine:
        settings = Settings(data_dir=Path(folder), model=self.embedder.card.name, min_free_bytes=0)
        return Engine(settings, self.embedder)

    def _found(self, engine: Engine) -> float:
        """Ask until something is found."""
        question = np.ones(self.embedder.dim, np.float32) / np.sqrt(self.embedder.dim)
        limit = time.monotonic() + PATIENCE
        while not engine.store.nearest(question, 1):
            assert time.monotonic() < limit
            time.sleep(0.02)
        return time.monotonic()


def told(engine: Engine) -> dict[str, float]:
    """Return what /metrics says of stages and queues, by name and label."""
    families = text_string_to_metric_families(engine.meters.text().decode())
    return {
        " ".join((sample.name.removeprefix("prismsearch_"), *sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def measure(case: Case, rounds: int) -> None:
    """Run the parts and the whole in turn, and print how they compare."""
    taken: dict[str, list[float]] = defaultdict(list)
    stages: dict[str, float] = {}
    case.encode_first()  # what is compiled is compiled now
    for _ in range(rounds):
        taken["decode alone"].append(timed(case.decode))
        taken["encode alone"].append(timed(case.encode))
        begun = time.monotonic()
        stages = case.index()
        taken["whole"].append(time.monotonic() - begun)
        taken["one segment"].append(timed(case.encode_first))
        taken["first found"].append(case.upload())
    for name, seconds in taken.items():
        print(f"{name:>24}: {median(seconds):7.2f} s", flush=True)
    print_ratios(taken)
    print_stages(stages, taken["whole"][-1])


def timed(call: Callable[[], None]) -> float:
    """Return the seconds that a call takes."""
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


def print_ratios(taken: dict[str, list[float]]) -> None:
    """Print how far the whole is from its slower part, and a first segment from its encoding."""
    parts = zip(taken["decode alone"], taken["encode alone"], strict=True)
    whole = median(w / max(part) for w, part in zip(taken["whole"], parts, strict=True))
    pairs = zip(taken["first found"], taken["one segment"], strict=True)
    least, extra = 1.5, 2.0
    spare = median(least * segment + extra - found for found, segment in pairs)
    print(f"{'whole to slower part':>24}: {whole:7.2f}   (at most 1.1)")
    print(f"{'first found':>24}: {spare:7.2f} s before 1.5 segments and 2 s are over")


def print_stages(now: dict[str, float], whole: float) -> None:
    """Print how full the queues were, and which stage waited for how much of the time."""
    for queue in ("frames", "vectors"):
        mean = now[f"queue_filled_sum {queue}"] / now[f"queue_filled_count {queue}"]
        print(f"{f'queue of {queue}':>24}: {mean:7.0%} full")
    for stage in ("read", "embed", "store"):
        share = now[f"waiting_seconds_total {stage}"] / whole
        print(f"{f'{stage} waits':>24}: {share:7.0%} of the time")


def embedder_of(name: str) -> Embedder:
    """Return the toy that ships along, or LvT-base with drawn weights."""
    if name == "toy":
        return Embedder.load("toy")
    card = get_card(LVT)
    return Embedder(card, draw(card)["params"], tokenizer=None)


def main() -> None:
    """Measure, and print a table for each model."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", nargs="+", choices=VIDEOS, default=list(VIDEOS))
    args = parser.parse_args()
    print(f"{machine()}\n", flush=True)
    drawn = footage(KIND, SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        first = Path(shutil.copy(drawn, folder))
        for name in args.only:
            embedder = embedder_of(name)
            paths = [first, *copies(first, VIDEOS[name] - 1)]
            print(f"{embedder.describe()}: {len(paths)} x {SECONDS:.0f} s of {KIND.name}")
            with read_frames(first, pixels=embedder.pixels, thumbnails=False) as reader:
                frames = np.stack([sample.pixels for sample in reader])
            measure(Case(embedder, paths, frames), args.rounds)
            print(flush=True)


if __name__ == "__main__":
    main()
