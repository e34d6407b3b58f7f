"""Draws the demo library: short films of moving shapes, and the truth about what happens when.

    python -m indexer.demo

writes `assets/demo/`: H.264 films and `truth.json`. What the films show is a table here; how it
looks is `encoder.toy`'s. Knows nothing of models or of indexing.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from encoder.toy.captions import plain_caption
from encoder.toy.plays import random_play
from encoder.toy.scenes import Scene
from encoder.toy.world import draw
from indexer.video import write_h264

DEMO = Path(__file__).resolve().parent.parent / "assets" / "demo"
HEIGHT, FPS = 288, 12
_SINGLE, _DOUBLE = 6.5, 5.0  # seconds of one motion, and of two together

WIDE, CLASSIC, SQUARE = 384, 360, 288  # widths: 4:3, 5:4, 1:1, as the toy model was taught

FILMS: dict[str, tuple[int, tuple[str, ...]]] = {
    "Red and blue afternoon": (
        WIDE,
        (
            "1 large red circle left on grey",
            "1 large blue square right on grey",
            "red circle left of blue square on grey",
            "1 large red circle grow on grey",
            "1 large blue square spin on grey",
            "red circle above blue square on grey",
        ),
    ),
    "Night sky": (
        WIDE,
        (
            "1 small white star still on black",
            "3 small white star right on black",
            "1 small yellow star blink on black",
            "1 large yellow circle up on black",
            "white star above yellow circle on black",
            "2 small white star down then blink on black",
        ),
    ),
    "Lost balloons": (
        CLASSIC,
        (
            "3 large red circle up on striped",
            "2 large orange circle up on striped",
            "1 large pink circle up then left on striped",
            "1 small pink circle up on striped",
            "1 large orange circle shrink on striped",
        ),
    ),
    "Kitchen tiles": (
        SQUARE,
        (
            "1 large green square still on checkered",
            "2 large green square down on checkered",
            "1 small green square spin on checkered",
            "green square below orange triangle on checkered",
            "1 large orange triangle left on checkered",
            "1 large orange triangle spin then shrink on checkered",
        ),
    ),
    "Ring toss": (
        WIDE,
        (
            "1 large purple ring right on brown",
            "2 large purple ring right on brown",
            "1 large purple ring orbit on brown",
            "purple ring right of yellow cross on brown",
            "1 small yellow cross still on brown",
            "1 small purple ring left then up on brown",
        ),
    ),
    "Waking up slowly": (
        CLASSIC,
        (
            "1 large yellow circle still on dotted",
            "1 large yellow circle blink on dotted",
            "1 large yellow circle grow then up on dotted",
            "1 large yellow circle up then grow on dotted",
            "1 small yellow circle orbit on dotted",
        ),
    ),
    "Traffic lights": (
        SQUARE,
        (
            "red circle above green square on black",
            "1 large red square blink on black",
            "1 large orange square blink on black",
            "1 large green square blink on black",
            "2 small green square right on black",
            "1 small red square left on black",
        ),
    ),
    "Stars at play": (
        WIDE,
        (
            "1 large orange star spin on striped",
            "3 small orange star left on striped",
            "1 large orange star left then right on striped",
            "1 large orange star right then left on striped",
            "pink star left of blue ring on striped",
            "1 large pink star grow on striped",
        ),
    ),
    "First aid": (
        CLASSIC,
        (
            "1 large red cross still on grey",
            "1 large red cross spin on grey",
            "3 small red cross down on grey",
            "red cross right of white square on grey",
            "1 large white cross shrink then spin on grey",
            "1 large white cross left on grey",
        ),
    ),
    "Pyramids": (
        WIDE,
        (
            "1 large yellow triangle still on brown",
            "3 small yellow triangle right on brown",
            "1 large yellow triangle shrink on brown",
            "yellow triangle left of blue circle on brown",
            "yellow triangle right of blue circle on brown",
            "1 small blue circle up then down on brown",
        ),
    ),
    "Deep sea": (
        CLASSIC,
        (
            "1 large blue ring up on dotted",
            "3 small blue ring up on dotted",
            "1 small green star orbit on dotted",
            "1 large green star down then spin on dotted",
            "blue ring below green star on dotted",
            "1 large green star down on dotted",
        ),
    ),
    "Pink parade": (
        SQUARE,
        (
            "1 small pink square right on checkered",
            "2 small pink triangle right on checkered",
            "3 small pink cross right on checkered",
            "1 large pink square grow then blink on checkered",
            "1 large pink square blink then grow on checkered",
            "pink square above white ring on checkered",
        ),
    ),
}


@dataclass(frozen=True)
class Event:
    """One thing that happens in a film, from `start` to `end` seconds."""

    start: float
    end: float
    scene: Scene

    @property
    def caption(self) -> str:
        """What happens, in a plain sentence."""
        return plain_caption(self.scene)


def events(lines: tuple[str, ...]) -> list[Event]:
    """The events of a film, one after another without a pause."""
    result: list[Event] = []
    start = 0.0
    for scene in map(parse, lines):
        end = start + (_SINGLE if scene.then is None else _DOUBLE)
        result.append(Event(start, end, scene))
        start = end
    return result


def parse(line: str) -> Scene:
    """A scene from its line in the table.

    `1 large red circle left [then spin] on grey`, or `red circle left of blue square on grey`.
    """
    what, background = line.split(" on ")
    single = re.fullmatch(r"(\d) (\w+) (\w+) (\w+) (\w+)(?: then (\w+))?", what)
    if single:
        count, size, colour, shape, motion, then = single.groups()
        return Scene(shape, colour, size, count, background, motion, then)
    double = re.fullmatch(r"(\w+) (\w+) (left of|right of|above|below) (\w+) (\w+)", what)
    assert double, line
    colour, shape, relation, other_colour, other_shape = double.groups()
    return Scene(
        shape=shape,
        colour=colour,
        background=background,
        other_shape=other_shape,
        other_colour=other_colour,
        relation=relation,
    )


def frames(happening: list[Event], width: int, seed: int) -> Iterator[np.ndarray]:
    """The frames of a film: uint8 [HEIGHT, width, 3], FPS a second."""
    rng = np.random.default_rng(seed)
    for event in happening:
        length = event.end - event.start
        play = random_play(event.scene, rng, aspect=width / HEIGHT, length=length)
        play = replace(play, seed=seed)  # one background and one red for the whole film
        count = round(event.end * FPS) - round(event.start * FPS)
        for first in range(0, count, FPS):
            times = np.arange(first, min(first + FPS, count)) / FPS
            yield from draw([play], [times], HEIGHT, width)[0]


def main(folder: Path = DEMO) -> None:
    """Draw every film and write the truth beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = []
    for seed, (title, (width, lines)) in enumerate(FILMS.items()):
        path = folder / f"{title}.mp4"
        happening = events(lines)
        write_h264(path, frames(happening, width, seed), FPS)
        truth.append(_told(path, title, width, happening))
        print(f"{path.name}: {happening[-1].end:.0f} s, {path.stat().st_size / 1000:.0f} kB")
    text = json.dumps(truth, indent=1, ensure_ascii=False)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8")


def _told(path: Path, title: str, width: int, happening: list[Event]) -> dict[str, Any]:
    return {
        "file": path.name,
        "title": title,
        "width": width,
        "height": HEIGHT,
        "duration": happening[-1].end,
        "events": [
            {
                "start": event.start,
                "end": event.end,
                "caption": event.caption,
                "attributes": {k: v for k, v in asdict(event.scene).items() if v is not None},
            }
            for event in happening
        ],
    }


if __name__ == "__main__":
    main()
