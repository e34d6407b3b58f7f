"""Checks at the networks' door: what would give wrong vectors without a word is refused here.

Shapes and types are always checked. Values are checked only where they are at hand: inside a
traced function (`jax.jit`) they are not, and the check costs nothing there.
"""

from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Shaped

from encoder.errors import InvalidInput

# Resizers that work in floats overshoot by rounding.
SLACK = 1e-3


def _extremes(x: Any) -> tuple[float, float] | None:
    """Return the least and greatest value, or None where values are traced or there are none."""
    if isinstance(x, jax.core.Tracer) or x.size == 0:
        return None
    if isinstance(x, np.ndarray):
        return float(x.min()), float(x.max())
    # Constants met while tracing would otherwise be traced themselves.
    with jax.ensure_compile_time_eval():
        return float(jnp.min(x)), float(jnp.max(x))


def check_frames(frames: Float[Array, "B T H W 3"], patch_size: int) -> None:
    """Refuse clips that are not RGB floats in [0, 1], square, and made of whole patches.

    Raises:
        InvalidInput: naming what is wrong and how to mend it.
    """
    shape = frames.shape
    if len(shape) != 5 or shape[-1] != 3:
        raise InvalidInput(
            f"Frames must have shape [clips, frames, height, width, 3], got {list(shape)}."
        )
    _check_size(shape[1], shape[2], shape[3], patch_size)
    if not jnp.issubdtype(frames.dtype, jnp.floating):
        raise InvalidInput(
            f"Frames must be floats in [0, 1], got {frames.dtype}: divide 8-bit pixels by 255."
        )
    extremes = _extremes(frames)
    if extremes and not (extremes[0] >= -SLACK and extremes[1] <= 1.0 + SLACK):
        raise InvalidInput(
            f"Frames must lie in [0, 1], these run from {extremes[0]:g} to {extremes[1]:g}: "
            "divide 8-bit pixels by 255, and do not subtract a mean."
        )


def _check_size(count: int, height: int, width: int, patch_size: int) -> None:
    if count == 0:
        raise InvalidInput("A clip needs at least one frame.")
    if height != width:
        raise InvalidInput(
            f"Frames must be square, got {height} x {width}: resize or crop them first."
        )
    if height == 0 or height % patch_size:
        raise InvalidInput(
            f"Frames of {height} x {width} do not divide into patches of "
            f"{patch_size} x {patch_size} pixels."
        )


def check_ids(ids: Int[Array, "B L"], vocabulary_size: int) -> None:
    """Refuse token ids that are not a batch of integers within the vocabulary.

    Raises:
        InvalidInput: naming what is wrong.
    """
    if len(ids.shape) != 2 or not jnp.issubdtype(ids.dtype, jnp.integer):
        raise InvalidInput(
            f"Token ids must be integers of shape [texts, length], got {ids.dtype} "
            f"{list(ids.shape)}."
        )
    extremes = _extremes(ids)
    if extremes and not (extremes[0] >= 0 and extremes[1] < vocabulary_size):
        raise InvalidInput(
            f"Token ids must lie in 0 to {vocabulary_size - 1}, these run from "
            f"{extremes[0]:.0f} to {extremes[1]:.0f}: the tokenizer belongs to another model."
        )


def check_paddings(paddings: Shaped[Array, "B S"], shape: tuple[int, ...], what: str) -> None:
    """Refuse paddings that do not cover `shape`, or that hold anything but 0 and 1.

    Raises:
        InvalidInput: naming `what` is padded.
    """
    if tuple(paddings.shape) != tuple(shape):
        raise InvalidInput(
            f"The paddings of {what} must have shape {list(shape)}, got {list(paddings.shape)}."
        )
    extremes = _extremes(paddings)
    if extremes and not (extremes[0] >= 0 and extremes[1] <= 1):
        raise InvalidInput(
            f"The paddings of {what} must be 1 for padding and 0 for content, these run from "
            f"{extremes[0]:g} to {extremes[1]:g}."
        )
