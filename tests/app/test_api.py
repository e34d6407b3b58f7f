"""The API over a real engine: what it answers, and how it refuses."""

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from serving import application

from indexer.engine import Engine

NOBODY = "0" * 64


def refusal(answer: Response) -> tuple[int, str]:
    """The status and code of an answer that says no, and always why."""
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    assert body["error"]["message"].endswith(".")
    assert "Traceback" not in body["error"]["message"]
    return answer.status_code, body["error"]["code"]


def test_info_says_what_serves(client: TestClient, engine: Engine) -> None:
    info = client.get("/api/v1/info").json()
    assert info["model"]["name"] == "toy"
    assert info["model"]["toy"] is True
    assert (info["videos"], info["videos_done"]) == (2, 2)
    assert info["segments"] == engine.store.count()
    assert info["read_only"] is False


def test_classes_share_each_segment(client: TestClient, video_id: str, engine: Engine) -> None:
    asked = {"classes": ["a red circle", "a blue square", "a green star"]}
    answer = client.post(f"/api/v1/videos/{video_id}/classes", json=asked).json()
    assert answer["classes"] == asked["classes"]
    assert len(answer["starts"]) == engine.library.need(video_id).segments_done
    for row in answer["probabilities"]:
        assert len(row) == 3
        assert sum(row) == pytest.approx(1, abs=1e-5)


def test_videos_tell_no_path(client: TestClient, folder: object) -> None:
    answer = client.get("/api/v1/videos")
    assert {one["state"] for one in answer.json()["videos"]} == {"done"}
    assert str(folder) not in answer.text


def test_one_video(client: TestClient, video_id: str) -> None:
    one = client.get(f"/api/v1/videos/{video_id}").json()
    assert one["title"] == "red disc"
    assert one["duration"] == pytest.approx(12, abs=0.2)
    assert (one["width"], one["height"]) == (160, 96)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("videos/" + NOBODY, 404, "unknown_video"),
        ("videos/" + NOBODY + "/heatmap?q=a", 404, "unknown_video"),
        ("videos/..%2f..%2fetc%2fpasswd", 404, "not_found"),
        ("videos/ABC", 400, "bad_request"),
        ("nothing/here", 404, "not_found"),
    ],
)
def test_what_cannot_be_answered_says_why(
    client: TestClient, path: str, status: int, code: str
) -> None:
    assert refusal(client.get(f"/api/v1/{path}")) == (status, code)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"classes": []}', b'{"classes": "a"}', b'{"classes": [""]}']
)
def test_classes_must_be_named(client: TestClient, video_id: str, body: bytes) -> None:
    answer = client.post(f"/api/v1/videos/{video_id}/classes", content=body)
    assert refusal(answer) == (400, "bad_request")


def test_one_class_is_no_choice(client: TestClient, video_id: str) -> None:
    answer = client.post(f"/api/v1/videos/{video_id}/classes", json={"classes": ["a circle"]})
    assert refusal(answer) == (422, "not_understood")


def test_a_video_without_segments_has_no_heat_yet(client: TestClient, engine: Engine) -> None:
    # Straight into the library: the worker is not told, so that the video stays queued.
    from indexer.content import Content

    waiting = "ab" * 32
    path = engine.settings.data_dir / "waiting.mp4"
    engine.library.add(path, "waiting.mp4", managed=True, content=Content(waiting, 1, 1))
    try:
        answer = client.get(f"/api/v1/videos/{waiting}/heatmap", params={"q": "a"})
        assert refusal(answer) == (409, "not_indexed_yet")
        assert refusal(client.get(f"/media/{waiting}/video")) == (404, "not_found")
    finally:
        engine.remove(waiting)


def test_wrong_methods_do_not_reach_the_page(client: TestClient) -> None:
    assert refusal(client.put("/api/v1/info")) == (404, "not_found")
    assert refusal(client.post("/media/x")) == (404, "not_found")


def test_an_unexpected_failure_tells_no_detail(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(engine.library, "standings", fail)
    with TestClient(
        application(engine), base_url="http://localhost", raise_server_exceptions=False
    ) as client:
        answer = client.get("/api/v1/videos")
    assert refusal(answer) == (500, "internal_error")
    assert "secret" not in answer.text
