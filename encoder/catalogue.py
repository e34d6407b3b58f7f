"""Every model that can be run, as plain data: inputs, sizes, files, tokenizer, licence.

Imports no array library and opens no file, so any room may read it at no cost. It does not know
how a model is built (models.py) or fetched (checkpoints.py, hub.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from encoder.errors import TokenizerError, UnknownModel

ASSETS = Path(__file__).resolve().parent.parent / "assets"
HUB = "https://huggingface.co"
APACHE = "Apache-2.0"

Kind = Literal["encoder", "clip", "classifier"]


@dataclass(frozen=True)
class ModelCard:
    """One model: what goes in, what comes out, and where its weights come from.

    `config` holds the constructor fields of its class in `encoders.py`. A classifier's are those
    of its backbone: the number of classes is the caller's to say.
    """

    name: str
    kind: Kind
    frames: int
    """Frames of one clip in training; other numbers run with a resampled position table."""
    pixels: int
    """Height and width of a frame."""
    dim: int
    """Width of a token, and of an embedding."""
    config: Mapping[str, Any]
    description: str
    hub_id: str | None = None
    weights_file: str | None = None
    """Name in the hub's repository; of a bundled model, the name below `assets/`."""
    weights_bytes: int | None = None
    """Size of the parameters; the file is some kilobytes larger."""
    tokenizer: str = "c4_en"
    licence: str = APACHE

    @property
    def bundled(self) -> Path | None:
        """Where the weights lie if they ship with the repository."""
        if self.weights_file is None or self.hub_id is not None:
            return None
        return ASSETS / self.weights_file

    @property
    def page(self) -> str | None:
        """Web page from which a person can download the weights by hand."""
        return self.hub_id and f"{HUB}/{self.hub_id}"


@dataclass(frozen=True)
class TokenizerSource:
    """One file of a hub repository that should hold a vocabulary; None is the newest revision."""

    hub_id: str
    file: str
    revision: str | None = None


@dataclass(frozen=True)
class TokenizerCard:
    """One SentencePiece vocabulary: how to recognise it and where to look for it, in order.

    `known` maps canonical sentences to the ids that the right vocabulary gives them.
    """

    name: str
    pieces: int
    known: Mapping[str, tuple[int, ...]]
    sources: tuple[TokenizerSource, ...] = ()
    url: str | None = None
    """Where the vocabulary was first published, tried last."""
    bundled: Path | None = None


def _frozen(**fields: Any) -> Mapping[str, Any]:
    return MappingProxyType(fields)


def _backbone(frames: int, dim: int, layers: int, heads: int, mlp_dim: int) -> Mapping[str, Any]:
    return _frozen(
        patch_size=18,
        pos_emb_shape=(frames, 16, 16),
        model_dim=dim,
        num_spatial_layers=layers,
        num_temporal_layers=4,
        num_heads=heads,
        mlp_dim=mlp_dim,
        atten_logit_cap=50.0,
        scan=True,
    )


def _with_text(backbone: Mapping[str, Any], layers: int, norm_policy: str) -> Mapping[str, Any]:
    return _frozen(
        **backbone,
        num_auxiliary_layers=2,
        vocabulary_size=C4_EN.pieces,
        enable_causal_atten=True,
        num_unimodal_layers=layers,
        norm_policy=norm_policy,
    )


def _card(name: str, kind: Kind, config: Mapping[str, Any], text: str, **rest: Any) -> ModelCard:
    frames, rows, _ = config["pos_emb_shape"]
    pixels = rows * config["patch_size"]
    return ModelCard(name, kind, frames, pixels, config["model_dim"], config, text, **rest)


_LVT_BASE_HUB = "google/videoprism-lvt-base-f16r288"
_LVT_LARGE_HUB = "google/videoprism-lvt-large-f8r288"

C4_EN = TokenizerCard(
    name="c4_en",
    pieces=32_000,
    known=_frozen(
        **{
            "a video of playing drums.": (262, 266, 768, 267, 1376, 14293, 259),
            "a video of sitting.": (262, 266, 768, 267, 2865, 259),
            "a video of playing flute.": (262, 266, 768, 267, 1376, 20682, 259),
            "a video of playing at playground.": (262, 266, 768, 267, 1376, 289, 10691, 259),
            "a video of concert.": (262, 266, 768, 267, 4605, 259),
        }
    ),
    sources=(
        TokenizerSource(_LVT_BASE_HUB, "spiece.model", "fb6de9f0eb7bc285be86bdca1cf7daa3e3ef51ff"),
        TokenizerSource(_LVT_LARGE_HUB, "spiece.model", "03900b4ecc0b278b30abdc5953c575bb5f083865"),
        TokenizerSource("google/siglip-base-patch16-224", "spiece.model"),
    ),
    url="https://storage.googleapis.com/t5-data/vocabs/cc_en.32000/sentencepiece.model",
)

_TOY_CONFIG = _frozen(
    patch_size=18,
    pos_emb_shape=(8, 4, 4),
    model_dim=64,
    num_spatial_layers=2,
    num_temporal_layers=2,
    num_heads=4,
    mlp_dim=256,
    num_auxiliary_layers=1,
    vocabulary_size=256,
    enable_causal_atten=True,
    num_unimodal_layers=2,
    norm_policy="pre",
    atten_logit_cap=50.0,
    scan=True,
)

TOY_TOKENIZER = TokenizerCard(
    name="toy",
    pieces=_TOY_CONFIG["vocabulary_size"],
    known=_frozen(),
    bundled=ASSETS / "toy" / "tokenizer.model",
)

TOKENIZERS: Mapping[str, TokenizerCard] = _frozen(c4_en=C4_EN, toy=TOY_TOKENIZER)

_BASE = _backbone(frames=16, dim=768, layers=12, heads=12, mlp_dim=3072)
_LARGE = _backbone(frames=8, dim=1024, layers=24, heads=16, mlp_dim=4096)
_GIANT = _backbone(frames=8, dim=1408, layers=40, heads=16, mlp_dim=6144)

_CARDS = (
    _card(
        "videoprism_lvt_public_v1_base",
        "clip",
        _with_text(_BASE, layers=12, norm_policy="pre"),
        "Video and text in one space, 248 M parameters: the default for search.",
        hub_id=_LVT_BASE_HUB,
        weights_file="flax_lvt_base_f16r288_repeated.npz",
        weights_bytes=990_493_696,
    ),
    _card(
        "videoprism_lvt_public_v1_large",
        "clip",
        _with_text(_LARGE, layers=12, norm_policy="pre"),
        "Video and text in one space, 580 M parameters: some points better, three times the work.",
        hub_id=_LVT_LARGE_HUB,
        weights_file="flax_lvt_large_f8r288_repeated.npz",
        weights_bytes=2_319_508_480,
    ),
    _card(
        "videoprism_public_v1_base",
        "encoder",
        _BASE,
        "Video features without text, 114 M parameters.",
        hub_id="google/videoprism-base-f16r288",
        weights_file="flax_base_f16r288_repeated.npz",
        weights_bytes=457_460_736,
    ),
    _card(
        "videoprism_public_v1_large",
        "encoder",
        _LARGE,
        "Video features without text, 354 M parameters.",
        hub_id="google/videoprism-large-f8r288",
        weights_file="flax_large_f8r288_repeated.npz",
        weights_bytes=1_415_860_224,
    ),
    _card("videoprism_v1_giant", "encoder", _GIANT, "1.1 G parameters; no public weights."),
    _card(
        "videoprism_lvt_v1_giant",
        "clip",
        _with_text(_GIANT, layers=16, norm_policy="primer_hybrid"),
        "Video and text, 1.6 G parameters; no public weights.",
    ),
    _card("videoprism_vc_v1_base", "classifier", _BASE, "A pooled head on base; to be taught."),
    _card("videoprism_vc_v1_large", "classifier", _LARGE, "A pooled head on large; to be taught."),
    _card("videoprism_vc_v1_giant", "classifier", _GIANT, "A pooled head on giant; to be taught."),
    _card(
        "toy",
        "clip",
        _TOY_CONFIG,
        "A very small model that knows only drawn shapes; ships with PrismSearch.",
        weights_file="toy/toy_lvt.npz",
        tokenizer="toy",
    ),
)

CARDS: Mapping[str, ModelCard] = MappingProxyType({card.name: card for card in _CARDS})


def get_card(name: str) -> ModelCard:
    """The card of a model's name or hub id, the latter with or without `google/`.

    Raises UnknownModel, which names the nearest known names.
    """
    for card in CARDS.values():
        if name in {card.name, card.hub_id, (card.hub_id or "").removeprefix("google/")} - {""}:
            return card
    known = [*CARDS, *(card.hub_id for card in CARDS.values() if card.hub_id)]
    near = get_close_matches(name, known, n=3, cutoff=0.6)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known are: {', '.join(CARDS)}."
    raise UnknownModel(f"There is no model called {name!r}. {hint}")


def get_tokenizer_card(name: str) -> TokenizerCard:
    """The card of a tokenizer's name. Raises TokenizerError, which names those that are known."""
    if name not in TOKENIZERS:
        raise TokenizerError(f"There is no tokenizer called {name!r}: {', '.join(TOKENIZERS)}.")
    return TOKENIZERS[name]
