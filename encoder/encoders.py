"""VideoPrism's two models, made of its encoders: video and text in one space, and classes.

Knows what goes in (frames, token ids, paddings) and what comes out (embeddings, logits). Every
network class is importable from here. Does not know names, weights or tokenizers: see `models`.
The whole is described in https://arxiv.org/abs/2402.13217.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from flax import linen as nn
from jaxtyping import Array, Float, Int, Shaped

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
from encoder.text import TextEncoder
from encoder.vision import FactorizedEncoder, VisionTransformer, Wanted, patchify, wants

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
        if wants(wanted, "spatiotemporal_features"):
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

        if wants(wanted, "frame_embeddings"):
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
        if wants(return_intermediate, "spatiotemporal_features"):
            outputs["spatiotemporal_features"] = features
        pooler = layers.AttenTokenPoolingLayer(
            name="atten_pooler",
            num_heads=encoder.num_heads,
            hidden_dim=encoder.model_dim,
            **self.types(),
        )
        pooled = pooler(features, None, train=train)[:, 0]
        if wants(return_intermediate, "global_embeddings"):
            outputs["global_embeddings"] = pooled
        projection = layers.FeedForward(
            name="projection",
            output_dim=self.num_classes,
            activation_fn=layers.identity,
            **self.types(),
        )
        return projection(pooled), outputs
