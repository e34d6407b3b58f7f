"""Checkpoint trees rearranged once, at loading, into what the fast forward pass takes.

Knows the names inside a checkpoint. What never changes between two clips is computed here:
position tables at their final size, the pooler's query folded into its keys. Does not run a
network (fast.py) and does not read files.
"""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Float

from encoder.attention import SOFTPLUS_UNIT
from encoder.positions import resample_positions

Tree = Mapping[str, Any]
Prepared = dict[str, Any]


def prepare(
    params: Tree, pos_emb_shape: tuple[int, int, int], frames: int, places: int, dtype: DTypeLike
) -> Prepared:
    """Arrange the weights of a clip model or a plain encoder, on the device, as `dtype`.

    `places` is the number of patch rows of a frame. The result has the parts `frame` and
    `window`, unless `params` hold a text tower at most, and `text` if they hold one. Arrays that
    need no change are not copied where the device and the type allow it.
    """
    parts: Prepared = {}
    if params.keys() - {"text_encoder"}:
        vision = params.get("vision_encoder", params)
        tables = _tables(vision, pos_emb_shape, frames, places)
        parts = {"frame": _frame(vision, tables[0]), "window": _window(params, tables[1])}
    if "text_encoder" in params:
        parts["text"] = _text(params["text_encoder"])
    prepared: Prepared = jax.tree.map(lambda x: jax.device_put(np.asarray(x, dtype)), parts)
    return prepared


def _tables(
    vision: Tree, shape: tuple[int, int, int], frames: int, places: int
) -> tuple[Float[np.ndarray, "N D"], Float[np.ndarray, "T D"]]:
    _, rows, columns = shape
    spatial = vision["spatial_pos_emb"]["emb_var"].reshape(rows, columns, -1)
    spatial = np.asarray(resample_positions(spatial, (places, places)))
    temporal = np.asarray(resample_positions(vision["temporal_pos_emb"]["emb_var"], (frames,)))
    return spatial.reshape(places * places, -1), temporal


def _frame(vision: Tree, table: Float[np.ndarray, "N D"]) -> Prepared:
    linear = vision["patch_projection"]["linear"]
    return {
        "kernel": linear["kernel"],
        "table": table + linear["bias"],
        "layers": _layers(vision["spatial_encoder"]["transformers_stack"]),
        "norm": vision["spatial_ln"],
    }


def _window(params: Tree, table: Float[np.ndarray, "T D"]) -> Prepared:
    vision = params.get("vision_encoder", params)
    layers = _layers(vision["temporal_encoder"]["transformers_stack"])
    part: Prepared = {"temporal": {"table": table, "layers": layers, "norm": vision["temporal_ln"]}}
    if "auxiliary_encoder" in params:
        part["auxiliary"] = _layers(params["auxiliary_encoder"]["transformers_stack"])
    if "contrastive_vision_pooler" in params:
        part["pooler"] = _pooler(params["contrastive_vision_pooler"])
    return part


def _text(text: Tree) -> Prepared:
    return {
        "tokens": text["token_emb"]["emb_var"],
        "class_token": text["cls_emb"],
        "layers": _layers(text["unimodal_transformer"]),
        "norm": text["unimodal_ln"],
    }


def _pooler(pooler: Tree) -> Prepared:
    """Fold the query into the keys; the keys' bias, one constant per head, drops out of softmax."""
    attention = jax.tree.map(np.asarray, pooler["pooling_attention"])
    query = attention["query"]
    per_dim = np.logaddexp(attention["per_dim_scale"]["per_dim_scale"], 0.0)
    given = np.asarray(pooler["pooling_attention_query"])[0]
    q = np.einsum("D,DHK->HK", given, query["w"]) + query["b"]
    q = q * per_dim * (SOFTPLUS_UNIT / q.shape[-1] ** 0.5)
    return {
        "keys": np.einsum("DHK,HK->DH", attention["key"]["w"], q),
        "value": attention["value"],
        "post": attention["post"],
        "norm": pooler["pooling_attention_layer_norm"],
    }


def _layers(stack: Tree) -> list[Tree]:
    """Give the layers one by one, as views if the checkpoint holds them with a leading axis."""
    if "x_layers" not in stack:
        return [stack[f"x_layers_{i}"] for i in range(len(stack))]
    together = jax.tree.map(np.asarray, stack["x_layers"])
    count = len(jax.tree.leaves(together)[0])
    return [jax.tree.map(lambda leaf, i=i: leaf[i], together) for i in range(count)]
