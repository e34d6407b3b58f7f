"""The networks' forward pass, rearranged for speed and bounded memory: pure functions.

Gives what the plain modules of encoders.py give, to rounding. Frames go through the spatial
stack in chunks of the caller's size; the auxiliary stack attends a head and a block of queries
at a time, so its memory grows with the tokens and not with their square; the pooler's constant
query is folded into its keys. Knows no files, devices or batching: weights come as prepared.py
arranges them, shapes as the caller chose them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
from jax import lax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Shaped, UInt8

from encoder.attention import MASKED, cap_logits
from encoder.positions import sinusoid

Weights = Mapping[str, Any]
"""A part of what prepared.py returns; a stack is a list of its layers' weights."""
Heads = Float[Array, "B H S K"]
Attend = Callable[[Heads, Heads, Heads], Heads]

QUERIES = 512
"""Most queries of one block: its logits over 4,096 keys, 8 MB, stay within a CPU's cache."""
SAFE_CAP = 64.0
"""exp of a logit capped at this, summed over any sequence, stays within float32."""
EPSILON = 1e-6


@dataclass(frozen=True)
class Network:
    """What a forward pass must know besides its weights.

    `cap` bends attention logits (0: none), `heads_at_once` is how many heads of the auxiliary
    stack are computed side by side, `tokens_at_once` for how many the wide middle of a layer
    exists at a time. `fused` lets a kernel attend where it takes the shapes.
    """

    heads: int
    patch: int
    cap: float
    causal: bool = True
    heads_at_once: int = 1
    tokens_at_once: int = 1 << 16
    fused: bool = False

    @classmethod
    def of(
        cls,
        config: Mapping[str, Any],
        heads_at_once: int = 1,
        tokens_at_once: int = 1 << 16,
        fused: bool = False,
    ) -> "Network":
        """Read the constructor fields of a model, as its card holds them."""
        return cls(
            heads=config["num_heads"],
            patch=config["patch_size"],
            cap=config["atten_logit_cap"],
            causal=config.get("enable_causal_atten", True),
            heads_at_once=heads_at_once,
            tokens_at_once=tokens_at_once,
            fused=fused,
        )


def frame_features(
    network: Network, weights: Weights, frames: UInt8[Array, "C P P 3"] | Float[Array, "C P P 3"]
) -> list[Float[Array, "N D"]]:
    """Return the spatial features of each frame, which do not depend on the other frames.

    Frames are uint8, or floats in [0, 1].
    """
    pixels = frames / 255.0 if frames.dtype == jnp.uint8 else frames
    patches = _patches(pixels.astype(weights["kernel"].dtype), network.patch)
    x = patches @ weights["kernel"] + weights["table"]
    x = _stack(network, weights["layers"], x, _open_to_all(network), _gelu)
    return list(_norm(weights["norm"], x))


def window_vectors(
    network: Network, weights: Weights, features: Sequence[Float[Array, "N D"]]
) -> Float[Array, "W D"]:
    """Return one unit vector in float32 for each window of consecutive `features`.

    The number of frames of a window is that of the temporal position table.
    """
    return token_vectors(weights, window_tokens(network, weights, features))


def token_vectors(weights: Weights, tokens: Float[Array, "W S D"]) -> Float[Array, "W D"]:
    """Return the unit vector in float32 of each window's tokens.

    Without a pooler (a video-only model) it is that of the mean token.
    """
    if "pooler" not in weights:
        return unit(tokens.mean(axis=1, dtype=jnp.float32))
    return unit(pooled(weights["pooler"], tokens))


def window_tokens(
    network: Network, weights: Weights, features: Sequence[Float[Array, "N D"]]
) -> Float[Array, "W S D"]:
    """Return each window's tokens after the temporal and, if there is one, auxiliary stack.

    Tokens are frame-major, as the plain modules order them.
    """
    temporal = weights["temporal"]
    times, width = temporal["table"].shape
    x = jnp.stack(features).reshape(-1, times, *features[0].shape)
    windows, _, places, _ = x.shape
    x = x.swapaxes(1, 2).reshape(windows * places, times, width) + temporal["table"]

    def places_over_time(x: Array) -> Array:
        x = _stack(network, temporal["layers"], x, _open_to_all(network), _gelu)
        return _norm(temporal["norm"], x)

    x = _in_blocks(places_over_time, x, max(1, network.tokens_at_once // times))
    x = (
        x.reshape(windows, places, times, width)
        .swapaxes(1, 2)
        .reshape(windows, times * places, width)
    )
    if "auxiliary" not in weights:
        return x
    return _stack(network, weights["auxiliary"], x, _open_to_all(network, in_blocks=True), _gelu)


def pooled(pooler: Weights, tokens: Float[Array, "B S D"]) -> Float[Array, "B D"]:
    """Pool tokens by attention from one learned query, in float32.

    The query is constant, so its product with the keys' weights is too (`keys`): each head
    costs one product with a vector, and values are projected after they were averaged.
    """
    logits = jnp.einsum("BSD,DH->BHS", tokens, pooler["keys"]).astype(jnp.float32)
    shares = jax.nn.softmax(logits, axis=-1).astype(tokens.dtype)
    means = jnp.einsum("BHS,BSD->BHD", shares, tokens)
    values = jnp.einsum("BHD,DHK->BHK", means, pooler["value"]["w"]) + pooler["value"]["b"]
    y = jnp.einsum("BHK,DHK->BD", values, pooler["post"]["w"]) + pooler["post"]["b"]
    return _norm(pooler["norm"], y.astype(jnp.float32))


def text_vectors(
    network: Network, weights: Weights, ids: Int[Array, "B L"], paddings: Float[Array, "B L"]
) -> Float[Array, "B D"]:
    """Return the text tower's output at the class token, which follows each text, in float32.

    Padded positions have no effect on it, so any length that holds the tokens will do.
    """
    x = text_begin(weights["class_token"], jnp.take(weights["tokens"], ids, axis=0, mode="clip"))
    for layer in weights["layers"]:
        x = text_layer(network, layer, x, paddings)
    return text_end(weights["norm"], x)


def text_begin(
    class_token: Float[Array, "1 1 D"], rows: Float[Array, "B L D"]
) -> Float[Array, "B S D"]:
    """Place the tokens' rows of the table, and put the class token behind each text."""
    count, length, width = rows.shape
    scale = jnp.asarray(width**0.5, rows.dtype)
    x = rows * scale + sinusoid(length, width).astype(rows.dtype)
    end = jnp.broadcast_to(class_token * scale, (count, 1, width))
    return jnp.concatenate([x, end], axis=1)


def text_layer(
    network: Network, weights: Weights, x: Float[Array, "B S D"], paddings: Float[Array, "B L"]
) -> Float[Array, "B S D"]:
    """Pass texts through one layer of the text tower."""
    attend = partial(_attend, cap=network.cap, hidden=_hidden(paddings, network.causal))
    return _stack(network, [weights], x, attend, jax.nn.relu)


def text_end(norm: Weights, x: Float[Array, "B S D"]) -> Float[Array, "B D"]:
    """Return the last layer's class tokens, normalised, in float32."""
    return _norm(norm, x[:, -1].astype(jnp.float32))


def unit(x: Float[Array, "B D"]) -> Float[Array, "B D"]:
    """Scale rows to length 1."""
    return x * lax.rsqrt(jnp.sum(x * x, axis=-1, keepdims=True) + 1e-12)


def _patches(frames: Float[Array, "C P P 3"], patch: int) -> Float[Array, "C N d"]:
    count, height, width, _ = frames.shape
    rows, columns = height // patch, width // patch
    x = frames.reshape(count, rows, patch, columns, patch, 3).swapaxes(2, 3)
    return x.reshape(count, rows * columns, patch * patch * 3)


def _hidden(paddings: Shaped[Array, "B L"], causal: bool) -> Bool[Array, "B 1 _ S"]:
    """Tell which keys are hidden; the class token behind the text never is."""
    padded = jnp.pad(paddings > 0.5, ((0, 0), (0, 1)))[:, None, None, :]
    if not causal:
        return padded
    size = padded.shape[-1]
    return padded | jnp.triu(jnp.ones((size, size), jnp.bool_), k=1)


def _stack(
    network: Network,
    layers: Sequence[Weights],
    x: Float[Array, "B S D"],
    attend: Attend,
    activate: Callable[[Array], Array],
) -> Float[Array, "B S D"]:
    # No scan: it copies each layer's weights at every call, a third of what a text costs.
    for weights in layers:
        x = x + _self_attention(weights, x, network.heads, attend)
        forward = partial(_feed_forward, weights["ff_layer"], activate=activate)
        tokens = x.reshape(-1, x.shape[-1])
        x = x + _in_blocks(forward, tokens, network.tokens_at_once).reshape(x.shape)
    return x


def _self_attention(
    weights: Weights, x: Float[Array, "B S D"], heads: int, attend: Attend
) -> Float[Array, "B S D"]:
    projections = weights["self_attention"]
    y = _before(weights, x)
    head_dim = x.shape[-1] // heads

    def split(name: str) -> Heads:
        projection = projections[name]
        z: Array = jnp.einsum("BSD,DHK->BSHK", y, projection["w"]) + projection["b"]
        return z.swapaxes(1, 2)

    attended = attend(split("query") * head_dim**-0.5, split("key"), split("value"))
    post = projections["post"]
    return _after(weights, jnp.einsum("BHSK,DHK->BSD", attended, post["w"]) + post["b"])


def _feed_forward(
    weights: Weights, x: Float[Array, "S D"], activate: Callable[[Array], Array]
) -> Float[Array, "S D"]:
    first, second = weights["ffn_layer1"]["linear"], weights["ffn_layer2"]["linear"]
    y = activate(_before(weights, x) @ first["kernel"] + first["bias"])
    return _after(weights, y @ second["kernel"] + second["bias"])


def _before(weights: Weights, x: Array) -> Array:
    return _norm(weights.get("layer_norm") or weights["pre_layer_norm"], x)


def _after(weights: Weights, y: Array) -> Array:
    """Apply the second norm that the policy `primer_hybrid` puts behind each half of a layer."""
    return _norm(weights["post_layer_norm"], y) if "post_layer_norm" in weights else y


def _norm(weights: Weights, x: Float[Array, "*B D"]) -> Float[Array, "*B D"]:
    """Normalise over the last axis, statistics in float32; the stored scale is an offset from 1."""
    wide = x.astype(jnp.float32)
    centred = wide - wide.mean(axis=-1, keepdims=True)
    variance = jnp.mean(centred * centred, axis=-1, keepdims=True)
    y: Array = centred * lax.rsqrt(variance + EPSILON)
    y = y * (1.0 + weights["scale"]) + weights["bias"]
    return y.astype(x.dtype)


def _gelu(x: Array) -> Array:
    y: Array = jax.nn.gelu(x, approximate=False)
    return y


def _open_to_all(network: Network, in_blocks: bool = False) -> Attend:
    """Attention that hides nothing: the kernel where it may be used, or plain."""
    plain = partial(_attend, cap=network.cap)
    if in_blocks:
        plain = partial(_attend_in_blocks, cap=network.cap, heads_at_once=network.heads_at_once)

    if not network.fused:
        return plain
    from encoder import fused  # late: only cards use it, and it imports a compiler

    def attend(q: Heads, k: Heads, v: Heads) -> Heads:
        takes = fused.takes(q.shape, network.cap)
        return fused.attend(q, k, v, network.cap) if takes else plain(q, k, v)

    return attend


def _attend(
    q: Heads, k: Heads, v: Heads, cap: float, hidden: Bool[Array, "B 1 _ S"] | None = None
) -> Heads:
    wide = jnp.einsum("...QK,...SK->...QS", q, k, preferred_element_type=jnp.float32)
    logits = cap_logits(wide, cap)
    if hidden is not None:
        logits = jnp.where(hidden, MASKED, logits)
    # Capped logits cannot overflow, which spares a pass over them to find their maximum. Hidden
    # ones need it: a query that sees nothing would otherwise divide by zero.
    if hidden is not None or not 0.0 < cap <= SAFE_CAP:
        logits -= logits.max(axis=-1, keepdims=True)
    shares = jnp.exp(logits)
    y: Array = jnp.einsum("...QS,...SK->...QK", shares.astype(v.dtype), v)
    return (y / shares.sum(axis=-1, keepdims=True)).astype(v.dtype)


def _attend_in_blocks(q: Heads, k: Heads, v: Heads, cap: float, heads_at_once: int) -> Heads:
    def head(qkv: tuple[Array, Array, Array]) -> Float[Array, "S K"]:
        q, k, v = qkv
        return _in_blocks(lambda q: _attend(q, k, v, cap), q, QUERIES)

    flat = tuple(x.reshape(-1, *x.shape[2:]) for x in (q, k, v))
    y: Array = lax.map(head, flat, batch_size=heads_at_once)
    return y.reshape(q.shape)


def _in_blocks(f: Callable[[Array], Array], x: Array, most: int) -> Array:
    """Apply `f`, which keeps shapes, to equal blocks of at most `most` rows, one after another."""
    block = max(n for n in range(1, min(most, len(x)) + 1) if len(x) % n == 0)
    if block == len(x):
        return f(x)
    y: Array = lax.map(f, x.reshape(-1, block, *x.shape[1:]))
    return y.reshape(x.shape)
