"""The toy network and how it is taught: loss and optimiser step, as pure functions of JAX.

Three lessons at once: clips and captions of a batch find each other; each clip prefers its caption
to the changed ones; linear heads read the attributes off the clip's embedding (training only).
Knows nothing of files or progress.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, UInt8

from encoder.catalogue import get_card
from encoder.encoders import FactorizedVideoCLIP
from encoder.toy.lessons import FRAMES, PIXELS, TEXT_LENGTH, WRONG, Lesson
from encoder.toy.scenes import ATTRIBUTES, VALUES, encode

Tree = Any
PEAK_RATE = 2e-3
_HEADS_WEIGHT = 0.3
_MOST = 10  # values of the attribute that has most


class State(NamedTuple):
    """Everything that a killed run needs to go on."""

    step: Int[Array, ""]
    params: Tree  # {"model": ..., "heads": ..., "log_scale": ...}
    moments: optax.OptState


def network() -> FactorizedVideoCLIP:
    """The network that the catalogue calls `toy`, as it trains: layers unrolled, nothing redone.

    Its layers are parameters of their own: a quarter faster on CPU. `stacked` gives the tree of
    the checkpoint.
    """
    return FactorizedVideoCLIP(**{**get_card("toy").config, "scan": False, "remat": False})


def stacked(params: Tree) -> Tree:
    """Parameters of unrolled layers `x_layers_0`, `x_layers_1`, ... as one stack `x_layers`."""
    if not isinstance(params, dict):
        return params
    result = {key: stacked(value) for key, value in params.items() if not _layer(key)}
    layers = [stacked(params[key]) for key in sorted(filter(_layer, params))]
    if layers:
        result["x_layers"] = jax.tree.map(lambda *leaves: jnp.stack(leaves), *layers)
    return result


def _layer(key: str) -> bool:
    return key.startswith("x_layers_")


def optimiser(steps: int) -> optax.GradientTransformation:
    """AdamW: 200 steps of warming up, then level, then a straight way down over the last third."""
    down = max(1, steps // 3)
    rate = optax.join_schedules(
        [
            optax.linear_schedule(0.0, PEAK_RATE, 200),
            optax.constant_schedule(PEAK_RATE),
            optax.linear_schedule(PEAK_RATE, PEAK_RATE / 50, down),
        ],
        [200, max(200, steps - down)],
    )
    return optax.chain(
        optax.clip_by_global_norm(1.0), optax.adamw(rate, b2=0.98, weight_decay=0.02)
    )


def initial_state(seed: int, steps: int) -> State:
    """Fresh parameters and moments."""
    frames = jnp.zeros((1, FRAMES, PIXELS, PIXELS, 3))
    ids, paddings = jnp.ones((1, TEXT_LENGTH), jnp.int32), jnp.zeros((1, TEXT_LENGTH))
    model = network().init(jax.random.key(seed), frames, ids, paddings)
    width = get_card("toy").dim
    params = {
        "model": model,
        "heads": jnp.zeros((width, len(ATTRIBUTES), _MOST)),
        "log_scale": jnp.log(10.0),
    }
    return State(jnp.zeros((), jnp.int32), params, optimiser(steps).init(params))


class Batch(NamedTuple):
    """A lesson as arrays of the accelerator; `answers` are attribute values, -1 where none."""

    frames: UInt8[Array, "B T P P 3"]
    ids: Int[Array, "Q L"]
    paddings: Float[Array, "Q L"]
    mismatch: Bool[Array, "Q B"]
    answers: Int[Array, "B A"]


def as_batch(lesson: Lesson) -> Batch:
    """The arrays of a lesson. Two things are asked for from left to right, or top to bottom."""
    told = [s.mirrored() if s.relation in ("right of", "below") else s for s in lesson.scenes]
    return Batch(
        jnp.asarray(lesson.frames),
        jnp.asarray(lesson.ids),
        jnp.asarray(lesson.paddings),
        jnp.asarray(lesson.mismatch),
        jnp.asarray(encode(told).astype(np.int32)),
    )


def loss(params: Tree, batch: Batch) -> tuple[Float[Array, ""], dict[str, Array]]:
    """The sum of the three lessons' losses, and the parts with the share of right answers."""
    frames = batch.frames.astype(jnp.float32) / 255
    video, text, _ = network().apply(params["model"], frames, batch.ids, batch.paddings)
    assert video is not None
    assert text is not None
    scale = jnp.exp(jnp.minimum(params["log_scale"], jnp.log(60.0)))
    clips = len(video)
    logits = scale * text @ video.T  # [Q, B]
    own = jnp.diag(logits[:clips])
    allowed = jnp.where(batch.mismatch, logits, -1e9)
    to_video = jax.nn.logsumexp(jnp.concatenate([own[:, None], allowed[:clips]], 1), 1) - own
    to_text = jax.nn.logsumexp(jnp.concatenate([own[None], allowed], 0), 0) - own
    wrong = scale * jnp.einsum("bwd,bd->bw", text[clips:].reshape(clips, WRONG, -1), video)
    neighbours = jax.nn.logsumexp(jnp.concatenate([own[:, None], wrong], 1), 1) - own
    heads = _heads_loss(params["heads"], video, batch.answers)
    parts = {
        "video": to_video.mean(),
        "text": to_text.mean(),
        "neighbours": neighbours.mean(),
        "heads": heads,
        "won": (own[:, None] > wrong).mean(),
    }
    total = (parts["video"] + parts["text"]) / 2 + parts["neighbours"] + _HEADS_WEIGHT * heads
    return total, parts


def _heads_loss(
    heads: Float[Array, "D A V"], video: Float[Array, "B D"], answers: Int[Array, "B A"]
) -> Float[Array, ""]:
    logits = 10 * jnp.einsum("bd,dav->bav", video, heads)
    sizes = jnp.array([len(VALUES[name]) for name in ATTRIBUTES])
    logits = jnp.where(jnp.arange(_MOST) < sizes[:, None], logits, -1e9)
    chosen = jnp.take_along_axis(
        jax.nn.log_softmax(logits), jnp.maximum(answers, 0)[..., None], axis=-1
    )[..., 0]
    asked = answers >= 0
    return -(chosen * asked).sum() / asked.sum()


def learn(state: State, batch: Batch, steps: int) -> tuple[State, dict[str, Array]]:
    """One step of the optimiser of a run of `steps`."""
    (_, parts), gradient = jax.value_and_grad(loss, has_aux=True)(state.params, batch)
    updates, moments = optimiser(steps).update(gradient, state.moments, state.params)
    return State(state.step + 1, optax.apply_updates(state.params, updates), moments), parts
