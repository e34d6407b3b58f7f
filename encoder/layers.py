"""Transformer layers and stacks, and the pooler; every layer class is importable from here.

Knows how attention, norms and dense layers are put together and repeated. Does not know what a
sequence stands for: frames, patches and words are in `encoders`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
from flax import linen as nn
from jax import numpy as jnp
from jaxtyping import Array, Float, Shaped

from encoder.attention import (
    MASKED,
    AttentionProjection,
    DotProductAttention,
    PerDimScale,
    as_logit_mask,
    attention_weights,
    cap_logits,
    compute_attention_masks_for_fprop,
    forbidden,
    query_scale,
)
from encoder.blocks import (
    Activation,
    FeedForward,
    Initializer,
    LayerNorm,
    Module,
    default_kernel_init,
    gelu,
    identity,
    l2_normalize,
    layer_norm,
)
from encoder.errors import InvalidInput

__all__ = [
    "MASKED",
    "Activation",
    "AttenTokenPoolingLayer",
    "AttentionProjection",
    "DotProductAttention",
    "FeedForward",
    "Initializer",
    "LayerNorm",
    "Module",
    "PerDimScale",
    "Repeat",
    "StackedTransformer",
    "Transformer",
    "TransformerFeedForward",
    "as_logit_mask",
    "attention_weights",
    "cap_logits",
    "compute_attention_masks_for_fprop",
    "default_kernel_init",
    "forbidden",
    "gelu",
    "identity",
    "l2_normalize",
    "layer_norm",
    "query_scale",
]

# Where each policy puts a norm around a residual branch, and what its parameters are called:
# `before` the branch, `after` it, or over the sum (`skipped`).
NORM_PLACES: Mapping[str, Mapping[str, str]] = {
    "pre": {"before": "layer_norm"},
    "primer_hybrid": {"before": "pre_layer_norm", "after": "post_layer_norm"},
    "post": {"after": "layer_norm"},
    "post_skip": {"skipped": "layer_norm"},
}


def _normed(policy: str, place: str, x: Array, **options: Any) -> Array:
    """Apply the layer norm that `policy` puts at `place`, if it puts one there."""
    if policy not in NORM_PLACES:
        raise InvalidInput(f"Unknown norm policy {policy!r}: use one of {', '.join(NORM_PLACES)}.")
    name = NORM_PLACES[policy].get(place)
    return x if name is None else LayerNorm(name=name, **options)(x)


class TransformerFeedForward(Module):
    """The dense half of a transformer layer, with its norms and its residual connection.

    `output_dim` 0 means the input's width. Padded positions (1 in `paddings`) get zeros from
    the branch.
    """

    output_dim: int = 0
    hidden_dim: int = 0
    has_bias: bool = True
    activation_fn: Activation = nn.relu
    residual_dropout_prob: float = 0.0
    relu_dropout_prob: float = 0.0
    add_skip_connection: bool = True
    residual_weight: float = 1.0
    norm_policy: str = "pre"

    @nn.compact
    def __call__(
        self, inputs: Float[Array, "B S D"], paddings: Shaped[Array, "B S"] | None, train: bool
    ) -> Float[Array, "B S E"]:
        output_dim = self.output_dim or inputs.shape[-1]
        if self.add_skip_connection and output_dim != inputs.shape[-1]:
            raise InvalidInput(
                f"A residual connection cannot add a width of {output_dim} to {inputs.shape[-1]}."
            )
        norm = {"use_bias": self.has_bias, **self.types()}
        x = _normed(self.norm_policy, "before", inputs, **norm)
        x = self._branch(x, output_dim, paddings, train)
        x = _normed(self.norm_policy, "after", x, **norm)
        dropout = nn.Dropout(self.residual_dropout_prob, name="residual_dropout")
        x = dropout(x, deterministic=not train)
        if self.add_skip_connection:
            x = inputs + x * self.residual_weight
        return _normed(self.norm_policy, "skipped", x, **norm)

    @nn.nowrap
    def _branch(
        self, x: Float[Array, "B S D"], output_dim: int, paddings: Array | None, train: bool
    ) -> Float[Array, "B S E"]:
        dense = {"has_bias": self.has_bias, **self.types()}
        real = 1.0 if paddings is None else 1.0 - jnp.asarray(paddings, x.dtype)[..., None]
        x = FeedForward(
            name="ffn_layer1",
            output_dim=self.hidden_dim,
            activation_fn=self.activation_fn,
            **dense,
        )(x)
        dropout = nn.Dropout(self.relu_dropout_prob, name="relu_dropout")
        x = dropout(x * real, deterministic=not train)
        last = FeedForward(
            name="ffn_layer2", output_dim=output_dim, activation_fn=identity, **dense
        )
        return last(x) * real


class Transformer(Module):
    """One layer: self-attention, then the dense half, each with norms by `norm_policy`.

    `hidden_dim` is the width inside the dense half. `dim_per_head` None means width / heads.
    """

    hidden_dim: int = 0
    num_heads: int = 0
    dim_per_head: int | None = None
    atten_dropout_prob: float = 0.0
    residual_dropout_prob: float = 0.0
    relu_dropout_prob: float = 0.0
    norm_policy: str = "pre"
    use_bias: bool = True
    activation_fn: Activation = nn.relu
    internal_enable_per_dim_scale: bool = True
    atten_logit_cap: float = 0.0

    @nn.compact
    def __call__(
        self,
        inputs: Float[Array, "B S D"],
        paddings: Shaped[Array, "B S"] | None,
        atten_mask: Float[Array, "_ 1 _ S"] | None,
        train: bool,
    ) -> Float[Array, "B S D"]:
        """Apply the layer; `paddings` only silences the dense half, `atten_mask` the attention."""
        norm = {"use_bias": self.use_bias, **self.types()}
        x = _normed(self.norm_policy, "before", inputs, **norm)
        x, _ = self._attention(inputs.shape[-1])(x, x, x, atten_mask=atten_mask, train=train)
        x = _normed(self.norm_policy, "after", x, **norm)
        dropout = nn.Dropout(self.residual_dropout_prob, name="residual_dropout")
        x = inputs + dropout(x, deterministic=not train)
        x = _normed(self.norm_policy, "skipped", x, **norm)
        return self._dense()(x, paddings=paddings, train=train)

    @nn.nowrap
    def _attention(self, width: int) -> DotProductAttention:
        return DotProductAttention(
            name="self_attention",
            hidden_dim=width,
            num_heads=self.num_heads,
            dim_per_head=self.dim_per_head,
            atten_dropout_prob=self.atten_dropout_prob,
            use_bias=self.use_bias,
            internal_enable_per_dim_scale=self.internal_enable_per_dim_scale,
            atten_logit_cap=self.atten_logit_cap,
            **self.types(),
        )

    @nn.nowrap
    def _dense(self) -> TransformerFeedForward:
        return TransformerFeedForward(
            name="ff_layer",
            hidden_dim=self.hidden_dim,
            has_bias=self.use_bias,
            activation_fn=self.activation_fn,
            residual_dropout_prob=self.residual_dropout_prob,
            relu_dropout_prob=self.relu_dropout_prob,
            norm_policy=self.norm_policy,
            **self.types(),
        )


class Repeat(nn.Module):
    """Applies one block `times` times by a scan, with parameters stacked on a leading axis.

    `checkpoint_policy` names a policy of `jax.checkpoint_policies` for what the backward pass
    keeps; None keeps everything and recomputes nothing.
    """

    block_fn: Callable[..., Any]
    times: int = 0
    checkpoint_policy: str | None = "nothing_saveable"

    def __call__(self, inputs: Array, *args: Any, **kwargs: Any) -> Array:
        """Feed `inputs` through the block again and again; other arguments stay the same."""

        def body(block: Callable[..., Array], x: Array) -> tuple[Array, None]:
            return block(x, *args, **kwargs), None

        if self.checkpoint_policy is not None:
            policy = getattr(jax.checkpoint_policies, self.checkpoint_policy)
            # A scan's body is compiled apart, so its recomputation cannot be merged away.
            body = nn.remat(body, prevent_cse=False, policy=policy)
        scan = nn.scan(
            body,
            variable_axes={"params": 0},
            split_rngs={"params": True, "dropout": True},
            length=self.times,
        )
        outputs, _ = scan(self.block_fn, inputs)
        return outputs


class StackedTransformer(Module):
    """A stack of `num_layers` transformer layers over one sequence.

    With `scan` the layers' parameters are stacked under `x_layers`, and with `remat` the
    backward pass recomputes each layer; without `scan` they are apart, `x_layers_0` and so on.
    The dropout rates left None fall back to `dropout_prob`.
    """

    num_layers: int = 0
    hidden_dim: int = 0
    num_heads: int = 0
    dim_per_head: int | None = None
    dropout_prob: float = 0.0
    atten_dropout_prob: float | None = None
    residual_dropout_prob: float | None = None
    relu_dropout_prob: float | None = None
    input_dropout_prob: float = 0.0
    norm_policy: str = "pre"
    use_bias: bool = True
    activation_fn: Activation = nn.relu
    internal_enable_per_dim_scale: bool = True
    atten_logit_cap: float = 0.0
    enable_causal_atten: bool = False
    scan: bool = False
    remat: bool = True

    @nn.compact
    def __call__(
        self, inputs: Float[Array, "B S D"], paddings: Shaped[Array, "B S"] | None, train: bool
    ) -> Float[Array, "B S D"]:
        """Apply all layers; 1 in `paddings` marks padding, None means that all is real."""
        mask = self._mask(inputs, paddings)
        # The scan needs what comes out of a layer to have the type of what went in.
        x = inputs.astype(self.fprop_dtype)
        if self.input_dropout_prob > 0.0:
            dropout = nn.Dropout(self.input_dropout_prob, name="input_dropout")
            x = dropout(x, deterministic=not train)
        if self.scan:
            policy = "nothing_saveable" if self.remat else None
            stack = Repeat(self._layer("x_layers"), self.num_layers, checkpoint_policy=policy)
            return stack(x, paddings, mask, train)
        for i in range(self.num_layers):
            x = self._layer(f"x_layers_{i}")(x, paddings, mask, train)
        return x

    @nn.nowrap
    def _mask(self, inputs: Array, paddings: Array | None) -> Array | None:
        if paddings is None:
            if not self.enable_causal_atten:
                return None
            paddings = jnp.zeros((1, inputs.shape[1]), jnp.bool_)
            inputs = inputs[:1]
        return compute_attention_masks_for_fprop(inputs, paddings, self.enable_causal_atten)

    @nn.nowrap
    def _layer(self, name: str) -> Transformer:
        def rate(own: float | None) -> float:
            return self.dropout_prob if own is None else own

        return Transformer(
            name=name,
            hidden_dim=self.hidden_dim,
            num_heads=self.num_heads,
            dim_per_head=self.dim_per_head,
            atten_dropout_prob=rate(self.atten_dropout_prob),
            residual_dropout_prob=rate(self.residual_dropout_prob),
            relu_dropout_prob=rate(self.relu_dropout_prob),
            norm_policy=self.norm_policy,
            use_bias=self.use_bias,
            activation_fn=self.activation_fn,
            internal_enable_per_dim_scale=self.internal_enable_per_dim_scale,
            atten_logit_cap=self.atten_logit_cap,
            **self.types(),
        )


class AttenTokenPoolingLayer(Module):
    """Reduces a sequence to `num_queries` tokens by attention from learned queries.

    `query_dim` None means the tokens' width; `hidden_dim` 0 means four times it. There is no
    residual connection and no dense half.
    """

    query_dim: int | None = None
    hidden_dim: int = 0
    num_heads: int = 1
    num_queries: int = 1
    add_layer_norm: bool = True
    dropout_prob: float = 0.0
    use_qk_norm: bool = False
    use_bias: bool = True
    internal_enable_per_dim_scale: bool = True

    @nn.compact
    def __call__(
        self, tokens: Float[Array, "B S D"], paddings: Shaped[Array, "B S"] | None, train: bool
    ) -> Float[Array, "B Q E"]:
        """Pool `tokens`; those with 1 in `paddings` are left out."""
        width = tokens.shape[-1]
        shape = (self.num_queries, self.query_dim or width)
        query = self.weight("pooling_attention_query", default_kernel_init, shape)
        query = jnp.broadcast_to(query, (tokens.shape[0], *shape))
        mask = None if paddings is None else as_logit_mask(forbidden(paddings))
        attention = DotProductAttention(
            name="pooling_attention",
            hidden_dim=self.hidden_dim or 4 * width,
            num_heads=self.num_heads,
            use_bias=self.use_bias,
            internal_enable_per_dim_scale=self.internal_enable_per_dim_scale,
            use_qk_norm=self.use_qk_norm,
            **self.types(),
        )
        x, _ = attention(query, tokens, tokens, atten_mask=mask, train=train)
        if self.add_layer_norm:
            x = LayerNorm(name="pooling_attention_layer_norm", **self.types())(x)
        if self.dropout_prob > 0.0:
            dropout = nn.Dropout(self.dropout_prob, name="attention_dropout")
            x = dropout(x, deterministic=not train)
        return x
