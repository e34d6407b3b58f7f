"""Searches and heat-maps over a real engine: every way to ask, and how it is refused."""

import asyncio
import threading
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from fastapi.testclient import TestClient

from app import searching
from app.asking import Asked
from app.found import SearchOut
from indexer.engine import Engine
from indexer.examples import Example, Examples

NOBODY = "0" * 64
STRIP = {"index", "start", "end", "peak", "play_at", "poster", "score"}


def search(client: TestClient, **asked: object) -> Any:
    answer = client.get("/api/v1/search", params=asked)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()


def refusal(client: TestClient, path: str) -> tuple[int, str]:
    answer = client.get(f"/api/v1/{path}")
    assert answer.json()["error"]["message"].endswith(".")
    return answer.status_code, answer.json()["error"]["code"]


def test_search_ranks_moments(client: TestClient) -> None:
    answer = search(client, q="a red circle", limit=3)
    (said,) = answer["conditions"]
    assert (said["label"], said["kind"], said["role"], said["step"]) == (
        "a red circle",
        "words",
        "q",
        0,
    )
    moments = answer["moments"]
    assert [one["rank"] for one in moments] == list(range(1, len(moments) + 1))
    assert [one["score"] for one in moments] == sorted((m["score"] for m in moments), reverse=True)
    for one in moments:
        assert 0 <= one["start"] <= one["play_at"] <= one["peak"] <= one["end"] <= 12.5
        assert 0 < one["top"] <= 100
        assert (one["width"], one["height"], one["steps"]) == (160, 96, [])
        assert client.get(one["poster"]).headers["content-type"] == "image/jpeg"
        assert client.get(one["strip"]).headers["content-type"] == "image/jpeg"
    assert moments[0]["title"] == "red disc"


def test_a_page_follows_another(client: TestClient) -> None:
    asked = {"q": "a red circle", "per_video": 1}
    whole = search(client, **asked)
    assert len({one["video_id"] for one in whole["moments"]}) == len(whole["moments"]) == 2
    assert (whole["more"], whole["total"]) == (False, 2)
    first = search(client, **asked, limit=1)
    assert first["more"] is True
    later = search(client, **asked, limit=1, offset=1)
    assert first["moments"] + later["moments"] == whole["moments"]


def test_every_kind_of_condition(client: TestClient, engine: Engine, video_id: str) -> None:
    vector = engine.search.text_vector("a red circle")
    example = Example("2" * 64, "like.mp4", vector[None], b"JPEG")
    engine.examples.remember(example, engine.fingerprint.key)
    for kind, label in {
        f"clip:{'2' * 64}": "like.mp4",
        f"moment:{video_id}:2": "red disc, 0:04-0:08",
        f"range:{video_id}:2-9": "red disc, 0:02-0:09",
    }.items():
        answer = search(client, q=f"0.5*{kind}", **{"not": "a blue square"})
        first, second = answer["conditions"]
        assert (first["value"], first["weight"], first["label"]) == (kind, 0.5, label)
        assert first["poster"] is not None
        assert (second["role"], second["value"]) == ("not", "a blue square")
        assert answer["moments"][0]["video_id"] == video_id


def test_likes_alone_are_a_question(client: TestClient, video_id: str) -> None:
    answer = search(client, like=f"{video_id}:1")
    assert answer["conditions"] == []
    assert answer["moments"][0]["video_id"] == video_id


def test_one_thing_then_another_has_steps(client: TestClient) -> None:
    answer = search(client, q="a red circle", then="a red circle", gap=30)
    for one in answer["moments"]:
        first, second = one["steps"]
        assert set(first) == STRIP
        assert one["start"] == first["start"] <= second["start"] < second["end"] == one["end"]


def test_filters_alone_browse(client: TestClient, video_id: str) -> None:
    answer = search(client, video=video_id)
    assert [one["video_id"] for one in answer["moments"]] == [video_id]
    assert (answer["total"], answer["more"], answer["weak"]) == (1, False, False)
    half = search(client, video=video_id, q="a red circle", part="0.5-1")["moments"]
    assert half
    assert all(one["peak"] >= 5.5 and one["video_id"] == video_id for one in half)


def test_a_heatmap_holds_the_scores_of_the_search(client: TestClient) -> None:
    best = search(client, q="a red circle")["moments"][0]
    path = f"/api/v1/videos/{best['video_id']}/heatmap"
    place = f"moment:{best['video_id']}:0"
    asked = {"q": "a red circle", "then": place, "not": "a star"}
    heat = client.get(path, params=asked).json()
    assert heat["starts"] == sorted(heat["starts"])
    labels = [one["label"] for one in heat["curves"]]
    assert labels == ["a red circle", f"{best['title']}, 0:00-0:04"]
    assert all(len(one["scores"]) == len(heat["starts"]) for one in heat["curves"])
    assert max(heat["curves"][0]["scores"]) == pytest.approx(best["score"], abs=1e-3)
    assert heat["low"] < heat["high"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("search", 400, "bad_request"),
        ("search?q=", 400, "bad_request"),
        ("search?q=%20%20", 400, "bad_request"),
        ("search?q=???", 422, "not_understood"),
        ("search?q=" + "x" * 10_000, 400, "bad_request"),
        ("search?q=a&limit=0", 400, "bad_request"),
        ("search?q=0*a", 422, "nothing_asked"),
        ("search?q=clip:" + NOBODY, 404, "not_found"),
        ("search?q=clip:../../etc/passwd", 400, "bad_request"),
        ("search?q=moment:" + NOBODY + ":1", 404, "unknown_video"),
        ("search?q=range:" + NOBODY + ":1-2", 404, "unknown_video"),
        ("search?like=" + NOBODY + ":1", 404, "unknown_video"),
        ("search?q=moment:{}:9999", 404, "unknown_moment"),
        ("search?q=range:{}:900-910", 404, "unknown_moment"),
        ("videos/{}/heatmap", 400, "bad_request"),
        ("videos/{}/heatmap?q=???", 422, "not_understood"),
    ],
)
def test_what_cannot_be_answered_says_why(
    client: TestClient, video_id: str, path: str, status: int, code: str
) -> None:
    assert refusal(client, path.format(video_id)) == (status, code)


def test_a_rating_of_what_is_gone_is_left_out_and_told(client: TestClient, video_id: str) -> None:
    plain = search(client, q="a star")
    gone = [f"like={NOBODY}:1", f"dislike={video_id}:9999"]
    path = f"search?q=a+star&{'&'.join(gone)}"
    answer = client.get(f"/api/v1/{path}").json()
    assert answer["ignored"] == gone
    assert plain["ignored"] == []
    assert answer["moments"] == plain["moments"]
    steered = client.get(f"/api/v1/{path}&like={video_id}:0").json()
    assert steered["ignored"] == gone
    assert steered["moments"] == search(client, q="a star", like=f"{video_id}:0")["moments"]
    assert client.get(f"/api/v1/videos/{video_id}/heatmap?{path[7:]}").status_code == 200


def test_a_refusal_names_all_that_is_gone(client: TestClient, video_id: str) -> None:
    gone = [f"and=moment:{NOBODY}:1", f"then=range:{video_id}:900-910", f"not=clip:{NOBODY}"]
    weighed = gone[0].replace("=", "=0.5*")
    answer = client.get(f"/api/v1/search?q=a+star&{weighed}&{gone[1]}&{gone[2]}")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "unknown_video"
    assert answer.json()["error"]["gone"] == gone
    liked = client.get(f"/api/v1/search?like={NOBODY}:1").json()
    assert liked["error"]["gone"] == [f"like={NOBODY}:1"]


def test_an_example_means_nothing_in_another_index(client: TestClient, engine: Engine) -> None:
    vector = engine.search.text_vector("a red circle")
    engine.examples.remember(Example("1" * 64, "a.mp4", vector[None], b"JPEG"), "before a switch")
    assert refusal(client, f"search?q=clip:{'1' * 64}") == (404, "not_found")


@pytest.mark.parametrize("path", ["search", "videos/{}/heatmap"])
def test_a_question_is_answered_by_the_index_that_understood_it(
    client: TestClient, engine: Engine, video_id: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Another index takes over while the words become a vector."""
    serving = engine.serving
    text_vector = serving.search.text_vector

    def swapped(words: str) -> object:
        engine.serving = replace(serving, search=Mock(), fingerprint=Mock())
        return text_vector(words)

    monkeypatch.setattr(serving.search, "text_vector", swapped)
    try:
        answer = client.get(f"/api/v1/{path.format(video_id)}", params={"q": "a red circle"})
    finally:
        engine.serving = serving
    assert answer.status_code == 200
    assert answer.json().get("moments") or answer.json()["curves"]


def test_many_who_ask_at_once_take_turns(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    free: list[bool] = []
    at_once = threading.Semaphore(searching.AT_A_TIME)

    def counted(engine: Engine, examples: Examples, asked: Asked) -> SearchOut:
        begun.append(asked.terms[0].text)
        free.append(at_once.acquire(blocking=False))
        try:
            return answer(engine, examples, asked)
        finally:
            at_once.release()

    async def crowd() -> list[int]:
        transport = httpx.ASGITransport(app=client.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as people:
            asked = [people.get("/api/v1/search", params={"q": text}) for text in texts]
            return [one.status_code for one in await asyncio.gather(*asked)]

    answer = searching.answer
    monkeypatch.setattr(searching, "answer", counted)
    texts = [f"a red circle {number}" for number in range(4 * searching.AT_A_TIME)]
    assert asyncio.run(crowd()) == [200] * len(texts)
    assert all(free)  # never more side by side
    assert sorted(begun) == sorted(texts)
