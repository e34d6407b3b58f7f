"""Checkpoints against what a model expects: each kind of misfit is named before data is read."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoder.catalogue import CARDS
from encoder.checkpoints import (
    check_shapes,
    flatten,
    identify,
    load_weights,
    nest,
    read_shapes,
    save_weights,
    weights_id,
)
from encoder.errors import CheckpointError

MANIFESTS = Path(__file__).resolve().parents[1] / "data" / "manifests"
BASE, LVT = "videoprism_public_v1_base", "videoprism_lvt_public_v1_base"


def manifest(name: str) -> dict[str, tuple[int, ...]]:
    shapes = json.loads((MANIFESTS / f"{name}.json").read_text())
    return {key: tuple(shape) for key, shape in shapes.items()}


TREE = {
    "params": {
        "spatial_ln": {"scale": np.arange(4, dtype=np.float32), "bias": np.zeros(4, np.float32)},
        "spatial_pos_emb": {"emb_var": np.eye(4, dtype=np.float32)},
    }
}
SHAPES = {
    "params/spatial_ln/scale": (4,),
    "params/spatial_ln/bias": (4,),
    "params/spatial_pos_emb/emb_var": (4, 4),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_weights(tmp_path / "tree.npz", TREE, np.float32)
    return tmp_path / "tree.npz"


def test_a_tree_comes_back_as_it_was(path: Path) -> None:
    loaded = load_weights(path, SHAPES)
    assert read_shapes(path) == SHAPES
    assert flatten(loaded).keys() == SHAPES.keys()
    for name, values in flatten(TREE).items():
        np.testing.assert_array_equal(flatten(loaded)[name], values)


def test_half_precision_on_disk_is_single_precision_in_memory(tmp_path: Path) -> None:
    save_weights(tmp_path / "half.npz", TREE)
    save_weights(tmp_path / "full.npz", TREE, np.float32)
    half = load_weights(tmp_path / "half.npz")["params"]["spatial_pos_emb"]["emb_var"]
    assert half.dtype == np.float32
    np.testing.assert_array_equal(half, np.eye(4))
    assert weights_id(tmp_path / "half.npz") != weights_id(tmp_path / "full.npz")


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (
            SHAPES | {"params/a": (1,), "params/b": (1,)},
            r"tree.npz is not a checkpoint of the model: it lacks 'params/a' \(and 1 more\)\.",
        ),
        (
            {"params/spatial_ln/scale": (4,)},
            r"holds 'params/spatial_ln/bias' \(and 1 more\), which the model does not have",
        ),
        (
            SHAPES | {"params/spatial_pos_emb/emb_var": (4, 5)},
            r"'params/spatial_pos_emb/emb_var' has shape \(4, 4\) instead of \(4, 5\)\.",
        ),
    ],
    ids=["missing", "extra", "misshaped"],
)
def test_the_first_difference_is_named(path: Path, expected, words: str) -> None:
    with pytest.raises(CheckpointError, match=words):
        load_weights(path, expected)


def test_shapes_are_checked_before_any_data_is_read(tmp_path: Path) -> None:
    path = tmp_path / "altered.npz"
    np.savez(path, **{"params/w": np.arange(10_000.0)})
    data = bytearray(path.read_bytes())
    data[60_000] ^= 1
    path.write_bytes(data)

    with pytest.raises(CheckpointError, match="CRC"):
        load_weights(path, {"params/w": (10_000,)})
    with pytest.raises(CheckpointError, match="instead of"):
        load_weights(path, {"params/w": (20_000,)})


def test_a_file_of_another_model_is_recognised() -> None:
    with pytest.raises(CheckpointError) as caught:
        check_shapes(manifest(BASE), manifest(LVT), Path("base.npz"), LVT)
    text = str(caught.value)
    assert text.startswith(f"base.npz is not a checkpoint of {LVT}: it lacks 'params/auxiliary_")
    assert text.endswith(f"This looks like {BASE}.")


@pytest.mark.parametrize("path", sorted(MANIFESTS.iterdir()), ids=lambda path: path.stem)
def test_every_model_is_identified(path: Path) -> None:
    name = path.stem.removesuffix("_400")
    assert name in CARDS
    assert identify(manifest(path.stem)) == name


@pytest.mark.parametrize("shapes", [{}, {"weight": (3,)}, {"params/encoder/x": ()}, SHAPES])
def test_foreign_shapes_are_not_identified(shapes) -> None:
    assert identify(shapes) is None


def test_a_name_below_an_array_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **{"params": np.ones(2), "params/w": np.ones(2)})
    with pytest.raises(CheckpointError, match="'params/w' lies below an array"):
        load_weights(tmp_path / "a.npz")


names = st.text("abc", min_size=1, max_size=3)


@given(st.recursive(st.integers(), lambda inner: st.dictionaries(names, inner, min_size=1)))
def test_nesting_undoes_flattening(tree) -> None:
    assert nest(flatten({"params": tree})) == {"params": tree}
