"""Many kinds of input through a whole installation, and what the library says of each afterwards.

Knows how they are offered and who watches meanwhile; judges nothing.
"""

import hashlib
import os
import socket
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import media
import numpy as np
import untrained
from awkward import Shelf
from kinds import CANARY, Ignored, Kind

from indexer.decoding import Reader
from indexer.engine import Engine
from indexer.formats import SUPPORTED
from indexer.library import Video
from indexer.points import EVERYTHING, Scope
from indexer.settings import Settings

PATIENCE = 600.0


@dataclass
class Seen:
    """What a model was given of one video: the numbers of all frames, and its windows."""

    numbers: list[int] = field(default_factory=list)
    windows: list[list[int]] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What became of one kind: `told` is the person's sentence, `spans` are those in the store."""

    state: str
    told: str | None
    code: str | None = None
    video: Video | None = None
    spans: tuple[tuple[float, float], ...] = ()
    seen: Seen = field(default_factory=Seen)


@dataclass(frozen=True)
class Account:
    """The books after a run: videos, segments planned, stored, and found under filters."""

    finished: bool
    planned: dict[str, int]
    stored: dict[str, int]
    found: dict[str, int]
    stored_in_all: int
    found_in_all: int


class Witness:
    """Stands beside a model and writes down what it is given of each video."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}
        self.engine: Engine
        self.model = untrained.embedder()
        self._open = self.model.window_stream
        self.model.window_stream = self._stream  # type: ignore[method-assign]

    def _stream(self) -> Any:
        (video,) = self.engine.library.videos("indexing")
        self.seen[video.video_id] = Seen()
        return _Watched(self._open(), self.seen[video.video_id])


class _Watched:
    """A stream of windows that notes what passes."""

    def __init__(self, stream: Any, seen: Seen) -> None:
        self._stream = stream
        self._seen = seen

    def push(self, frames: np.ndarray) -> None:
        self._seen.numbers += [media.number_of(frame) for frame in frames]
        self._stream.push(frames)

    def begin(self, windows: Sequence[Sequence[int]]) -> Any:
        self._seen.windows += [list(window) for window in windows]
        return self._stream.begin(windows)

    def drop_before(self, index: int) -> None:
        self._stream.drop_before(index)


class Address:
    """A place on this machine's network that counts who knocks."""

    def __init__(self) -> None:
        self.knocks = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}/video.ts"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self._server.accept()[0].close()
            except OSError:
                return
            self.knocks += 1

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@contextmanager
def drawn(folder: Path, kinds: Iterable[Kind]) -> Iterator[tuple[Shelf, Address]]:
    """All files in a folder of their own, beside a canary, while an address listens."""
    address = Address()
    canary = folder / "outside" / "canary.ts"
    canary.parent.mkdir()
    frames = [media.numbered(CANARY + number) for number in range(120)]
    media.write(canary, frames, container="mpegts", options={"bf": "0"})
    inside = folder / "videos"
    inside.mkdir()
    shelf = Shelf(inside, address.url, canary)
    for kind in kinds:
        _ = shelf[kind.name]
    try:
        yield shelf, address
    finally:
        address.close()


def run(
    shelf: Shelf, kinds: Sequence[Kind], data_dir: Path, reader: Reader, scan: bool = True
) -> tuple[dict[str, Outcome], Account]:
    """Index the kinds that lie on a shelf and say what became of each.

    Its whole folder is taken in, unless `scan` is off; then each kind is named.
    """
    witness = Witness()
    settings = Settings(data_dir=data_dir, model="toy", reader=reader)
    with Engine(settings, witness.model) as engine:
        witness.engine = engine
        refused = _add(engine, shelf, kinds, scan)
        engine.worker.start()
        finished = engine.worker.wait(PATIENCE)
        outcomes = {
            kind.name: _outcome(engine, shelf[kind.name], refused, witness) for kind in kinds
        }
        return outcomes, _account(engine, finished)


def _add(engine: Engine, shelf: Shelf, kinds: Sequence[Kind], scan: bool) -> dict[Path, str]:
    """Offer the files; returns what was said of those that were not taken in."""
    named = [shelf[kind.name] for kind in kinds if not scan or by_name(kind)]
    added = [engine.add_folder(shelf.folder)] if scan else []
    added.append(engine.add_files(named))
    here = str(shelf.folder)
    return {
        refused.path: refused.reason.replace(f"{here}/", "").replace(here, "the folder")
        for each in added
        for refused in each.refused
    }


def by_name(kind: Kind) -> bool:
    """Whether a folder's scan does not find it, so that a person must name it."""
    unfound = Path(kind.name).suffix.lower() not in SUPPORTED
    return kind.named or (unfound and not isinstance(kind.fate, Ignored))


def _outcome(engine: Engine, path: Path, refused: dict[Path, str], witness: Witness) -> Outcome:
    for place in (path, Path(os.path.realpath(path))):
        if place in refused:
            return Outcome("not taken in", refused[place])
    video = engine.library.get(_content_of(path)) if path.is_file() else None
    if video is None:
        return Outcome("left out", None)
    spans = tuple((one.start, one.end) for one in engine.store.segments(video.video_id))
    seen = witness.seen.get(video.video_id, Seen())
    return Outcome(video.state, video.note, video.error_code, video, spans, seen)


def _content_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _account(engine: Engine, finished: bool) -> Account:
    videos = engine.library.videos()
    any_vector = np.ones(engine.embedder.dim, np.float32)

    def found(scope: Scope) -> int:
        return len(engine.store.nearest(any_vector, 100_000, scope))

    done = {video.video_id: video for video in videos if video.state == "done"}
    return Account(
        finished,
        planned={key: video.segments_planned for key, video in done.items()},
        stored={video.video_id: engine.store.count(video.video_id) for video in videos},
        found={video.video_id: found(Scope(frozenset({video.video_id}))) for video in videos},
        stored_in_all=engine.store.count(),
        found_in_all=found(EVERYTHING),
    )
