"""Tables that turn ids and positions into vectors, and their resampling to other sizes.

Knows sinusoids, learned tables and triangle interpolation. Does not know what is embedded.
"""

import math

import jax
import numpy as np
from flax import linen as nn
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from encoder.blocks import Module, default_kernel_init
from encoder.errors import InvalidInput


def sinusoid(
    length: int, dim: int, min_timescale: float = 1.0, max_timescale: float = 10_000.0
) -> Float[Array, "L D"]:
    """Return the fixed position table in float32: all sines, then all cosines.

    Wavelengths run geometrically from the shortest to the longest, both included (the exponent
    is divided by the number of them less one). An odd width ends in a column of zeros.
    """
    count = dim // 2
    step = math.log(max_timescale / min_timescale) / max(count - 1, 1)
    # numpy: the table is a constant of the compiled program, so it costs nothing there.
    angles = np.arange(length)[:, None] * min_timescale * np.exp(-step * np.arange(count))
    table = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    return jnp.asarray(np.pad(table, ((0, 0), (0, dim % 2))), jnp.float32)


def resample_positions(
    table: Float[Array, "*grid D"], shape: tuple[int, ...]
) -> Float[Array, "*shape D"]:
    """Resize a position table to another grid by linear interpolation, antialiased on shrinking.

    Centres lie at half pixels; a table that already has the shape is returned untouched.
    """
    if table.shape[:-1] == tuple(shape):
        return table
    resized: Array = jax.image.resize(table, (*shape, table.shape[-1]), method="bilinear")
    return resized


class Embedding(Module):
    """A table of `num_classes` rows, looked up by id.

    `lookup_style` is `index` or `matmul`. `scale_sqrt_depth` multiplies rows by
    sqrt(input_dim). Ids outside the table give its first or last row, or NaN with
    `set_nan_for_oob_id`.
    """

    num_classes: int = 0
    input_dim: int = 0
    lookup_style: str = "index"
    scale_sqrt_depth: bool = False
    set_nan_for_oob_id: bool = False

    @nn.compact
    def __call__(self, ids: Int[Array, "*batch"]) -> Float[Array, "*batch D"]:
        init = nn.initializers.normal(stddev=self.input_dim**-0.5)
        table = self.weight("emb_var", init, (self.num_classes, self.input_dim))
        rows = self._rows(table, ids)
        if self.set_nan_for_oob_id:
            known = (ids >= 0) & (ids < self.num_classes)
            rows = jnp.where(known[..., None], rows, jnp.nan)
        return rows * self.input_dim**0.5 if self.scale_sqrt_depth else rows

    @nn.nowrap
    def _rows(
        self, table: Float[Array, "V D"], ids: Int[Array, "*batch"]
    ) -> Float[Array, "*batch D"]:
        if self.lookup_style == "index":
            return jnp.take(table, ids, axis=0, mode="clip")
        if self.lookup_style == "matmul":
            return jax.nn.one_hot(ids, self.num_classes, dtype=table.dtype) @ table
        raise InvalidInput(f"Unknown lookup style {self.lookup_style!r}: use index or matmul.")


class PositionalEmbedding(Module):
    """The fixed sinusoid table for a sequence; it has no parameters."""

    embedding_dim: int = 0
    min_timescale: int = 1
    max_timescale: int = 10_000

    def __call__(self, seq_length: int) -> Float[Array, "1 L D"]:
        table = sinusoid(seq_length, self.embedding_dim, self.min_timescale, self.max_timescale)
        return table[None].astype(self.fprop_dtype)


class TrainablePositionalEmbedding(Module):
    """A learned table of which the first `seq_length` rows are returned."""

    embedding_dim: int = 0
    max_seq_length: int = 10_240
    lookup_style: str = "matmul"

    @nn.compact
    def __call__(self, seq_length: int) -> Float[Array, "1 L D"]:
        if self.lookup_style != "matmul":
            raise InvalidInput(f"Unknown lookup style {self.lookup_style!r}: use matmul.")
        if seq_length > self.max_seq_length:
            raise InvalidInput(
                f"{seq_length} positions asked of a table that holds {self.max_seq_length}."
            )
        shape = (self.max_seq_length, self.embedding_dim)
        # Taking the rows gives what multiplying by an identity matrix would, without the work.
        return self.weight("emb_var", default_kernel_init, shape)[None, :seq_length]
