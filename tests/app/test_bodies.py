"""Bytes as they come: from senders that stop, to a server that stops."""

import asyncio
import socket
import threading
import time

import pytest
import uvicorn
from fastapi import FastAPI, Request

from app import bodies
from app.bodies import Waiting, body_pieces, whole_number
from app.errors import ApiError
from app.launch import Server


async def in_pieces(request: Request) -> list[bytes]:
    return [piece async for piece in body_pieces(request)]


def application() -> FastAPI:
    app = FastAPI()
    app.state.waiting = Waiting()
    return app


def body(chunks: list[bytes], then: str) -> Request:
    """A request whose body comes in these chunks; then it ends, or is broken off."""
    more = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    last = {"type": "http.disconnect"} if then == "broken" else {"type": "http.request"}
    messages = iter([*more, last])

    async def receive() -> dict[str, object]:
        return next(messages)

    return Request({"type": "http", "app": application()}, receive)


@pytest.mark.parametrize("then", ["ended", "broken"])
def test_a_body_ends_where_its_sender_stops(then: str) -> None:
    received = asyncio.run(in_pieces(body([b"half", b"", b" of it"], then)))
    assert b"".join(received) == b"half of it"


def test_pieces_are_worth_a_threads_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PIECE", 5)
    chunks = [b"a", b"bcd", b"efghijkl", b"m", b"nop", b"q"]
    received = asyncio.run(in_pieces(body(chunks, "ended")))
    assert received == [b"abcdefghijkl", b"mnopq"]


@pytest.mark.parametrize("text", ["", "-1", "1.0", " 1", "²", "9" * 19, "0x1"])
def test_a_count_of_bytes_is_a_whole_number(text: str) -> None:
    request = Request({"type": "http", "headers": [(b"upload-length", text.encode("latin-1"))]})
    with pytest.raises(ApiError, match="upload-length must be a whole number"):
        whole_number(request, "upload-length")


def test_a_server_that_stops_waits_for_no_sender(caplog: pytest.LogCaptureFixture) -> None:
    app, received, begun = application(), [], threading.Event()

    @app.post("/")
    async def take(request: Request) -> None:
        begun.set()
        received.extend(await in_pieces(request))

    config = uvicorn.Config(app, log_level="warning", log_config=None)
    server = Server(config, app.state.waiting, "here", show=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        with socket.create_connection(listener.getsockname()) as silent:
            silent.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf")
            assert begun.wait(20)
            time.sleep(0.1)
            server.should_exit = True
            thread.join(20)
            assert b"200 OK" in silent.recv(1000)
    assert not thread.is_alive()
    assert (received, caplog.text) == ([b"half"], "")
