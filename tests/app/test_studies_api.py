"""The map and the duplicates as a program asks for them."""

import gzip
import json
import time
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from indexer.engine import Engine

PATIENCE = 120


def made(client: TestClient, path: str) -> dict[str, Any]:
    """What a study found, once it is made."""
    assert client.post(f"/api/v1/{path}").status_code == 202
    deadline = time.monotonic() + PATIENCE
    while (told := client.get(f"/api/v1/{path}").json())["state"] == "making":
        assert time.monotonic() < deadline
        assert 0 <= told["share"] <= 1
        time.sleep(0.05)
    assert (told["state"], told["message"]) == ("ready", None)
    return dict(told)


def test_every_segment_has_its_point(client: TestClient, engine: Engine) -> None:
    told = made(client, "map")
    columns = ("x", "y", "video", "index", "start", "end", "group")
    assert {len(told[name]) for name in columns} == {engine.store.count()} == {told["count"]}
    titles = {video.video_id: video.title for video in engine.library.videos()}
    assert {one["video_id"]: one["title"] for one in told["videos"]} == titles
    for i in range(told["count"]):
        video_id = told["videos"][told["video"][i]]["video_id"]
        stored = engine.store.segments(video_id)[told["index"][i]]
        assert (told["start"][i], told["end"][i]) == (stored.start, stored.end)
        assert client.get(f"/media/{video_id}/poster/{told['index'][i]}.jpg").status_code == 200
    assert all(0 <= place <= told["size"] for place in told["x"] + told["y"])
    again = client.post("/api/v1/map").json()
    assert (again["state"], again["made_at"]) == ("ready", told["made_at"])  # nothing is new


def test_the_map_travels_small(client: TestClient) -> None:
    made(client, "map")
    with client.stream("GET", "/api/v1/map", headers={"accept-encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    plain = client.get("/api/v1/map", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert json.loads(gzip.decompress(raw)) == plain.json()
    state = client.get("/api/v1/map?points=false").json()
    assert "x" not in state
    assert state["count"] == plain.json()["count"]


def test_different_videos_are_no_duplicates(client: TestClient) -> None:
    assert made(client, "duplicates")["groups"] == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"keep": "a" * 64, "remove": ["b" * 64]}, 404, "unknown_video"),
        ({"keep": "a" * 64, "remove": []}, 400, "bad_request"),
        ({"keep": "nothing", "remove": ["b" * 64]}, 400, "bad_request"),
    ],
)
def test_nothing_is_removed_by_mistake(
    client: TestClient, body: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post("/api/v1/duplicates/keep", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_what_does_not_agree_stays(client: TestClient, engine: Engine, video_id: str) -> None:
    other = next(v.video_id for v in engine.library.videos() if v.video_id != video_id)
    body = {"keep": video_id, "remove": [other], "delete_files": True}
    answer = client.post("/api/v1/duplicates/keep", json=body)
    assert answer.status_code == 409
    assert "is not known to agree" in answer.json()["error"]["message"]
    assert np.isin([video_id, other], [v.video_id for v in engine.library.videos()]).all()
