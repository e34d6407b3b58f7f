"""Lessons: own captions are true, changed ones are wrong, and a seed says it all."""

from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoder.catalogue import TOY_TOKENIZER
from encoder.tokenizers import SentencePieceTokenizer, load_tokenizer
from encoder.toy.lessons import (
    FRAMES,
    PIXELS,
    WRONG,
    changeable,
    changed,
    lesson,
    misstatements,
    say,
)
from encoder.toy.scenes import MOTIONS, SHAPES, Scene, contradicts, is_held_out, random_scene
from encoder.toy.train import SEED
from encoder.toy.words import train_tokenizer

seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def tokenizer() -> SentencePieceTokenizer:
    return load_tokenizer("toy")


def test_a_lesson_has_the_shapes_it_promises(tokenizer: SentencePieceTokenizer) -> None:
    batch = lesson((1, 2), 6, tokenizer)
    texts = 6 * (1 + WRONG)
    assert batch.frames.shape == (6, FRAMES, PIXELS, PIXELS, 3)
    assert batch.frames.dtype == np.uint8
    assert batch.ids.shape == batch.paddings.shape
    assert len(batch.ids) == len(batch.said) == texts
    assert batch.mismatch.shape == (texts, 6)
    assert not batch.mismatch[np.arange(6), np.arange(6)].any(), "own captions are true"
    own = batch.mismatch[6:].reshape(6, WRONG, 6)[np.arange(6), :, np.arange(6)]
    named = [
        said.is_pair or not shown.is_pair
        for said, shown in zip(batch.said, batch.scenes, strict=False)
    ]
    assert own[named].all(), "changed ones are wrong"
    assert not any(map(is_held_out, batch.scenes))
    assert (batch.paddings.sum(1) > 0).all(), "no caption is cut"


def test_the_same_seed_gives_the_same_lesson(tokenizer: SentencePieceTokenizer) -> None:
    one, same, other = (lesson((3, n), 4, tokenizer) for n in (1, 1, 2))
    for field in ("frames", "ids", "paddings", "mismatch"):
        np.testing.assert_array_equal(getattr(one, field), getattr(same, field))
    assert (one.frames != other.frames).any()


@given(seeds)
def test_what_is_said_is_true_and_every_change_makes_it_wrong(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng, held_out=bool(rng.random() < 0.5))
    said = say(scene, rng)
    assert said != Scene()
    assert not contradicts([said], [scene])[0, 0]
    wrong = misstatements(said, rng, WRONG)
    assert len(wrong) == WRONG
    one_of_two = scene.is_pair and not said.is_pair  # a changed word may be true of the other
    assert one_of_two or contradicts(wrong, [scene]).all(), (scene, said, wrong)


@given(seeds)
def test_a_change_touches_one_attribute(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng, held_out=False)
    for kind in changeable(scene):
        other = changed(scene, kind, rng)
        names = {f.name for f in fields(Scene)}
        differ = {n for n in names if getattr(scene, n) != getattr(other, n)}
        expected = {
            "order": {"motion", "then"},
            "side": {"relation"},
            "binding": {"colour", "other_colour"},
        }
        if kind == "more":
            assert other.then
            assert scene.motion in (other.motion, other.then)
        else:
            assert differ == expected.get(kind, {kind})
        if other.is_pair:
            assert other.shape != other.other_shape
            assert other.colour != other.other_colour


def test_every_attribute_takes_its_turn_and_shapes_more_often() -> None:
    scene = Scene("star", "red", "small", "2", "striped", "left", "spin")
    wrong = misstatements(scene, np.random.default_rng(0), 200)
    turns = Counter(_what_changed(scene, other) for other in wrong)
    assert turns.pop("shape") == 60
    assert set(turns.values()) == {20}
    assert len(turns) == 7


def _what_changed(one: Scene, other: Scene) -> str:
    if (other.motion, other.then) == (one.then, one.motion):
        return "order"
    return next(name for name in vars(one) if replace(one, **{name: getattr(other, name)}) == other)


def test_the_vocabulary_is_the_shipped_one(tokenizer: SentencePieceTokenizer) -> None:
    assert tokenizer.vocab_size == TOY_TOKENIZER.pieces
    assert (tokenizer.pad_token, tokenizer.eos_token, tokenizer.bos_token) == (0, 1, -1)
    assert len(tokenizer.encode("a video of two small red circles.")) <= 9
    assert 2 not in tokenizer.encode("a zebra quickly jumps over 9 foxes."), "every letter is known"


def test_the_vocabulary_is_made_anew_the_same() -> None:
    assert TOY_TOKENIZER.bundled is not None
    assert train_tokenizer(TOY_TOKENIZER.pieces, SEED) == TOY_TOKENIZER.bundled.read_bytes()


def test_patches_tell_where_things_are_and_frames_what_they_do(
    tokenizer: SentencePieceTokenizer,
) -> None:
    batch = lesson((5, 5), 24, tokenizer)
    for scene, things, doing, frames in zip(
        batch.scenes, batch.things, batch.doing, batch.frames, strict=True
    ):
        own = things[:, 0] >= 0
        assert own.sum() >= FRAMES - 2, "no more than two frames show something else"
        named = {0, 1 + SHAPES.index(scene.shape or "")}
        if scene.other_shape:
            named.add(1 + SHAPES.index(scene.other_shape))
        assert set(things[own].ravel()) <= named
        motions = [MOTIONS.index(m) for m in (scene.motion, scene.then) if m]
        assert list(dict.fromkeys(doing[doing >= 0])) == motions
        if "blink" not in (scene.motion, scene.then):
            _assert_bright_where_things_are(things[own], frames[own])


def _assert_bright_where_things_are(things: np.ndarray, frames: np.ndarray) -> None:
    side = frames.shape[1] // 4
    light = frames.max(-1).reshape(len(frames), 4, side, 4, side).max((2, 4)).reshape(-1, 16)
    assert (light[things > 0] > 120).all()
