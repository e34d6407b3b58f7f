"""Every output of every reference case, computed again by our networks."""

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from flax import traverse_util
from jax import numpy as jnp
from jax.typing import DTypeLike

from encoder import encoders

CASES = sorted((Path(__file__).parents[1] / "data" / "parity").glob("*.npz"))


def relative_error(ours: Any, reference: np.ndarray) -> float:
    """Return ||ours - reference|| / ||reference||."""
    difference = np.asarray(ours, np.float32) - reference
    return float(np.linalg.norm(difference) / np.linalg.norm(reference))


class Case:
    """One reference file: its network, weights, inputs and outputs."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as file:
            self.members = {key: file[key] for key in file.files}
        self.meta = json.loads(str(self.members.pop("config_json")))

    def under(self, prefix: str) -> dict[str, np.ndarray]:
        start = prefix + "/"
        return {k.removeprefix(start): v for k, v in self.members.items() if k.startswith(start)}

    def network(self, dtype: DTypeLike) -> Any:
        config = {**self.meta["config"], "fprop_dtype": dtype}
        config["pos_emb_shape"] = tuple(config["pos_emb_shape"])
        if self.meta["kind"] == "clip":
            return encoders.FactorizedVideoCLIP(**config)
        if self.meta["kind"] == "encoder":
            return encoders.FactorizedEncoder(**config)
        classes = config.pop("num_classes")
        return encoders.FactorizedVideoClassifier(encoder_params=config, num_classes=classes)

    def outputs(self, dtype: DTypeLike = jnp.float32) -> dict[str, Any]:
        variables = {"params": traverse_util.unflatten_dict(self.under("params"), sep="/")}
        given = self.under("inputs")
        frames = given.pop("frames")
        network, call = self.network(dtype), self.meta["call"]
        run = jax.jit(lambda *args, **named: network.apply(*args, **named, **call))
        *named, extra = run(variables, frames, **given)
        names = {
            "clip": ("video_embeddings", "text_embeddings"),
            "encoder": ("embeddings",),
            "classifier": ("logits",),
        }[self.meta["kind"]]
        return {**dict(zip(names, named, strict=True)), **extra}


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_float32_outputs_equal_the_reference(path: Path) -> None:
    case = Case(path)
    expected = case.under("outputs")
    ours = case.outputs()
    assert ours.keys() == expected.keys()
    errors = {name: relative_error(ours[name], expected[name]) for name in expected}
    assert all(ours[name].shape == expected[name].shape for name in expected)
    assert max(errors.values()) < 1e-5, errors


@pytest.mark.parametrize(
    "path", [p for p in CASES if Case(p).under("outputs_bfloat16")], ids=lambda p: p.stem
)
def test_bfloat16_outputs_are_near_the_reference(path: Path) -> None:
    # Frames and paddings come as float32: the networks take them in their own type.
    case = Case(path)
    expected = case.under("outputs_bfloat16")
    ours = case.outputs(jnp.bfloat16)
    errors = {name: relative_error(ours[name], expected[name]) for name in expected}
    assert {x.dtype for x in ours.values()} == {jnp.dtype(jnp.bfloat16)}
    assert max(errors.values()) < 2e-2, errors


def test_all_nine_cases_are_here() -> None:
    assert len(CASES) == 9
