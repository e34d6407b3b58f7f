"""The model that ships, through the embedder that people use, on clips it never saw."""

from pathlib import Path

import pytest

from encoder.catalogue import ASSETS
from encoder.embedder import Embedder
from encoder.toy.evaluate import Scores, examine

LEAST = 0.97
LEAST_SHAPE = 0.94  # small circles and squares are told apart less surely: see the card


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder.load("toy")


@pytest.fixture(scope="module")
def scores(embedder: Embedder) -> Scores:
    """Another exam than the one in the card: 512 clips of combinations never trained on."""
    return examine(embedder.embed_clips, embedder.embed_texts, seed=12_345)


def test_it_finds_the_clip(scores: Scores) -> None:
    assert scores.recall_1 >= 0.95
    assert scores.recall_5 >= 0.99


def test_it_ignores_no_attribute(scores: Scores) -> None:
    least = {name: LEAST_SHAPE if "shape" in name else LEAST for name in scores.attributes}
    weak = {name: share for name, share in scores.attributes.items() if share < least[name]}
    assert not weak
    assert len(scores.attributes) == 15


def test_it_bears_phrasings_it_never_read(scores: Scores) -> None:
    assert scores.unseen_recall_1 >= scores.recall_1 - 0.05


def test_it_answers_prompts_and_keywords(embedder: Embedder) -> None:
    rows = embedder.embed_texts(
        ["a video of a red circle.", "red circle", "a video of a blue square.", "blue square"]
    )
    alike = rows @ rows.T
    assert alike[0, 1] > alike[0, 2]
    assert alike[2, 3] > alike[2, 1]


def test_what_ships_is_small_and_has_its_card() -> None:
    files = list(Path(ASSETS / "toy").iterdir())
    assert sum(path.stat().st_size for path in files) < 2_000_000
    assert "Apache-2.0" in (ASSETS / "toy" / "README.md").read_text(encoding="utf-8")
