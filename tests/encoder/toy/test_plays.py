"""Plays: what a motion's name promises is what happens."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoder.toy.plays import Play, Poses, poses, random_play
from encoder.toy.scenes import Scene, random_scene

STAR = Scene("star", "red", "small", "1", "black")
SIDE = Scene("star", "red", background="grey", other_shape="square", other_colour="blue")
seeds = st.integers(0, 2**32 - 1)


def played(scene: Scene, seed: int) -> tuple[Play, Poses]:
    play = random_play(scene, np.random.default_rng(seed))
    return play, poses(play, np.linspace(0, play.length, 41))


@given(seeds)
@pytest.mark.parametrize(
    ("motion", "dx", "dy"), [("left", -1, 0), ("right", 1, 0), ("up", 0, -1), ("down", 0, 1)]
)
def test_directions(motion: str, dx: int, dy: int, seed: int) -> None:
    play, at = played(replace(STAR, motion=motion), seed)
    way = (at.x[-1, 0] - at.x[0, 0]) / play.aspect * dx + (at.y[-1, 0] - at.y[0, 0]) * dy
    across = abs(at.x[-1, 0] - at.x[0, 0]) * abs(dy) + abs(at.y[-1, 0] - at.y[0, 0]) * abs(dx)
    assert way > 0.35
    assert across < 1e-9


@given(seeds)
def test_size_turning_and_visibility_follow_their_motions(seed: int) -> None:
    _, grows = played(replace(STAR, motion="grow"), seed)
    _, shrinks = played(replace(STAR, motion="shrink"), seed)
    _, spins = played(replace(STAR, motion="spin"), seed)
    _, blinks = played(replace(STAR, motion="blink"), seed)
    _, still = played(replace(STAR, motion="still"), seed)
    assert grows.radius[-1] > 1.5 * grows.radius[0]
    assert shrinks.radius[-1] < shrinks.radius[0] / 1.5
    assert abs(spins.angle[-1] - spins.angle[0]) > 2
    assert 0.3 < blinks.visible.mean() < 0.8
    assert still.visible.all()
    assert np.ptp(still.x) == np.ptp(still.y) == np.ptp(still.angle) == 0


@given(seeds)
def test_circling_comes_back_and_leaves_no_way(seed: int) -> None:
    play = random_play(replace(STAR, motion="orbit"), np.random.default_rng(seed))
    radius, pace = play.phases[0].orbit
    at = poses(play, np.linspace(0, 2 * np.pi / abs(pace), 5))
    np.testing.assert_allclose([at.x[0, 0], at.y[0, 0]], [at.x[-1, 0], at.y[-1, 0]], atol=1e-9)
    assert np.ptp(at.x) == pytest.approx(2 * radius)


@given(seeds)
def test_two_motions_come_in_order(seed: int) -> None:
    play, _ = played(replace(STAR, motion="left", then="grow"), seed)
    switch = play.phases[0].end
    at = poses(play, np.array([0.0, switch, play.length]))
    assert 0.3 < switch / play.length < 0.7
    assert at.x[0, 0] > at.x[1, 0] + 0.2
    assert at.x[1, 0] == pytest.approx(at.x[2, 0])
    assert at.radius[0] == pytest.approx(at.radius[1])
    assert at.radius[2] > at.radius[1] * 1.3


@given(seeds)
def test_relations_hold_throughout(seed: int) -> None:
    for relation, axis, sign in [
        ("left of", 0, -1),
        ("right of", 0, 1),
        ("above", 1, -1),
        ("below", 1, 1),
    ]:
        _, at = played(replace(SIDE, relation=relation), seed)
        gap = (at.x, at.y)[axis][:, 0] - (at.x, at.y)[axis][:, 1]
        assert (sign * gap > 2 * at.radius).all(), "they do not overlap"


@given(seeds)
def test_small_and_large_never_meet(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng, held_out=False)
    if scene.size:
        middle = random_play(scene, rng).radius
        assert (middle < 0.125) == (scene.size == "small")


@given(seeds)
def test_things_start_and_end_within_the_frame(seed: int) -> None:
    rng = np.random.default_rng(seed)
    play = random_play(random_scene(rng, held_out=False), rng)
    at = poses(play, np.linspace(0, play.length, 9))
    assert ((at.x > -0.1) & (at.x < play.aspect + 0.1)).all()
    assert ((at.y > -0.1) & (at.y < 1.1)).all()
