"""Attention with capped logits as one kernel for NVIDIA cards: logits never leave the chip.

Knows tiles, and on which cards and shapes the kernel may be used. Does not know layers or
batches (fast.py), which attend the plain way wherever this says no. Checked by an interpreter on
CPUs and compiled for Hopper cards; its speed has not been measured on one.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jaxtyping import Array, Float

Heads = Float[Array, "B H S K"]

QUERIES = 128
"""Most queries of one tile."""
KEYS = 64
"""Keys of one tile; what it takes at least of a sequence."""
WARPS = 8
STAGES = 3
"""Tiles of keys and values on their way into the chip: 16 kB each at 64 dimensions."""
HIGHEST_CAP = 64.0
"""exp of a logit capped at this stays within bfloat16 and float32, so no maximum is needed."""
AMPERE = 8.0
"""Compute capability from which a card multiplies bfloat16 by itself."""
CLOSE = 0.02
"""By how much, relative, the kernel may differ from the plain formula in bfloat16."""


def takes(shape: tuple[int, ...], cap: float) -> bool:
    """Tell whether the kernel can attend over heads of this shape, [B, H, S, K]."""
    size, head_dim = shape[-2:]
    fits = size % KEYS == 0 and head_dim in (16, 32, 64, 128)
    return fits and 0.0 < cap <= HIGHEST_CAP


def attend(q: Heads, k: Heads, v: Heads, cap: float) -> Heads:
    """Attend with scaled queries, logits bent into (-cap, cap), for shapes that `takes` accepts.

    Products are of the inputs' type, sums float32. On a CPU the kernel is interpreted, slowly.
    """
    # What arrives was swapped by the caller; swapped back here, the two cancel out and nothing
    # is copied.
    q, k, v = (x.swapaxes(1, 2) for x in (q, k, v))
    batch, size, heads, head_dim = q.shape
    rows = math.gcd(size, QUERIES)
    own = pl.BlockSpec((None, rows, None, head_dim), lambda i, h, b: (b, i, h, 0))
    whole = pl.BlockSpec((None, size, None, head_dim), lambda i, h, b: (b, 0, h, 0))
    y: Array = pl.pallas_call(
        partial(_tile, cap=cap),
        # Tiles of one head run side by side, so that its keys are read from the card's cache.
        grid=(size // rows, heads, batch),
        in_specs=[own, whole, whole],
        out_specs=own,
        out_shape=jax.ShapeDtypeStruct(q.shape, q.dtype),  # type: ignore[no-untyped-call]
        compiler_params=triton.CompilerParams(num_warps=WARPS, num_stages=STAGES),
        interpret=jax.default_backend() == "cpu",
        name="capped_attention",
    )(q, k, v)
    return y.swapaxes(1, 2)


def _tile(q_ref: Any, k_ref: Any, v_ref: Any, y_ref: Any, *, cap: float) -> None:
    """Attend from a tile of queries to all keys of its head, a tile of keys at a time."""
    q = q_ref[...]
    # Everything in powers of 2, for which there is an instruction:
    # cap tanh(x / cap) = cap - 2 cap / (exp(2 x / cap) + 1)
    top, slope = cap * math.log2(math.e), 2.0 * math.log2(math.e) / cap

    def take(tile: Array, sums: tuple[Array, Array]) -> tuple[Array, Array]:
        y, total = sums
        here = pl.ds(tile * KEYS, KEYS)
        logits = jnp.dot(q, k_ref[here, :].T, preferred_element_type=jnp.float32)
        shares = jnp.exp2(top - 2.0 * top / (jnp.exp2(slope * logits) + 1.0))
        v = v_ref[here, :]
        y += jnp.dot(shares.astype(v.dtype), v, preferred_element_type=jnp.float32)
        return y, total + shares.sum(axis=1)

    nothing = jnp.zeros(q.shape, jnp.float32), jnp.zeros(len(q), jnp.float32)
    y, total = lax.fori_loop(0, k_ref.shape[0] // KEYS, take, nothing)
    y_ref[...] = (y / total[:, None]).astype(y_ref.dtype)


def trouble(device: jax.Device) -> str:
    """Return why the kernel cannot be used on a device, or nothing if it can.

    A card that could use it has to show it: a small case is compiled, run and compared.
    """
    if not device.device_kind.startswith("NVIDIA"):
        return "it is not an NVIDIA card"
    if float(device.compute_capability) < AMPERE:
        return f"its compute capability is {device.compute_capability}, below {AMPERE}"
    try:
        error = _error(device)
    except Exception as problem:  # whatever a driver or compiler may come up with
        reason = (str(problem).splitlines() or [type(problem).__name__])[0]
        return f"the kernel failed: {reason[:120]}"
    return "" if error < CLOSE else f"the kernel's results are off by {error:.1%}"


def _error(device: jax.Device) -> float:
    """How far, relative, the kernel is from the formula in float32 on a drawn case."""
    drawn = np.random.default_rng(0).normal(0.0, 2.0, (3, 2, 3, 2 * QUERIES, 64))
    q, k, v = (jax.device_put(x.astype(jnp.bfloat16), device) for x in drawn)
    ours = np.asarray(jax.jit(partial(attend, cap=50.0))(q, k, v), np.float64)
    exact = _formula([np.asarray(x, np.float64) for x in (q, k, v)], cap=50.0)
    return float(np.linalg.norm(ours - exact) / np.linalg.norm(exact))


def _formula(heads: Sequence[np.ndarray], cap: float) -> np.ndarray:
    q, k, v = heads
    shares = np.exp(cap * np.tanh(q @ k.swapaxes(-1, -2) / cap))
    y: np.ndarray = shares @ v / shares.sum(axis=-1, keepdims=True)
    return y
