"""Short videos drawn for the page's tests."""

from pathlib import Path

import av
import numpy as np

from indexer.video import write_h264

Colour = tuple[int, int, int]
RED, BLUE, GREEN = (220, 40, 40), (40, 60, 220), (40, 180, 60)
# A file may be called so; shown carelessly, it would change the page's title.
HOSTILE = "`tick` ${document.title='PWNED'} <img src=x onerror=document.title='PWNED'>.mp4"

# Written from right to left, and turning around what follows, if it were let.
TURNED = "\u202eשלום \u2069 عربى\u202e gpj.mp4"


def draw(path: Path, colour: Colour, seconds: float) -> Path:
    """A video in which a disc of one colour moves to the right over a dark ground."""
    rows, columns = np.mgrid[:96, :160]
    count = round(8 * seconds)
    frames = np.full((count, 96, 160, 3), 30, np.uint8)
    for number, frame in enumerate(frames):
        centre = 20 + 120 * number / count
        frame[(rows - 48) ** 2 + (columns - centre) ** 2 < 300] = colour
    write_h264(path, frames, 8)
    return path


def cut(source: Path, start: float, end: float, path: Path) -> Path:
    """The part of a video between two times, in seconds, as a video of its own."""
    with av.open(str(source)) as container:
        frames = [
            frame.to_ndarray(format="rgb24")
            for frame in container.decode(video=0)
            if start <= frame.time < end
        ]
    write_h264(path, frames, len(frames) / (end - start))
    return path
