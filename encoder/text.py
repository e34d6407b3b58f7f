"""The text encoder: token ids into one feature vector per token and class token.

Knows ids and paddings. Does not know words: see `tokenizers`. The network is that of CoCa
(https://arxiv.org/abs/2205.01917), decoupled half.
"""

from flax import linen as nn
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Shaped

from encoder import inputs as door
from encoder import layers
from encoder.positions import Embedding, PositionalEmbedding


class TextEncoder(layers.Module):
    """Text encoder: token and sinusoid embeddings, class tokens at the end, a causal stack."""

    vocabulary_size: int = 128
    num_class_tokens: int = 0
    enable_causal_atten: bool = True
    model_dim: int = 768
    num_layers: int = 12
    mlp_dim: int = 3072
    num_heads: int = 12
    atten_logit_cap: float = 0.0
    norm_policy: str = "pre"
    enable_per_dim_scale: bool = False
    scan: bool = False
    remat: bool = True

    @nn.compact
    def __call__(
        self, inputs: Int[Array, "B L"], paddings: Shaped[Array, "B L"], train: bool = False
    ) -> Float[Array, "B L+C D"]:
        """Encode token ids; 1 in `paddings` marks padding, whose ids have no effect.

        Raises:
            InvalidInput: if ids or paddings do not fit. Ids outside the vocabulary that come
                traced cannot be refused: they give NaN.
        """
        door.check_ids(inputs, self.vocabulary_size)
        door.check_paddings(paddings, inputs.shape, "texts")
        x, paddings = self._embed(jnp.asarray(inputs), jnp.asarray(paddings, self.fprop_dtype))
        stack = layers.StackedTransformer(
            name="unimodal_transformer",
            num_layers=self.num_layers,
            hidden_dim=self.mlp_dim,
            num_heads=self.num_heads,
            atten_logit_cap=self.atten_logit_cap,
            norm_policy=self.norm_policy,
            internal_enable_per_dim_scale=self.enable_per_dim_scale,
            enable_causal_atten=self.enable_causal_atten,
            scan=self.scan,
            remat=self.remat,
            **self.types(),
        )
        x = stack(x, paddings, train=train)
        return layers.LayerNorm(name="unimodal_ln", **self.types())(x)

    @nn.nowrap
    def _embed(
        self, ids: Int[Array, "B L"], paddings: Float[Array, "B L"]
    ) -> tuple[Float[Array, "B L+C D"], Float[Array, "B L+C"]]:
        dim, extra = self.model_dim, self.num_class_tokens
        tokens = Embedding(
            name="token_emb",
            num_classes=self.vocabulary_size,
            input_dim=dim,
            scale_sqrt_depth=True,
            set_nan_for_oob_id=True,
            **self.types(),
        )(ids)
        positions = PositionalEmbedding(name="pos_emb", embedding_dim=dim, **self.types())
        x = tokens + positions(ids.shape[1])
        if extra == 0:
            return x, paddings
        cls = self.weight("cls_emb", nn.initializers.normal(dim**-0.5), (1, extra, dim))
        cls = jnp.broadcast_to(cls * dim**0.5, (ids.shape[0], extra, dim))
        return jnp.concatenate([x, cls], axis=1), jnp.pad(paddings, ((0, 0), (0, extra)))
