"""A small Qdrant server for tests: the client's own local mode behind real HTTP.

Bodies are parsed by the client's own models, which refuse unknown fields, so a request that a real
server would reject does not pass here. It shows nothing of approximate search, clusters or limits.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import BaseModel
from qdrant_client import QdrantClient, models

API_KEY = "a key for the tests"


class LockedClient:
    """A client of which one method runs at a time: local mode breaks itself under threads."""

    def __init__(self, client: QdrantClient) -> None:
        self._client = client
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def locked(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                return method(*args, **kwargs)

        return locked


@dataclass
class Stub:
    """The stub's state: what it holds, where it listens, and whether it is out of order."""

    client: Any = field(default_factory=lambda: LockedClient(QdrantClient(":memory:")))
    url: str = ""
    broken: int | None = None
    """The status to answer everything with."""
    slow: float = 0.0
    """Seconds before every answer."""
    indexed: dict[str, list[str]] = field(default_factory=dict)
    """Payload fields that were indexed, by collection."""
    indexed_before_data: bool = True


def _list_collections(stub: Stub, name: str, body: bytes) -> Any:
    return stub.client.get_collections()


def _exists(stub: Stub, name: str, body: bytes) -> Any:
    return {"exists": stub.client.collection_exists(name)}


def _get(stub: Stub, name: str, body: bytes) -> Any:
    return stub.client.get_collection(name)


def _create(stub: Stub, name: str, body: bytes) -> Any:
    asked = models.CreateCollection.model_validate_json(body)
    return stub.client.create_collection(
        name, vectors_config=asked.vectors, metadata=asked.metadata
    )


def _drop(stub: Stub, name: str, body: bytes) -> Any:
    return stub.client.delete_collection(name)


def _index(stub: Stub, name: str, body: bytes) -> Any:
    asked = models.CreateFieldIndex.model_validate_json(body)
    stub.indexed_before_data &= stub.client.count(name).count == 0
    stub.indexed.setdefault(name, []).append(asked.field_name)
    return stub.client.create_payload_index(name, asked.field_name, asked.field_schema)


def _aliases(stub: Stub, name: str, body: bytes) -> Any:
    return stub.client.get_aliases()


def _change_aliases(stub: Stub, name: str, body: bytes) -> Any:
    asked = models.ChangeAliasesOperation.model_validate_json(body)
    return stub.client.update_collection_aliases(asked.actions)


def _upsert(stub: Stub, name: str, body: bytes) -> Any:
    asked = models.PointsList.model_validate_json(body)
    return stub.client.upsert(name, asked.points)


def _query(stub: Stub, name: str, body: bytes) -> Any:
    asked = models.QueryRequest.model_validate_json(body)
    return stub.client.query_points(
        name,
        query=asked.query,
        using=asked.using,
        query_filter=asked.filter,
        limit=asked.limit,
        score_threshold=asked.score_threshold,
        with_payload=asked.with_payload,
    )


def _scroll(stub: Stub, name: str, body: bytes) -> Any:
    asked = models.ScrollRequest.model_validate_json(body)
    points, offset = stub.client.scroll(
        name,
        scroll_filter=asked.filter,
        limit=asked.limit,
        offset=asked.offset,
        with_payload=asked.with_payload,
        with_vectors=asked.with_vector,
    )
    return models.ScrollResult(points=points, next_page_offset=offset)


def _count(stub: Stub, name: str, body: bytes) -> Any:
    asked = models.CountRequest.model_validate_json(body)
    return stub.client.count(name, count_filter=asked.filter, exact=asked.exact)


def _facet(stub: Stub, name: str, body: bytes) -> Any:
    asked = models.FacetRequest.model_validate_json(body)
    return stub.client.facet(name, asked.key, limit=asked.limit, exact=asked.exact)


def _delete(stub: Stub, name: str, body: bytes) -> Any:
    asked = models.FilterSelector.model_validate_json(body)
    return stub.client.delete(name, points_selector=asked)


Answer = Callable[[Stub, str, bytes], Any]
_NAME = "/collections/([^/]+)"
ROUTES: list[tuple[str, str, Answer]] = [
    ("GET", "/collections()", _list_collections),
    ("GET", f"{_NAME}/exists", _exists),
    ("GET", _NAME, _get),
    ("PUT", _NAME, _create),
    ("DELETE", _NAME, _drop),
    ("PUT", f"{_NAME}/index", _index),
    ("GET", "/aliases()", _aliases),
    ("POST", "/collections/aliases()", _change_aliases),
    ("PUT", f"{_NAME}/points", _upsert),
    ("POST", f"{_NAME}/points/query", _query),
    ("POST", f"{_NAME}/points/scroll", _scroll),
    ("POST", f"{_NAME}/points/count", _count),
    ("POST", f"{_NAME}/facet", _facet),
    ("POST", f"{_NAME}/points/delete", _delete),
]


def _answer(stub: Stub, method: str, path: str, body: bytes) -> tuple[int, Any]:
    time.sleep(stub.slow)
    if stub.broken is not None:
        return stub.broken, "out of order"
    for verb, pattern, answer in ROUTES:
        match = re.fullmatch(pattern, path)
        if verb == method and match:
            try:
                return 200, answer(stub, match[1], body)
            except ValueError as error:  # local mode's way to say that there is no such thing
                return (404 if "not found" in str(error) else 400), str(error)
    return 404, "no such address"


def _json(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.headers.get("api-key") != API_KEY:
                status, result = 401, "wrong key"
            else:
                status, result = _answer(stub, self.command, self.path.split("?")[0], body)
            good = status == 200
            reply = {"result": _json(result), "status": "ok", "time": 0.0}
            text = json.dumps(reply if good else {"status": {"error": result}}).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serving(stub: Stub) -> Iterator[Stub]:
    """Answer on a port of 127.0.0.1 until the block ends: a free one, the second time the same."""
    port = int(stub.url.rpartition(":")[2] or 0)
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(stub))
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
