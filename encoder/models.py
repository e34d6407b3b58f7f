"""Models by name: build them, load their weights and tokenizers.

The interface of google-deepmind/videoprism, so that code written for it runs with `encoder` in
place of `videoprism`. It does not know devices, batches or videos (embedder.py does).

    from encoder import models as vp

    model = vp.get_model("videoprism_lvt_public_v1_base")
    weights = vp.load_pretrained_weights("videoprism_lvt_public_v1_base")
    tokenizer = vp.load_text_tokenizer("c4_en")
    ids, paddings = vp.tokenize_texts(tokenizer, ["a video of playing drums."])
    video, text, _ = model.apply(weights, clips, ids, paddings, train=False)
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from encoder import hub
from encoder.catalogue import CARDS, TOKENIZERS, ModelCard, get_card, get_tokenizer_card
from encoder.checkpoints import find_weights, flatten, load_weights
from encoder.encoders import FactorizedEncoder, FactorizedVideoClassifier, FactorizedVideoCLIP
from encoder.errors import UnknownModel
from encoder.npz import Shapes
from encoder.tokenizers import (
    MAX_LENGTH,
    SentencePieceTokenizer,
    canonicalize_text,
    load_tokenizer,
    tokenize_texts,
)

__all__ = [
    "CHECKPOINTS",
    "CONFIGS",
    "K400_NUM_CLASSES",
    "MODELS",
    "SSV2_NUM_CLASSES",
    "TEXT_MAX_LEN",
    "TEXT_TOKENIZERS",
    "canonicalize_text",
    "expected_shapes",
    "get_model",
    "has_model",
    "load_pretrained_weights",
    "load_text_tokenizer",
    "tokenize_texts",
    "videoprism_lvt_v1_base",
    "videoprism_lvt_v1_giant",
    "videoprism_lvt_v1_large",
    "videoprism_v1_base",
    "videoprism_v1_giant",
    "videoprism_v1_large",
    "videoprism_vc_v1_base",
    "videoprism_vc_v1_giant",
    "videoprism_vc_v1_large",
]

Builder = Callable[[], nn.Module]

Place = str | Path | tuple[str, str]
"""Where weights lie: a file, or repository and file on the hub."""


def _config_name(card: ModelCard) -> str:
    return card.name.replace("public_", "")


K400_NUM_CLASSES = 400
"""Classes of Kinetics-400."""

SSV2_NUM_CLASSES = 174
"""Classes of Something-Something v2."""

TEXT_MAX_LEN = MAX_LENGTH

TEXT_TOKENIZERS: dict[str, dict[str, Any]] = {
    name: {"model_path": str(card.bundled or card.url), "vocab_size": card.pieces}
    for name, card in TOKENIZERS.items()
}
"""Vocabulary sizes and first homes of the tokenizers; `load_text_tokenizer` knows more sources."""

CHECKPOINTS: dict[str, Place] = {
    card.name: (card.hub_id, card.weights_file)
    for card in CARDS.values()
    if card.hub_id and card.weights_file
}
"""Hub repository and file of every model with public weights."""

CONFIGS: dict[str, dict[str, Any]] = {
    _config_name(card): dict(card.config) for card in CARDS.values() if card.kind != "classifier"
}
"""Constructor fields by configuration name (without `public_`), which the builders read.

They may be copied and changed; building changes none of them, and the catalogue has its own.
"""


def _build(card: ModelCard, config: Mapping[str, Any]) -> nn.Module:
    return (FactorizedVideoCLIP if card.kind == "clip" else FactorizedEncoder)(**config)


def _build_configured(card: ModelCard) -> nn.Module:
    return _build(card, CONFIGS[_config_name(card)])


def _build_lvt(name: str, text_tokenizer: str) -> FactorizedVideoCLIP:
    pieces = get_tokenizer_card(text_tokenizer).pieces
    return FactorizedVideoCLIP(**{**CONFIGS[name], "vocabulary_size": pieces})


def _build_classifier(backbone: str, num_classes: int) -> FactorizedVideoClassifier:
    return FactorizedVideoClassifier(
        encoder_params=dict(CONFIGS[backbone]), num_classes=num_classes
    )


def videoprism_v1_base() -> FactorizedEncoder:
    """Video encoder, base."""
    return FactorizedEncoder(**CONFIGS["videoprism_v1_base"])


def videoprism_v1_large() -> FactorizedEncoder:
    """Video encoder, large."""
    return FactorizedEncoder(**CONFIGS["videoprism_v1_large"])


def videoprism_v1_giant() -> FactorizedEncoder:
    """Video encoder, giant; it has no public weights."""
    return FactorizedEncoder(**CONFIGS["videoprism_v1_giant"])


def videoprism_lvt_v1_base(text_tokenizer: str = "c4_en") -> FactorizedVideoCLIP:
    """Video and text encoder, base."""
    return _build_lvt("videoprism_lvt_v1_base", text_tokenizer)


def videoprism_lvt_v1_large(text_tokenizer: str = "c4_en") -> FactorizedVideoCLIP:
    """Video and text encoder, large."""
    return _build_lvt("videoprism_lvt_v1_large", text_tokenizer)


def videoprism_lvt_v1_giant(text_tokenizer: str = "c4_en") -> FactorizedVideoCLIP:
    """Video and text encoder, giant; it has no public weights."""
    return _build_lvt("videoprism_lvt_v1_giant", text_tokenizer)


def videoprism_vc_v1_base(num_classes: int) -> FactorizedVideoClassifier:
    """Classifier of `num_classes` on the base encoder; its head has to be taught."""
    return _build_classifier("videoprism_v1_base", num_classes)


def videoprism_vc_v1_large(num_classes: int) -> FactorizedVideoClassifier:
    """Classifier of `num_classes` on the large encoder; its head has to be taught."""
    return _build_classifier("videoprism_v1_large", num_classes)


def videoprism_vc_v1_giant(num_classes: int) -> FactorizedVideoClassifier:
    """Classifier of `num_classes` on the giant encoder; no part has public weights."""
    return _build_classifier("videoprism_v1_giant", num_classes)


MODELS: dict[str, Builder] = {
    card.name: partial(_build_configured, card)
    for card in CARDS.values()
    if card.kind != "classifier"
}
"""Builders by name. Classifiers are built by their own functions, which take the classes."""


def has_model(model_name: str, models: Mapping[str, Builder] | None = None) -> bool:
    """Whether `get_model` can build a name or Hugging Face id."""
    try:
        _among(model_name, models or MODELS)
    except UnknownModel:
        return False
    return True


def get_model(
    model_name: str | None,
    model_fn: Builder | None = None,
    models: Mapping[str, Builder] | None = None,
    fprop_dtype: DTypeLike | None = None,
) -> nn.Module:
    """Build a model by name or Hugging Face id, or by `model_fn` whatever the name.

    `models` replaces the builders known here. `fprop_dtype` is the type of activations, float32
    if None; parameters stay float32.

    Raises UnknownModel, which names the nearest known names.
    """
    known = models or MODELS
    model = (model_fn or known[_among(model_name or "", known)])()
    return model if fprop_dtype is None else model.clone(fprop_dtype=fprop_dtype)


def load_pretrained_weights(
    model_name: str | None,
    checkpoint_path: str | Path | None = None,
    checkpoints: Mapping[str, Place] | None = None,
) -> dict[str, Any]:
    """Weights of a model as a tree of float32 arrays on the default device.

    They come from `checkpoint_path`; else from the path or (repository, file) that `checkpoints`
    gives for the name; else from where the catalogue says, the hub for public models. Names and
    shapes are checked wherever the catalogue knows the model.

    Raises UnknownModel, CheckpointError or DownloadError.
    """
    path = Path(checkpoint_path or _find_weights(model_name or "", checkpoints))
    tree = load_weights(path, _expected(model_name or ""), model_name or "the model")
    weights: dict[str, Any] = jax.tree.map(jax.device_put, tree)  # asarray would copy on CPU
    return weights


def load_text_tokenizer(name: str) -> SentencePieceTokenizer:
    """The text tokenizer of a name, `c4_en` for all public models; fetched on first use.

    Raises TokenizerError or DownloadError.
    """
    return load_tokenizer(name)


@cache
def expected_shapes(name: str) -> Shapes:
    """Shape of every parameter of a model by its '/'-joined path, as in a checkpoint.

    Raises UnknownModel for what is not in the catalogue, and for a classifier.
    """
    card = get_card(_among(name, MODELS))
    model = _build(card, card.config)
    variables = jax.eval_shape(lambda: model.init(jax.random.key(0), *_blank_inputs(card)))
    return {path: leaf.shape for path, leaf in flatten(variables).items()}


def _among(name: str, known: Mapping[str, Any]) -> str:
    """The key of `known` that a name or hub id stands for."""
    if name in known:
        return name
    card = get_card(name)
    if card.name in known:
        return card.name
    if card.kind == "classifier":
        raise UnknownModel(f"{name} wants its classes: build it with models.{name}(num_classes).")
    raise UnknownModel(f"{name!r} is not among {', '.join(known)}.")


def _find_weights(name: str, places: Mapping[str, Place] | None) -> str | Path:
    if not places:
        return find_weights(get_card(name))
    place = places[_among(name, places)]
    return hub.fetch(*place) if isinstance(place, tuple) else place


def _expected(name: str) -> Shapes | None:
    try:
        return expected_shapes(name)
    except UnknownModel:
        return None  # a model of the caller's own


def _blank_inputs(card: ModelCard) -> tuple[jax.Array, ...]:
    clip = jnp.zeros((1, card.frames, card.pixels, card.pixels, 3))
    text = jnp.zeros((1, TEXT_MAX_LEN))
    return (clip, text.astype(jnp.int32), text) if card.kind == "clip" else (clip,)
