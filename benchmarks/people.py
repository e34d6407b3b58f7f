"""What 50 people who ask at once wait for, of a server that rests and of one that indexes flat out.

    python -m benchmarks.people [--segments N] [--people N] [--questions N]

A full-size model and a library of vectors are drawn, and the program itself serves them, as a
person starts it. The askers are another process, which shares the cores: this one. Everybody has
a connection, and asks one question after the other: for words that were asked before, or for new
ones, whose vector and whose answer nobody has yet. Then once more while a folder is indexed.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import numpy as np

from benchmarks.drawn import copies, scenery
from benchmarks.machine import machine
from benchmarks.start import MODEL, drawn, serving
from indexer.video import write_h264

SEGMENTS = 100_000
KNOWN = 20
"""Different texts that people ask for, all of them asked before."""
SAID = 7  # words of a text
SETTLE = 15.0  # seconds, in which the server compiles in the background what it may need
VIDEOS, SECONDS, PICTURE = 20, 60, (1280, 720)
"""What is indexed meanwhile: more than anybody waits for."""

Text = Callable[[random.Random], str]


class Person:
    """Somebody with a connection of their own."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.removeprefix("http://").partition(":")
        self._port = int(port)
        self.seconds: list[float] = []
        self.errors = 0

    async def ask(self, texts: list[str]) -> None:
        """Ask one after the other, and note how long the answers took."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        for text in texts:
            begun = time.perf_counter()
            path = f"/api/v1/search?q={quote(text)}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
            status, body = await _answer(reader)
            self.seconds.append(time.perf_counter() - begun)
            self.errors += status != 200 or len(json.loads(body)["moments"]) != 24
        writer.close()
        await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of one answer, whose length the server tells."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = head.partition("content-length: ")[2].partition("\r\n")[0]
    return int(head.split()[1]), await reader.readexactly(int(length))


async def crowd(address: str, people: int, each: int, text: Text) -> tuple[list[Person], float]:
    """So many people at once, and the seconds until the last of them had all answers."""
    draws = [random.Random(f"{address} {people} {number}") for number in range(people)]
    crowd = [Person(address) for _ in draws]
    asked = [[text(draw) for _ in range(each)] for draw in draws]
    begun = time.perf_counter()
    await asyncio.gather(*(one.ask(own) for one, own in zip(crowd, asked, strict=True)))
    return crowd, time.perf_counter() - begun


def new(draw: random.Random) -> str:
    """Words that nobody said before."""
    return " ".join(f"w{draw.randrange(100, 30_000)}" for _ in range(SAID))


def known(draw: random.Random) -> str:
    """One of the texts that everybody asks for."""
    return popular(draw.randrange(KNOWN))


def popular(number: int) -> str:
    """The text of this number that everybody asks for."""
    return new(random.Random(number))


def segments(address: str) -> int:
    """How many segments the server says are stored."""
    with urlopen(f"{address}/api/v1/info") as answer:
        return int(json.load(answer)["segments"])


def under_way(address: str) -> int:
    """Wait until a segment was indexed since now; how many are stored then."""
    before = segments(address)
    while (now := segments(address)) == before:
        time.sleep(0.2)
    return now


def show(address: str, when: str, people: int, questions: int) -> None:
    """Let so many people ask so many questions of each kind in all, and print what they waited."""
    for kind, text in (("known", known), ("new", new)):
        each = max(1, questions // people // (1 if kind == "known" else 4))
        persons, took = asyncio.run(crowd(address, people, each, text))
        waited = [1e3 * seconds for one in persons for seconds in one.seconds]
        p50, p95, worst = np.percentile(waited, (50, 95, 100))
        print(
            f"{when:>9} | {people:6} | {kind:>5} | {p50:7.0f} {p95:7.0f} {worst:7.0f} ms |"
            f" {sum(one.errors for one in persons):6} | {len(waited) / took:9.0f}",
            flush=True,
        )


@contextmanager
def warm(*arguments: str) -> Iterator[str]:
    """A server that has compiled everything and knows the texts that everybody asks for."""
    with serving(*arguments) as (_, address):
        for number in range(KNOWN):
            text = quote(popular(number))
            with urlopen(f"{address}/api/v1/search?q={text}", timeout=120) as answer:
                answer.read()
        time.sleep(SETTLE)
        yield address


def films(folder: Path) -> Path:
    """A folder of videos to be indexed, no two of them the same file."""
    folder.mkdir()
    write_h264(folder / "0.mp4", scenery(PICTURE, 25 * SECONDS), 25)
    copies(folder / "0.mp4", VIDEOS)
    return folder


def main() -> None:
    """Draw everything, then let people ask: one and many, at rest and while a folder is indexed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--segments", type=int, default=SEGMENTS)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--questions", type=int, default=600)
    args = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = drawn(folder, MODEL, None, None, args.segments)
        names = ("--data-dir", "--model", "--weights", "--tokenizer")
        library = [word for pair in zip(names, made, strict=True) for word in pair]
        print(f"{args.segments:,} segments")
        print("   server | people | words |     p50     p95   worst    | errors | answers/s")
        with warm(*library) as address:
            for people in (1, args.people):
                show(address, "at rest", people, args.questions)
        with warm(str(films(folder / "films")), *library) as address:
            before = under_way(address)
            begun = time.perf_counter()
            for people in (1, args.people):
                show(address, "indexing", people, args.questions)
            took = time.perf_counter() - begun
            print(f"{(segments(address) - before) / took:.2f} segments a second indexed meanwhile")


if __name__ == "__main__":
    main()
