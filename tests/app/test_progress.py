"""How far indexing is, in words."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import progress
from indexer.records import Step, Video
from indexer.status import Progress, Status, Switch


def video(title: str = "harbour", step: Step | None = "embed", done: int = 30) -> Video:
    return Video(
        video_id="0" * 64,
        title=title,
        path=Path("/harbour.mp4"),
        managed=False,
        size=1000,
        duration=400.0,
        width=640,
        height=480,
        added_at=0.0,
        recorded_at=None,
        folder="harbours",
        tags=(),
        plays="as_is",
        missing=False,
        state="indexing",
        step=step,
        note=None,
        error_code=None,
        segments_planned=100,
        segments_done=done,
        attempts=1,
        spent=10.0,
        front=0,
        redo=False,
    )


BUSY = Status(
    paused=False,
    waiting=None,
    model="toy",
    progress=Progress(
        videos=10_000,
        counts={"queued": 6_979, "indexing": 1, "done": 3_000, "failed": 20},
        segments=123,
        seconds=1000.0,
        seconds_done=410.0,
        speed=12.34,
        left=10_800.0,
    ),
    switch=None,
    current=[video()],
)
SETTLED = replace(
    BUSY,
    progress=replace(BUSY.progress, videos=3_000, counts={"done": 3_000}, seconds_done=1000.0),
    current=[],
)


def test_a_line_for_a_busy_library() -> None:
    assert progress.line(BUSY) == (
        "3,020 of 10,000 videos, 41 %, 12.3x realtime, about 3 h left; "
        "harbour: analysing, 30 %, 12.0x realtime, about 23 s left"
    )


def test_what_stands_still_promises_nothing() -> None:
    for still in (replace(BUSY, paused=True), replace(BUSY, waiting="The disk is full.")):
        assert progress.headline(still) == "3,020 of 10,000 videos"
    assert progress.headline(SETTLED) == "3,000 of 3,000 videos"


def test_a_table_says_why_nothing_goes_on() -> None:
    lines = progress.table(replace(BUSY, paused=True, waiting="The disk is full.", current=[]))
    assert lines == [
        "3,020 of 10,000 videos",
        "6,979 waiting, 1 indexing, 3,000 ready, 20 failed",
        "Paused: nothing is indexed until it is resumed in the page.",
        "Waiting: The disk is full.",
    ]


def test_a_table_has_a_line_for_each_running_video() -> None:
    long = "A very long title that goes on and on, as camera names do, 2024-03-17"
    lines = progress.table(replace(BUSY, current=[video(), video(long, "open", 0)]))
    head, first, second = lines[-3:]
    assert first.split() == ["harbour", "analysing", "30", "%", "12.0x", "23", "s"]
    assert second.endswith("opening      0 %")
    assert second.startswith("A very long title")
    assert len(second) < 80
    for name, words in (("STEP", ("analysing", "opening")), ("LEFT", ("23 s", ""))):
        assert first.index(words[0]) == head.index(name)
        assert second[head.index(name) :].startswith(words[1])


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("large", "Building the index for large: 41 %, about 3 h left. Search goes on with toy."),
        ("toy", "Building a new index for toy: 41 %, about 3 h left. Search goes on with the"),
    ],
)
def test_a_switch_is_told(model: str, words: str) -> None:
    switching = replace(SETTLED, switch=Switch(model, "f" * 16, BUSY.progress, lacking=0))
    assert any(line.startswith(words) for line in progress.table(switching))
    assert progress.headline(switching).startswith("new index: 3,020 of 10,000 videos, 41 %")


def test_a_failure_names_its_step() -> None:
    failed = replace(video(), state="failed", note="It is damaged.", step="read")
    assert progress.failure(failed) == "harbour: It is damaged. (while reading)"
    assert progress.failure(replace(failed, step=None)) == "harbour: It is damaged."


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (1, "1 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "2 h")],
)
def test_span(seconds: float, said: str) -> None:
    assert progress.span(seconds) == said


@given(st.floats(min_value=60, max_value=1e8))
def test_a_span_is_about_right(seconds: float) -> None:
    number, unit = progress.span(seconds).split()
    size = {name: size for size, name in progress.UNITS}[unit]
    assert float(number) * size == pytest.approx(seconds, rel=1 / 3)


def test_json_is_what_the_api_tells() -> None:
    told = progress.as_json(BUSY)
    assert told["share"] == pytest.approx(0.41)
    assert told["counts"]["cancelled"] == 0
    assert told["current"][0]["step"] == "embed"
    assert "/harbour.mp4" not in str(told)  # where files lie is nobody's business
