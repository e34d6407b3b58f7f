"""Drawn videos, a model of the toy's shape, and engines on data folders of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import untrained

from encoder.embedder import Embedder
from indexer.database import Database
from indexer.engine import Engine
from indexer.settings import Settings
from indexer.video import write_h264

Draw = Callable[..., Path]


def drawn_frames(seconds: float, seed: int) -> Iterator[np.ndarray]:
    """Ten frames a second of a block that moves and changes colour: no two alike."""
    random = np.random.default_rng(seed)
    tint = random.integers(0, 128, 3)
    for index in range(round(seconds * 10)):
        frame = np.zeros((72, 96, 3), np.uint8)
        frame[:] = tint + (index % 100)
        left = (3 * index) % 76
        frame[20:40, left : left + 20] = random.integers(0, 255, 3)
        yield frame


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Write a video: `draw(path, seconds, seed)`; different seeds are different content."""

    def _draw(path: Path, seconds: float, seed: int = 0) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_h264(path, drawn_frames(seconds, seed), 10)
        return path

    return _draw


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return untrained.embedder()


@pytest.fixture
def open_engine(data_dir: Path, embedder: Embedder) -> Iterator[Callable[..., Engine]]:
    """Open an engine on the test's data folder; closed at the end if the test does not."""
    with ExitStack() as opened:

        def _open(model: Embedder = embedder, **settings: object) -> Engine:
            chosen = Settings(data_dir=data_dir, model="toy", **settings)  # type: ignore[arg-type]
            return opened.enter_context(Engine(chosen, model))

        yield _open


@pytest.fixture
def engine(open_engine: Callable[..., Engine]) -> Engine:
    return open_engine()


@pytest.fixture
def database(data_dir: Path) -> Iterator[Database]:
    opened = Database(data_dir / "library.db")
    yield opened
    opened.close()
