"""How segments become moments: peaks, half height, no overlap."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from indexer.moments import spans
from indexer.points import Hit


def heat(*scores: float, gap_after: int | None = None) -> list[Hit]:
    """Segments of 4 s every 2 s; after `gap_after` of them, ten seconds of nothing."""
    late = [10.0 if gap_after is not None and i >= gap_after else 0.0 for i in range(len(scores))]
    return [Hit("v", i, 2.0 * i + late[i], 2.0 * i + 4 + late[i], s) for i, s in enumerate(scores)]


def times(given_heat: list[Hit], most: int = 9) -> list[tuple[float, float, int]]:
    return [(span.start, span.end, span.best.index) for span in spans(given_heat, most)]


def test_a_lone_peak_is_one_segment() -> None:
    assert times(heat(0.0, 0.1, 0.9, 0.1, 0.0)) == [(4.0, 8.0, 2)]


def test_a_broad_peak_is_one_moment_down_to_half_its_height() -> None:
    assert times(heat(0.0, 0.6, 0.9, 0.8, 0.4, 0.0)) == [(2.0, 10.0, 2)]


def test_two_peaks_are_two_moments_the_higher_first() -> None:
    assert times(heat(0.0, 0.7, 0.1, 0.0, 0.1, 0.9, 0.0)) == [(10.0, 14.0, 5), (2.0, 6.0, 1)]


def test_a_shoulder_beside_a_moment_is_no_moment_of_its_own() -> None:
    # Segment 3 peaks, but shows what the better moment shows already: [2, 8) and [6, 10) overlap.
    assert times(heat(0.0, 0.9, 0.5, 0.6, 0.0)) == [(2.0, 10.0, 1)]
    assert times(heat(0.0, 0.9, 0.8, 0.2, 0.3)) == [(2.0, 8.0, 1), (8.0, 12.0, 4)]


def test_of_two_moments_the_better_keeps_what_both_would_cover() -> None:
    assert times(heat(0.0, 0.9, 0.2, 0.3, 0.0)) == [(2.0, 6.0, 1), (6.0, 10.0, 3)]


def test_a_moment_does_not_reach_over_a_gap() -> None:
    assert times(heat(0.0, 0.8, 0.9, 0.8, gap_after=3)) == [(2.0, 8.0, 2)]


def test_a_video_that_never_changes_is_one_moment() -> None:
    assert times(heat(0.5, 0.5, 0.5)) == [(0.0, 4.0, 0)]


def test_one_segment_and_none() -> None:
    assert times(heat(-0.2)) == [(0.0, 4.0, 0)]
    assert times([]) == []


def test_at_most_as_many_as_asked() -> None:
    saw = heat(*[0.9, 0.0, 0.0] * 5)
    assert len(times(saw, most=3)) == 3
    assert times(saw, most=0) == []


@given(st.lists(st.integers(-10, 10), min_size=1, max_size=30), st.integers(1, 6))
def test_moments_are_apart_ordered_and_hold_the_best(scores: list[int], most: int) -> None:
    given_heat = heat(*(score / 10 for score in scores))
    found = spans(given_heat, most)
    assert 1 <= len(found) <= most
    assert found[0].best.score == max(hit.score for hit in given_heat)
    assert [span.best.score for span in found] == sorted(
        (span.best.score for span in found), reverse=True
    )
    for span in found:
        assert span.start <= span.best.start < span.best.end <= span.end
    by_time = sorted(found, key=lambda span: span.start)
    assert all(a.end <= b.start for a, b in itertools.pairwise(by_time))
