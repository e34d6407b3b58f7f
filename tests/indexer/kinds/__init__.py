"""What one kind of bad or odd input is: how it is drawn, and what must become of it.

The kinds themselves stand in the modules beside this one, by theme; `awkward.py` has them all.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import media


@dataclass(frozen=True)
class Read:
    """It is indexed: so many segments over so many seconds, and what is said of missing parts.

    `numbers` are what the sampled frames must show, where they show any.
    """

    segments: int
    seconds: float
    numbers: tuple[int, ...] | None
    note: str | None = None


@dataclass(frozen=True)
class Cut:
    """Indexed up to where it ends, the right frames at the right times.

    `promised` seconds it would have lasted, and what is missing must be said; None where the
    file itself does not say how long it was to be: then at most that it is damaged.
    """

    promised: float | None


@dataclass(frozen=True)
class Scratched:
    """Indexed as far as it goes: what a decoder makes of wrong bits is its own affair.

    The first picture shows the number `first`; that something is amiss is said, unless no
    decoder notices it (`silent`).
    """

    first: int | None = 0
    silent: bool = False


@dataclass(frozen=True)
class Fails:
    """It is taken in, and set aside with this code."""

    code: str


@dataclass(frozen=True)
class Untaken:
    """It is not taken in at all, for a reason in which these words occur."""

    words: str


@dataclass(frozen=True)
class Same:
    """It is no video of its own: its bytes are those of this other file."""

    name: str


@dataclass(frozen=True)
class Ignored:
    """Nothing is said of it: folders are not looked through for such."""


Fate = Read | Cut | Scratched | Fails | Untaken | Same | Ignored

DAMAGED = "The video is damaged in one place and may look wrong there."

WHOLE = Read(2, 4.8, (0, 12, 25, 37, 50, 62, 75, 87, 100, 112))
"""All of 120 frames at 25 a second: what is on the screen every half second."""

SHORT = Read(1, 1.2, (0, 3, 7, 11, 15, 18, 22, 26))
"""Thirty such frames: too short for a window, so the eight that one needs lie closer."""


CANARY = 3000
"""The first of the numbers in videos that nobody may open."""


class Others(Protocol):
    """What drawing may ask for: the folder's other files by name, and what traps point at.

    `url` is an address that nobody may ask, `canary` a video outside the folder that nobody may
    open.
    """

    url: str
    canary: Path

    def __getitem__(self, name: str) -> Path: ...


@dataclass(frozen=True)
class Kind:
    """One kind of input: its file's name, what it is in a few words, and its fate.

    `decord` says what that reader does wrong, where it fails. `slow` ones take more than five
    seconds. `named` ones are added by their names; the others are found in their folder.
    """

    name: str
    what: str
    fate: Fate
    draw: Callable[[Others, Path], object]
    decord: str = ""
    slow: bool = False
    named: bool = False


def drawn(
    name: str,
    what: str,
    fate: Fate = WHOLE,
    frames: Callable[[], Iterable[media.Pixels]] = tuple,
    decord: str = "",
    slow: bool = False,
    **how: Any,
) -> Kind:
    """A kind that is encoded: `how` goes to `media.write`."""
    return Kind(name, what, fate, lambda s, p: media.write(p, frames(), **how), decord, slow)


def derived(
    name: str,
    source: str,
    what: str,
    fate: Fate,
    change: Callable[[bytes], bytes],
    decord: str = "",
) -> Kind:
    """A kind that is another one's file with its bytes changed."""

    def draw(others: Others, path: Path) -> None:
        path.write_bytes(change(others[source].read_bytes()))

    return Kind(name, what, fate, draw, decord)


def content(name: str, what: str, fate: Fate, make: Callable[[Others], str | bytes]) -> Kind:
    """A kind that is written, not encoded."""

    def draw(others: Others, path: Path) -> None:
        made = make(others)
        path.write_bytes(made.encode() if isinstance(made, str) else made)

    return Kind(name, what, fate, draw)
