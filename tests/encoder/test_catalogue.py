"""The catalogue: complete, consistent with the published parameter lists, cheap, unchangeable."""

import dataclasses
import json
import subprocess
import sys
from math import prod
from pathlib import Path

import pytest

from encoder.catalogue import CARDS, HUB, TOKENIZERS, get_card
from encoder.errors import UnknownModel

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "tests" / "data" / "manifests"
PUBLIC = [card for card in CARDS.values() if card.hub_id]


def test_reading_it_loads_no_array_library() -> None:
    program = "import sys, encoder.catalogue; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"jax", "flax", "numpy", "huggingface_hub", "sentencepiece"} & set(modules)


@pytest.mark.parametrize(
    ("name", "kind", "frames", "dim"),
    [
        ("videoprism_public_v1_base", "encoder", 16, 768),
        ("videoprism_public_v1_large", "encoder", 8, 1024),
        ("videoprism_lvt_public_v1_base", "clip", 16, 768),
        ("videoprism_lvt_public_v1_large", "clip", 8, 1024),
        ("videoprism_v1_giant", "encoder", 8, 1408),
        ("videoprism_lvt_v1_giant", "clip", 8, 1408),
        ("videoprism_vc_v1_base", "classifier", 16, 768),
    ],
)
def test_inputs_and_widths_are_the_published_ones(name, kind, frames, dim) -> None:
    card = get_card(name)
    assert (card.kind, card.frames, card.pixels, card.dim) == (kind, frames, 288, dim)
    assert (card.licence, card.tokenizer) == ("Apache-2.0", "c4_en")


@pytest.mark.parametrize("card", PUBLIC, ids=lambda card: card.name)
def test_sizes_are_those_of_the_parameters(card) -> None:
    shapes = json.loads((MANIFESTS / f"{card.name}.json").read_text())
    assert card.weights_bytes == 4 * sum(map(prod, shapes.values()))
    assert card.page == f"{HUB}/{card.hub_id}"
    assert card.bundled is None


def test_what_ships_lies_in_the_repository() -> None:
    toy = get_card("toy")
    assert toy.bundled == ROOT / "assets" / "toy" / "toy_lvt.npz"
    assert TOKENIZERS[toy.tokenizer].pieces == toy.config["vocabulary_size"]
    assert toy.page is None


@pytest.mark.parametrize("card", PUBLIC, ids=lambda card: card.name)
def test_hub_ids_are_accepted_with_and_without_their_owner(card) -> None:
    assert get_card(card.hub_id) is card
    assert get_card(card.hub_id.removeprefix("google/")) is card


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("videoprism_lvt_public_v1_bse", "videoprism_lvt_public_v1_base"),
        ("google/videoprism-lvt-base-f16r28", "google/videoprism-lvt-base-f16r288"),
        ("videoprism_v1_base", "videoprism_public_v1_base"),
    ],
)
def test_a_near_miss_is_answered_with_the_name_meant(wrong: str, near: str) -> None:
    with pytest.raises(UnknownModel, match=f"{wrong}.* Did you mean .*{near}"):
        get_card(wrong)


@pytest.mark.parametrize("wrong", ["", "None", "clip", "google/"])
def test_any_other_name_is_answered_with_all_names(wrong: str) -> None:
    with pytest.raises(UnknownModel, match=r"Known are: .*videoprism_lvt_public_v1_large.*toy"):
        get_card(wrong)


def test_nothing_in_it_can_be_changed() -> None:
    card = get_card("toy")
    with pytest.raises(dataclasses.FrozenInstanceError):
        card.frames = 3
    for mapping in (CARDS, TOKENIZERS, card.config, TOKENIZERS["c4_en"].known):
        with pytest.raises(TypeError):
            mapping["scan"] = False
