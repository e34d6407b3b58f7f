"""The attention kernel gives what plain attention gives, and is used only where it can be."""

from dataclasses import replace
from functools import partial
from types import MappingProxyType, SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest
import small
from jax import numpy as jnp
from small import relative_error

from encoder import fast, fused
from encoder.catalogue import CARDS

# 64 places a frame and 256 tokens a window, in heads of 16: what the kernel takes.
CONFIG = {**small.CLIP.config, "patch_size": 3, "pos_emb_shape": (4, 8, 8), "model_dim": 64}


def heads(size: int, head_dim: int, spread: float, dtype: str = "float32") -> list[jax.Array]:
    drawn = np.random.default_rng(size).normal(0.0, spread, (3, 2, 2, size, head_dim))
    return [jnp.asarray(x, dtype) for x in drawn]


@pytest.mark.parametrize("size", [64, 192, 256])
@pytest.mark.parametrize("spread", [0.5, 4.0])
def test_the_kernel_equals_plain_attention(size: int, spread: float) -> None:
    q, k, v = heads(size, 16, spread)
    assert fused.takes(q.shape, 50.0)
    ours = jax.jit(partial(fused.attend, cap=50.0))(q, k, v)
    assert relative_error(ours, fast._attend(q, k, v, 50.0)) < 1e-5


def test_half_precision_sums_in_float32() -> None:
    q, k, v = heads(256, 64, 2.0, "bfloat16")
    exact = fast._attend(*(x.astype(jnp.float32) for x in (q, k, v)), cap=50.0)
    ours = jax.jit(partial(fused.attend, cap=50.0))(q, k, v)
    assert ours.dtype == jnp.bfloat16
    assert relative_error(ours.astype(jnp.float32), exact) < 5e-3


@pytest.mark.parametrize(
    ("shape", "cap"),
    [
        ((1, 1, 16, 64), 50.0),  # the temporal stack: too short for a tile
        ((1, 1, 250, 64), 50.0),
        ((1, 1, 256, 88), 50.0),  # the giant's heads
        ((1, 1, 256, 64), 0.0),  # without a cap, sums would need a maximum
        ((1, 1, 256, 64), 500.0),
    ],
)
def test_other_shapes_are_left_to_plain_attention(shape: tuple[int, ...], cap: float) -> None:
    assert not fused.takes(shape, cap)


@pytest.mark.parametrize(
    "name", ["videoprism_lvt_public_v1_base", "videoprism_lvt_public_v1_large"]
)
def test_the_kernel_becomes_a_program_for_cards(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    card = CARDS[name]
    frames, rows, columns = card.config["pos_emb_shape"]
    count, head_dim = card.config["num_heads"], card.config["model_dim"] // card.config["num_heads"]
    for size in (rows * columns, frames * rows * columns):
        q = jax.ShapeDtypeStruct((2, count, size, head_dim), jnp.bfloat16)
        assert fused.takes(q.shape, card.config["atten_logit_cap"])
        traced = jax.jit(partial(fused.attend, cap=50.0)).trace(q, q, q)
        assert "triton" in traced.lower(lowering_platforms=("cuda",)).as_text()


def embed(monkeypatch: pytest.MonkeyPatch, pace: Any) -> tuple[np.ndarray, list[Any]]:
    """Embed two clips; return the vectors and the shapes that the kernel attended over."""
    card = replace(small.CLIP, name="fine", dim=64, config=MappingProxyType(CONFIG))
    monkeypatch.setitem(small.CARDS, card.name, card)
    shapes: list[Any] = []
    attend = fused.attend
    monkeypatch.setattr(
        fused, "attend", lambda q, k, v, cap: shapes.append(q.shape) or attend(q, k, v, cap)
    )
    ours = small.embedder(card, pace)
    return ours.embed_clips(small.frames(8).reshape(2, 4, 24, 24, 3)), shapes


def test_a_model_gives_the_same_vectors_with_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, shapes = embed(monkeypatch, small.PACE)
    assert shapes == []
    vectors, shapes = embed(monkeypatch, replace(small.PACE, fused=True))
    assert relative_error(vectors, plain) < 1e-5
    assert set(shapes) == {(3, 4, 64, 16), (2, 4, 256, 16)}  # frames, and whole windows


def card(kind: str, capability: str) -> Any:
    return SimpleNamespace(device_kind=kind, compute_capability=capability)


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        (card("AMD Instinct MI300X", "gfx942"), "not an NVIDIA card"),
        (card("NVIDIA T4", "7.5"), "7.5, below 8.0"),
    ],
)
def test_cards_that_cannot_use_it_say_why(device: Any, reason: str) -> None:
    assert reason in fused.trouble(device)


def test_a_card_has_to_show_that_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    h100 = card("NVIDIA H100 80GB HBM3", "9.0")
    assert fused._error(jax.devices()[0]) < 5e-3  # what it is asked to compute, interpreted
    monkeypatch.setattr(fused, "_error", lambda device: 0.003)
    assert fused.trouble(h100) == ""
    monkeypatch.setattr(fused, "_error", lambda device: float("nan"))
    assert "off by" in fused.trouble(h100)

    def broken(device: jax.Device) -> float:
        raise RuntimeError("no such instruction\nand much more")

    monkeypatch.setattr(fused, "_error", broken)
    assert fused.trouble(h100) == "the kernel failed: no such instruction"
