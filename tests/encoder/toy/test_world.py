"""Drawing: the right pixels, whatever the shape of the frame."""

from dataclasses import replace

import numpy as np
import pytest

from encoder.toy.plays import Play, random_play
from encoder.toy.scenes import SHAPES, Scene
from encoder.toy.world import draw

SCENE = Scene("circle", "white", "large", "1", "black", "still")


def play(scene: Scene = SCENE, seed: int = 0, aspect: float = 1.0) -> Play:
    return random_play(scene, np.random.default_rng(seed), aspect=aspect, length=4.0)


def one(play: Play, height: int = 288, width: int = 288) -> np.ndarray:
    return draw([play], [np.zeros(1)], height, width)[0, 0].astype(float) / 255


def mass(frame: np.ndarray) -> float:
    """Share of the frame that is brightly coloured."""
    return float((frame.max(-1) > 0.5).mean())


def test_a_circle_has_its_area_and_place() -> None:
    circle = play()
    frame = one(circle)
    rows, columns = np.nonzero(frame.max(-1) > 0.5)
    assert mass(frame) == pytest.approx(np.pi * circle.radius**2, rel=0.02)
    assert rows.mean() / 288 == pytest.approx(circle.origin[1], abs=0.005)
    assert columns.mean() / 288 == pytest.approx(circle.origin[0], abs=0.005)


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_are_about_alike_in_area_and_differ_in_form(shape: str) -> None:
    other = "square" if shape == "circle" else "circle"
    a, b = one(play(replace(SCENE, shape=shape))), one(play(replace(SCENE, shape=other)))
    assert 0.5 < mass(a) / mass(b) < 1.6
    assert np.abs(a - b).max() > 0.5


def test_squashing_while_drawing_is_drawing_and_then_squashing() -> None:
    wide = play(replace(SCENE, shape="star"), aspect=16 / 9)
    squashed = one(wide, 72, 72)
    large = one(wide, 288, 512)[:, 4:508]
    blocks = one(wide, 288, 576).reshape(72, 4, 72, 8, 3).mean((1, 3))
    assert large.shape == (288, 504, 3)
    assert np.abs(squashed - blocks).mean() < 0.01


def test_patterns_and_plain_grounds_look_different() -> None:
    looks = {}
    for ground in ("black", "grey", "brown", "striped", "checkered", "dotted"):
        frame = one(play(replace(SCENE, background=ground, size="small")))
        looks[ground] = (frame.mean(), np.median(np.abs(np.diff(frame[..., 0], axis=1))))
        assert frame[..., 0].std() > 0
    assert looks["black"][0] < looks["grey"][0]


@pytest.mark.parametrize(("colour", "channel"), [("red", 0), ("green", 1), ("blue", 2)])
def test_colours(colour: str, channel: int) -> None:
    frame = one(play(replace(SCENE, colour=colour)))
    assert frame[frame.max(-1) > 0.5].mean(0).argmax() == channel


def test_many_plays_at_once_are_each_what_they_are_alone() -> None:
    plays = [play(replace(SCENE, count=str(n)), seed=n, aspect=1 + n / 9) for n in (1, 2, 3)]
    times = [np.arange(4) / 2 + n for n in range(3)]
    together = draw(plays, times, 72, 72)
    assert together.shape == (3, 4, 72, 72, 3)
    assert together.dtype == np.uint8
    for row in range(3):
        alone = draw(plays[row : row + 1], times[row : row + 1], 72, 72)
        np.testing.assert_array_equal(together[row], alone[0])


def test_what_blinks_is_gone_now_and_then() -> None:
    blinking = play(replace(SCENE, motion="blink"))
    frames = draw([blinking], [np.arange(0, 4, 0.1)], 36, 36)[0]
    bright = [mass(frame / 255) > 0.01 for frame in frames]
    assert 8 < sum(bright) < 32


def test_two_seeds_look_different() -> None:
    a, b = one(play(seed=1)), one(play(seed=2))
    assert np.abs(a - b).mean() > 0.02
