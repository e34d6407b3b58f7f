"""Filters as a question writes them: what is understood, and what is refused in words."""

import re
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ApiError
from app.narrowing import MOST_VALUES, read_filters
from indexer.filters import Filters, Range

ID = "0123456789abcdef" * 4
ENDLESS = float("inf")
days = st.dates(date(1971, 1, 1), date(2100, 1, 1))


@pytest.fixture(autouse=True, scope="module")
def far_away() -> Iterator[None]:
    """A machine whose days are not those of UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Kathmandu")
        time.tzset()
        yield
    time.tzset()


def test_nothing_said_filters_nothing() -> None:
    assert read_filters({"q": ["red"], "limit": ["3"]}) == Filters()


def test_every_filter_is_understood() -> None:
    said = {
        "video": [ID, ID],
        "folder": ["Trips/2024", "uploads"],
        "tag": ["Am Meer", "a&b"],
        "within": ["4c88e03762df78fc"],
        "duration": ["10-60.5", "600-", "-5"],
        "part": ["0.25-"],
    }
    read = read_filters(said)
    assert (read.videos, read.folders) == ((ID,), ("Trips/2024", "uploads"))
    assert (read.tags, read.within) == (("Am Meer", "a&b"), ("4c88e03762df78fc",))
    assert read.part == (0.25, 1.0)
    (first, second, third) = read.duration
    assert first.low == 10
    assert 60.5 < first.high < 60.5001  # so long itself is included
    assert second == Range(600)
    assert third.low == -ENDLESS


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_range_of_lengths_holds_both_its_ends(low: int, high: int) -> None:
    if low > high:
        with pytest.raises(ApiError, match="ends before it begins"):
            read_filters({"duration": [f"{low}-{high}"]})
        return
    (read,) = read_filters({"duration": [f"{low}-{high}"]}).duration
    for length in (low, high):
        assert read.low <= length < read.high
    assert not read.low <= low - 1e-6 < read.high
    assert not read.low <= high + 1e-6 < read.high


@given(days, days)
def test_days_are_whole_and_by_the_clock_on_the_wall(first: date, last: date) -> None:
    first, last = sorted((first, last))
    (read,) = read_filters({"recorded": [f"{first}..{last}"]}).recorded
    begin = datetime(first.year, first.month, first.day).timestamp()
    after = last + timedelta(days=1)
    assert read == Range(begin, datetime(after.year, after.month, after.day).timestamp())
    assert read_filters({"added": [f"{first}.."]}).added == (Range(begin),)
    (until,) = read_filters({"added": [f"..{last}"]}).added
    assert until == Range(high=read.high)


def test_a_time_of_day_may_be_told_and_a_zone() -> None:
    (read,) = read_filters({"added": ["2026-05-01T12:00:00Z..2026-05-01T13:00:00Z"]}).added
    assert read.high - read.low == 3600


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("video", "red", "a video's id"),
        ("video", ID + "'", "a video's id"),
        ("duration", "-", "10-60"),
        ("duration", "", "10-60"),
        ("duration", "ten", "10-60"),
        ("duration", "1e3-", "10-60"),
        ("duration", "nan-inf", "10-60"),
        ("duration", "60-10", "ends before"),
        ("part", "0.5", "0.25-0.5"),
        ("part", "1.5-2", "share"),
        ("added", "2026-05-01", r"2026-01-01\.\."),
        ("added", "..", r"2026-01-01\.\."),
        ("added", "2026-02-30..", "no date"),
        ("recorded", "yesterday..", "no date"),
        ("recorded", "9999-12-31..9999-12-31", "no date"),
        ("recorded", "2026-05-02..2026-05-01", "ends before"),
    ],
)
def test_what_is_not_understood_is_refused_in_words(name: str, value: str, told: str) -> None:
    with pytest.raises(ApiError, match=told) as refused:
        read_filters({name: [value]})
    assert re.match(f"“{name}” is not usable", str(refused.value))


def test_a_filter_has_bounds() -> None:
    with pytest.raises(ApiError, match="1000 times at most"):
        read_filters({"tag": [str(number) for number in range(MOST_VALUES + 1)]})
    with pytest.raises(ApiError, match="only once"):
        read_filters({"part": ["0-0.5", "0.6-1"]})
