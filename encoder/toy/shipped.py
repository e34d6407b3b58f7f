"""Embeds clips and texts with toy parameters through the plain network, in batches."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from encoder.tokenizers import SentencePieceTokenizer, tokenize_texts
from encoder.toy.evaluate import EmbedClips, EmbedTexts
from encoder.toy.network import Tree, network

_BATCH = 64
_TEXT_LENGTH = 40  # unseen phrasings have words that fall into letters


@jax.jit
def _video(params: Tree, frames: jax.Array) -> jax.Array:
    outputs: Any = network().apply(params, frames.astype(jnp.float32) / 255)
    video: jax.Array = outputs[0]
    return video


@jax.jit
def _text(params: Tree, ids: jax.Array, paddings: jax.Array) -> jax.Array:
    outputs: Any = network().apply(params, None, ids, paddings)
    text: jax.Array = outputs[1]
    return text


def embed_with(params: Tree, tokenizer: SentencePieceTokenizer) -> tuple[EmbedClips, EmbedTexts]:
    """Two functions: clips to unit rows, and texts to unit rows."""
    return partial(_clips, params), partial(_texts, params, tokenizer)


def _clips(params: Tree, frames: np.ndarray) -> np.ndarray:
    return _batched(partial(_video, params), frames)


def _texts(params: Tree, tokenizer: SentencePieceTokenizer, texts: Sequence[str]) -> np.ndarray:
    return _batched(partial(_text, params), *tokenize_texts(tokenizer, texts, _TEXT_LENGTH))


def _batched(embed: partial[jax.Array], *arrays: np.ndarray) -> np.ndarray:
    """Run over rows in batches of one size, so that one program serves all."""
    rows = len(arrays[0])
    padded = [np.resize(a, (-(-rows // _BATCH) * _BATCH, *a.shape[1:])) for a in arrays]
    starts = range(0, len(padded[0]), _BATCH)
    parts = [np.asarray(embed(*(a[s : s + _BATCH] for a in padded))) for s in starts]
    return np.concatenate(parts)[:rows]
