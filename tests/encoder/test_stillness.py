"""What stands still is computed once; what moves, however little of it, is computed anew."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import small
from hypothesis import given
from hypothesis import strategies as st
from small import relative_error

from encoder.embedder import Embedder
from encoder.stillness import BLOCK, BOUND, Stillness, shows_the_same
from encoder.windows import WindowStream

SIDE = 3 * BLOCK


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return small.embedder()


class Counted:
    """A stream, what frames its encoder was given, and how many batches of windows it finished."""

    def __init__(self, embedder: Embedder) -> None:
        programs = embedder._programs
        self.frames: list[np.ndarray] = []
        self.batches = 0

        def encode(chunk: np.ndarray) -> Any:
            self.frames += list(chunk)
            return programs.encode(chunk)

        def finish(features: Sequence[Any]) -> Any:
            self.batches += 1
            return programs.finish(features)

        self.stream = WindowStream(replace(programs, encode=encode, finish=finish))


def picture(seed: int = 0, side: int = SIDE) -> np.ndarray:
    return np.random.default_rng(seed).integers(20, 236, (side, side, 3), dtype=np.uint8)


def noisy(frame: np.ndarray, deviation: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, deviation, frame.shape)
    return np.clip(np.rint(frame + noise), 0, 255).astype(np.uint8)


def test_a_frame_shows_the_same_as_itself_and_under_little_noise() -> None:
    frame = picture()
    assert shows_the_same(frame, frame.copy())
    assert shows_the_same(frame, noisy(frame, BOUND / 2, 1))
    assert not shows_the_same(frame, noisy(frame, 2 * BOUND, 1))


@given(st.integers(0, SIDE - 3), st.integers(0, SIDE - 3))
def test_a_small_thing_that_is_new_is_seen_wherever_it_is(top: int, left: int) -> None:
    frame = np.full((SIDE, SIDE, 3), 40, np.uint8)
    other = frame.copy()
    other[top : top + 3, left : left + 3] = 200
    assert not shows_the_same(frame, other)
    assert not shows_the_same(other, frame)


def test_a_side_that_blocks_do_not_divide_is_looked_at_to_its_edge() -> None:
    frame = picture(side=SIDE + 5)
    other = frame.copy()
    other[-2:, -2:] ^= 255
    assert shows_the_same(frame, frame)
    assert not shows_the_same(frame, other)


def test_floats_stand_for_themselves() -> None:
    still = Stillness()
    frame = picture().astype(np.float32) / 255
    assert [still.name(index, frame) for index in range(3)] == [0, 1, 2]


def test_what_changes_slowly_does_not_creep_past_the_bound() -> None:
    still = Stillness()
    names = [still.name(i, np.full((SIDE, SIDE, 3), 40 + i, np.uint8)) for i in range(7)]
    assert names == [0, 0, 0, 0, 4, 4, 4]


def test_an_array_may_be_reused_after_it_was_named() -> None:
    still = Stillness()
    buffer = np.zeros((SIDE, SIDE, 3), np.uint8)
    assert still.name(0, buffer) == 0
    buffer[:] = 90
    assert still.name(1, buffer) == 1


def test_a_still_stretch_costs_one_frame_and_one_window(embedder: Embedder) -> None:
    moving = small.frames(4)
    frames = np.concatenate([moving, np.repeat(moving[-1:], 20, axis=0)])
    counted = Counted(embedder)
    counted.stream.push(frames)
    windows = [range(start, start + 4) for start in range(0, 21, 2)]
    vectors = counted.stream.embed(windows)
    assert {frame.tobytes() for frame in counted.frames} == {frame.tobytes() for frame in moving}
    assert counted.batches == 2  # of two: the moving one, half of it, and what stands still
    np.testing.assert_array_equal(vectors[2:], np.repeat(vectors[2:3], 9, axis=0))
    expected = small.plain_videos(np.stack([frames[list(window)] for window in windows[:3]]))
    assert relative_error(vectors[:3], expected) < 1e-5


def test_a_window_is_found_again_in_the_next_call_and_its_frames_may_be_dropped(
    embedder: Embedder,
) -> None:
    still = np.repeat(small.frames(1), 12, axis=0)
    counted = Counted(embedder)
    counted.stream.push(still[:6])
    first = counted.stream.embed([range(4)])
    counted.stream.drop_before(5)
    counted.stream.push(still[6:])
    second = counted.stream.embed([range(6, 10)])
    np.testing.assert_array_equal(first, second)
    assert counted.batches == 1
    counted.stream.push(small.frames(2)[1:])
    moved = counted.stream.embed([range(9, 13)])
    assert relative_error(moved, first) > 1e-3
    assert counted.batches == 2


def test_memory_does_not_grow_while_nothing_moves(embedder: Embedder) -> None:
    stream = embedder.window_stream()
    frame = small.frames(1)
    for index in range(50):
        stream.push(frame)
        stream.drop_before(index - 3)
    held = {*stream._features, *stream._waiting}
    assert held == {0}
    assert sorted(stream._shown) == [46, 47, 48, 49]
