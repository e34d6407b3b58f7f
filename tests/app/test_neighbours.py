"""The segments of a video over HTTP, all of them or those around one."""

import shutil
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from test_api import NOBODY, refusal

from app.segments import neighbours
from indexer.engine import Engine
from indexer.points import Timed


def test_every_segment_is_told_with_its_pictures(
    client: TestClient, engine: Engine, video_id: str
) -> None:
    told = client.get(f"/api/v1/videos/{video_id}/segments").json()
    assert {name: told[name] for name in ("frames", "columns", "rows", "total")} == {
        "frames": 8,
        "columns": 3,
        "rows": 3,
        "total": 5,
    }
    assert [(one["index"], one["start"], one["end"]) for one in told["segments"]] == [
        (number, 2.0 * number, pytest.approx(2.0 * number + 4)) for number in range(5)
    ]
    for one in told["segments"]:
        assert client.get(one["poster"]).status_code == client.get(one["strip"]).status_code == 200


def test_those_around_one_are_told(client: TestClient, video_id: str) -> None:
    asked = {"around": 3, "count": 3}
    told = client.get(f"/api/v1/videos/{video_id}/segments", params=asked).json()
    assert [one["index"] for one in told["segments"]] == [2, 3, 4]
    assert told["total"] == 5


@pytest.fixture
def stripless(engine: Engine, video_id: str) -> Iterator[str]:
    """A video as an earlier version indexed it."""
    strips = engine.serving.media.strip(video_id, 0).parent
    away = strips.rename(strips.with_name("away"))
    yield video_id
    shutil.rmtree(strips, ignore_errors=True)
    away.rename(strips)


def test_a_video_without_strips_says_so(client: TestClient, stripless: str) -> None:
    told = client.get(f"/api/v1/videos/{stripless}/segments").json()
    assert {one["strip"] for one in told["segments"]} == {None}
    found = client.get("/api/v1/search", params={"q": "a red circle", "video": stripless}).json()
    assert {one["strip"] for one in found["moments"]} == {None}


@pytest.mark.parametrize(
    ("video", "asked", "refused"),
    [
        (NOBODY, {}, (404, "unknown_video")),
        ("ID", {"around": -1}, (400, "bad_request")),
        ("ID", {"around": 1, "count": 0}, (400, "bad_request")),
        ("ID", {"around": 1, "count": 201}, (400, "bad_request")),
    ],
)
def test_what_is_not_there_is_refused(
    client: TestClient, video_id: str, video: str, asked: dict[str, int], refused: tuple[int, str]
) -> None:
    path = f"/api/v1/videos/{video.replace('ID', video_id)}/segments"
    assert refusal(client.get(path, params=asked)) == refused


@given(
    indexes=st.sets(st.integers(0, 60), min_size=1),
    around=st.integers(0, 80),
    count=st.integers(1, 70),
)
def test_neighbours_are_as_many_as_there_are_and_in_a_row(
    indexes: set[int], around: int, count: int
) -> None:
    segments = [Timed(index, 2.0 * index, 2.0 * index + 4) for index in sorted(indexes)]
    found = neighbours(segments, around, count)
    assert len(found) == min(count, len(segments))
    first = segments.index(found[0])
    assert found == segments[first : first + len(found)]
    if around in indexes:
        assert around in [one.index for one in found]
        before = sum(one.index < around for one in found)
        at_an_end = found[0] is segments[0] or found[-1] is segments[-1]
        assert at_an_end or before == count // 2
