"""The engine without the page: opening it, searching and saying what is there, as lines of text.

Knows how results look on a terminal. Does not know options or the environment.
"""

import json
import platform
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from app import __version__, progress
from app.options import fail
from encoder.catalogue import get_card
from encoder.errors import EncoderError
from indexer.errors import IndexerError, no_folder
from indexer.ownership import announced
from indexer.places import known_below
from indexer.settings import Settings
from indexer.status import status_of

if TYPE_CHECKING:  # they bring the model's machinery along
    from app.choosing import Side
    from app.found import SearchOut
    from indexer.engine import Engine

LIBRARIES = ("jax", "gradio", "av", "qdrant-edge-py", "qdrant-client")
NOTHING = "Nothing is indexed yet. Begin with: prismsearch index FOLDER"


def tell(text: str) -> None:
    """A line for the person who waits; results go to the standard output, this does not."""
    print(text, file=sys.stderr, flush=True)


def opened(settings: Settings) -> "Engine":
    """The installation, opened; what takes long is said."""
    from indexer.engine import Engine

    return Engine.open(settings, report=tell)


@contextmanager
def to_ask(settings: Settings, said: list[tuple[str, str]]) -> Iterator["Side"]:
    """Whoever answers questions (see choosing.py): the server that runs on the data folder, or us.

    For one question of words alone nothing is loaded that only examples need.
    """
    address = announced(settings.data_dir)
    if address is not None:
        from app.beside import reached

        with reached(settings, address) as server:
            yield server
        return
    from app.here import Here
    from indexer.engine import Engine

    only_words = all(name != "example" for name, _ in said)
    with Engine.open(settings, report=tell, only_search=True, only_words=only_words) as engine:
        yield Here(engine)


def add(engine: "Engine", paths: Sequence[Path], *, welcome: bool = False) -> None:
    """Take in videos and the videos of folders, and say which files were refused.

    Of a folder, what a person once removed comes back only if it is `welcome`.
    """
    for path in paths:
        folder = path.is_dir()
        added = engine.add_folder(path, welcome=welcome) if folder else engine.add_files([path])
        for refused in added.refused:
            tell(f"Left out: {refused.reason}")


def check_folders(settings: Settings, folders: Sequence[Path]) -> None:
    """Raise LibraryError for what is no folder, before anything is loaded.

    One whose videos are known may be on a drive that is plugged in later.
    """
    for folder in folders:
        if not folder.is_dir() and not known_below(settings.data_dir, folder):
            raise no_folder(folder)


@contextmanager
def warming_up(engine: "Engine") -> Iterator[threading.Event]:
    """Compile the programs for texts in the background, so that nobody waits for that.

    What is given is set once it is done. At the end what was begun is waited for, less than a
    second: Python cannot end beside a thread that compiles.
    """
    done, stopped = threading.Event(), threading.Event()

    def run() -> None:
        try:
            if engine.embedder.card.kind == "clip":
                engine.search.warm_up(stopped)
        except (IndexerError, EncoderError) as error:
            tell(str(error))
        finally:
            done.set()

    thread = threading.Thread(target=run, name="warm up")
    thread.start()
    try:
        yield done
    finally:
        stopped.set()
        thread.join()


def printable(text: str) -> str:
    """The text with escapes for the bytes of a file's name that are no text."""
    return text.encode("utf-8", "backslashreplace").decode()


def search(settings: Settings, said: list[tuple[str, str]], as_json: bool) -> None:
    """Print the moments that answer what was said (see choosing.py)."""
    from app import choosing
    from app.errors import ApiError

    try:
        with to_ask(settings, said) as side:
            found = side.answer(choosing.understood(side, said))
            if as_json:
                told = found.model_dump()
                for one in told["moments"]:
                    one["path"] = str(side.library.need(one["video_id"]).path)
                print(printable(json.dumps(told, ensure_ascii=False, indent=2)))  # it reads back
            else:
                show(found)
    except ApiError as error:
        fail(str(error))


def show(found: "SearchOut") -> None:
    """Moments as lines: rank, how rare such a score is, where, and in which video."""
    if not found.moments:
        tell(NOTHING if not found.videos_done else "Nothing fits.")
    elif found.weak:
        tell("Nothing matches this well; this is what comes nearest.")
    for one in found.moments:
        stretch = f"{clock(one.start)}-{clock(one.end)}"
        print(f"{one.rank:>3}  top {one.top:.2g} %  {stretch:>13}  {printable(one.title)}")
        for step in one.steps:
            print(f"{'':>15}  {clock(step.start)}-{clock(step.end)}")


def info(settings: Settings) -> None:
    """Print what is installed and indexed, and where; nothing is loaded or locked for that."""
    from encoder.embedder import default_device

    card = get_card(settings.model)
    facts = {
        "PrismSearch": f"{__version__}, Python {platform.python_version()}",
        "data folder": str(settings.data_dir),
        "model": f"{card.name}: {card.description}",
        "device": default_device(),
        "store": settings.qdrant_url or "Qdrant Edge, in process",
        "videos": _counts(settings.data_dir),
        "versions": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }
    for name, fact in facts.items():
        print(f"{name:<12} {fact}")


def _counts(data_dir: Path) -> str:
    now = status_of(data_dir)
    if now is None:
        return "none yet"
    held = now.progress
    return f"{progress.counted(held.counts)}; {held.segments:,} segments"


def clock(seconds: float) -> str:
    """Seconds as 1:05 or 1:01:05."""
    minutes, rest = divmod(int(seconds + 1e-6), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
