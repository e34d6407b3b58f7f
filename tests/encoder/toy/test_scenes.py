"""Scenes: which can be, which are kept for evaluation, and what contradicts what."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoder.toy.scenes import (
    ATTRIBUTES,
    OPPOSITE,
    ROUND,
    VALUES,
    Scene,
    contradicts,
    encode,
    is_held_out,
    random_scene,
)

RED = Scene("circle", "red", "large", "1", "black", "left")
TURNS = Scene("star", "red", "large", "1", "black", "left", "spin")
SIDE = Scene(
    "circle",
    "red",
    background="grey",
    other_shape="square",
    other_colour="blue",
    relation="left of",
)

seeds = st.integers(0, 2**32 - 1)


def wrong(said: Scene, shown: Scene) -> bool:
    return bool(contradicts([said], [shown])[0, 0])


@given(seeds, st.booleans())
def test_a_scene_is_complete_and_possible(seed: int, held_out: bool) -> None:
    scene = random_scene(np.random.default_rng(seed), held_out)
    assert is_held_out(scene) == held_out
    for name in ATTRIBUTES:
        value = getattr(scene, name)
        assert value is None or value in VALUES[name]
    if scene.is_pair:
        assert scene.shape != scene.other_shape
        assert scene.colour != scene.other_colour
        assert scene.motion is None
    else:
        assert None not in (scene.shape, scene.colour, scene.size, scene.count, scene.motion)
        assert scene.motion != scene.then
        assert not (scene.shape in ROUND and "spin" in (scene.motion, scene.then))


@given(seeds)
def test_what_is_held_out_does_not_depend_on_size_number_ground_or_who_is_named_first(
    seed: int,
) -> None:
    scene = random_scene(np.random.default_rng(seed), held_out=True)
    assert is_held_out(replace(scene, background="dotted"))
    if scene.is_pair:
        assert is_held_out(scene.mirrored())
    else:
        assert is_held_out(replace(scene, size="small", count="3"))


def test_about_a_tenth_is_held_out() -> None:
    rng = np.random.default_rng(0)
    either = [random_scene(rng, held_out=rng.random() < 2) for _ in range(1)]
    assert all(map(is_held_out, either))
    shapes, colours, motions = VALUES["shape"], VALUES["colour"], VALUES["motion"]
    every = [Scene(s, c, "small", "1", "grey", m) for s in shapes for c in colours for m in motions]
    assert 0.06 < np.mean([is_held_out(scene) for scene in every]) < 0.14


@given(seeds, st.booleans())
def test_truth_never_contradicts_itself(seed: int, held_out: bool) -> None:
    scene = random_scene(np.random.default_rng(seed), held_out)
    assert not wrong(scene, scene)
    assert not wrong(Scene(colour=scene.colour), scene)
    if scene.is_pair:
        assert not wrong(scene.mirrored(), scene)


@pytest.mark.parametrize("name", ["shape", "colour", "size", "count", "background", "motion"])
def test_one_changed_attribute_contradicts(name: str) -> None:
    other = next(v for v in VALUES[name] if v != getattr(RED, name))
    assert wrong(replace(RED, **{name: other}), RED)
    assert wrong(Scene(**{name: other}), RED)


def test_order_and_number_of_motions() -> None:
    assert wrong(replace(TURNS, motion="spin", then="left"), TURNS)
    assert wrong(replace(TURNS, then="up"), TURNS)
    assert wrong(replace(TURNS, then=None, motion="up"), TURNS)
    assert wrong(TURNS, replace(TURNS, then=None))
    half = replace(TURNS, then=None)
    assert not wrong(half, TURNS), "half the truth is no mismatch to teach"


def test_relations_and_whose_colour_it_is() -> None:
    assert wrong(replace(SIDE, relation="right of"), SIDE)
    assert wrong(replace(SIDE, relation="above"), SIDE)
    assert wrong(replace(SIDE, colour="blue", other_colour="red"), SIDE)
    assert not wrong(replace(SIDE, relation=None), SIDE)
    assert SIDE.mirrored().relation == OPPOSITE["left of"]
    assert SIDE.mirrored().mirrored() == SIDE


def test_one_thing_said_of_two_shown() -> None:
    assert not wrong(Scene("square", "blue"), SIDE)
    assert not wrong(Scene("circle", "red", background="grey"), SIDE)
    assert wrong(Scene("square", "red"), SIDE)
    assert wrong(Scene("circle", "red", background="black"), SIDE)
    assert wrong(Scene("circle", "red", motion="left"), SIDE)
    assert wrong(Scene("circle", "red", count="2"), SIDE)
    assert wrong(SIDE, RED), "two things said, one shown"


def test_codes_are_places_in_the_lists_and_minus_one_for_nothing() -> None:
    row = encode([RED])[0]
    assert list(row[:6]) == [0, 0, 1, 0, 0, 0]
    assert list(row[6:]) == [-1] * 4
