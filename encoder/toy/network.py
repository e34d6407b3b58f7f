"""The toy network and how it is taught: loss and optimiser step, as pure functions of JAX.

Clips and captions of a batch find each other, and each clip prefers its caption to the changed
ones. Linear heads, used in training only, help both towers to a start: the same ones read the
attributes off clips and texts; others read off patches what lies there, and off frames what
happens at that moment.
Knows nothing of files or progress.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, UInt8

from encoder.catalogue import get_card
from encoder.encoders import FactorizedVideoCLIP
from encoder.toy.lessons import FRAMES, PIXELS, TEXT_LENGTH, WRONG, Lesson
from encoder.toy.scenes import ATTRIBUTES, MOTIONS, SHAPES, VALUES, Scene, encode

Tree = Any
PEAK_RATE = 3e-3
ALONE = 500  # steps in which the towers learn attributes only, from the heads
_JOINING = 500  # steps over which they come to learn from each other
_HARD = {"shape": 4.0, "other_shape": 4.0, "relation": 4.0}  # how much more these count
_MOST = 10  # values of the attribute that has most


class State(NamedTuple):
    """Everything that a killed run needs to go on."""

    step: Int[Array, ""]
    params: Tree  # {"model": ..., "heads": ..., "log_scale": ...}
    moments: optax.OptState


def network(capped: bool = True) -> FactorizedVideoCLIP:
    """The network that the catalogue calls `toy`, as it trains: layers unrolled, nothing redone.

    Its layers are parameters of their own: a quarter faster on CPU. `stacked` gives the tree of
    the checkpoint. Without the cap on attention, which at 50 is out of the reach of so small a
    network, another sixth is saved.
    """
    unrolled = {"scan": False, "remat": False} | ({} if capped else {"atten_logit_cap": 0.0})
    return FactorizedVideoCLIP(**{**get_card("toy").config, **unrolled})


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
    """AdamW: 100 steps of warming up, then level, then a straight way down over the last 70 %."""
    down = max(1, steps * 7 // 10)
    rate = optax.join_schedules(
        [
            optax.linear_schedule(0.0, PEAK_RATE, 100),
            optax.constant_schedule(PEAK_RATE),
            optax.linear_schedule(PEAK_RATE, PEAK_RATE / 50, down),
        ],
        [100, max(100, steps - down)],
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
        "things": jnp.zeros((width, 1 + len(SHAPES))),
        "doing": jnp.zeros((width, len(MOTIONS))),
        "log_scale": jnp.log(10.0),
    }
    return State(jnp.zeros((), jnp.int32), params, optimiser(steps).init(params))


class Batch(NamedTuple):
    """A lesson as arrays of the accelerator.

    `shown` and `said` are attributes, `things` and `doing` as in a lesson: -1 where none.
    """

    frames: UInt8[Array, "B T P P 3"]
    ids: Int[Array, "Q L"]
    paddings: Float[Array, "Q L"]
    mismatch: Bool[Array, "Q B"]
    shown: Int[Array, "B A"]
    said: Int[Array, "Q A"]
    things: Int[Array, "B TN"]
    doing: Int[Array, "B T"]


def as_batch(lesson: Lesson) -> Batch:
    """The arrays of a lesson."""
    return Batch(
        jnp.asarray(lesson.frames),
        jnp.asarray(lesson.ids),
        jnp.asarray(lesson.paddings),
        jnp.asarray(lesson.mismatch),
        _answers(lesson.scenes),
        _answers(lesson.said),
        jnp.asarray(lesson.things.reshape(len(lesson.things), -1), jnp.int32),
        jnp.asarray(lesson.doing, jnp.int32),
    )


def _answers(scenes: Sequence[Scene]) -> Int[Array, "N A"]:
    """What the heads should read; of two things, in an order that does not depend on words."""
    return jnp.asarray(encode([_ordered(scene) for scene in scenes]).astype(np.int32))


def _ordered(scene: Scene) -> Scene:
    if scene.is_pair and scene.relation is None:
        return Scene(background=scene.background)  # there is no telling which comes first
    return scene.mirrored() if scene.relation in ("right of", "below") else scene


def loss(
    params: Tree, batch: Batch, step: Int[Array, ""]
) -> tuple[Float[Array, ""], dict[str, Array]]:
    """The sum of the three lessons' losses, and the parts with the share of right answers."""
    frames = batch.frames.astype(jnp.float32) / 255
    outputs: Any = network(capped=False).apply(
        params["model"], frames, batch.ids, batch.paddings, return_intermediate=True
    )
    video, text, inner = outputs
    scale = jnp.exp(jnp.minimum(params["log_scale"], jnp.log(60.0)))
    clips, rows = len(video), jnp.arange(len(video))
    logits = scale * text @ video.T  # [Q, B]
    own = jnp.diag(logits[:clips])
    allowed = jnp.where(batch.mismatch, logits, -1e9)
    to_video = jax.nn.logsumexp(jnp.concatenate([own[:, None], allowed[:clips]], 1), 1) - own
    to_text = jax.nn.logsumexp(jnp.concatenate([own[None], allowed], 0), 0) - own
    wrong = scale * jnp.einsum("bwd,bd->bw", text[clips:].reshape(clips, WRONG, -1), video)
    # Of two things either may be meant: then a changed word can be true of the other one.
    really = batch.mismatch[clips:].reshape(clips, WRONG, clips)[rows, :, rows]
    wrong = jnp.where(really, wrong, -1e9)
    neighbours = jax.nn.logsumexp(jnp.concatenate([own[:, None], wrong], 1), 1) - own
    heads = _heads_loss(params["heads"], video, batch.shown)
    heads_text = _heads_loss(params["heads"], text, batch.said)
    parts = {
        "video": to_video.mean(),
        "text": to_text.mean(),
        "neighbours": neighbours.mean(),
        "heads": heads,
        "heads_text": heads_text,
        "things": _read_loss(inner["spatial_features"] @ params["things"], batch.things),
        "doing": _read_loss(30 * inner["frame_embeddings"] @ params["doing"], batch.doing),
        "won": (own[:, None] > wrong).mean(),
    }
    # Towers that know nothing yet only disturb each other: measured, ten times as slow a start.
    joined = jnp.clip((step - ALONE) / _JOINING, 0, 1)
    mutual = (parts["video"] + parts["text"]) / 2 + parts["neighbours"]
    attributes = 2 * heads + heads_text / 2
    details = 3 * parts["things"] + (2 - joined) * parts["doing"]
    return joined * mutual + attributes + details, parts


def _heads_loss(
    heads: Float[Array, "D A V"], vectors: Float[Array, "N D"], answers: Int[Array, "N A"]
) -> Float[Array, ""]:
    logits = 30 * jnp.einsum("nd,dav->nav", vectors, heads)
    sizes = jnp.array([len(VALUES[name]) for name in ATTRIBUTES])
    logits = jnp.where(jnp.arange(_MOST) < sizes[:, None], logits, -1e9)
    chosen = jnp.take_along_axis(
        jax.nn.log_softmax(logits), jnp.maximum(answers, 0)[..., None], axis=-1
    )[..., 0]
    weight = jnp.where(answers >= 0, jnp.array([_HARD.get(name, 1.0) for name in ATTRIBUTES]), 0.0)
    return -(chosen * weight).sum() / weight.sum()


def _read_loss(logits: Float[Array, "B S V"], answers: Int[Array, "B S"]) -> Float[Array, ""]:
    """Cross entropy where there is an answer; patches with nothing in them count a tenth."""
    chosen = jnp.take_along_axis(
        jax.nn.log_softmax(logits), jnp.maximum(answers, 0)[..., None], axis=-1
    )[..., 0]
    rare = logits.shape[-1] == 1 + len(SHAPES)
    weight = jnp.where(answers < 0, 0.0, jnp.where(rare & (answers == 0), 0.1, 1.0))
    return -(chosen * weight).sum() / weight.sum()


def learn(state: State, batch: Batch, steps: int) -> tuple[State, dict[str, Array]]:
    """One step of the optimiser of a run of `steps`."""
    (_, parts), gradient = jax.value_and_grad(loss, has_aux=True)(state.params, batch, state.step)
    updates, moments = optimiser(steps).update(gradient, state.moments, state.params)
    params = optax.apply_updates(state.params, _gentle_on_patches(updates))
    return State(state.step + 1, params, moments), parts


def _gentle_on_patches(updates: Tree) -> Tree:
    """A tenth of the pace for the first layer.

    It adds up 972 pixels, so that at full pace every step shakes all that follows: colours and
    places are learned, the outlines of shapes are not.
    """

    def pace(path: tuple[Any, ...], update: Array) -> Array:
        return update * (0.1 if "patch_projection" in jax.tree_util.keystr(path) else 1.0)

    return jax.tree_util.tree_map_with_path(pace, updates)
