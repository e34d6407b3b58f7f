"""Who may ask, what stays closed, and what every answer carries."""

import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.security import CONTENT_SECURITY_POLICY, Guard, known_host, same_site


async def echo(request: Request) -> PlainTextResponse:
    """Answers with the request's own headers, as Gradio's file route has done."""
    wanted = {name: request.headers[name] for name in ("cookie", "host") if name in request.headers}
    return PlainTextResponse("hello", headers={**wanted, "x-own": "1"})


@pytest.fixture(scope="module")
def client() -> TestClient:
    methods = ["GET", "HEAD", "POST", "DELETE"]
    inner = Starlette(routes=[Route("/{rest:path}", echo, methods=methods)])
    return TestClient(Guard(inner, hosts=["videos.lan", "*.hf.space"]), base_url="http://localhost")


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:7860", "127.0.0.1:7860", "[::1]:80", "192.168.1.7", "videos.lan"],
)
def test_known_names_and_plain_addresses_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "lan", "", "[", "a b"],
)
def test_names_that_another_may_own_are_not(client: TestClient, host: str) -> None:
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["error"]["code"] == "unknown_host"


def test_a_pattern_admits_what_it_covers() -> None:
    assert known_host("me-demo.hf.space", ["*.hf.space"])
    assert not known_host("hf.space.evil.example", ["*.hf.space"])


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"host": "localhost:7860", "origin": "http://localhost:7860"}, True),
        ({"host": "localhost:7860", "origin": "http://localhost:9999"}, False),
        ({"host": "localhost:7860", "origin": "null"}, False),
    ],
)
def test_changes_come_from_our_page_or_a_program(headers: dict[str, str], allowed: bool) -> None:
    assert same_site(Headers(headers)) is allowed


def test_another_site_may_look_but_not_change(client: TestClient) -> None:
    foreign = {"sec-fetch-site": "cross-site"}
    assert client.get("/", headers=foreign).status_code == 200
    refused = client.delete("/api/v1/videos/1", headers=foreign)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "other_site"


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=https://example.org/x",
        "/gradio_api/file/https://example.org/x",
        "/gradio_api/file=HTTP://example.org/x",
        "/gradio_api/proxy=https://example.org/x",
        "/gradio_api/upload",
        "/monitoring/summary",
    ],
)
def test_gradio_fetches_and_takes_nothing_for_others(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_an_answer_carries_the_policy_and_no_secret(client: TestClient) -> None:
    answer = client.get("/", headers={"cookie": "session=secret"})
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-own"] == "1"
    assert not {"cookie", "host"} & set(answer.headers)


def test_a_refusal_carries_the_policy_too(client: TestClient) -> None:
    answer = client.get("/", headers={"host": "evil.example"})
    assert answer.headers["x-content-type-options"] == "nosniff"
