"""Uploads that go on after a break: the protocol, an independent client, broken connections."""

import asyncio
import base64
import contextlib
import hashlib
import io
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patience import prompt
from serving import application
from test_api import refusal
from tusclient.client import TusClient

from app import bodies, tus
from app.launch import Server
from indexer import content as content_of_files
from indexer.content import Content, read_content
from indexer.engine import Engine
from indexer.settings import Settings

HOME = "/api/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
BODY = {**TUS, "Content-Type": "application/offset+octet-stream"}
LIMIT = 8 << 20


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An installation that indexes nothing, and takes files of up to 8 MiB."""
    data_dir = tmp_path_factory.mktemp("data")
    with Engine.open(Settings(data_dir=data_dir, model="toy", max_upload_bytes=LIMIT)) as engine:
        yield engine


@pytest.fixture(scope="module")
def app(engine: Engine) -> FastAPI:
    return application(engine)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost") as client:
        yield client


@pytest.fixture(scope="module")
def port(app: FastAPI, client: TestClient) -> Iterator[int]:
    """The same application behind a real socket; the client has begun its lifespan."""
    config = uvicorn.Config(app, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


def metadata(**values: str) -> str:
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in values.items())


def begin(client: TestClient, length: int, name: str = "a.mp4") -> str:
    """The address of a new upload."""
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata(filename=name)}
    answer = client.post(HOME, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def patch(client: TestClient, where: str, offset: int, content: bytes) -> httpx.Response:
    return client.patch(where, headers={**BODY, "Upload-Offset": str(offset)}, content=content)


def offset_of(client: TestClient, where: str) -> int:
    return int(client.head(where, headers=TUS).headers["upload-offset"])


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def kept(engine: Engine, video_id: str) -> bytes:
    return engine.library.need(video_id).path.read_bytes()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# The protocol.


def test_it_says_what_it_speaks(client: TestClient) -> None:
    answer = client.options(HOME)
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
    assert answer.headers["tus-max-size"] == str(LIMIT)
    assert set(answer.headers["tus-extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "expiration",
        "termination",
    }


def test_an_upload_from_its_beginning_to_its_video(client: TestClient, engine: Engine) -> None:
    content = os.urandom(1000)
    where = begin(client, 1000, "../A film.MP4")
    look = client.head(where, headers=TUS)
    assert (look.status_code, look.content) == (200, b"")
    assert look.headers["upload-offset"] == "0"
    assert look.headers["upload-length"] == "1000"
    assert look.headers["upload-metadata"] == metadata(filename="../A film.MP4")
    assert look.headers["cache-control"] == "no-store"
    half = patch(client, where, 0, content[:600])
    assert (half.status_code, half.headers["upload-offset"]) == (204, "600")
    assert "prismsearch-video" not in half.headers
    left = parsedate_to_datetime(half.headers["upload-expires"]).timestamp() - time.time()
    assert left == pytest.approx(24 * 3600, abs=60)
    whole = patch(client, where, 600, content[600:])
    assert (whole.status_code, whole.headers["upload-offset"]) == (204, "1000")
    video = engine.library.need(whole.headers["prismsearch-video"])
    assert (video.video_id, video.title, video.managed) == (sha256(content), "A film", True)
    assert kept(engine, video.video_id) == content


def test_a_lost_last_answer_is_asked_for_again(client: TestClient, engine: Engine) -> None:
    content = os.urandom(1000)
    where = begin(client, 1000)
    patch(client, where, 0, content)
    assert client.head(where, headers=TUS).headers["prismsearch-video"] == sha256(content)
    again = patch(client, where, 1000, b"")
    assert (again.status_code, again.headers["prismsearch-video"]) == (204, sha256(content))
    assert refusal(patch(client, where, 0, content)) == (409, "upload_conflict")
    assert client.delete(where, headers=TUS).status_code == 204
    assert kept(engine, sha256(content)) == content


def test_the_same_content_twice_is_one_video(client: TestClient, engine: Engine) -> None:
    content = os.urandom(1000)
    before = len(engine.library.videos())
    for name in ("first.mp4", "second.mov"):
        answer = patch(client, begin(client, 1000, name), 0, content)
        assert answer.headers["prismsearch-video"] == sha256(content)
    assert len(engine.library.videos()) == before + 1
    assert engine.library.need(sha256(content)).title == "first"
    assert not list((engine.settings.data_dir / "uploads").glob("*.part"))


def test_the_first_bytes_may_come_with_the_announcement(client: TestClient) -> None:
    content = os.urandom(1000)
    answer = client.post(HOME, headers={**BODY, "Upload-Length": "1000"}, content=content[:300])
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "300")
    assert patch(client, answer.headers["location"], 300, content[300:]).status_code == 204
    answer = client.post(HOME, headers={**BODY, "Upload-Length": "1000"}, content=content)
    assert answer.headers["prismsearch-video"] == sha256(content)


def test_a_method_may_travel_as_a_header(client: TestClient) -> None:
    where = begin(client, 10)
    asked = {**BODY, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert client.post(where, headers=asked, content=b"12345").headers["upload-offset"] == "5"
    asked = {**TUS, "X-HTTP-Method-Override": "DELETE"}
    assert client.get(where, headers=asked).status_code == 404  # only a change may change
    assert offset_of(client, where) == 5
    assert client.post(where, headers=asked).status_code == 204
    assert client.head(where, headers=TUS).status_code == 404


def test_what_is_stopped_is_gone(client: TestClient, engine: Engine) -> None:
    where = begin(client, 1000)
    patch(client, where, 0, b"x" * 600)
    assert client.delete(where, headers=TUS).status_code == 204
    assert refusal(client.delete(where, headers=TUS)) == (404, "unknown_upload")
    assert refusal(patch(client, where, 600, b"x")) == (404, "unknown_upload")
    assert client.head(where, headers=TUS).status_code == 404
    assert not list((engine.settings.data_dir / "uploads").glob(f"{where[-32:]}.*"))


@pytest.mark.parametrize("version", [None, "0.2.2", "2.0.0"])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
def test_other_versions_are_refused(client: TestClient, method: str, version: str | None) -> None:
    where = begin(client, 10)
    headers = {"Tus-Resumable": version} if version else {}
    answer = client.request(method, where, headers=headers)
    assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0")
    assert offset_of(client, where) == 0


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 400, "bad_request"),
        ({"Upload-Defer-Length": "1"}, 400, "bad_request"),
        ({"Upload-Length": "-1"}, 400, "bad_request"),
        ({"Upload-Length": "0"}, 400, "bad_request"),
        ({"Upload-Length": "9" * 5000}, 400, "bad_request"),
        ({"Upload-Length": "²"}, 400, "bad_request"),
        ({"Upload-Length": "5", "Upload-Metadata": "filename a-b"}, 400, "bad_request"),
        ({"Upload-Length": "5", "Upload-Metadata": "filename é"}, 400, "bad_request"),
        (
            {"Upload-Length": "5", "Upload-Metadata": metadata(filename="x" * 301)},
            400,
            "bad_request",
        ),
        ({"Upload-Length": str(LIMIT + 1)}, 413, "upload_refused"),
    ],
)
def test_what_cannot_begin_says_why(
    client: TestClient, engine: Engine, headers: dict[str, str], status: int, code: str
) -> None:
    before = sorted((engine.settings.data_dir / "uploads").iterdir())
    encoded = {name: value.encode() for name, value in {**TUS, **headers}.items()}
    answer = client.post(HOME, headers=encoded)
    assert refusal(answer) == (status, code)
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert sorted((engine.settings.data_dir / "uploads").iterdir()) == before


@pytest.mark.parametrize(
    ("headers", "size", "status"),
    [
        ({"Content-Type": "application/octet-stream"}, 1, 415),
        ({"Upload-Offset": ""}, 1, 400),
        ({"Upload-Offset": "-5"}, 1, 400),
        ({"Upload-Offset": "4"}, 1, 409),
        ({"Upload-Offset": "6"}, 1, 409),
        ({}, 6, 413),
    ],
)
def test_what_cannot_go_on_says_why(
    client: TestClient, headers: dict[str, str], size: int, status: int
) -> None:
    where = begin(client, 10)
    patch(client, where, 0, b"01234")
    asked = {**BODY, "Upload-Offset": "5", **headers}
    answer = client.patch(where, headers=asked, content=b"x" * size)
    assert answer.status_code == status
    assert answer.json()["error"]["message"].endswith(".")
    assert offset_of(client, where) == 5


@pytest.mark.parametrize("name", ["%2e%2e%2fnotes", "..%5cnotes", "0" * 32, "a.part", "é"])
def test_made_up_ids_are_unknown(client: TestClient, name: str) -> None:
    answer = patch(client, f"{HOME}/{name}", 0, b"x")
    assert (answer.status_code, answer.headers["tus-resumable"]) == (404, "1.0.0")


@pytest.mark.parametrize(
    ("name", "title", "suffix"),
    [
        ("../../etc/passwd", "passwd", ""),
        ("C:\\videos\\b.MKV", "b", ".mkv"),
        ("a\r\nSet-Cookie: x\x00.mp4", "aSet-Cookie: x", ".mp4"),
        ("`${document.title}` <img src=x>.webm", "`${document.title}` <img src=x>", ".webm"),
        ("夏休み 💥.mp4", "夏休み 💥", ".mp4"),
        ("", "video", ""),
    ],
)
def test_a_name_is_shown_and_lends_no_more_than_its_suffix(
    client: TestClient, engine: Engine, name: str, title: str, suffix: str
) -> None:
    content = os.urandom(100)
    where = begin(client, 100, name)
    assert client.head(where, headers=TUS).headers["upload-metadata"] == metadata(filename=name)
    video = engine.library.need(patch(client, where, 0, content).headers["prismsearch-video"])
    assert (video.title, video.path.name) == (title, f"source{suffix}")
    assert video.path.parent == engine.settings.data_dir / "media" / video.video_id


def test_a_full_disk_is_said_before_the_bytes(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = begin(client, 10**6)
    usage = shutil.disk_usage(engine.settings.data_dir)
    free = engine.settings.min_free_bytes + 1_500_000
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=free))
    headers = {**TUS, "Upload-Length": "600000"}
    answer = client.post(HOME, headers=headers)  # the first one's million counts
    assert refusal(answer) == (507, "disk_full")
    free = engine.settings.min_free_bytes + 99
    answer = patch(client, where, 0, b"x" * 100)
    assert refusal(answer) == (507, "disk_full")
    assert "What has arrived is safe" in answer.json()["error"]["message"]
    monkeypatch.undo()
    assert patch(client, where, 0, b"x" * 100).status_code == 204
    client.delete(where, headers=TUS)


def test_a_read_only_installation_takes_nothing(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = begin(client, 10)
    locked = engine.settings.model_copy(update={"read_only": True})
    monkeypatch.setattr(engine, "settings", locked)
    asked = {**BODY, "Upload-Length": "5", "Upload-Offset": "0"}
    for method, path in (("POST", HOME), ("PATCH", where), ("DELETE", where)):
        answer = client.request(method, path, headers=asked, content=b"12345")
        assert refusal(answer) == (403, "read_only")
    assert client.options(HOME).status_code == 204
    monkeypatch.undo()
    assert offset_of(client, where) == 0


def test_another_site_cannot_send_stop_or_begin(client: TestClient) -> None:
    where = begin(client, 10)
    asked = {**BODY, "Upload-Length": "5", "Upload-Offset": "0", "Sec-Fetch-Site": "cross-site"}
    for method, path in (("POST", HOME), ("POST", where), ("PATCH", where), ("DELETE", where)):
        override = {"X-HTTP-Method-Override": "HEAD"} if method == "POST" else {}
        answer = client.request(method, path, headers={**asked, **override}, content=b"12345")
        assert refusal(answer) == (403, "other_site")
    preflight = {"Origin": "http://evil.example", "Access-Control-Request-Method": "PATCH"}
    answer = client.options(where, headers=preflight)
    assert "access-control-allow-origin" not in answer.headers
    assert offset_of(client, where) == 0
    assert client.head(where, headers={**TUS, "Host": "evil.example"}).status_code == 421


@contextmanager
def looked_after(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server that looks after its uploads all the time."""
    monkeypatch.setattr(tus, "LOOK", 0.01)
    app = FastAPI()
    app.state.engine, app.state.waiting = engine, bodies.Waiting()
    app.include_router(tus.router)
    with TestClient(app):
        yield


def test_old_uploads_are_swept_while_the_server_runs(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with looked_after(engine, monkeypatch):
        partial = engine.uploads.open("a.mp4", 10, 10)
        partial.since -= 24 * 3600 + 1
        wait_for(lambda: not partial.path.exists())


def test_what_was_complete_when_the_process_died_is_taken_in(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of them is: the first one's file cannot be read, which must not matter."""
    content = os.urandom(10)
    lost, whole = (engine.uploads.open("a.mp4", 10, 10) for _ in range(2))
    for partial in (lost, whole):
        partial.append(0, content)
    lost.path.unlink()
    with looked_after(engine, monkeypatch):
        wait_for(lambda: engine.library.get(sha256(content)) is not None)
        wait_for(lambda: whole.note.video_id is not None)
    assert kept(engine, sha256(content)) == content
    engine.uploads.drop(lost.upload_id)


def test_a_server_that_stops_waits_for_no_long_file(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What was complete already is read at the start, and another one for its last answer."""
    monkeypatch.setattr(content_of_files, "_CHUNK", 1 << 13)

    def slowly(path: Path, check: Callable[[], None]) -> Content:
        """As long as many GiB take, however fast the machine is."""

        def slow() -> None:
            time.sleep(0.05)
            check()

        return read_content(path, slow)

    monkeypatch.setattr(tus, "read_content", slowly)
    early, late = (engine.uploads.open("a.mp4", LIMIT, LIMIT) for _ in range(2))
    for partial, byte in ((early, b"e"), (late, b"l")):
        partial.append(0, byte * (LIMIT - 1))
    early.append(LIMIT - 1, b"e")
    app = application(engine)
    config = uvicorn.Config(app, log_level="warning", log_config=None, timeout_graceful_shutdown=1)
    server = Server(config, app.state.waiting, "here", show=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        with connection(port, f"{HOME}/{late.upload_id}", LIMIT - 1, 1) as sender:
            sender.sendall(b"l")
            wait_for(lambda: not late.missing)
            time.sleep(0.3)
            begun = time.monotonic()
            server.should_exit = True
            thread.join(30)
            assert time.monotonic() - begun < prompt()
            assert sender.recv(4096).startswith(b"HTTP/1.1 503")
    assert caplog.text == ""
    assert {early.upload_id, late.upload_id} <= set(engine.uploads.complete())
    for partial in (early, late):
        engine.uploads.drop(partial.upload_id)


# Connections that break.

Message = dict[str, Any]


async def converse(app: FastAPI, where: str, offset: int, chunks: list[bytes]) -> list[Message]:
    """Send a body that never ends: its sender is gone after the last chunk."""
    headers = {**BODY, "Host": "localhost", "Upload-Offset": str(offset)}
    scope = {
        "type": "http",
        "method": "PATCH",
        "path": where,
        "query_string": b"",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
    }
    waiting: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    content=st.binary(min_size=1, max_size=5000),
    tries=st.lists(st.lists(st.integers(0, 700), max_size=4), max_size=6),
    piece=st.integers(1, 1000),
)
def test_whatever_breaks_off_the_video_is_what_was_sent(
    client: TestClient,
    app: FastAPI,
    engine: Engine,
    content: bytes,
    tries: list[list[int]],
    piece: int,
) -> None:
    where = begin(client, len(content))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bodies, "PIECE", piece)
        for sizes in tries:
            start = offset_of(client, where)
            edges = [start]
            for size in sizes:
                edges.append(min(edges[-1] + size, len(content)))
            chunks = [content[a:b] for a, b in pairwise(edges)]
            asyncio.run(converse(app, where, start, chunks))
            assert offset_of(client, where) == edges[-1]
    answer = patch(client, where, offset_of(client, where), content[offset_of(client, where) :])
    assert answer.headers["prismsearch-video"] == sha256(content)
    assert kept(engine, sha256(content)) == content
    engine.remove(sha256(content))


@contextmanager
def connection(port: int, where: str, offset: int, length: int) -> Iterator[socket.socket]:
    """A connection that has said how much of an upload it will send."""
    headers = {**BODY, "Host": "localhost", "Upload-Offset": offset, "Content-Length": length}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connected:
        connected.sendall(f"PATCH {where} HTTP/1.1\r\n{head}\r\n".encode())
        yield connected


def test_a_broken_connection_keeps_what_arrived(client: TestClient, port: int) -> None:
    content = os.urandom(3 << 20)
    where = begin(client, len(content))
    with connection(port, where, 0, len(content)) as broken:
        broken.sendall(content[:2_000_000])
    wait_for(lambda: offset_of(client, where) == 2_000_000)
    answer = patch(client, where, 2_000_000, content[2_000_000:])
    assert answer.headers["prismsearch-video"] == sha256(content)


def test_a_new_connection_need_not_wait_for_a_dead_one(client: TestClient, port: int) -> None:
    content = os.urandom(3 << 20)
    where = begin(client, len(content))
    with connection(port, where, 0, len(content)) as silent:
        silent.sendall(content[: 1 << 20])
        wait_for(lambda: offset_of(client, where) > 0)
        start = offset_of(client, where)
        answer = patch(client, where, start, content[start:])
        assert answer.headers["prismsearch-video"] == sha256(content)
        silent.sendall(content[1 << 20 :])
        assert silent.recv(4096).startswith(b"HTTP/1.1 409")


def test_many_slow_senders_leave_the_server_to_others(client: TestClient, port: int) -> None:
    """More of them than there are threads: a thread for each would leave none."""
    senders = []
    with contextlib.ExitStack() as opened:
        for _ in range(60):
            where = begin(client, 1000)
            senders.append(opened.enter_context(connection(port, where, 0, 1000)))
            senders[-1].sendall(b"x")
        begun = time.monotonic()
        assert httpx.get(f"http://127.0.0.1:{port}/api/v1/info").status_code == 200
        assert time.monotonic() - begun < prompt()
        for sender in senders:
            sender.sendall(b"x" * 999)
        assert all(b" 204 " in sender.recv(4096) for sender in senders)


@pytest.mark.parametrize("where", ["videos", "queries"])
def test_slow_senders_in_one_piece_leave_the_server_to_others(
    client: TestClient, port: int, engine: Engine, where: str
) -> None:
    folder = engine.settings.data_dir / "uploads"
    before = len(list(folder.iterdir()))
    head = f"POST /api/v1/{where} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"
    with contextlib.ExitStack() as opened:
        for _ in range(45):
            sender = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
            sender.sendall(head.encode())
        wait_for(lambda: len(list(folder.iterdir())) >= before + 40)
        asked = httpx.post(f"http://127.0.0.1:{port}/api/v1/pause", timeout=10)
        assert asked.status_code < 300
    wait_for(lambda: len(list(folder.iterdir())) == before)
    client.post("/api/v1/resume")


# Another's client.


def own_client(port: int) -> TusClient:
    return TusClient(f"http://127.0.0.1:{port}{HOME}")


@pytest.mark.parametrize("slice_size", [100_000, 1 << 30], ids=["in slices", "at once"])
def test_the_protocols_own_client_sends(port: int, engine: Engine, slice_size: int) -> None:
    content = os.urandom(1_000_000)
    uploader = own_client(port).uploader(
        file_stream=io.BytesIO(content), chunk_size=slice_size, metadata={"filename": "ré d.mp4"}
    )
    uploader.upload()
    assert uploader.request.response_headers["prismsearch-video"] == sha256(content)
    assert kept(engine, sha256(content)) == content
    assert engine.library.need(sha256(content)).title == "ré d"


def test_the_protocols_own_client_goes_on(port: int, engine: Engine) -> None:
    content = os.urandom(1_000_000)
    first = own_client(port).uploader(file_stream=io.BytesIO(content), chunk_size=300_000)
    first.upload_chunk()
    second = own_client(port).uploader(file_stream=io.BytesIO(content), url=first.url)
    assert second.offset == 300_000
    second.upload()
    assert kept(engine, sha256(content)) == content
