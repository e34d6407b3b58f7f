"""Properties of the grid and of the windows over it, for any length of video."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.segments import (
    FPS,
    completed,
    grid_size,
    on_grid,
    plan,
    planned_count,
    rate_for,
)

unhurried = settings(deadline=None)  # a busy machine is no failure
durations = st.floats(0.01, 300)
rates = st.sampled_from([0.5, 1.0, 2.0, 3.0, 29.97])
windows = st.integers(1, 32).flatmap(
    lambda frames: st.tuples(st.just(frames), st.integers(1, frames))
)


@unhurried
@given(durations, rates)
def test_grid_points_lie_within_the_video(duration: float, fps: float) -> None:
    size = grid_size(duration, fps)
    assert size >= 1
    assert (size - 1) / fps <= duration
    assert size / fps >= duration - 1e-3


def test_grid_of_nothing_is_empty() -> None:
    assert grid_size(0.0) == 0
    assert grid_size(-1.0) == 0


@unhurried
@given(durations, windows)
def test_windows_cover_the_whole_video(duration: float, window: tuple[int, int]) -> None:
    frames, hop = window
    samples = grid_size(duration)
    segments = plan(samples, frames, hop, duration)
    assert segments[0].start == 0
    assert segments[-1].end == pytest.approx(duration, abs=2e-3)
    assert {index for segment in segments for index in segment.frames} == set(range(samples))
    for segment, following in pairwise(segments):
        assert segment.start < following.start <= segment.end
        assert following.start - segment.start <= hop / FPS


@unhurried
@given(durations, windows)
def test_every_window_is_whole_and_within_the_video(
    duration: float, window: tuple[int, int]
) -> None:
    frames, hop = window
    samples = grid_size(duration)
    for position, segment in enumerate(plan(samples, frames, hop, duration)):
        assert segment.index == position
        assert len(segment.frames) == frames
        assert list(segment.frames) == sorted(segment.frames)
        assert 0 <= segment.frames[0] <= segment.frames[-1] < samples
        assert 0 <= segment.start < segment.end <= duration
        if samples >= frames:
            assert segment.start == segment.frames[0] / FPS


@unhurried
@given(durations, windows)
def test_all_but_the_last_window_begin_on_the_hop(duration: float, window: tuple[int, int]) -> None:
    frames, hop = window
    samples = grid_size(duration)
    segments = plan(samples, frames, hop, duration)
    assert [s.frames[0] for s in segments[:-1]] == [hop * k for k in range(len(segments) - 1)]
    if samples >= frames:
        assert segments[-1].frames[-1] == samples - 1


@unhurried
@given(st.integers(0, 1000), windows)
def test_counts_agree_with_the_plan(samples: int, window: tuple[int, int]) -> None:
    frames, hop = window
    assert planned_count(samples, frames, hop) == len(plan(samples, frames, hop, samples / FPS))


@unhurried
@given(st.integers(0, 300), st.integers(0, 300), windows)
def test_completed_windows_do_not_change_as_more_is_read(
    seen: int, more: int, window: tuple[int, int]
) -> None:
    frames, hop = window
    ready = completed(seen, frames, hop)
    early = plan(seen, frames, hop, seen / FPS)[:ready]
    late = plan(seen + more, frames, hop, (seen + more) / FPS)[:ready]
    assert early == late
    assert all(segment.frames[-1] < seen for segment in early)


def test_a_minute_in_windows_of_eight_seconds() -> None:
    segments = plan(121, 16, 8, 60.3)
    assert [segment.start for segment in segments] == [*range(0, 53, 4), 52.5]
    assert segments[-1].end == 60.3
    assert segments[-1].frames == tuple(range(105, 121))


def test_a_short_video_is_one_window_sampled_evenly() -> None:
    (segment,) = plan(6, 16, 8, 2.9)
    assert segment.frames == (0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5)
    assert (segment.start, segment.end) == (0, 2.9)
    assert plan(0, 16, 8, 0.0) == ()


@unhurried
@given(durations, st.integers(1, 32))
def test_a_short_video_fills_exactly_one_window_at_its_own_rate(
    duration: float, frames: int
) -> None:
    fps = rate_for(duration, frames)
    if grid_size(duration) >= frames:
        assert fps == FPS
    else:
        assert grid_size(duration, fps) == frames
        (segment,) = plan(frames, frames, 1, duration, fps)
        assert segment.frames == tuple(range(frames))
        assert segment.end == pytest.approx(duration)


@pytest.mark.parametrize(
    ("samples", "frames", "hop"), [(-1, 4, 2), (9, 0, 1), (9, 4, 0), (9, 4, 5)]
)
def test_windows_with_gaps_are_refused(samples: int, frames: int, hop: int) -> None:
    with pytest.raises(ValueError, match="no window"):
        plan(samples, frames, hop, 1.0)


@st.composite
def shows(draw: st.DrawFn) -> list[tuple[float, float, int]]:
    """Pictures numbered from 0 with times on a millisecond clock, each shown until the next."""
    gaps = draw(st.lists(st.integers(1, 4000), min_size=1, max_size=40))
    begin = draw(st.integers(0, 3000))
    times = [begin + sum(gaps[:index]) for index in range(len(gaps))]
    return [
        (time / 1000, gap / 1000, n) for n, (time, gap) in enumerate(zip(times, gaps, strict=True))
    ]


@unhurried
@given(shows(), rates, st.integers(0, 30))
def test_each_grid_point_gets_the_picture_on_screen(
    shown: list[tuple[float, float, int]], fps: float, first: int
) -> None:
    end = shown[-1][0] + shown[-1][1]
    got = list(on_grid(shown, fps, first))
    assert [index for index, _ in got] == list(range(first, max(first, grid_size(end, fps))))
    for index, picture in got:
        begun = [n for time, _, n in shown if time <= index / fps + 1e-3]
        assert picture == (begun[-1] if begun else 0)


def test_pictures_are_asked_for_only_as_needed() -> None:
    def endless():  # type: ignore[no-untyped-def]
        index = 0
        while True:
            yield index / 25, 1 / 25, index
            index += 1

    grid = on_grid(endless(), 2.0)
    assert [next(grid) for _ in range(4)] == [(0, 0), (1, 12), (2, 25), (3, 37)]
