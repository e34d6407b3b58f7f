"""The plainest layers: activations, layer norm, dense; and the number types all layers share.

Knows how a parameter is declared in one type and used in another. Knows nothing of sequences,
attention or video.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
from flax import linen as nn
from jax import numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float

Activation: TypeAlias = Callable[[Array], Array]
Initializer: TypeAlias = Callable[..., Array]

default_kernel_init: Initializer = nn.initializers.lecun_normal()
zeros_init: Initializer = nn.initializers.zeros_init()


def identity(x: Array) -> Array:
    """Return the input."""
    return x


def gelu(x: Array) -> Array:
    """Exact GELU, by the error function and not by its tanh approximation."""
    return jax.nn.gelu(x, approximate=False)


def layer_norm(
    x: Float[Array, "*batch D"],
    scale: Float[Array, " D"] | None = None,
    bias: Float[Array, " D"] | None = None,
    epsilon: float = 1e-6,
) -> Float[Array, "*batch D"]:
    """Normalise the last axis by its biased variance, then apply `scale` and `bias` as they are.

    VideoPrism's checkpoints store the scale as an offset: pass `1 + stored`. Statistics are
    taken in the type of `x`.
    """
    centred = x - jnp.mean(x, axis=-1, keepdims=True)
    variance = jnp.mean(jnp.square(centred), axis=-1, keepdims=True)
    y = centred * jax.lax.rsqrt(variance + epsilon)
    if scale is not None:
        y = y * scale
    return y if bias is None else y + bias


def l2_normalize(
    x: Float[Array, "..."], axis: int = -1, epsilon: float = 1e-12
) -> Float[Array, "..."]:
    """Scale to unit length along `axis`, computed in float32 and returned in the type of `x`."""
    wide = x.astype(jnp.float32)
    squares = jnp.sum(jnp.square(wide), axis=axis, keepdims=True)
    return (wide / jnp.sqrt(squares + epsilon)).astype(x.dtype)


class Module(nn.Module):
    """Base of all layers: parameters are kept in `dtype` and used in `fprop_dtype`.

    Both are given by keyword, so that positional arguments begin with a layer's own fields.
    """

    dtype: DTypeLike = dataclasses.field(default=jnp.float32, kw_only=True)
    fprop_dtype: DTypeLike = dataclasses.field(default=jnp.float32, kw_only=True)

    @nn.nowrap
    def weight(self, name: str, init: Initializer, shape: tuple[int, ...]) -> Array:
        """Declare a parameter and return it in the activations' type."""
        return jnp.asarray(self.param(name, init, shape, self.dtype), self.fprop_dtype)

    @nn.nowrap
    def types(self) -> dict[str, Any]:
        """Return both number types as keyword arguments for a layer inside this one."""
        return {"dtype": self.dtype, "fprop_dtype": self.fprop_dtype}


class LayerNorm(Module):
    """Layer norm whose stored scale is an offset from 1, unless `direct_scale`.

    `reductions_in_fp32` takes mean and variance in float32 whatever the activations' type.
    """

    direct_scale: bool = False
    epsilon: float = 1e-6
    use_scale: bool = True
    use_bias: bool = True
    reductions_in_fp32: bool = False

    @nn.compact
    def __call__(self, inputs: Float[Array, "*batch D"]) -> Float[Array, "*batch D"]:
        x = inputs.astype(jnp.float32) if self.reductions_in_fp32 else inputs
        y = layer_norm(x, epsilon=self.epsilon).astype(inputs.dtype)
        shape = (inputs.shape[-1],)
        if self.use_scale:
            init = nn.initializers.constant(1.0 if self.direct_scale else 0.0)
            scale = self.weight("scale", init, shape)
            y = y * (scale if self.direct_scale else scale + 1.0)
        return y + self.weight("bias", zeros_init, shape) if self.use_bias else y


class FeedForward(Module):
    """Dense layer of `output_dim` followed by an activation."""

    output_dim: int = 0
    has_bias: bool = True
    activation_fn: Activation = nn.relu
    weight_init: Initializer = default_kernel_init
    bias_init: Initializer = zeros_init

    @nn.compact
    def __call__(self, inputs: Float[Array, "*batch D"]) -> Float[Array, "*batch E"]:
        linear = nn.Dense(
            self.output_dim,
            use_bias=self.has_bias,
            dtype=self.fprop_dtype,
            param_dtype=self.dtype,
            kernel_init=self.weight_init,
            bias_init=self.bias_init,
            name="linear",
        )
        return self.activation_fn(linear(inputs))
