"""VideoPrism's networks: video encoder, text encoder, and the two models made of them.

Knows what goes in (frames, token ids, paddings) and what comes out (features, embeddings).
Does not know names, weights or tokenizers: see `models`.

The video encoder is model 2 of ViViT (https://arxiv.org/abs/2103.15691), the text encoder that
of CoCa (https://arxiv.org/abs/2205.01917), the whole VideoPrism
(https://arxiv.org/abs/2402.13217).
"""

import dataclasses
import math
from collections.abc import Container, Mapping
from typing import Any, TypeAlias

from flax import linen as nn
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Shaped

from encoder import inputs as door
from encoder import layers
from encoder.errors import InvalidInput
from encoder.layers import l2_normalize
from encoder.positions import (
    Embedding,
    PositionalEmbedding,
    TrainablePositionalEmbedding,
    resample_positions,
    sinusoid,
)

__all__ = [
    "Embedding",
    "FactorizedEncoder",
    "FactorizedVideoCLIP",
    "FactorizedVideoClassifier",
    "PositionalEmbedding",
    "TextEncoder",
    "TrainablePositionalEmbedding",
    "VisionTransformer",
    "patchify",
    "resample_positions",
    "sinusoid",
]

# All intermediate outputs, none, or those named.
Wanted: TypeAlias = bool | Container[str]


def _wants(wanted: Wanted, name: str) -> bool:
    if isinstance(wanted, bool):
        return wanted
    # A string would contain every part of itself.
    return wanted == name if isinstance(wanted, str) else name in wanted


def patchify(frames: Float[Array, "F H W C"], patch_size: int) -> Float[Array, "F N P"]:
    """Cut frames into square patches, row by row, each flattened as (row, column, channel)."""
    count, height, width, channels = frames.shape
    rows, columns = height // patch_size, width // patch_size
    grid = frames.reshape(count, rows, patch_size, columns, patch_size, channels)
    return grid.swapaxes(2, 3).reshape(count, rows * columns, patch_size**2 * channels)


class VisionTransformer(layers.Module):
    """A stack of transformer layers as all vision parts use it: exact GELU, no causal mask."""

    num_tfm_layers: int = 12
    mlp_dim: int = 3072
    num_heads: int = 12
    xformer_has_bias: bool = True
    xformer_dropout_prob: float = 0.0
    xformer_atten_dropout_prob: float | None = None
    xformer_residual_dropout_prob: float | None = None
    xformer_relu_dropout_prob: float | None = None
    atten_logit_cap: float = 0.0
    norm_policy: str = "pre"
    scan: bool = False
    remat: bool = True

    @nn.compact
    def __call__(
        self,
        inputs: Float[Array, "B N D"],
        paddings: Shaped[Array, "B N"] | None = None,
        train: bool = False,
    ) -> Float[Array, "B N D"]:
        """Apply the stack; 1 in `paddings` marks tokens that others must not see."""
        stack = layers.StackedTransformer(
            name="transformers_stack",
            num_layers=self.num_tfm_layers,
            hidden_dim=self.mlp_dim,
            num_heads=self.num_heads,
            dropout_prob=self.xformer_dropout_prob,
            atten_dropout_prob=self.xformer_atten_dropout_prob,
            residual_dropout_prob=self.xformer_residual_dropout_prob,
            relu_dropout_prob=self.xformer_relu_dropout_prob,
            use_bias=self.xformer_has_bias,
            atten_logit_cap=self.atten_logit_cap,
            norm_policy=self.norm_policy,
            internal_enable_per_dim_scale=False,
            activation_fn=layers.gelu,
            scan=self.scan,
            remat=self.remat,
            **self.types(),
        )
        return stack(inputs, paddings, train=train)


class FactorizedEncoder(layers.Module):
    """Video encoder: attention within each frame, then over time at each place.

    `pos_emb_shape` is the (time, rows, columns) of the stored position tables; other sizes are
    interpolated. `scan` stacks the layers' parameters, as the checkpoints have them; `remat`
    makes the backward pass of stacked layers recompute them.
    """

    patch_size: int = 18
    pos_emb_shape: tuple[int, int, int] = (16, 16, 16)
    model_dim: int = 768
    num_spatial_layers: int = 12
    num_temporal_layers: int = 4
    num_heads: int = 12
    mlp_dim: int = 3072
    atten_logit_cap: float = 0.0
    norm_policy: str = "pre"
    scan: bool = False
    remat: bool = True

    def __call__(
        self,
        inputs: Float[Array, "B T H W 3"],
        train: bool = False,
        return_intermediate: Wanted = False,
        frame_paddings: Shaped[Array, "B T"] | None = None,
    ) -> tuple[Float[Array, "B T*N D"], dict[str, Array]]:
        """Encode clips of RGB frames in [0, 1] into one feature vector per patch.

        Tokens are frame-major: index = frame * N + row * columns + column. 1 in
        `frame_paddings` marks padded frames: features of real frames do not depend on them.
        The dictionary holds `spatial_features` (same shape) if asked for.

        Raises:
            InvalidInput: if frames or paddings would give wrong features.
        """
        door.check_frames(inputs, self.patch_size)
        batch, count, height, width, channels = inputs.shape
        frames = jnp.asarray(inputs, self.fprop_dtype).reshape(-1, height, width, channels)
        patches = patchify(frames, self.patch_size)
        paddings = None
        if frame_paddings is not None:
            door.check_paddings(frame_paddings, (batch, count), "frames")
            flat = jnp.asarray(frame_paddings, self.fprop_dtype).reshape(-1, 1)
            paddings = jnp.broadcast_to(flat, patches.shape[:2])
        return self.encode_with_patches(
            patches, (count, height, width), train, return_intermediate, paddings
        )

    @nn.compact
    def encode_with_patches(
        self,
        patches: Float[Array, "B*T N P"],
        image_shape: tuple[int, int, int],
        train: bool = False,
        return_intermediate: Wanted = False,
        patches_paddings: Shaped[Array, "B*T N"] | None = None,
    ) -> tuple[Float[Array, "B T*N D"], dict[str, Array]]:
        """Encode frames that are cut into patches already; `image_shape` is (T, H, W)."""
        count, height, width = image_shape
        grid = (height // self.patch_size, width // self.patch_size)
        tokens, dim = grid[0] * grid[1], self.model_dim

        spatial = self._spatial(patches, grid, train, patches_paddings)
        by_frame = spatial.reshape(-1, count, tokens, dim)
        by_place = by_frame.swapaxes(1, 2).reshape(-1, count, dim)
        paddings = patches_paddings
        if paddings is not None:
            paddings = paddings.reshape(-1, count, tokens).swapaxes(1, 2).reshape(-1, count)
        temporal = self._temporal(by_place, train, paddings)
        features = temporal.reshape(-1, tokens, count, dim).swapaxes(1, 2)
        embeddings = features.reshape(-1, count * tokens, dim)
        if not _wants(return_intermediate, "spatial_features"):
            return embeddings, {}
        return embeddings, {"spatial_features": by_frame.reshape(embeddings.shape)}

    @nn.nowrap
    def _spatial(
        self, patches: Array, grid: tuple[int, int], train: bool, paddings: Array | None
    ) -> Float[Array, "B*T N D"]:
        projection = layers.FeedForward(
            name="patch_projection",
            output_dim=self.model_dim,
            activation_fn=layers.identity,
            **self.types(),
        )
        x = projection(patches) + self._positions("spatial_pos_emb", self.pos_emb_shape[1:], grid)
        stack = self._stack("spatial_encoder", self.num_spatial_layers)
        x = stack(x, train=train, paddings=paddings)
        return layers.LayerNorm(name="spatial_ln", **self.types())(x)

    @nn.nowrap
    def _temporal(
        self, x: Float[Array, "B*N T D"], train: bool, paddings: Array | None
    ) -> Float[Array, "B*N T D"]:
        length = (x.shape[1],)
        x = x + self._positions("temporal_pos_emb", self.pos_emb_shape[:1], length)
        stack = self._stack("temporal_encoder", self.num_temporal_layers)
        x = stack(x, train=train, paddings=paddings)
        return layers.LayerNorm(name="temporal_ln", **self.types())(x)

    @nn.nowrap
    def _positions(
        self, name: str, stored: tuple[int, ...], shape: tuple[int, ...]
    ) -> Float[Array, "N D"]:
        size = math.prod(stored)
        table = TrainablePositionalEmbedding(
            name=name, embedding_dim=self.model_dim, max_seq_length=size, **self.types()
        )(size)
        return resample_positions(table.reshape(*stored, -1), shape).reshape(-1, self.model_dim)

    @nn.nowrap
    def _stack(self, name: str, num_layers: int) -> VisionTransformer:
        return VisionTransformer(
            name=name,
            num_tfm_layers=num_layers,
            mlp_dim=self.mlp_dim,
            num_heads=self.num_heads,
            atten_logit_cap=self.atten_logit_cap,
            norm_policy=self.norm_policy,
            scan=self.scan,
            remat=self.remat,
            **self.types(),
        )


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


class FactorizedVideoCLIP(layers.Module):
    """Video and text encoder that end in one space (VideoPrism-LvT).

    The vision parts always use the norm policy `pre`; `norm_policy` is that of the text
    encoder, whose dense width is four times `model_dim` whatever `mlp_dim` says.
    """

    patch_size: int = 18
    pos_emb_shape: tuple[int, int, int] = (16, 16, 16)
    num_spatial_layers: int = 12
    num_temporal_layers: int = 4
    mlp_dim: int = 3072
    num_auxiliary_layers: int = 0
    vocabulary_size: int = 128
    enable_causal_atten: bool = True
    num_unimodal_layers: int = 12
    norm_policy: str = "pre"
    model_dim: int = 768
    num_heads: int = 12
    atten_logit_cap: float = 0.0
    scan: bool = False
    remat: bool = True

    @nn.compact
    def __call__(
        self,
        inputs: Float[Array, "B T H W 3"] | None = None,
        text_token_ids: Int[Array, "Q L"] | None = None,
        text_paddings: Shaped[Array, "Q L"] | None = None,
        train: bool = False,
        normalize: bool = True,
        return_intermediate: Wanted = False,
        frame_paddings: Shaped[Array, "B T"] | None = None,
    ) -> tuple[Float[Array, "B D"] | None, Float[Array, "Q D"] | None, dict[str, Array]]:
        """Embed clips, texts or both; what is not given gives None.

        Rows have unit length with `normalize`. The dictionary holds what is asked for of
        `spatial_features` and `spatiotemporal_features` [B, T*N, D], and `frame_embeddings`
        [B, T, D]. The latter have seen the whole clip: they tell where in it something is, but
        are not the embedding of a frame alone.

        `frame_paddings` reach the video encoder only, so the embedding of a padded clip does
        depend on its padding: sample short videos evenly instead.

        Raises:
            InvalidInput: if frames, ids or paddings would give wrong embeddings.
        """
        video = text = None
        outputs: dict[str, Array] = {}
        if inputs is not None:
            video, outputs = self._video(
                inputs, train, normalize, return_intermediate, frame_paddings
            )
        if text_token_ids is not None:
            if text_paddings is None:
                raise InvalidInput(
                    "Token ids need `text_paddings` of the same shape: 1 for padding, else 0."
                )
            text = self._text(text_token_ids, text_paddings, train)
            text = l2_normalize(text) if normalize else text
        return video, text, outputs

    @nn.nowrap
    def _video(
        self,
        inputs: Array,
        train: bool,
        normalize: bool,
        wanted: Wanted,
        frame_paddings: Array | None,
    ) -> tuple[Float[Array, "B D"], dict[str, Array]]:
        encoder = FactorizedEncoder(
            name="vision_encoder",
            patch_size=self.patch_size,
            pos_emb_shape=self.pos_emb_shape,
            num_spatial_layers=self.num_spatial_layers,
            num_temporal_layers=self.num_temporal_layers,
            model_dim=self.model_dim,
            **self._stack_options(),
        )
        features, outputs = encoder(
            inputs, train=train, return_intermediate=wanted, frame_paddings=frame_paddings
        )
        if _wants(wanted, "spatiotemporal_features"):
            outputs["spatiotemporal_features"] = features
        if self.num_auxiliary_layers > 0:
            features = VisionTransformer(
                name="auxiliary_encoder",
                num_tfm_layers=self.num_auxiliary_layers,
                **self._stack_options(),
            )(features, train=train)
        pooler = layers.AttenTokenPoolingLayer(
            name="contrastive_vision_pooler",
            hidden_dim=4 * self.model_dim,
            num_heads=self.num_heads,
            **self.types(),
        )

        def pooled(tokens: Float[Array, "B S D"]) -> Float[Array, "B D"]:
            x = pooler(tokens, None, train=train)[:, 0]
            return l2_normalize(x) if normalize else x

        if _wants(wanted, "frame_embeddings"):
            batch, count = inputs.shape[:2]
            frames = features.reshape(batch * count, -1, self.model_dim)
            outputs["frame_embeddings"] = pooled(frames).reshape(batch, count, -1)
        return pooled(features), outputs

    @nn.nowrap
    def _text(self, ids: Array, paddings: Array, train: bool) -> Float[Array, "Q D"]:
        options = {**self._stack_options(), "norm_policy": self.norm_policy}
        encoder = TextEncoder(
            name="text_encoder",
            vocabulary_size=self.vocabulary_size,
            num_class_tokens=1,
            enable_causal_atten=self.enable_causal_atten,
            model_dim=self.model_dim,
            num_layers=self.num_unimodal_layers,
            **{**options, "mlp_dim": 4 * self.model_dim},
        )
        return encoder(ids, paddings, train=train)[:, -1]

    @nn.nowrap
    def _stack_options(self) -> dict[str, Any]:
        return {
            "mlp_dim": self.mlp_dim,
            "num_heads": self.num_heads,
            "atten_logit_cap": self.atten_logit_cap,
            "norm_policy": "pre",
            "scan": self.scan,
            "remat": self.remat,
            **self.types(),
        }


class FactorizedVideoClassifier(layers.Module):
    """Video encoder, attention pooling and a linear layer to `num_classes`.

    `encoder_params` are the fields of `FactorizedEncoder`; number types come from this module
    unless they are among them.
    """

    encoder_params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    num_classes: int = 0

    @nn.compact
    def __call__(
        self,
        inputs: Float[Array, "B T H W 3"],
        train: bool = False,
        return_intermediate: Wanted = False,
        frame_paddings: Shaped[Array, "B T"] | None = None,
    ) -> tuple[Float[Array, "B C"], dict[str, Array]]:
        """Return the logits of each clip's classes.

        The dictionary holds what is asked for of `spatial_features`, `spatiotemporal_features`
        [B, T*N, D] and `global_embeddings` [B, D], which are not normalised.

        Raises:
            InvalidInput: if frames or paddings would give wrong logits.
        """
        encoder = FactorizedEncoder(name="encoder", **{**self.types(), **self.encoder_params})
        features, outputs = encoder(
            inputs,
            train=train,
            return_intermediate=return_intermediate,
            frame_paddings=frame_paddings,
        )
        if _wants(return_intermediate, "spatiotemporal_features"):
            outputs["spatiotemporal_features"] = features
        pooler = layers.AttenTokenPoolingLayer(
            name="atten_pooler",
            num_heads=encoder.num_heads,
            hidden_dim=encoder.model_dim,
            **self.types(),
        )
        pooled = pooler(features, None, train=train)[:, 0]
        if _wants(return_intermediate, "global_embeddings"):
            outputs["global_embeddings"] = pooled
        projection = layers.FeedForward(
            name="projection",
            output_dim=self.num_classes,
            activation_fn=layers.identity,
            **self.types(),
        )
        return projection(pooled), outputs
