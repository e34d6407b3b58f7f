"""Captions: they say what is said, no more, in words that fit."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoder.tokenizers import canonicalize_text
from encoder.toy.captions import caption, plain_caption
from encoder.toy.scenes import Scene, random_scene

FULL = Scene("star", "red", "small", "2", "striped", "left", "spin")
SIDE = Scene("star", "red", None, None, "grey", None, None, "ring", "blue", "above")
seeds = st.integers(0, 2**31 - 1)


def words(scene: Scene, seed: int, unseen: bool = False) -> set[str]:
    return set(caption(scene, seed, unseen).split())


@given(seeds, st.booleans())
def test_everything_said_is_there(seed: int, unseen: bool) -> None:
    text = caption(FULL, seed, unseen)
    for pattern in (
        r"\bred\b",
        r"\bstars\b",
        r"small|little|tiny",
        r"two|2|pair",
        r"striped",
        r"\bleft\b",
        r"spin|turn|rotat",
    ):
        assert re.search(pattern, text), (pattern, text)


@given(seeds)
def test_nothing_unsaid_is_there(seed: int) -> None:
    text = caption(Scene(colour="red"), seed)
    assert "red" in text
    assert not re.search(r"\b(circle|square|small|large|striped|left|spins|background)\b", text)


@given(seeds, st.booleans())
def test_both_things_and_their_relation(seed: int, unseen: bool) -> None:
    text = caption(SIDE, seed, unseen)
    assert re.search(r"\bred star\b", text)
    assert re.search(r"\bblue (ring|hoop)\b", text)
    assert re.search(r"above|higher than|below it|under it", text)


@given(seeds)
def test_the_same_seed_changes_only_the_changed_words(seed: int) -> None:
    one, other = caption(FULL, seed).split(), caption(replace(FULL, colour="pink"), seed).split()
    assert [w for w in one if w != "red"] == [w for w in other if w != "pink"]


@given(seeds)
def test_the_order_of_motions_shows(seed: int) -> None:
    swapped = replace(FULL, motion="spin", then="left")
    assert caption(FULL, seed) != caption(swapped, seed)


@given(seeds)
def test_articles_fit(seed: int) -> None:
    text = caption(random_scene(np.random.default_rng(seed), held_out=False), seed)
    assert not re.search(r"\ba [aeiou]", text)
    assert not re.search(r"\ban [^aeiou]", text)
    assert "  " not in text
    assert canonicalize_text(text) == text + "."


def test_there_are_many_phrasings_and_the_unseen_are_none_of_them() -> None:
    seen = {caption(FULL, seed) for seed in range(400)}
    unseen = {caption(FULL, seed, unseen=True) for seed in range(400)}
    assert len(seen) > 300
    assert not seen & unseen
    marks = {"clip", "watch", "seen", "notice", "afterwards", "finally"}
    assert not any(marks & set(text.split()) for text in seen)
    assert all(marks & set(text.split()) for text in unseen)


@pytest.mark.parametrize(
    ("scene", "text"),
    [
        (FULL, "two small red stars move left then spin on a striped background"),
        (SIDE, "a red star above a blue ring on a grey background"),
        (Scene("cross", "orange", None, "1"), "an orange cross"),
        (Scene(count="3", motion="up"), "three shapes move up"),
    ],
)
def test_plain_sentences(scene: Scene, text: str) -> None:
    assert plain_caption(scene) == text
