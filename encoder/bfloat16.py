"""The video half of a model in bfloat16 on a CPU: OpenVINO graphs of what fast.py computes.

Products are bfloat16, their sums float32; pooling and texts stay with fast.py, in float32. Knows
OpenVINO, layers and shapes, weights as prepared.py arranges them. Does not know who asks for it
(embedder.py), nor how windows slide. An extra installs what it needs.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Shaped

from encoder import fast
from encoder.windows import Programs

# Importing OpenVINO tells a server that it was imported, unless there is nothing to tell it by.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

import openvino  # noqa: E402
from openvino import opset13 as ops  # noqa: E402

Node = Any
"""A value of a graph under construction; its shape is known."""
Run = Callable[[Float[np.ndarray, "..."]], Float[np.ndarray, "..."]]

NEAR = 0.999
"""Least cosine between vectors of both number types: nearer than two neighbouring windows."""
SMALL = 1 << 16
"""Up to so many numbers a constant stays float32: biases and norms cost nothing."""
SETTINGS = {
    "INFERENCE_PRECISION_HINT": "bf16",
    "PERFORMANCE_HINT": "LATENCY",
    # Decoders share the cores; a pinned thread could not make room for them.
    "ENABLE_CPU_PINNING": False,
}


class Unfit(Exception):  # noqa: N818 - reads as what it says
    """Nothing is won here by bfloat16; the text says why, as the rest of a sentence."""


def in_bfloat16(programs: Programs, network: fast.Network, weights: fast.Weights) -> Programs:
    """Return float32 `programs` with both steps compiled anew, from the same weights.

    Takes a second, and what one window takes both ways: a runtime that is wrong on a processor
    which nobody has tried would fill an index before anyone saw it, so vectors are compared.

    Raises Unfit if this processor has no bfloat16, or if a vector comes out too far off.
    """
    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise Unfit("this processor does not multiply bfloat16")
    halved = _compiled_anew(programs, network, weights)
    cosine = float((_drawn_vectors(programs) * _drawn_vectors(halved)).sum(axis=1).min())
    if not cosine >= NEAR:
        raise Unfit(f"its vectors in bfloat16 are {cosine:.4f} near those in float32")
    return halved


def _compiled_anew(programs: Programs, network: fast.Network, weights: fast.Weights) -> Programs:
    return replace(
        programs,
        encode=_encoder(network, weights["frame"], programs),
        finish=_finisher(network, weights["window"], programs),
    )


def _drawn_vectors(programs: Programs) -> Float[np.ndarray, "W D"]:
    """Embed windows that show a chunk of drawn frames again and again."""
    side = programs.pixels
    cells = np.random.default_rng(0).integers(0, 256, (programs.chunk, 6, 6, 3), np.uint8)
    wide = cells.repeat(side // 6 + 1, axis=1).repeat(side // 6 + 1, axis=2)
    features = programs.encode(programs.send(wide[:, :side, :side]))
    count = programs.batch * programs.frames
    return np.asarray(programs.finish([features[index % len(features)] for index in range(count)]))


def _encoder(
    network: fast.Network, weights: fast.Weights, programs: Programs
) -> Callable[[Shaped[np.ndarray, "C P P 3"]], Sequence[Float[np.ndarray, "N D"]]]:
    side = programs.pixels
    pixels = ops.parameter([programs.chunk, side, side, 3], np.float32)
    # Bytes are exact in bfloat16, their 255th parts are not.
    x = _product(_patches(pixels, network.patch), weights["kernel"] / np.float32(255.0))
    x = ops.add(x, _constant(weights["table"]))
    x = _stack(network, weights["layers"], x)
    run = _compiled(pixels, _norm(weights["norm"], x))

    def encode(frames: Shaped[np.ndarray, "C P P 3"]) -> Sequence[Float[np.ndarray, "N D"]]:
        whole = frames if frames.dtype == np.uint8 else frames * np.float32(255.0)
        return list(run(whole.astype(np.float32)))

    return encode


def _finisher(
    network: fast.Network, weights: fast.Weights, programs: Programs
) -> Callable[[Sequence[Any]], Float[Array, "W D"]]:
    temporal = weights["temporal"]
    times, width = temporal["table"].shape
    places = (programs.pixels // network.patch) ** 2
    features = ops.parameter([programs.batch * times, places, width], np.float32)
    x = _swapped(_reshaped(features, -1, times, places, width))
    x = ops.add(_reshaped(x, -1, times, width), _constant(temporal["table"]))
    x = _norm(temporal["norm"], _stack(network, temporal["layers"], x))
    x = _swapped(_reshaped(x, -1, places, times, width))
    x = _reshaped(x, -1, times * places, width)
    if "auxiliary" in weights:
        x = _stack(network, weights["auxiliary"], x)
    run = _compiled(features, x)
    vectors = jax.jit(fast.token_vectors)
    head = {name: part for name, part in weights.items() if name == "pooler"}
    return lambda features: vectors(head, run(np.stack(features)))


def _compiled(given: Node, result: Node) -> Run:
    """Compile a graph of one input. Its runs may overlap: each has a request of its own."""
    model = openvino.Model([result], [given])
    compiled = openvino.Core().compile_model(model, "CPU", SETTINGS)

    def run(values: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        outputs = compiled.create_infer_request().infer([values], share_inputs=True)
        return np.asarray(outputs[0])

    return run


def _patches(pixels: Node, patch: int) -> Node:
    count, height, width, _ = pixels.shape
    rows, columns = height // patch, width // patch
    x = _swapped(_reshaped(pixels, count, rows, patch, columns, patch * 3), 2)
    return _reshaped(x, count, rows * columns, patch * patch * 3)


def _stack(network: fast.Network, layers: Sequence[fast.Weights], x: Node) -> Node:
    return reduce(lambda x, weights: _layer(network, weights, x), layers, x)


def _layer(network: fast.Network, weights: fast.Weights, x: Node) -> Node:
    x = ops.add(x, _self_attention(network, weights, x))
    return ops.add(x, _feed_forward(weights["ff_layer"], x))


def _self_attention(network: fast.Network, weights: fast.Weights, x: Node) -> Node:
    y = _before(weights, x)
    count, size, width = y.shape
    # One product for all three. Three of their own, with as many heads as tokens, come out wrong:
    # OpenVINO 2026.4 then takes one axis for the other.
    y = _dense(y, *_projections(weights["self_attention"], network))
    y = _swapped(_reshaped(y, count, size, 3 * network.heads, width // network.heads))
    queries, keys, values = ops.split(y, np.array(1), 3).outputs()
    y = _reshaped(_swapped(_attend(queries, keys, values, network.cap)), count, size, width)
    post = weights["self_attention"]["post"]
    return _after(weights, _dense(y, post["w"].reshape(width, width).T, post["b"]))


def _projections(
    weights: fast.Weights, network: fast.Network
) -> tuple[Float[np.ndarray, "D E"], Float[np.ndarray, " E"]]:
    """Join queries, keys and values; queries are scaled, and divided by the cap."""
    head_dim = weights["query"]["w"].shape[-1]
    scale = head_dim**-0.5 / (network.cap if network.cap > 0.0 else 1.0)
    parts = [(weights["query"], scale), (weights["key"], 1.0), (weights["value"], 1.0)]
    kernels = [factor * part["w"].reshape(len(part["w"]), -1) for part, factor in parts]
    biases = [factor * part["b"].reshape(-1) for part, factor in parts]
    return np.concatenate(kernels, axis=1), np.concatenate(biases)


def _attend(q: Node, k: Node, v: Node, cap: float) -> Node:
    """Attend with queries divided by the cap; fused into one kernel, logits stay in the cache."""
    logits = ops.matmul(q, k, transpose_a=False, transpose_b=True)
    if cap > 0.0:
        logits = ops.multiply(ops.tanh(logits), _constant(np.float32(cap)))
    return ops.matmul(ops.softmax(logits, -1), v, transpose_a=False, transpose_b=False)


def _feed_forward(weights: fast.Weights, x: Node) -> Node:
    first, second = weights["ffn_layer1"]["linear"], weights["ffn_layer2"]["linear"]
    y = ops.gelu(_dense(_before(weights, x), first["kernel"], first["bias"]), "erf")
    return _after(weights, _dense(y, second["kernel"], second["bias"]))


def _before(weights: fast.Weights, x: Node) -> Node:
    return _norm(weights.get("layer_norm") or weights["pre_layer_norm"], x)


def _after(weights: fast.Weights, y: Node) -> Node:
    return _norm(weights["post_layer_norm"], y) if "post_layer_norm" in weights else y


def _norm(weights: fast.Weights, x: Node) -> Node:
    y = ops.mvn(x, np.array([-1]), True, fast.EPSILON, "INSIDE_SQRT")
    return ops.add(ops.multiply(y, _constant(1.0 + weights["scale"])), _constant(weights["bias"]))


def _dense(x: Node, kernel: Any, bias: Any) -> Node:
    return ops.add(_product(x, kernel), _constant(bias))


def _product(x: Node, kernel: Any) -> Node:
    return ops.matmul(x, _constant(kernel), transpose_a=False, transpose_b=False)


def _constant(values: Any) -> Node:
    """Hold an array; a large one in bfloat16, or its float32 would be kept for good."""
    array = np.ascontiguousarray(values, np.float32)
    if array.size <= SMALL:
        return ops.constant(array)
    halves = array.astype(jnp.bfloat16).view(np.uint16)
    shared = openvino.Tensor(halves, array.shape, openvino.Type.bf16)
    packed = openvino.op.Constant(shared, shared_memory=False)
    wide = ops.convert(packed, "f32")
    wide.get_rt_info()["decompression_0"] = ""  # else it is widened once, when compiling
    return wide


def _reshaped(x: Node, *shape: int) -> Node:
    return ops.reshape(x, np.array(shape), special_zero=False)


def _swapped(x: Node, axis: int = 1) -> Node:
    """Swap an axis with the next one."""
    axes = np.arange(len(x.shape))
    axes[[axis, axis + 1]] = axes[[axis + 1, axis]]
    return ops.transpose(x, axes)
