"""A model small enough to run in milliseconds, with weights that leave no part idle."""

import zlib
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jax
import numpy as np

from encoder.catalogue import ModelCard
from encoder.embedder import Embedder, Pace
from encoder.encoders import FactorizedEncoder, FactorizedVideoCLIP
from encoder.tokenizers import SentencePieceTokenizer

BACKBONE = {
    "patch_size": 6,
    "pos_emb_shape": (4, 4, 4),
    "model_dim": 32,
    "num_spatial_layers": 2,
    "num_temporal_layers": 1,
    "num_heads": 4,
    "mlp_dim": 64,
    "atten_logit_cap": 50.0,
    "scan": True,
}
TEXT = {"num_auxiliary_layers": 1, "vocabulary_size": 1000, "num_unimodal_layers": 2}
CLIP = ModelCard("small", "clip", 4, 24, 32, MappingProxyType({**BACKBONE, **TEXT}), "")
VIDEO_ONLY = ModelCard("small_video", "encoder", 4, 24, 32, MappingProxyType(BACKBONE), "")
CARDS = {card.name: card for card in (CLIP, VIDEO_ONLY)}
MODULES = {"clip": FactorizedVideoCLIP, "encoder": FactorizedEncoder}
# One frame more than divides evenly into anything, and batches that are seldom full.
PACE = Pace("float32", chunk=3, batch=2, heads=3, tokens=12)
TOKENIZER = Path(__file__).parents[1] / "data" / "tokenizer" / "test_spm.model"


def frames(count: int, seed: int = 0) -> np.ndarray:
    """Draw frames of the small model's size."""
    return np.random.default_rng(seed).integers(0, 256, (count, 24, 24, 3), dtype=np.uint8)


def variables(card: ModelCard = CLIP) -> dict[str, Any]:
    """Draw weights, norms and biases too; each array's seed is its name."""
    return _variables(card.name)


@cache
def _variables(name: str) -> dict[str, Any]:
    card = CARDS[name]
    model = MODULES[card.kind](**card.config)
    ids = np.zeros((1, 8), np.int32)
    text = (ids, ids.astype(np.float32)) if card.kind == "clip" else ()
    clip = np.zeros((1, 4, 24, 24, 3), np.float32)
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), clip, *text))

    def array(path: Any, leaf: Any) -> np.ndarray:
        rng = np.random.default_rng(zlib.crc32(jax.tree_util.keystr(path).encode()))
        return rng.normal(0.0, 0.2, leaf.shape).astype(np.float32)

    drawn: dict[str, Any] = jax.tree_util.tree_map_with_path(array, shapes)
    return drawn


def embedder(card: ModelCard = CLIP, pace: Pace = PACE) -> Embedder:
    """Make an Embedder of its own, nothing remembered."""
    tokenizer = SentencePieceTokenizer(TOKENIZER) if card.kind == "clip" else None
    return Embedder(card, variables(card)["params"], tokenizer, "drawn", pace)


@cache
def _plain(name: str) -> Any:
    card = CARDS[name]
    return jax.jit(MODULES[card.kind](**card.config).apply)


def plain_videos(clips: np.ndarray, card: ModelCard = CLIP) -> np.ndarray:
    """Embed uint8 clips [B, T, P, P, 3] by the plain modules."""
    output = _plain(card.name)(variables(card), clips / np.float32(255.0))[0]
    if card.kind == "clip":
        return np.asarray(output)
    mean = np.asarray(output).mean(axis=1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def plain_texts(ids: np.ndarray, paddings: np.ndarray) -> np.ndarray:
    """Embed token ids by the plain modules."""
    return np.asarray(_plain(CLIP.name)(variables(), None, ids, paddings)[1])


def relative_error(ours: Any, expected: Any) -> float:
    """Return ||ours - expected|| / ||expected||."""
    ours, expected = np.asarray(ours, np.float32), np.asarray(expected)
    assert ours.shape == expected.shape
    return float(np.linalg.norm(ours - expected) / np.linalg.norm(expected))
