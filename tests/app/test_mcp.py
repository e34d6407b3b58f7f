"""The tools for assistants, asked by a real MCP client of the real program."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import av
import httpx
import pytest
from mcp import Client
from mcp.server.mcpserver import Context
from serving import give_demo, running, wait_until_ready
from typed import Run

from app import cli
from app.errors import NotReadyError
from app.mcp import Step, Tools
from indexer.engine import Engine


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the demo offers its tools."""
    data_dir = give_demo(tmp_path_factory.mktemp("assisted"))
    with running("demo", "--mcp", "--port", "0", "--data-dir", str(data_dir)) as address:
        wait_until_ready(address)
        yield address


def talk(address: str, tell: Callable[[Client], Awaitable[None]]) -> None:
    """One conversation of a client."""

    async def conversation() -> None:
        async with Client(f"{address}/mcp") as client:
            await tell(client)

    asyncio.run(conversation())


def ask(address: str, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers, as JSON."""
    answers: list[dict[str, Any]] = []

    async def tell(client: Client) -> None:
        answer = await client.call_tool(tool, arguments)
        assert not answer.is_error, answer.content
        assert answer.structured_content is not None
        answers.append(answer.structured_content)

    talk(address, tell)
    return answers[0]


def refused(address: str, tool: str, **arguments: Any) -> str:
    """Why a tool does not answer, in words."""
    refusals: list[str] = []

    async def tell(client: Client) -> None:
        answer = await client.call_tool(tool, arguments)
        assert answer.is_error
        refusals.append(" ".join(part.text for part in answer.content if part.type == "text"))

    talk(address, tell)
    assert "Traceback" not in refusals[0]
    return refusals[0]


def test_tools_say_what_they_take_and_give(address: str) -> None:
    async def tell(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        names = {"search_moments", "similar_moments", "describe_video", "export_clip"}
        assert set(tools) == names
        for tool in tools.values():
            assert tool.description
            assert tool.output_schema
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint
        taken = tools["search_moments"].input_schema
        assert taken["required"] == ["description"]
        assert taken["properties"]["limit"]["maximum"] == 50
        assert "English" in taken["properties"]["description"]["description"]

    talk(address, tell)


def test_a_described_moment_is_found_with_its_picture_and_its_link(address: str) -> None:
    found = ask(address, "search_moments", description="a red cross spins", limit=3)
    best = found["moments"][0]
    assert not found["weak"]
    assert best["title"] == "First aid"
    assert best["rank"] == 1
    assert best["start"] <= best["peak"] <= best["end"]
    picture = httpx.get(best["poster"])
    assert picture.headers["content-type"] == "image/jpeg"
    assert re.fullmatch(rf"{address}/\?v={best['video_id']}&t=[\d.]+", best["link"])
    assert len(found["moments"]) == 3


def test_steps_absences_and_filters_are_understood(address: str) -> None:
    first, second = "a large red circle grows", "a large blue square spins"
    best = ask(address, "search_moments", description=first, then=[second])["moments"][0]
    assert best["title"] == "Red and blue afternoon"
    assert (best["start"], best["end"]) != (0, 0)
    other = ask(address, "search_moments", description=first, tags=["nobody has this tag"])
    assert other["moments"] == []
    chosen = [best["video_id"]]
    inside = ask(address, "search_moments", description="a star", video_ids=chosen)["moments"]
    assert {one["video_id"] for one in inside} == set(chosen)
    red = ask(address, "search_moments", description="circles", without=["a red circle"])
    plain = ask(address, "search_moments", description="circles")
    assert red["moments"] != plain["moments"]


def test_what_is_missing_belongs_to_its_own_step(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    offered = Tools(cast(Engine, None))
    monkeypatch.setattr(
        offered, "_find", lambda context, pairs, limit: asked.extend(map("=".join, pairs))
    )
    second = Step(description="b", without=("d",))
    offered.search_moments(cast(Context, None), "a", then=(second, "e"), without=("c",))
    said = " ".join(asked).replace("1*words:", "")
    assert said == "q=a not=c then=b not=d then=e"
    steps = [{"description": "a large blue square spins", "without": ["a star"]}]
    found = ask(address, "search_moments", description="a large red circle grows", then=steps)
    assert found["moments"][0]["title"] == "Red and blue afternoon"


def test_words_that_look_like_something_else_are_words(address: str) -> None:
    for words in (f"clip:{'0' * 64}", "2*a red circle", "moment:1", "${alert(1)} `x`\u202e"):
        assert ask(address, "search_moments", description=words, then=[words])["moments"]


def test_a_stretch_finds_what_looks_like_it(address: str) -> None:
    best = ask(address, "search_moments", description="a red cross spins")["moments"][0]
    stretch = {"video_id": best["video_id"], "start": best["start"], "end": best["end"]}
    like = ask(address, "similar_moments", **stretch)["moments"][0]
    assert like["video_id"] == best["video_id"]
    assert like["start"] < best["end"]
    assert best["start"] < like["end"]


def test_a_video_is_told_class_by_class(address: str) -> None:
    named = ["a large red circle moves left", "a large blue square moves right"]
    best = ask(address, "search_moments", description=named[0])["moments"][0]
    told = ask(address, "describe_video", video_id=best["video_id"], classes=named)
    assert told["title"] == "Red and blue afternoon"
    assert told["stretches"][0]["label"] == named[0]
    at_ten = [one for one in told["stretches"] if one["start"] <= 9 and one["end"] >= 11]
    assert named[1] in [one["label"] for one in at_ten]
    assert all(0 <= one["probability"] <= 1 for one in told["stretches"])
    pairs = list(pairwise(told["stretches"]))
    assert pairs
    assert all(one["end"] == other["start"] for one, other in pairs)


def test_of_a_video_that_is_not_indexed_nothing_is_told() -> None:
    library = SimpleNamespace(need=lambda video_id: SimpleNamespace(title="New", segments_done=0))
    offered = Tools(cast(Engine, SimpleNamespace(library=library)))
    with pytest.raises(NotReadyError, match="“New” has not been indexed yet"):
        offered.describe_video(cast(Context, None), "0" * 64, ["a", "b"])


def test_no_connection_stays_open(address: str) -> None:
    for method in ("GET", "DELETE"):
        headers = {"Accept": "text/event-stream"}
        answer = httpx.request(method, f"{address}/mcp", headers=headers, timeout=5)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_clip_can_be_fetched_where_the_tool_says(address: str, tmp_path: Path) -> None:
    best = ask(address, "search_moments", description="a red cross spins")["moments"][0]
    clip = ask(address, "export_clip", video_id=best["video_id"], start=1.0, end=3.0)
    assert clip["seconds"] == pytest.approx(2, abs=0.1)
    assert clip["name"].endswith(".mp4")
    path = tmp_path / "clip.mp4"
    path.write_bytes(httpx.get(clip["url"], timeout=60).content)
    with av.open(str(path)) as container:
        assert container.duration == pytest.approx(2_000_000, abs=100_000)


def test_what_cannot_be_is_told_in_words(address: str) -> None:
    nobody = "0" * 64
    assert "no such video" in refused(address, "export_clip", video_id=nobody, start=0, end=1)
    assert "no such video" in refused(address, "similar_moments", video_id=nobody, start=0, end=1)
    one = ask(address, "search_moments", description="a star")["moments"][0]["video_id"]
    assert "two classes" in refused(address, "describe_video", video_id=one, classes=["a", "!"])
    long = ["a", "b" * 201]
    assert "200 characters" in refused(address, "describe_video", video_id=one, classes=long)
    assert "“description” needs words" in refused(address, "search_moments", description=" ")
    assert "“then, 2” needs words" in refused(
        address, "search_moments", description="a", then=["b", ""]
    )
    assert refused(address, "search_moments", description="a", limit=51)
    assert refused(address, "export_clip", video_id="../../x", start=0, end=1)


def test_the_guard_stands_before_the_tools(address: str) -> None:
    """Another site's script, or a name that is not ours, reaches nothing."""
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}'
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    for strange in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        answer = httpx.post(f"{address}/mcp", content=body, headers={**headers, **strange})
        assert answer.status_code in (403, 421)
        assert "search_moments" not in answer.text


def test_there_are_no_tools_unless_they_are_asked_for(served: str) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}'
    answer = httpx.post(f"{served}/mcp", content=body)
    assert answer.status_code in (404, 405)


def test_without_its_package_one_sentence_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == "mcp" else find_spec(name))
    ended = run("demo", "--mcp", "--data-dir", str(data_dir), "--no-browser")
    assert ended.code == 1
    assert ".[mcp]" in ended.err
