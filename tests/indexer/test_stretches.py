"""Stretches against the same thing said slowly, second by second."""

from hypothesis import given
from hypothesis import strategies as st

from indexer.stretches import WHOLE, Stretches, common, holds, joined

# Whole seconds, so that every second is either in or out as a whole.
places = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=6)


def seconds(stretches: object) -> set[int]:
    """The whole seconds that the stretches cover."""
    return {s for start, end in stretches for s in range(int(start), int(end))}  # type: ignore[attr-defined]


def tidy(stretches: Stretches) -> bool:
    """Whether they are in order, none is empty and no two touch."""
    edges = [edge for stretch in stretches for edge in stretch]
    return edges == sorted(set(edges))


@given(places)
def test_joining_keeps_every_second_and_no_other(some: list[tuple[int, int]]) -> None:
    assert seconds(joined(some)) == seconds(some)
    assert tidy(joined(some))


@given(places, places)
def test_what_two_have_in_common(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    found = common(joined(one), joined(other))
    assert seconds(found) == seconds(one) & seconds(other)
    assert all(start < end for start, end in found)
    assert common(joined(one), WHOLE) == joined(one)


@given(places, st.integers(0, 20), st.integers(1, 8))
def test_a_segment_lies_where_its_middle_lies_or_around_a_shorter_stretch(
    some: list[tuple[int, int]], start: int, length: int
) -> None:
    stretches, middle = joined(some), start + length / 2
    by_its_middle = any(first <= middle < last for first, last in stretches)
    around = any(start <= first and last <= start + length for first, last in stretches)
    assert holds(stretches, start, start + length) == (by_its_middle or around)


def test_a_mark_shorter_than_the_hop_is_found_by_the_segments_around_it() -> None:
    segments = [(0.0, 8.0), (4.0, 12.0), (8.0, 16.0)]
    held = [one for one in segments if holds(((10.0, 11.0),), *one)]
    assert held == [(4.0, 12.0), (8.0, 16.0)]
    assert [one for one in segments if holds(((20.0, 21.0),), *one)] == []
    assert not holds((), 0.0, 8.0)
