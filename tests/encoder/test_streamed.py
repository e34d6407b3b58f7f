"""Words from a checkpoint of which one layer at a time is in memory."""

from pathlib import Path

import numpy as np
import pytest

from encoder import streamed
from encoder.catalogue import CARDS
from encoder.checkpoints import load_weights, save_weights
from encoder.embedder import Embedder
from encoder.errors import CheckpointError

TEXTS = ["a red circle moves left", "two stars", "three yellow triangles grow, then they spin " * 3]
WIDE = "params/text_encoder/unimodal_transformer/x_layers/ff_layer/ffn_layer2/linear/kernel"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The toy's weights in float32, as public checkpoints are stored."""
    bundled = CARDS["toy"].bundled
    assert bundled is not None
    path = tmp_path / "toy.npz"
    save_weights(path, load_weights(bundled), np.float32)
    return path


def test_the_vectors_are_those_of_the_whole_model(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamed, "ROWS", 100)  # the toy's table has 256
    whole = Embedder.load("toy", weights=weights).embed_texts(TEXTS)
    reading = Embedder.load("toy", weights=weights, only_words=True)
    np.testing.assert_allclose(reading.embed_texts(TEXTS), whole, atol=1e-6)
    np.testing.assert_allclose(reading.embed_texts(TEXTS[:1]), whole[:1], atol=1e-6)


def test_nothing_is_held_between_two_texts(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("encoder.embedder.load_weights", None)
    reading = Embedder.load("toy", weights=weights, only_words=True)
    reading.embed_texts(TEXTS[:1])
    weights.unlink()
    with pytest.raises(CheckpointError, match="no file"):
        reading.embed_texts(TEXTS[1:])


def test_one_altered_value_is_noticed(weights: Path) -> None:
    data = bytearray(weights.read_bytes())
    data[data.index(WIDE.encode()) + len(WIDE) + 2000] ^= 1
    weights.write_bytes(data)
    reading = Embedder.load("toy", weights=weights, only_words=True)
    with pytest.raises(CheckpointError, match="CRC"):
        reading.embed_texts(TEXTS)


def test_a_foreign_checkpoint_is_refused_before_anything_is_asked(weights: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a checkpoint of"):
        streamed.streamed_tower(CARDS["toy"], weights, {"params/other": (1,)})


@pytest.mark.parametrize("how", ["halved", "compressed"])
def test_what_is_stored_otherwise_is_loaded_whole(weights: Path, how: str) -> None:
    whole = Embedder.load("toy", weights=weights).embed_texts(TEXTS)
    if how == "halved":
        save_weights(weights, load_weights(weights), np.float16)
    else:
        with np.load(weights) as file:
            np.savez_compressed(weights, **file)
    reading = Embedder.load("toy", weights=weights, only_words=True)
    weights.unlink()
    np.testing.assert_allclose(reading.embed_texts(TEXTS), whole, atol=2e-3)
