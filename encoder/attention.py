"""Dot-product attention with capped logits, and the masks it takes.

Knows heads, queries, keys and who may attend to whom. Does not know transformer layers.
"""

import math
from typing import Any

import jax
import numpy as np
from flax import linen as nn
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Shaped

from encoder.blocks import LayerNorm, Module, default_kernel_init, zeros_init
from encoder.errors import InvalidInput

# What a masked logit becomes. Finite, so that a query with every key masked attends evenly to
# all of them instead of giving NaN.
MASKED = -0.7 * float(np.finfo(np.float32).max)
# 1 / softplus(0): a per-dimension scale that was never trained leaves 1/sqrt(dim).
SOFTPLUS_UNIT = 1.442695041


def cap_logits(logits: Float[Array, "..."], cap: float) -> Float[Array, "..."]:
    """Bend logits smoothly into (-cap, cap) by tanh; a cap of 0 or less leaves them."""
    if cap <= 0.0:
        return logits
    limit = jnp.asarray(cap, logits.dtype)
    return limit * jnp.tanh(logits / limit)


def query_scale(per_dim_scale: Float[Array, " K"]) -> Float[Array, " K"]:
    """Return the factor for each dimension of a query: softplus(scale) / (softplus(0) sqrt(K))."""
    unit = SOFTPLUS_UNIT / math.sqrt(per_dim_scale.shape[-1])
    return jax.nn.softplus(per_dim_scale) * jnp.asarray(unit, per_dim_scale.dtype)


def forbidden(
    paddings: Shaped[Array, "B S"], causal: bool = False
) -> Bool[Array, "B 1 S S"] | Bool[Array, "B 1 1 S"]:
    """Return which keys each query must not see; 1 in `paddings` marks padding.

    Without `causal`, padded keys are hidden from every query. With it, later keys are hidden
    too, and a padded query sees nothing.
    """
    padded = jnp.asarray(paddings, jnp.float32) > 0.5
    keys = padded[:, None, None, :]
    if not causal:
        return keys
    size = paddings.shape[-1]
    later = jnp.triu(jnp.ones((size, size), jnp.bool_), k=1)
    return keys | padded[:, None, :, None] | later


def as_logit_mask(hidden: Bool[Array, "..."]) -> Float[Array, "..."]:
    """Write a boolean mask as the float32 one that attention takes: 0 open, `MASKED` hidden."""
    return jnp.where(hidden, jnp.float32(MASKED), jnp.float32(0.0))


def compute_attention_masks_for_fprop(
    inputs: Shaped[Array, "B S D"], paddings: Shaped[Array, "B S"], causal_attention: bool = False
) -> Float[Array, "B 1 _ S"]:
    """Return the float32 mask for self-attention over `inputs`.

    It stays float32 whatever the inputs' type: half-precision masks would not reach `MASKED`.

    Raises:
        InvalidInput: if `paddings` does not cover the sequence.
    """
    if paddings.shape != inputs.shape[:-1]:
        raise InvalidInput(
            f"Paddings have shape {paddings.shape}, but the sequence has {inputs.shape[:-1]}: "
            "give one value per position."
        )
    return as_logit_mask(forbidden(paddings, causal_attention))


def attention_weights(
    logits: Float[Array, "B N T S"], atten_mask: Float[Array, "_ 1 _ S"] | None
) -> Float[Array, "B N T S"]:
    """Softmax over the keys in float32, masked logits replaced by `MASKED` beforehand."""
    wide = logits.astype(jnp.float32)
    if atten_mask is not None:
        wide = jnp.where(atten_mask >= 0.5 * MASKED, wide, jnp.float32(MASKED))
    return jax.nn.softmax(wide, axis=-1)


class AttentionProjection(Module):
    """Linear map from a width to heads, or back when `is_output_projection`.

    The weight has shape [width, heads, dim_per_head] both ways; `output_dim` is the width that
    an output projection returns to.
    """

    output_dim: int = 0
    num_heads: int = 0
    dim_per_head: int = 0
    is_output_projection: bool = False
    use_bias: bool = True

    @nn.compact
    def __call__(self, inputs: Float[Array, "*batch D"]) -> Float[Array, "*batch E"]:
        heads = (self.num_heads, self.dim_per_head)
        back = self.is_output_projection
        if back and inputs.shape[-2:] != heads:
            raise InvalidInput(f"Expected heads of shape {heads}, got {inputs.shape[-2:]}.")
        width = self.output_dim if back else inputs.shape[-1]
        w = self.weight("w", default_kernel_init, (width, *heads))
        y = jnp.einsum("...NH,DNH->...D" if back else "...D,DNH->...NH", inputs, w)
        if not self.use_bias:
            return y
        return y + self.weight("b", zeros_init, (width,) if back else heads)


class PerDimScale(Module):
    """Scales each dimension of its input by a learned positive factor, 1/sqrt(dim) at first."""

    @nn.compact
    def __call__(self, inputs: Float[Array, "*batch K"]) -> Float[Array, "*batch K"]:
        scale = self.weight("per_dim_scale", zeros_init, (inputs.shape[-1],))
        return inputs * query_scale(scale)


class DotProductAttention(Module):
    """Multi-head attention that returns its output and its weights.

    `hidden_dim` is the width of all heads together; `dim_per_head` overrides the share of one.
    Queries are scaled by a learned `PerDimScale` (`internal_enable_per_dim_scale`) or else by
    the constant (hidden_dim/num_heads)**-0.5, or dim_per_head**-0.5 with
    `scale_query_by_dim_per_head`. `scale_logits_by_head_dims` divides the logits by
    sqrt(dim_per_head) as well. `atten_logit_cap` above 0 caps them by tanh.
    """

    hidden_dim: int = 0
    num_heads: int = 1
    dim_per_head: int | None = None
    atten_dropout_prob: float = 0.0
    use_bias: bool = True
    internal_enable_query_scale: bool = True
    internal_enable_per_dim_scale: bool = True
    scale_query_by_dim_per_head: bool = False
    scale_logits_by_head_dims: bool = False
    atten_logit_cap: float = 0.0
    use_qk_norm: bool = False

    @nn.compact
    def __call__(
        self,
        query_vec: Float[Array, "B T D"],
        key_vec: Float[Array, "B S D"],
        value_vec: Float[Array, "B S D"],
        atten_mask: Float[Array, "_ 1 _ S"] | None,
        train: bool,
    ) -> tuple[Float[Array, "B T D"], Float[Array, "B N T S"]]:
        """Attend from `query_vec` to `key_vec`; no mask means that every key is open."""
        self._check(query_vec, key_vec, value_vec, atten_mask)
        query = self._heads("query", query_vec)
        key = self._heads("key", key_vec)
        value = self._heads("value", value_vec)
        if self.use_qk_norm:
            query = LayerNorm(name="layer_norm_q", use_bias=self.use_bias, **self.types())(query)
            key = LayerNorm(name="layer_norm_k", use_bias=self.use_bias, **self.types())(key)
        probs = attention_weights(self._logits(self._scaled(query), key), atten_mask)
        probs = probs.astype(self.fprop_dtype)
        dropout = nn.Dropout(self.atten_dropout_prob, name="atten_dropout")
        probs = dropout(probs, deterministic=not train)
        encoded = jnp.einsum("BNTS,BSNH->BTNH", probs, value)
        post = self._projection("post", output_dim=query_vec.shape[-1], is_output_projection=True)
        return post(encoded), probs

    @nn.nowrap
    def _head_dim(self) -> int:
        if self.dim_per_head is not None:
            return self.dim_per_head
        if self.hidden_dim % self.num_heads:
            raise InvalidInput(
                f"A width of {self.hidden_dim} does not divide into {self.num_heads} heads."
            )
        return self.hidden_dim // self.num_heads

    @nn.nowrap
    def _projection(self, name: str, **options: Any) -> AttentionProjection:
        return AttentionProjection(
            name=name,
            num_heads=self.num_heads,
            dim_per_head=self._head_dim(),
            use_bias=self.use_bias,
            **self.types(),
            **options,
        )

    @nn.nowrap
    def _heads(self, name: str, x: Float[Array, "B S D"]) -> Float[Array, "B S N H"]:
        return self._projection(name)(x)

    @nn.nowrap
    def _scaled(self, query: Float[Array, "B T N H"]) -> Float[Array, "B T N H"]:
        if not self.internal_enable_query_scale:
            return query
        if self.internal_enable_per_dim_scale:
            return PerDimScale(name="per_dim_scale", **self.types())(query)
        by_head = self.scale_query_by_dim_per_head and self.dim_per_head is not None
        width = self._head_dim() if by_head else self.hidden_dim // self.num_heads
        return query * (1.0 / math.sqrt(width))

    @nn.nowrap
    def _logits(
        self, query: Float[Array, "B T N H"], key: Float[Array, "B S N H"]
    ) -> Float[Array, "B N T S"]:
        logits = jnp.einsum("BTNH,BSNH->BNTS", query, key)
        if self.scale_logits_by_head_dims:
            logits = logits * (1.0 / math.sqrt(key.shape[-1]))
        return cap_logits(logits, self.atten_logit_cap)

    @nn.nowrap
    def _check(self, query: Array, key: Array, value: Array, mask: Array | None) -> None:
        if key.shape[:-1] != value.shape[:-1] or query.shape[0] != key.shape[0]:
            raise InvalidInput(
                f"Queries {query.shape}, keys {key.shape} and values {value.shape} do not fit."
            )
        if mask is None:
            return
        full = (query.shape[0], 1, query.shape[1], key.shape[1])
        fits = mask.ndim == 4 and mask.shape[-1] == full[-1]
        if not fits or any(m not in (1, f) for m, f in zip(mask.shape, full, strict=True)):
            raise InvalidInput(f"A mask of shape {mask.shape} does not broadcast to {full}.")
