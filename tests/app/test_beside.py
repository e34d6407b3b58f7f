"""`prismsearch search` and `export` while a server holds the library: it alone is asked."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from serving import give_demo, running
from typed import Run

from app.beside import Beside
from app.errors import ApiError
from indexer.engine import Engine
from indexer.library import Library
from indexer.ownership import Ownership

ASKED = ("a large red circle grows", "--then", "a large blue square spins", "--top", "5")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return give_demo(tmp_path_factory.mktemp("held"))


@contextmanager
def held(data_dir: Path, address: str) -> Iterator[None]:
    """A library that somebody owns who says to be at an address."""
    ownership = Ownership.of(data_dir)
    ownership.announce(address)
    yield
    ownership.release()


def test_the_answers_are_those_of_the_library_itself(
    run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = ("--data-dir", str(data_dir))

    def everything() -> list[object]:
        found = json.loads(run("search", *ASKED, "--json", *library).out)
        told = run("search", *ASKED, *library).out
        listed = run("export", "a red circle", "--limit", "4", *library).out
        return [{**found, "took_ms": 0}, told, listed]

    alone = everything()
    assert alone[0]["moments"]  # type: ignore[index]
    with running("serve", "--model", "toy", *library, "--port", "0"):
        monkeypatch.setattr(Engine, "open", None)  # no model is loaded for it
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nor anybody else asked
        assert everything() == alone
    monkeypatch.undo()
    assert everything() == alone  # after its end again


def test_a_server_with_another_model_is_not_asked(run: Run, data_dir: Path) -> None:
    with held(data_dir, "http://127.0.0.1:9"):
        refused = run(
            "search", "a", "--model", "videoprism_lvt_public_v1_base", "--data-dir", str(data_dir)
        )
    assert refused.code == 1
    assert "answers with toy" in refused.err
    assert "End it first" in refused.err


def test_a_server_that_does_not_answer_is_one_sentence(run: Run, data_dir: Path) -> None:
    with held(data_dir, "http://127.0.0.1:9"):
        refused = run("search", "a", "--data-dir", str(data_dir))
    assert (refused.code, refused.out) == (1, "")
    assert "does not answer at http://127.0.0.1:9/api/v1" in refused.err


def test_one_that_is_no_server_holds_the_library_for_itself(run: Run, data_dir: Path) -> None:
    ownership = Ownership.of(data_dir)
    refused = run("search", "a", "--data-dir", str(data_dir))
    ownership.release()
    assert refused.code == 1
    assert "Another PrismSearch is using" in refused.err


@pytest.mark.parametrize("body", [b"", b"<p>busy</p>", b'{"error": 3}', b"[]"])
def test_an_answer_without_a_reason_is_told_by_its_number(body: bytes) -> None:
    head = f"HTTP/1.1 502 Bad Gateway\r\nContent-Length: {len(body)}\r\n\r\n"
    assert "502 Bad Gateway" in refusal(head.encode() + body)


@pytest.mark.parametrize(
    "raw", [b"", b"what\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"]
)
def test_an_answer_that_breaks_off_is_one_sentence(raw: bytes) -> None:
    assert "does not answer at http://127.0.0.1" in refusal(raw)


def refusal(raw: bytes) -> str:
    """What is said of a server that answers so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            asker, _ = listener.accept()
            with asker:
                asker.recv(65536)
                asker.sendall(raw)

        thread = threading.Thread(target=answer)
        thread.start()
        server = Beside(f"http://127.0.0.1:{listener.getsockname()[1]}", Library.__new__(Library))
        with pytest.raises(ApiError) as refused:
            server.answer([("q", "a")])
        thread.join()
    return str(refused.value)
