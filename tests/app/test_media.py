"""Videos and posters over HTTP, as players ask for them."""

import io
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from test_api import NOBODY, refusal


@pytest.fixture
def source(folder: Path) -> bytes:
    return (folder / "red disc.mp4").read_bytes()


def test_the_whole_video(client: TestClient, video_id: str, source: bytes) -> None:
    answer = client.get(f"/media/{video_id}/video")
    assert answer.content == source
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-9", slice(0, 10)), ("bytes=100-", slice(100, None)), ("bytes=-7", slice(-7, None))],
)
def test_parts_of_it(
    client: TestClient, video_id: str, source: bytes, asked: str, part: slice
) -> None:
    headers = {"range": asked, "cookie": "session=secret"}
    answer = client.get(f"/media/{video_id}/video", headers=headers)
    assert answer.status_code == 206
    assert answer.content == source[part]
    assert answer.headers["content-range"].endswith(f"/{len(source)}")
    assert "secret" not in str(answer.headers)


def test_a_part_beyond_the_end(client: TestClient, video_id: str) -> None:
    headers = {"range": "bytes=99999999-"}
    assert client.get(f"/media/{video_id}/video", headers=headers).status_code == 416


def test_players_may_ask_for_headers_alone(
    client: TestClient, video_id: str, source: bytes
) -> None:
    for path in (f"/media/{video_id}/video", f"/media/{video_id}/poster/0.jpg", "/healthz"):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
    assert client.head(f"/media/{video_id}/video").headers["content-length"] == str(len(source))


def test_a_found_moment_has_a_poster(client: TestClient) -> None:
    best = client.get("/api/v1/search", params={"q": "a red circle"}).json()["moments"][0]
    answer = client.get(best["poster"])
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (320, 192)


def test_a_found_moment_has_a_strip_of_its_frames(client: TestClient) -> None:
    best = client.get("/api/v1/search", params={"q": "a red circle"}).json()["moments"][0]
    answer = client.get(best["strip"])
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == client.get(best["poster"]).headers["cache-control"]
    strip = Image.open(io.BytesIO(answer.content))
    assert best["frames"] == 8
    assert (strip.width % 3, strip.height % 3) == (0, 0)
    assert strip.width / strip.height == pytest.approx(160 / 96, rel=0.02)
    assert client.head(best["strip"]).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{NOBODY}/video", 404),
        (f"{NOBODY}/poster/0.jpg", 404),
        (f"{NOBODY}/strip/0.jpg", 404),
        ("ID/strip/99999.jpg", 404),
        ("ID/strip/x.jpg", 400),
        ("..%2f..%2flibrary.db/video", 404),
        ("ID/poster/99999.jpg", 404),
        ("ID/poster/-1.jpg", 400),
        ("ID/poster/..%2f0.jpg", 404),
        ("ID/poster/x.jpg", 400),
        ("ID/source.mp4", 404),
    ],
)
def test_nothing_else_is_served(client: TestClient, video_id: str, path: str, status: int) -> None:
    assert refusal(client.get(f"/media/{path.replace('ID', video_id)}"))[0] == status
