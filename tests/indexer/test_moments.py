"""How segments become moments: peaks, how far they reach, no overlap."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from indexer.moments import COUNTS, GROWS, enough, spans
from indexer.points import Hit


def heat(*scores: float | None) -> list[Hit]:
    """Segments of 4 s every 2 s; one of None is left out, as what scores too little is."""
    return [
        Hit("v", i, 2.0 * i, 2.0 * i + 4, score)
        for i, score in enumerate(scores)
        if score is not None
    ]


def times(given_heat: list[Hit], most: int = 9) -> list[tuple[float, float, int]]:
    return [(span.start, span.end, span.best.index) for span in spans(given_heat, most)]


def test_a_lone_peak_is_one_segment() -> None:
    assert times(heat(0.0, 1.0, 3.0, 1.0, 0.0)) == [(4.0, 8.0, 2)]


def test_a_broad_peak_reaches_over_what_scores_nearly_as_well() -> None:
    assert times(heat(0.0, 2.5, 3.0, 2.7, 2.3, 0.0)) == [(2.0, 10.0, 2)]


def test_two_peaks_are_two_moments_the_higher_first() -> None:
    assert times(heat(0.0, 2.0, 0.1, 0.0, 0.1, 3.0, 0.0)) == [(10.0, 14.0, 5), (2.0, 6.0, 1)]


def test_a_peak_far_below_the_best_is_no_moment() -> None:
    assert times(heat(0.0, 1.4, 0.1, 0.0, 0.1, 3.0, 0.0)) == [(10.0, 14.0, 5)]


def test_a_shoulder_beside_a_moment_is_no_moment_of_its_own() -> None:
    # Segment 3 peaks, but shows what the better moment shows already: [2, 8) and [6, 10) overlap.
    assert times(heat(0.0, 3.0, 2.5, 2.6, 0.0)) == [(2.0, 10.0, 1)]
    assert times(heat(0.0, 3.0, 1.0, 2.0, 0.0)) == [(2.0, 6.0, 1), (6.0, 10.0, 3)]


def test_a_moment_does_not_reach_over_what_was_left_out() -> None:
    apart = heat(0.0, 2.9, None, 3.0, None, 2.8)
    assert times(apart) == [(6.0, 10.0, 3), (2.0, 6.0, 1), (10.0, 14.0, 5)]


def test_what_is_less_than_ordinary_stays_alone() -> None:
    assert times(heat(-2.0, -0.5, -0.5, -0.6)) == [(2.0, 6.0, 1)]
    assert times(heat(-0.2)) == [(0.0, 4.0, 0)]


def test_a_video_that_never_changes_is_one_moment() -> None:
    assert times(heat(1.0, 1.0, 1.0)) == [(0.0, 8.0, 0)]


def test_no_segment_is_no_moment() -> None:
    assert times([]) == []


def test_at_most_as_many_as_asked() -> None:
    saw = heat(*[3.0, 0.0, 0.0] * 5)
    assert len(times(saw, most=3)) == 3
    assert times(saw, most=0) == []


scores = st.lists(st.integers(-10, 30), min_size=1, max_size=30)


@given(scores, st.integers(1, 6))
def test_moments_are_apart_ordered_and_hold_the_best(given_scores: list[int], most: int) -> None:
    given_heat = heat(*(score / 10 for score in given_scores))
    found = spans(given_heat, most)
    best = max(hit.score for hit in given_heat)
    assert 1 <= len(found) <= most
    assert found[0].best.score == best
    assert [span.best.score for span in found] == sorted(
        (span.best.score for span in found), reverse=True
    )
    for span in found:
        assert span.start <= span.best.start < span.best.end <= span.end
        assert span.best.score >= min(best, COUNTS * best)
        inside = [hit for hit in given_heat if span.start <= hit.start and hit.end <= span.end]
        assert all(hit.score >= min(span.best.score, GROWS * span.best.score) for hit in inside)
    by_time = sorted(found, key=lambda span: span.start)
    assert all(a.end <= b.start for a, b in itertools.pairwise(by_time))


@given(scores, st.integers(1, 6))
def test_what_does_not_matter_may_be_left_out(given_scores: list[int], most: int) -> None:
    whole = heat(*(score / 10 for score in given_scores))
    least = enough(max(hit.score for hit in whole))
    assert spans([hit for hit in whole if hit.score >= least], most) == spans(whole, most)
