"""A hub of our own on 127.0.0.1: answers as the Hugging Face hub does, or as badly as told."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """Files by 'owner/name/file'; what was asked for; and how the hub misbehaves.

    `withheld` is the number of bytes that it promises and does not send.
    """

    cache: Path
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    claimed_sha256: str | None = None
    claimed_size: int | None = None
    withheld: int = 0
    silent: threading.Event = field(default_factory=threading.Event)
    url: str = ""


def _handler(hub: FakeHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            body = self.answer()
            if body is not None:
                self.wfile.write(body)

        def answer(self) -> bytes | None:
            hub.requests.append(f"{self.command} {self.path}")
            if hub.silent.is_set():
                threading.Event().wait(3)
            owner, name, _, _, file = self.path.lstrip("/").split("/", 4)
            body = hub.files.get(f"{owner}/{name}/{file}")
            self.send_response(404 if body is None else 200)
            self.send_header("X-Repo-Commit", COMMIT)
            if body is None:
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("Content-Length", "0")
            else:
                digest = hub.claimed_sha256 or sha256(body).hexdigest()
                self.send_header("ETag", f'"{digest}"')
                self.send_header("X-Linked-Size", str(hub.claimed_size or len(body)))
                self.send_header("Content-Length", str(len(body) + hub.withheld))
            self.end_headers()
            return body

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def fake_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """The hub that `huggingface_hub` talks to during a test, with an empty cache."""
    hub = FakeHub(tmp_path / "cache")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    with server:
        yield hub
        server.shutdown()
        thread.join()


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that nobody answers for: its port is closed."""
    template = "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
