"""What is said of the API holds: each example of its page is run, and OpenAPI names everything."""

import io
import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from serving import application, give_demo

from app.asking import Wishes, read
from app.errors import ApiError
from app.reference import CONDITIONS, FILTERS, WISHES, parameters
from indexer.engine import Engine
from indexer.filters import Filters
from indexer.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "api.md"
OPEN = "…"


class Example(NamedTuple):
    """A request of the page, and what it says of the answer: a kind, a status, and some text."""

    method: str
    address: str
    body: str
    kind: str
    status: int
    answer: str


def examples() -> Iterator[Example]:
    text = PAGE.read_text(encoding="utf-8")
    pattern = r"```http\n(\w+) (\S+)\n(?:\n(.*?)\n)?```\n```(\S+)(?: (\d+))?\n(.*?)```"
    for method, address, body, kind, status, answer in re.findall(pattern, text, re.DOTALL):
        yield Example(method, address, body, kind, int(status or 200), answer.strip())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, str]]:
    """A client of the demo's library, and the id of “First aid”."""
    data_dir = give_demo(tmp_path_factory.mktemp("described"))
    with Engine.open(Settings(data_dir=data_dir, model="toy")) as engine:
        video = next(one for one in engine.library.videos() if one.title == "First aid")
        with TestClient(application(engine), base_url="http://localhost") as client:
            yield client, video.video_id


def held(said: Any, found: Any) -> bool:
    """Whether an answer has what is said of it, and may have more."""
    if said == OPEN:
        return found is not None
    if isinstance(said, dict):
        return all(name in found and held(one, found[name]) for name, one in said.items())
    if isinstance(said, list) and OPEN in said:
        return len(found) > 0
    if isinstance(said, list):
        pairs = zip(said, found, strict=False)
        return (
            len(said) <= len(found)
            and (said != [] or found == [])
            and all(held(one, other) for one, other in pairs)
        )
    return bool(said == found)


def content(body: str) -> bytes:
    if body != "<a picture>":
        return body.encode()
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "PNG")
    return picture.getvalue()


def test_every_example_of_the_page_does_what_it_says(demo: tuple[TestClient, str]) -> None:
    """In their order, for some need what those before them did."""
    client, video = demo
    tried = list(examples())
    assert len(tried) >= 25
    for one in tried:
        method, address, body, kind, status, said = (
            text.replace("{video}", video) if isinstance(text, str) else text for text in one
        )
        headers = {"content-type": "application/json"} if body.startswith("{") else {}
        answer = client.request(method, address, content=content(body), headers=headers)
        assert answer.status_code == status, (method, address, answer.text)
        if kind != "json":
            assert answer.headers["content-type"].startswith(kind)
            assert said.encode() in answer.content, (address, answer.content[:200])
        elif said:
            assert held(json.loads(said), answer.json()), (address, answer.text)


def test_openapi_describes_every_address_and_every_parameter(
    demo: tuple[TestClient, str],
) -> None:
    client, _ = demo
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        api = client.get("/api/v1/openapi.json").json()
    assert api["openapi"].startswith("3.1")
    assert {"/api/v1/search", "/api/v1/export", "/media/{video_id}/video"} <= api["paths"].keys()
    for path, operations in api["paths"].items():
        assert "rest" not in path
        for operation in operations.values():
            assert operation["description"]
            assert "422" not in operation["responses"]
            assert "default" in operation["responses"]
    names = [one["name"] for one in api["paths"]["/api/v1/search"]["get"]["parameters"]]
    assert names == [*CONDITIONS, *FILTERS, *WISHES]
    assert all(one["description"] for one in parameters("question"))
    page = PAGE.read_text(encoding="utf-8")
    assert not [name for name in names if f"`{name}`" not in page and f"`{name}=" not in page]


def test_every_parameter_that_is_described_is_understood() -> None:
    """And nothing else is: what is said of it, or what is refused, tells so."""
    assert WISHES.keys() == Wishes.model_fields.keys()
    some = "a" * 64
    values = {
        **dict.fromkeys(CONDITIONS, "a star"),
        **dict.fromkeys(("like", "dislike"), f"{some}:3"),
        **dict.fromkeys(FILTERS, "x"),
        **{"video": some, "duration": "1-2", "part": "0-1"},
        **dict.fromkeys(("added", "recorded"), "2026-01-01.."),
    }
    for name in CONDITIONS:
        assert read([("q", "a"), (name, values[name])] if name != "q" else [("q", "a")]) != read([])
    for name in FILTERS:
        assert read([(name, values[name])]).filters != Filters()
    for name in WISHES:
        with pytest.raises(ApiError, match=name):
            read([("q", "a"), (name, "nonsense")])
