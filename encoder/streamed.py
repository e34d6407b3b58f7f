"""The text tower with one layer of it in memory at a time.

For a process that asks a few questions and ends: it reads the weights anew for each batch of
texts, from the system's cache of files, and holds a tenth of them. Knows the names inside the text
tower; how a layer computes is fast.py's.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Array, Float, Int

from encoder import fast
from encoder.catalogue import ModelCard
from encoder.checkpoints import Tree, check_shapes, nest, read_shapes
from encoder.npz import NpzFile, Shapes, open_npz

TEXT_TOWER = "params/text_encoder/"
"""What the names of its arrays begin with in a checkpoint."""
LAYERS = TEXT_TOWER + "unimodal_transformer/x_layers/"
TABLE = TEXT_TOWER + "token_emb/emb_var"
ROWS = 1000
"""Rows of the token table that are read at a time."""


class StreamedTower:
    """Texts to unit vectors, from a checkpoint whose names and shapes are known to be right."""

    def __init__(self, path: Path, network: fast.Network) -> None:
        self._path = path
        self._network = network

    def __call__(
        self, ids: Int[np.ndarray, "B L"], paddings: Float[np.ndarray, "B L"]
    ) -> Float[Array, "B D"]:
        """Return a unit vector for each text. Raises CheckpointError for a damaged file."""
        with open_npz(self._path) as file:
            rest = _others(file)
            x = _begin(rest["cls_emb"], _looked_up(file, ids))
            for layer in _layers(file):
                x = _layer(self._network, layer, x, paddings)
                x.block_until_ready()  # or the next layer would be read beside it
            vectors: Array = _end(rest["unimodal_ln"], x)
            return vectors


def streamed_tower(card: ModelCard, path: Path, expected: Shapes) -> StreamedTower | None:
    """The text tower of a checkpoint, where reading it for each batch is quick: on a CPU, and
    from a file that holds it as it is computed with, the layers together.

    Raises CheckpointError if any name or shape is not the expected one.
    """
    check_shapes(read_shapes(path), expected, path, card.name)
    with open_npz(path) as file:
        layered = bool(_names(file, LAYERS)) and file.streams(TEXT_TOWER)
    if jax.default_backend() != "cpu" or not layered:
        return None
    return StreamedTower(path, fast.Network.of(card.config))


def _looked_up(file: NpzFile, ids: Int[np.ndarray, "B L"]) -> Float[np.ndarray, "B L D"]:
    """The rows of the token table that these texts need."""
    rows, width = file.shapes[TABLE]
    ids = np.clip(ids, 0, rows - 1)
    found = np.empty((*ids.shape, width), np.float32)
    for number, part in enumerate(file.rows(TABLE, ROWS)):
        here = ids // ROWS == number
        found[here] = part[ids[here] % ROWS]
    return found


def _layers(file: NpzFile) -> Iterator[Tree]:
    """The layers one after the other, each a tree of arrays."""
    names = _names(file, LAYERS)
    for arrays in zip(*(file.rows(name) for name in names), strict=True):
        short = (name.removeprefix(LAYERS) for name in names)
        yield nest({name: array[0] for name, array in zip(short, arrays, strict=True)})


def _others(file: NpzFile) -> Tree:
    return nest(
        {
            name.removeprefix(TEXT_TOWER): np.concatenate(list(file.rows(name)))
            for name in _names(file, TEXT_TOWER)
            if name != TABLE and not name.startswith(LAYERS)
        }
    )


def _names(file: NpzFile, below: str) -> list[str]:
    return [name for name in file.shapes if name.startswith(below)]


_begin = jax.jit(fast.text_begin)


@partial(jax.jit, static_argnums=0)
def _layer(network: fast.Network, weights: fast.Weights, x: Array, paddings: Array) -> Array:
    return fast.text_layer(network, weights, x, paddings)


@jax.jit
def _end(norm: fast.Weights, x: Array) -> Array:
    return fast.unit(fast.text_end(norm, x))
