"""Segments in two dimensions: like beside like, the same every time, however few or alike."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracks import unit

from indexer import layout
from indexer.layout import groups, lay_out, spread

Kinds = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    """300 unit vectors of six kinds, and the kind of each."""
    random = np.random.default_rng(0)
    middles = unit(random.normal(size=(6, 32)))
    kind = np.arange(300) % 6
    return unit(middles[kind] + random.normal(scale=0.08, size=(300, 32))), kind


def laid(vectors: np.ndarray, told: Callable[[float], None] = lambda _: None) -> np.ndarray:
    return lay_out(lambda rows: vectors[rows], len(vectors), told)


def neighbours_alike(positions: np.ndarray, kind: np.ndarray) -> float:
    """How many of each point's five nearest are of its kind, 0 to 1."""
    away = ((positions[:, None] - positions[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(away, np.inf)
    return float(np.mean(kind[np.argsort(away, axis=1)[:, :5]] == kind[:, None]))


def test_like_stands_beside_like_and_the_same_every_time(kinds: Kinds) -> None:
    vectors, kind = kinds
    told: list[float] = []
    positions = laid(vectors, told.append)
    assert positions.shape == (300, 2)
    assert positions.min() >= 0
    assert positions.max() <= 1
    assert np.ptp(positions, axis=0).min() > 0.9  # nothing of the picture is wasted
    assert neighbours_alike(positions, kind) > 0.98
    assert told == sorted(told)
    assert told[-1] > 0.7  # it tells how far it is, and not only at the end
    assert np.array_equal(positions, laid(vectors))


def test_what_is_too_many_stands_beside_its_like(
    kinds: Kinds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MOST", 120)
    vectors, kind = kinds
    assert neighbours_alike(laid(vectors), kind) > 0.95


def test_equal_segments_take_one_place(kinds: Kinds) -> None:
    """Hundreds of black pictures would push each other over the whole map."""
    vectors, _ = kinds
    black = np.repeat(unit(np.ones((1, 32))), 200, axis=0)
    positions = laid(np.concatenate([vectors, black]))
    assert np.ptp(positions[300:], axis=0).max() < 0.06
    assert len(np.unique(positions[300:], axis=0)) == 200  # each can still be pointed at


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 9, 40])
def test_few_are_no_trouble(kinds: Kinds, count: int) -> None:
    positions = laid(kinds[0][:count])
    assert positions.shape == (count, 2)
    assert np.isfinite(positions).all()
    assert len(np.unique(positions, axis=0)) == count
    assert len(groups(positions)) == count


@given(st.integers(1, 10_000), st.integers(1, 500))
def test_a_sample_is_spread_evenly(count: int, most: int) -> None:
    chosen = spread(count, most)
    assert len(chosen) == min(count, most)
    steps = np.diff(chosen)
    assert len(chosen) == 1 or (steps.min() >= 1 and steps.max() - steps.min() <= 1)
    assert chosen[-1] < count


def test_groups_are_the_hills_of_the_picture() -> None:
    random = np.random.default_rng(0)
    middles = np.array([(0.2, 0.2), (0.8, 0.3), (0.5, 0.85)])
    kind = np.repeat([0, 1, 2], [50, 200, 100])
    found = groups(np.clip(middles[kind] + random.normal(scale=0.03, size=(350, 2)), 0, 1))
    assert set(found[kind == 1]) == {0}  # the largest comes first
    assert set(found[kind == 2]) == {1}
    assert set(found[kind == 0]) == {2}
