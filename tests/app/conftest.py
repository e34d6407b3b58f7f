"""A real installation for the page's tests: toy model, embedded store, two short drawn videos."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from drawn import BLUE, GREEN, HOSTILE, RED, TURNED, draw
from fastapi.testclient import TestClient
from serving import application, running, wait_until_ready
from typed import Ended, Run

from app import cli
from indexer.engine import Engine
from indexer.settings import Settings


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos of 12 and 9 seconds; the second one's name would run script if it could."""
    folder = tmp_path_factory.mktemp("videos")
    draw(folder / "red disc.mp4", RED, 12)
    draw(folder / HOSTILE, BLUE, 9)
    return folder


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Engine]:
    """An open engine with both videos indexed; it takes at most 1 MiB."""
    mib = 1 << 20
    data_dir = tmp_path_factory.mktemp("data")
    settings = Settings(data_dir=data_dir, model="toy", max_upload_bytes=mib, max_example_bytes=mib)
    with Engine.open(settings) as engine:
        engine.add_folder(folder)
        engine.worker.start()
        assert engine.worker.wait(120)
        yield engine


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[str]:
    """Where a process of its own serves the same two videos and one that is named in Hebrew."""
    films, data_dir = tmp_path_factory.mktemp("films"), tmp_path_factory.mktemp("served")
    for film in folder.iterdir():
        (films / film.name).hardlink_to(film)
    draw(films / TURNED, GREEN, 10)
    model = ("--model", "toy", "--data-dir", str(data_dir))
    with running("serve", str(films), *model, "--port", "0") as address:
        wait_until_ready(address, 3)
        yield address


@pytest.fixture(scope="session")
def client(engine: Engine) -> Iterator[TestClient]:
    """A client of the whole application, page included."""
    with TestClient(application(engine), base_url="http://localhost") as client:
        yield client


@pytest.fixture(scope="session")
def video_id(engine: Engine) -> str:
    """The id of the red disc."""
    return next(v.video_id for v in engine.library.videos() if v.title == "red disc")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `prismsearch` with arguments in this process, nothing read from the environment."""
    for name in ("PRISMSEARCH_MODEL", "PRISMSEARCH_DATA_DIR", "QDRANT_URL"):
        monkeypatch.delenv(name, raising=False)

    def command(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["prismsearch", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capfd.readouterr()
        assert "Traceback" not in printed.err
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return command
