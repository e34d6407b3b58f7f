"""Weights files and parameter trees: find, check every name and shape, load, save.

Knows the naming of checkpoints and what each model expects is told to it; the bytes of the file
are npz.py's, the network is hub.py's. It does not build models and needs no JAX.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from encoder import hub
from encoder.catalogue import CARDS, ModelCard
from encoder.errors import CheckpointError, DownloadError
from encoder.npz import Shapes, open_npz, save_npz

Tree = dict[str, Any]
"""Nested dictionaries with arrays as leaves: {"params": {...}}."""


def find_weights(
    card: ModelCard,
    weights: Path | None = None,
    cache_dir: Path | None = None,
    report: Callable[[str], None] | None = None,
) -> Path:
    """The weights file of a model: the one given, the bundled one, or fetched and verified.

    Raises CheckpointError if there is none to be had, and DownloadError, which says what to
    download by hand, if the hub does not give it.
    """
    if weights is not None:
        return weights
    if card.bundled:
        return card.bundled
    if card.hub_id is None or card.weights_file is None:
        raise CheckpointError(
            f"No weights of {card.name} were published: pass your own with --weights FILE."
        )
    try:
        return hub.fetch(card.hub_id, card.weights_file, cache_dir=cache_dir, report=report)
    except DownloadError as error:
        raise DownloadError(f"{error} {hub.by_hand(card)}") from error


def load_weights(
    path: Path, expected: Shapes | None = None, model: str = "the model", below: str = ""
) -> Tree:
    """Read a checkpoint as a tree of float32 arrays, one array at a time.

    With `expected`, every name and shape is checked before any data is read. Of the arrays only
    those whose names begin with `below` are read. They are aligned such that `jax.device_put`
    adopts them on CPU without copying.

    Raises CheckpointError, which names the first difference or what is wrong with the file.
    """
    with open_npz(path) as file:
        if expected is not None:
            check_shapes(file.shapes, expected, path, model)
        return nest(dict(file.arrays(below)))


def read_shapes(path: Path) -> Shapes:
    """Shape of every array of a checkpoint by name, without reading the data."""
    with open_npz(path) as file:
        return file.shapes


def weights_id(path: Path) -> str:
    """Twelve hex digits that identify the values of a checkpoint, in no time."""
    with open_npz(path) as file:
        return file.fingerprint


def save_weights(path: Path, params: Mapping[str, Any], dtype: DTypeLike = np.float16) -> None:
    """Write a tree (with its `params` level) as a checkpoint; equal values give equal bytes."""
    save_npz(path, flatten(params), dtype)


def check_shapes(found: Shapes, expected: Shapes, path: Path, model: str) -> None:
    """Raise CheckpointError naming the first difference between a file and what a model wants."""
    if found == expected:
        return
    missing = sorted(expected.keys() - found.keys())
    extra = sorted(found.keys() - expected.keys())
    misshaped = [
        name for name in sorted(expected.keys() & found.keys()) if expected[name] != found[name]
    ]
    if missing:
        problem = f"it lacks {missing[0]!r}{_and_more(missing)}"
    elif extra:
        problem = f"it holds {extra[0]!r}{_and_more(extra)}, which the model does not have"
    else:
        name = misshaped[0]
        problem = (
            f"{name!r} has shape {found[name]} instead of {expected[name]}{_and_more(misshaped)}"
        )
    other = identify(found)
    looks = f" This looks like {other}." if other and other != model else ""
    raise CheckpointError(f"{path} is not a checkpoint of {model}: {problem}.{looks}")


def identify(shapes: Shapes) -> str | None:
    """The catalogue's model that a checkpoint most likely belongs to, from three of its arrays."""
    prefix, kind = _ROOTS.get(_root(shapes), ("params", "encoder"))
    width = shapes.get(f"{prefix}/patch_projection/linear/bias", (0,))
    stack = f"{prefix}/spatial_encoder/transformers_stack/x_layers/layer_norm/scale"
    layers = shapes.get(stack, (0,))
    for card in CARDS.values():
        if (card.kind, card.dim, card.config["num_spatial_layers"]) == (kind, width[0], layers[0]):
            return card.name
    return None


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Leaves of a nested tree by their '/'-joined path."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}/")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def nest(flat: Mapping[str, Any]) -> Tree:
    """The nested tree of leaves named by their '/'-joined path: the inverse of `flatten`."""
    tree: Tree = {}
    for path, value in flat.items():
        *parents, leaf = path.split("/")
        node = tree
        for name in parents:
            node = node.setdefault(name, {})
            if not isinstance(node, dict):
                raise CheckpointError(f"{path!r} lies below an array.")
        node[leaf] = value
    return tree


_ROOTS = {
    "vision_encoder": ("params/vision_encoder", "clip"),
    "encoder": ("params/encoder", "classifier"),
}


def _root(shapes: Shapes) -> str:
    roots = {name.split("/")[1] for name in shapes if name.count("/") > 1}
    return next((root for root in _ROOTS if root in roots), "")


def _and_more(names: list[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
