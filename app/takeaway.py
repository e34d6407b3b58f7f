"""Moments into a person's own files, on the command line: lists, timelines, clips.

Knows files and what is said of them meanwhile. A library is only read, so that a server may be
running. Does not know options, nor who answers a question.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

from app import choosing
from app.asking import stretch
from app.errors import ApiError
from app.options import fail
from app.terminal import NOTHING, printable, tell, to_ask
from indexer.collection import Collections
from indexer.database import looking_at
from indexer.errors import IndexerError
from indexer.export import tables, timelines
from indexer.export.archive import Packing
from indexer.export.clips import cut_to
from indexer.export.excerpts import Excerpt
from indexer.export.names import clip_name
from indexer.library import Library
from indexer.settings import Settings

_WRITERS = {
    "csv": tables.as_csv,
    "json": tables.as_json,
    "edl": timelines.as_edl,
    "fcpxml": timelines.as_fcpxml,
}


def found(settings: Settings, question: list[tuple[str, str]]) -> list[Excerpt]:
    """The moments that a question finds, said as in choosing.py."""
    with _understood(), to_ask(settings, question) as side:
        return choosing.chosen(side.library, side.answer(choosing.understood(side, question)))


def named(folder: Path, moments: list[str]) -> list[Excerpt]:
    """The moments `<video_id>:<start>-<end>` of the library in `folder`."""
    with _understood(), _library(folder) as library:
        return choosing.named(library, [stretch("--moment", text) for text in moments])


def check(out: Path | None, clips: Path | None) -> None:
    """End with a sentence, ahead of a long search, where a list or clips cannot be put."""
    if out is not None:
        _check_new(out)
    if clips is not None and clips.suffix.lower() == ".zip":
        _check_new(clips)
    elif clips is not None:
        there = next(
            path for path in (clips.absolute(), *clips.absolute().parents) if path.exists()
        )
        _check_folder(clips, there)


def write(chosen: list[Excerpt], kind: str, out: Path | None) -> None:
    """A list or a timeline into a new file, or to the standard output."""
    text = _WRITERS[kind](chosen, True)
    if out is None:
        sys.stdout.write(printable(text.lstrip("\ufeff")))
        return
    with _written(out):
        with out.open("x", encoding="utf-8", newline="") as file:
            file.write(printable(text))
        tell(f"{len(chosen)} moments are in {out}")


def cut(chosen: list[Excerpt], target: Path) -> bool:
    """The moments as clips, and a list, into a folder or a new .zip; False if one failed."""
    with _written(target):
        return _cut(chosen, target)


def _cut(chosen: list[Excerpt], target: Path) -> bool:
    if target.suffix.lower() != ".zip":
        target.mkdir(parents=True, exist_ok=True)
        return _cut_into(chosen, target)
    _check_new(target)
    with tempfile.TemporaryDirectory(prefix=".prismsearch-", dir=target.parent) as folder:
        whole = _cut_into(chosen, Path(folder))
        cut_out = sorted(Path(folder).iterdir())
        partial = Path(folder) / "partial.zip"
        with ZipFile(partial, "w") as zipped:
            for path in cut_out:
                zipped.write(path, path.name)
        partial.replace(target)
    return whole


def _cut_into(chosen: list[Excerpt], folder: Path) -> bool:
    """The same into a folder, where nothing is overwritten."""
    packing = Packing(path.name for path in folder.iterdir())
    problems = 0
    for number, one in enumerate(chosen, 1):
        name, problem = packing.name(one), ""
        tell(f"{number} of {len(chosen)}: {name}")
        try:
            cut_to(folder / name, one.video, one.start, one.end)
        except IndexerError as error:
            problem = str(error)
            problems += 1
            tell(problem)
        packing.note(one, name, problem)
    (folder / packing.list_name).write_bytes(packing.list())
    return not problems


def clip(folder: Path, video: str, start: str, end: str, out: Path | None) -> None:
    """A stretch of a video of the library in `folder` into a file that is not there yet."""
    with _understood(), _library(folder) as library:
        begin, stop = choosing.seconds(start), choosing.seconds(end)
        meant = choosing.video_of(library, video)
    target = out or Path(clip_name(meant.title, begin, stop))
    _check_new(target)
    tell(f"Cutting {target} ...")
    with _written(target):
        cut_to(target, meant, begin, stop)
    tell("Done.")


def _check_new(target: Path) -> None:
    if target.exists():
        fail(f"{target} is there already. Nothing was changed; name another file.")
    _check_folder(target, target.absolute().parent)


def _check_folder(target: Path, folder: Path) -> None:
    if not folder.is_dir():
        fail(f"{target} cannot be written: {folder} is not a folder. Name another place.")
    if not os.access(folder, os.W_OK | os.X_OK):
        fail(f"{target} cannot be written: {folder} takes no new files. Name another place.")


@contextmanager
def _written(target: Path) -> Iterator[None]:
    """What goes wrong with a person's own disk is one message."""
    try:
        yield
    except OSError as error:
        fail(f"{target} cannot be written: {error.strerror}. Name another place.")


@contextmanager
def _library(folder: Path) -> Iterator[Library]:
    """The library in a folder, whoever else uses it; nothing in it is changed."""
    path = folder / "library.db"
    if not path.exists():
        fail(NOTHING)
    with looking_at(path) as database:
        serving = Collections(database).of("serving")
        yield Library(database, serving.fingerprint if serving else "")


@contextmanager
def _understood() -> Iterator[None]:
    """What the language of questions refuses is one message."""
    try:
        yield
    except ApiError as error:
        fail(str(error))
