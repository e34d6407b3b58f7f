"""The page comes later than the first answers, and whoever asks for it waits."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from app.arriving import Arriving


class Slow:
    """An application that is made once it is let, and notes how it lives."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.made = 0
        self.life: list[str] = []

    def __call__(self) -> FastAPI:
        assert self.let.wait(30)
        self.made += 1
        application = FastAPI(lifespan=self.living)
        application.add_route("/", lambda _: PlainTextResponse("the page"))
        return application

    @asynccontextmanager
    async def living(self, _: FastAPI) -> AsyncIterator[None]:
        self.life.append("begun")
        yield
        self.life.append("ended")


def now() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def around(page: Arriving) -> FastAPI:
    app = FastAPI(lifespan=page.alive)
    app.add_route("/healthz", lambda _: PlainTextResponse("ok"))
    app.mount("/", page)
    return app


def asking(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


async def until(happened: object) -> None:
    while not happened:
        await asyncio.sleep(0.001)


def test_other_answers_do_not_wait_for_the_page() -> None:
    slow = Slow()
    app = around(Arriving(slow, now()))

    async def visit() -> None:
        async with app.router.lifespan_context(app), asking(app) as client:
            page = asyncio.create_task(client.get("/"))
            impatient = asyncio.create_task(client.get("/"))
            assert (await client.get("/healthz")).text == "ok"
            assert not page.done()
            impatient.cancel()
            slow.let.set()
            assert (await page).text == "the page"
            await until(slow.life)
            assert (await client.get("/")).text == "the page"

    asyncio.run(visit())
    assert slow.made == 1
    assert slow.life == ["begun", "ended"]


def test_a_server_that_ends_waits_for_a_page_that_is_being_made() -> None:
    slow = Slow()
    app = around(Arriving(slow, now()))

    async def visit() -> None:
        async with app.router.lifespan_context(app), asking(app) as client:
            assert (await client.get("/healthz")).text == "ok"
            asyncio.get_running_loop().call_later(0.1, slow.let.set)

    asyncio.run(asyncio.wait_for(visit(), 20))
    assert slow.life == ["begun", "ended"]


def test_a_server_that_ends_before_it_is_time_makes_no_page() -> None:
    slow = Slow()
    slow.let.set()
    app = around(Arriving(slow, threading.Event()))

    async def visit() -> None:
        async with app.router.lifespan_context(app), asking(app) as client:
            assert (await client.get("/healthz")).text == "ok"

    asyncio.run(asyncio.wait_for(visit(), 20))
    assert slow.made == 0


@pytest.mark.parametrize("asked", [True, False])
def test_the_page_is_made_when_it_is_time_or_when_somebody_asks(asked: bool) -> None:
    slow, ready = Slow(), threading.Event()
    slow.let.set()
    app = around(Arriving(slow, ready))

    async def visit() -> None:
        async with app.router.lifespan_context(app), asking(app) as client:
            await asyncio.sleep(0.05)
            assert slow.made == 0
            if asked:
                assert (await client.get("/")).text == "the page"
            else:
                ready.set()
            await until(slow.life)

    asyncio.run(asyncio.wait_for(visit(), 20))
    assert slow.made == 1


def test_a_page_that_cannot_be_made_says_why_to_whoever_asks() -> None:
    def fail() -> FastAPI:
        raise RuntimeError("no theme")

    async def visit() -> None:
        async with asking(around(Arriving(fail, now()))) as client:
            with pytest.raises(RuntimeError, match="no theme"):
                await client.get("/")

    asyncio.run(visit())


def test_the_api_is_there_without_gradio() -> None:
    code = "import sys, app.server; assert not {'gradio', 'pandas', 'mcp'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_gradio_comes_without_the_stubs_that_it_writes_for_its_developers(root: Path) -> None:
    body = """
import ast
from app import stubs
stubs.leave_out()
def parse(*_):
    raise AssertionError("a stub is being made")
ast.get_source_segment = parse
import gradio
assert gradio.Button("x").click
"""
    subprocess.run([sys.executable, "-c", body], check=True, cwd=root, timeout=120)
