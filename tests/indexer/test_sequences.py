"""Chains of segments, held against every chain there is."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.points import Hit
from indexer.sequences import Chain, chains, score_of


def heats(*rows: Sequence[float], hop: float = 2.0) -> list[list[Hit]]:
    """For each step the scores of the same segments: 4 s long, one every `hop` seconds."""
    return [
        [Hit("v", i, hop * i, hop * i + 4, score) for i, score in enumerate(row)] for row in rows
    ]


def places(found: list[Chain]) -> list[list[int]]:
    return [[hit.index for hit in chain] for chain in found]


def test_one_thing_then_another() -> None:
    assert places(chains(heats([0, 3, 0, 0, 0], [0, 0, 0, 0, 3]), 60, 1)) == [[1, 4]]


def test_the_other_order_is_worth_less() -> None:
    happened = heats([0, 0, 0, 0, 3], [0, 3, 0, 0, 0])
    assert score_of(chains(happened, 60, 1)[0]) < 3
    assert score_of(chains(list(reversed(happened)), 60, 1)[0]) == 3


def test_one_segment_is_never_two_steps_and_neighbours_may_be() -> None:
    assert places(chains(heats([0, 3, 0], [0, 3, 1]), 60, 1)) == [[1, 2]]
    assert chains(heats([3], [3]), 60, 1) == []


def test_a_gap_is_between_an_end_and_a_start() -> None:
    far = heats([3, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 3])  # from 4 s to 10 s
    assert places(chains(far, 6, 1)) == [[0, 5]]
    assert places(chains(far, 5.9, 1)) != [[0, 5]]


def test_three_steps() -> None:
    row = heats([3, 0, 0, 0, 0], [0, 0, 3, 0, 0], [0, 0, 0, 0, 3])
    (chain,) = chains(row, 60, 1)
    assert places([chain]) == [[0, 2, 4]]
    assert score_of(chain) == 3


def test_what_is_not_given_is_no_step() -> None:
    first, second = heats([3, 2, 0, 0], [0, 0, 0, 3])
    assert places(chains([first[1:2], second[3:]], 60, 5)) == [[1, 3]]
    assert chains([[], second], 60, 5) == []
    assert chains([first, []], 60, 5) == []


def middle(hit: Hit) -> float:
    return (hit.start + hit.end) / 2


def all_chains(given_heats: list[list[Hit]], gap: float) -> list[Chain]:
    """Every chain that keeps to the rules."""
    return [
        chain
        for chain in itertools.product(*given_heats)
        if all(
            middle(a) <= b.start and b.start - a.end <= gap for a, b in itertools.pairwise(chain)
        )
    ]


rows = st.integers(1, 9).flatmap(
    lambda count: st.lists(
        st.lists(st.integers(-5, 5).map(float), min_size=count, max_size=count),
        min_size=2,
        max_size=3,
    )
)


@given(rows, st.sampled_from([0.0, 1.0, 4.0, 60.0]), st.sampled_from([1.0, 2.0, 3.5, 4.0, 7.0]))
def test_the_best_of_every_chain_there_is(
    given_rows: list[list[float]], gap: float, hop: float
) -> None:
    given_heats = heats(*given_rows, hop=hop)
    possible = all_chains(given_heats, gap)
    found = chains(given_heats, gap, 9)
    assert bool(found) == bool(possible)
    if possible:
        assert score_of(found[0]) == pytest.approx(max(map(score_of, possible)))
    assert all(chain in possible for chain in found)
    assert [score_of(one) for one in found] == sorted(map(score_of, found), reverse=True)
    for one, other in itertools.combinations(found, 2):
        assert one[-1].end <= other[0].start or other[-1].end <= one[0].start
