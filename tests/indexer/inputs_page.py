"""The page docs/inputs.md: every kind of input, what a person is told of it, what was indexed.

Run by itself, it draws every kind, has both readers index them, and writes the page.
"""

import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import get_args

from awkward import KINDS, THEMES, Shelf
from judge import faults, seconds
from kinds import Kind, Same
from matrix import Outcome, drawn, run

from indexer.decoding import Reader

PAGE = Path(__file__).resolve().parents[2] / "docs" / "inputs.md"
COMMAND = "PYTHONPATH=.:tests python tests/indexer/inputs_page.py"
SAFE = " The file was not changed and the other videos go on."
# What is cut or scratched elsewhere; other versions of the encoders may write them otherwise.
_ENCODED = ("fast.mp4", "h264.mp4", "h264.mkv", "h264.ts", "vp9.webm", "mpeg2.ts", "flv1.flv")
_LONGEST = 40  # letters of a name that are shown

Outcomes = Mapping[str, Outcome]

_HEAD = """\
# What becomes of bad and odd input

{count} kinds of files, each drawn by the tests, put into one folder and indexed by a whole
installation with the toy model's shape: {done} are indexed, {failed} set aside with a reason,
{untaken} not taken in, {ignored} are nothing that a folder is looked through for. All of what
lies behind each of them is indexed. While this ran, an address on this machine that the traps
name was asked {knocks} times, and of a video outside the folder that they name nothing was read.

This page is written by a test and compared with what it finds; do not edit it. To write it anew:

    {command}

- **told** is the sentence that a person sees, without the one that follows all of them when a
  video is set aside: "{safe}"
- **PyAV** is the reader that is used unless another is asked for: how many segments are in the
  store, how far they reach, or the code of the failure. Where the pictures carry numbers, it was
  checked that every sampled frame is the one on the screen at its time.
- **decord** is the other reader, for trusted files on x86-64 Linux. PyAV looks at each file first,
  so what is refused is refused before decord sees it. Its failures are listed at the end.

The model has windows of 8 frames, 4 seconds, every 2 seconds. Drawn with PyAV {pyav}; decord
{decord}; {digest}.
"""


def page(pyav: Outcomes, decord: Outcomes, knocks: int, digest: str) -> str:
    """The whole page."""
    states = Counter(outcome.state for outcome in pyav.values())
    parts = [
        _HEAD.format(
            count=len(KINDS),
            done=states["done"],
            failed=states["failed"],
            untaken=states["not taken in"],
            ignored=states["left out"],
            knocks=knocks,
            command=COMMAND,
            safe=SAFE.strip(),
            pyav=version("av"),
            decord=version("decord"),
            digest=digest,
        )
    ]
    for theme, kinds in THEMES.items():
        rows = [row(kind, pyav[kind.name], decord[kind.name]) for kind in kinds]
        parts.append(_table(theme, ("file", "what it is", "told", "PyAV", "decord"), rows))
    parts.append(_known_failures(decord))
    return "\n".join(parts)


def row(kind: Kind, pyav: Outcome, decord: Outcome) -> list[str]:
    """One kind as cells."""
    return [*told_by_pyav(kind, pyav), _compared(kind, pyav, decord)]


def told_by_pyav(kind: Kind, outcome: Outcome) -> list[str]:
    """The cells of one kind that the usual reader fills."""
    told = (outcome.told or "").replace(SAFE, "")
    return [_code(kind.name), kind.what, _plain(told), _result(kind, outcome)]


def digest_of(shelf: Shelf) -> str:
    """Which bytes the encoders of this machine write."""
    digest = hashlib.sha256()
    for name in _ENCODED:
        digest.update(shelf[name].read_bytes())
    return f"bytes {digest.hexdigest()[:12]}"


def _result(kind: Kind, outcome: Outcome) -> str:
    if isinstance(kind.fate, Same) and outcome.state == "done":
        return f"the same video as {_code(kind.fate.name)}"
    if outcome.state == "done":
        count = len(outcome.spans)
        return f"{count} segment{'s' if count > 1 else ''}, {seconds(outcome):.2f} s"
    return f"`{outcome.code}`" if outcome.code else outcome.state


def _compared(kind: Kind, pyav: Outcome, decord: Outcome) -> str:
    result = _result(kind, decord)
    if not faults(kind, decord):
        return "the same" if result == _result(kind, pyav) else result
    return f"**{result}**: {kind.decord}"


def _known_failures(decord: Outcomes) -> str:
    failures: dict[str, list[str]] = {}
    for name, outcome in decord.items():
        if faults(KINDS[name], outcome):
            failures.setdefault(KINDS[name].decord, []).append(_code(name))
    rows = [[what, str(len(names)), ", ".join(names)] for what, names in failures.items()]
    rows.sort(key=lambda cells: -int(cells[1]))
    return _table("What decord gets wrong", ("what it does", "kinds", "files"), rows)


def _table(title: str, heads: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return f"## {title}\n\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _code(name: str) -> str:
    """A file's name, whatever letters it has."""
    short = name if len(name) <= _LONGEST else f"{name[:10]}...{name[-10:]}"
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short)
    mark = "``" if "`" in shown else "`"
    return mark + shown.replace("|", "\\|") + mark


def _plain(told: str) -> str:
    """A sentence without what Markdown would take for its own, and without temporary folders."""
    return re.sub(r"([|<>*_`])", r"\\\1", told)


def written() -> str:
    """The page, made from nothing: minutes of work."""
    kinds = list(KINDS.values())
    with tempfile.TemporaryDirectory() as folder, drawn(Path(folder), kinds) as (shelf, address):
        runs = {}
        for reader in get_args(Reader):
            (data_dir := Path(folder) / reader).mkdir()
            runs[reader], _ = run(shelf, kinds, data_dir, reader)
        return page(runs["pyav"], runs["decord"], address.knocks, digest_of(shelf))


if __name__ == "__main__":
    PAGE.write_text(written(), "utf-8")
