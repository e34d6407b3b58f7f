"""LvT-base at full size, with weights drawn by the recipe that the reference was given.

Needs 4.2 GB and half a minute of two cores. Random weights leave the embeddings nearly
the same whatever the clip shows, so rows of the features are compared as well.
"""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from flax import traverse_util
from jax import numpy as jnp

from encoder.encoders import FactorizedVideoCLIP

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

DATA = Path(__file__).parents[1] / "data"
SPREAD = {"kernel": 0.04, "w": 0.04, "emb_var": 0.04, "cls_emb": 0.04}
LVT_BASE = FactorizedVideoCLIP(
    num_auxiliary_layers=2, vocabulary_size=32_000, atten_logit_cap=50.0, scan=True
)


def draw(key: str, shape: list[int]) -> np.ndarray:
    """Draw one parameter from a seed that only its name decides."""
    leaf = key.rsplit("/", 1)[1]
    spread = 1.0 if leaf == "pooling_attention_query" else SPREAD.get(leaf, 0.1)
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    return (rng.standard_normal(tuple(shape)) * spread).astype(np.float32)


@pytest.fixture(scope="module")
def reference() -> Iterator[Any]:
    with np.load(DATA / "full" / "full_lvt_base.npz", allow_pickle=False) as file:
        yield file


@pytest.fixture(scope="module")
def variables(reference: Any) -> dict[str, Any]:
    manifest = json.loads((DATA / "manifests" / "videoprism_lvt_public_v1_base.json").read_text())
    sums = json.loads(str(reference["param_sums_json"]))
    flat = {}
    for key, shape in manifest.items():
        values = draw(key, shape)
        assert values.sum(dtype=np.float64) == pytest.approx(sums[key], abs=1e-6)
        flat[key] = jnp.asarray(values)
    return traverse_util.unflatten_dict(flat, sep="/")


def clip() -> np.ndarray:
    rng = np.random.default_rng(20240213)
    blocks = rng.random((1, 16, 8, 8, 3), dtype=np.float32)
    noise = rng.random((1, 16, 288, 288, 3), dtype=np.float32)
    coarse = blocks.repeat(36, axis=2).repeat(36, axis=3)
    return np.float32(0.75) * coarse + np.float32(0.25) * noise


def texts() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1234)
    paddings = np.zeros((4, 64), np.float32)
    for row, length in enumerate((64, 3, 9, 20)):
        paddings[row, length:] = 1.0
    ids = rng.integers(3, 32_000, (4, 64)).astype(np.int32)
    return np.where(paddings == 1, 0, ids), paddings


def assert_close(ours: Any, expected: np.ndarray) -> None:
    ours = np.asarray(ours)
    assert ours.shape == expected.shape
    error = float(np.linalg.norm(ours - expected) / np.linalg.norm(expected))
    print(f"relative error {error:.1e}")
    assert error < 1e-4


def test_the_video_half_equals_the_reference(variables: Any, reference: Any) -> None:
    run = jax.jit(lambda v, x: LVT_BASE.apply(v, x, return_intermediate=True))
    video, _, outputs = run(variables, clip())
    assert_close(video, reference["video_embeddings"])
    assert_close(outputs["frame_embeddings"], reference["frame_embeddings"])
    for name in ("spatial_features", "spatiotemporal_features"):
        features = np.asarray(outputs[name])[0]
        assert_close(features[reference["rows"]], reference[f"{name}_rows"])
        assert_close(features.mean(axis=0), reference[f"{name}_token_mean"])


def test_the_text_half_equals_the_reference(variables: Any, reference: Any) -> None:
    ids, paddings = texts()
    _, text, _ = jax.jit(lambda v, *given: LVT_BASE.apply(v, None, *given))(
        variables, ids, paddings
    )
    assert_close(text, reference["text_embeddings"])
