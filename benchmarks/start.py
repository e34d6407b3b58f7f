"""How long `serve` takes to its first answer with a full-size model, and what a search holds.

    python -m benchmarks.start [--model NAME] [--weights FILE] [--tokenizer FILE]

Weights and vocabulary are drawn unless they are given, and a small library is filled with drawn
vectors. Then the program itself is started, as a person starts it: first without compiled
programs, then with them. The measure is the time that reading the weights takes from the page
cache. Last a search by words from the command line, and the memory that it takes.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.machine import machine

MODEL = "videoprism_lvt_public_v1_base"
SEGMENTS = 2_000
CHUNK = 1 << 20
HEAVIEST = 12
ASKED = "/api/v1/search?q=a+dog+runs+over+a+hill"


def seconds_to_read(path: Path) -> float:
    """Read a file that the page cache holds into one buffer, a few times; the median."""
    buffer = bytearray(CHUNK)

    def once() -> float:
        begun = time.perf_counter()
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
        return time.perf_counter() - begun

    once()  # it may not be in the cache yet
    return median(once() for _ in range(3))


class Program:
    """`prismsearch ...` in a process of its own, with the most memory that it was seen to hold."""

    def __init__(self, *arguments: str, profiled: bool = False) -> None:
        command = [sys.executable, *(["-X", "importtime"] if profiled else []), "-m", "app.cli"]
        self.begun = time.perf_counter()
        self.peak = 0
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115, it outlives this block
        self.process = subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=self.errors, text=True
        )

    def elapsed(self) -> float:
        """Seconds since it was started."""
        return time.perf_counter() - self.begun

    def memory(self, field: str) -> int:
        """Bytes that it holds now (VmRSS), or held at most (VmHWM); 0 if the system is silent."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return 0
        found = re.search(rf"{field}:\s+(\d+)", status)
        return int(found[1]) * 1024 if found else 0

    def finish(self) -> float:
        """Wait for its end, watching its memory; the seconds it took in all."""
        while self.process.poll() is None:
            self.peak = max(self.peak, self.memory("VmHWM"))
            time.sleep(0.01)
        return self.elapsed()

    def said(self) -> str:
        """What it wrote to the standard error."""
        self.errors.seek(0)
        return self.errors.read()


@contextmanager
def serving(*library: str, profiled: bool = False) -> Iterator[tuple[Program, str]]:
    """A server on a free port, and its address as soon as it says so."""
    program = Program("serve", "--port", "0", "--no-browser", *library, profiled=profiled)
    try:
        assert program.process.stdout is not None
        found = re.search(r"http://\S+", program.process.stdout.readline())
        assert found is not None, program.said()
        yield program, found[0]
    finally:
        program.process.terminate()
        program.process.wait()


def answered(address: str) -> None:
    """Ask until there is an answer."""
    while True:
        try:
            with urlopen(address, timeout=60) as answer:
                assert answer.status == 200
                answer.read()
                return
        except URLError:
            time.sleep(0.01)


def start(what: str, library: list[str], limit: float) -> None:
    """Start the server once and print how soon it says its address, answers and shows the page."""
    with serving(*library) as (program, address):
        said = program.elapsed()
        answered(address + ASKED)
        first = program.elapsed()
        answered(address)
        page = program.elapsed()
        held = program.memory("VmRSS") / 1e9
    print(
        f"{what:>24}: listens {said:5.2f} s, first answer {first:5.2f} s ({first / limit:.2f} of"
        f" what is allowed), page {page:5.2f} s, then holds {held:.2f} GB",
        flush=True,
    )


def heaviest(library: list[str]) -> None:
    """Print which packages the server imports before its first answer, and what each costs."""
    with serving(*library, profiled=True) as (program, address):
        answered(address + ASKED)
        text = program.said()
    own: Counter[str] = Counter()
    for microseconds, name in re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", text):
        own[name.split(".")[0]] += int(microseconds)
    print("\nimported up to the first answer, by package (python -X importtime, milliseconds)")
    for name, microseconds in own.most_common(HEAVIEST):
        print(f"{name:>24}: {microseconds / 1e3:6.0f}")
    print(f"{'all':>24}: {own.total() / 1e3:6.0f}\n", flush=True)


def search(library: list[str]) -> None:
    """Search once from the command line, by words."""
    program = Program("search", "a dog runs over a hill", *library)
    took = program.finish()
    assert program.process.returncode == 0, program.said()
    print(
        f"{'search by words':>24}: {took:5.2f} s in all, at most {program.peak / 1e9:.2f} GB held "
        "(at most 0.6)",
        flush=True,
    )


def fill(data_dir: Path, model: str, weights: Path, tokenizer: Path, segments: int) -> None:
    """A library of drawn vectors, made by this model."""
    from benchmarks import search
    from indexer.engine import Engine
    from indexer.settings import Settings

    settings = Settings(data_dir=data_dir, model=model, weights=weights, tokenizer=tokenizer)
    with Engine.open(settings, only_words=True) as engine:
        search.fill(engine, segments)
        engine.worker.start()  # from now on this is the library's model
        engine.worker.wait()


def drawn(
    folder: Path, model: str, weights: Path | None, tokenizer: Path | None, segments: int = SEGMENTS
) -> list[str]:
    """What `serve` is given: a library, and the files that are not there yet are drawn."""
    from benchmarks.full_size import save_checkpoint, save_vocabulary
    from encoder.catalogue import get_card, get_tokenizer_card

    card = get_card(model)
    weights = weights or save_checkpoint(folder / "weights.npz", card)
    vocabulary = get_tokenizer_card(card.tokenizer)
    tokenizer = tokenizer or save_vocabulary(folder / "vocabulary.model", vocabulary)
    fill(folder / "data", model, weights, tokenizer, segments)
    return [str(folder / "data"), model, str(weights), str(tokenizer)]


def main() -> None:
    """Draw what is missing, then start again and again."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--tokenizer", type=Path)
    args = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        made = drawn(Path(folder), args.model, args.weights, args.tokenizer)
        names = ("--data-dir", "--model", "--weights", "--tokenizer")
        library = [word for pair in zip(names, made, strict=True) for word in pair]
        read = seconds_to_read(Path(made[2]))
        limit = 1.5 * read + 4
        size = os.path.getsize(made[2]) / 1e9
        print(
            f"{size:.2f} GB of weights are read in {read:.2f} s: {limit:.2f} s allowed", flush=True
        )
        (Path(made[0]) / "models").rename(Path(folder) / "compiled")
        start("no compiled programs", library, limit)
        for number in (1, 2, 3):
            start(f"warm start {number}", library, limit)
        search(library)
        heaviest(library)
        subprocess.run([sys.executable, "-m", "benchmarks.stages", *made], check=True)


if __name__ == "__main__":
    main()
