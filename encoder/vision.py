"""The video encoder: frames into patches, attention within each frame, then over time.

Knows what `FactorizedEncoder` takes and gives. Does not know words, pooling or classes. The
network is model 2 of ViViT (https://arxiv.org/abs/2103.15691).
"""

import math
from collections.abc import Container
from typing import TypeAlias

from flax import linen as nn
from jax import numpy as jnp
from jaxtyping import Array, Float, Shaped

from encoder import inputs as door
from encoder import layers
from encoder.positions import TrainablePositionalEmbedding, resample_positions

# All intermediate outputs, none, or those named.
Wanted: TypeAlias = bool | Container[str]


def wants(wanted: Wanted, name: str) -> bool:
    """Tell whether the intermediate output `name` is asked for."""
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
        if not wants(return_intermediate, "spatial_features"):
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
