"""The engine without the page: indexing, searching and saying what is there, as lines of text.

Knows how results look on a terminal. Does not know options or the environment.
"""

import json
import platform
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from app import __version__
from encoder.catalogue import get_card
from encoder.errors import EncoderError
from indexer.errors import IndexerError
from indexer.settings import Settings
from indexer.status import status_of

if TYPE_CHECKING:  # it brings the model's machinery along
    from indexer.engine import Engine

LIBRARIES = ("jax", "gradio", "av", "qdrant-edge-py", "qdrant-client")
GLANCE = 0.5  # seconds between two looks at how far indexing got


def tell(text: str) -> None:
    """A line for the person who waits; results go to the standard output, this does not."""
    print(text, file=sys.stderr, flush=True)


def opened(settings: Settings, only_search: bool = False) -> "Engine":
    """The installation, opened; what takes long is said."""
    from indexer.engine import Engine

    return Engine.open(settings, report=tell, only_search=only_search)


def add(engine: "Engine", folders: Sequence[Path]) -> None:
    """Take in the videos of the folders, and say which files were refused."""
    for folder in folders:
        for refused in engine.add_folder(folder).refused:
            tell(f"Left out: {refused.reason}")


def prepare_meanwhile(engine: "Engine", folders: Sequence[Path]) -> None:
    """Take in the folders in the background, as large ones take long to read through.

    A first text before them compiles its program, so that nobody waits for that.
    """

    def run() -> None:
        try:
            if engine.embedder.card.kind == "clip":
                engine.search.text_vector("hello")
            add(engine, folders)
        except (IndexerError, EncoderError) as error:
            tell(str(error))

    threading.Thread(target=run, name="folders", daemon=True).start()


def index(settings: Settings, folders: Sequence[Path]) -> bool:
    """Index the folders to the end; whether every video of the library is ready then."""
    with opened(settings) as engine:
        engine.worker.start()
        add(engine, folders)
        line, said = Line(), None
        while not engine.worker.wait(GLANCE):
            line.show(progress(engine))
            trouble = waiting_for(engine)
            if trouble and trouble != said:
                line.end()
                tell(trouble)
            said = trouble
        line.end()
        failed = engine.library.videos("failed")
        for video in failed:
            print(f"{video.title}: {video.note}")
        print(summary(engine))
        return not failed


def progress(engine: "Engine") -> str:
    """How far indexing is, in one line."""
    videos = engine.library.videos()
    settled = sum(video.state in ("done", "failed") for video in videos)
    now = next((v for v in videos if v.video_id == engine.worker.current), None)
    if now is None:
        return f"{settled} of {len(videos)} videos"
    far = f"{now.segments_done} of {now.segments_planned} segments"
    return f"{settled} of {len(videos)} videos; {now.title}: {far}"


def waiting_for(engine: "Engine") -> str | None:
    """Why nothing goes on for now, such as a store that is down."""
    return engine.library.waiting


def summary(engine: "Engine") -> str:
    """What the library holds, in one line."""
    counts = engine.library.counts()
    states = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    return f"{states or 'no videos'}; {engine.store.count()} segments in {engine.settings.data_dir}"


class Line:
    """One line of a terminal that is written again and again; silent where there is none."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Put the text where the last one was."""
        if self._live:
            print(f"\r\x1b[K{text[:110]}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self._live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def search(settings: Settings, words: str, top: int, as_json: bool) -> None:
    """Print the moments that fit the words best."""
    with opened(settings, only_search=True) as engine:
        moments = engine.search.by_text(words, limit=top)
        if as_json:
            found = [
                {**asdict(one), "path": str(engine.library.need(one.video_id).path)}
                for one in moments
            ]
            text = json.dumps({"query": words, "moments": found}, ensure_ascii=False, indent=2)
            # Bytes of a file's name that are no text become escapes, which JSON reads back.
            print(text.encode("utf-8", "backslashreplace").decode())
            return
        if not moments:
            tell("Nothing is indexed yet. Begin with: prismsearch index FOLDER")
        for one in moments:
            stretch = f"{clock(one.start)}-{clock(one.end)}"
            print(f"{one.rank:>3}  {one.score:.3f}  {stretch:>13}  {one.title}")


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
    status = status_of(data_dir)
    if status is None:
        return "none yet"
    told = ", ".join(f"{number} {state}" for state, number in status.progress.counts.items())
    return f"{told or 'none yet'}; {status.progress.segments} segments"


def clock(seconds: float) -> str:
    """Seconds as 1:05 or 1:01:05."""
    minutes, rest = divmod(int(seconds + 1e-6), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
