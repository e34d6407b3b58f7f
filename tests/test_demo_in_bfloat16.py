"""The demo library in both number types: who searches sees the same moments."""

import json
from pathlib import Path

import pytest

from indexer.demo import DEMO
from indexer.engine import Engine
from indexer.search import Wanted
from indexer.settings import Settings

pytest.importorskip("openvino")
HOP = 2.0

Found = list[tuple[str, float]]


def captions() -> list[str]:
    films = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
    return [event["caption"] for film in films for event in film["events"]]


def first_moments(data_dir: Path, precision: str) -> Found:
    """Index the demo and return film and peak of what each caption finds first."""
    settings = Settings.model_validate(
        {"data_dir": data_dir, "model": "toy", "precision": precision}
    )
    with Engine.open(settings) as engine:
        if engine.embedder.dtype != precision:
            pytest.skip("this processor does not multiply bfloat16")
        engine.add_folder(DEMO)
        engine.worker.start()
        assert engine.worker.wait(120)
        asked = [engine.search.words(caption) for caption in captions()]
        found = [engine.search.ask(one, Wanted(limit=1)).moments[0] for one in asked]
        return [(moment.video_id, moment.peak) for moment in found]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bfloat16")


@pytest.fixture(scope="module")
def reduced(data_dir: Path) -> Found:
    return first_moments(data_dir, "bfloat16")


def test_every_caption_finds_the_same_film_and_moment(reduced: Found, tmp_path: Path) -> None:
    exact = first_moments(tmp_path, "float32")
    assert len(exact) >= 40
    assert [film for film, _ in reduced] == [film for film, _ in exact]
    apart = [abs(a - b) for (_, a), (_, b) in zip(reduced, exact, strict=True)]
    assert max(apart) <= HOP  # of two windows that share half their frames, the other one
    assert sum(gap == 0 for gap in apart) >= 0.9 * len(apart)


@pytest.mark.usefixtures("reduced")
def test_an_index_of_one_number_type_serves_the_other(data_dir: Path) -> None:
    with Engine.open(Settings(data_dir=data_dir, model="toy")) as engine:
        assert engine.embedder.dtype == "float32"
        assert {video.state for video in engine.library.videos()} == {"done"}
