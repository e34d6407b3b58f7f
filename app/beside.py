"""A question that a running server answers, because the index is its own while it runs.

Knows the server's address and its API. The library itself is read beside it. Loads no model.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from app.errors import ApiError
from app.found import SearchOut
from encoder.catalogue import get_card
from indexer.collection import Collections
from indexer.database import looking_at
from indexer.library import Library
from indexer.settings import Settings

PATIENCE = 600.0  # seconds: an example is looked at on the way, which a laptop takes long for
_DIRECTLY = build_opener(ProxyHandler({}))


class Beside:
    """One that can be asked: the server that owns the data folder."""

    def __init__(self, address: str, library: Library) -> None:
        self._api = f"{address}/api/v1"
        self.library = library

    def segment_at(self, video_id: str, seconds: float) -> int:
        """The index of the segment around a time. Raises ApiError."""
        known = json.loads(self._asked(f"/videos/{video_id}/segments"))["segments"]
        nearest = min(known, key=lambda one: abs((one["start"] + one["end"]) / 2 - seconds))
        index: int = nearest["index"]
        return index

    def remember(self, path: Path) -> str:
        """The id of an example, a video or a picture, that was given as a file. Raises ApiError."""
        with path.open("rb") as file:
            given = self._asked(f"/queries?{urlencode({'title': path.name})}", file)
        query_id: str = json.loads(given)["query_id"]
        return query_id

    def answer(self, question: list[tuple[str, str]]) -> SearchOut:
        """What a question finds. Raises ApiError."""
        return SearchOut.model_validate_json(self._asked(f"/search?{urlencode(question)}"))

    def _asked(self, place: str, body: BinaryIO | None = None) -> bytes:
        request = Request(self._api + place, body)
        if body is not None:
            size = body.seek(0, 2)
            body.seek(0)
            request.add_header("Content-Length", str(size))
            request.add_header("Content-Type", "application/octet-stream")
        try:
            with _DIRECTLY.open(request, timeout=PATIENCE) as answer:
                told: bytes = answer.read()
                return told
        except HTTPError as error:
            raise ApiError(_reason(error)) from error
        except (OSError, HTTPException) as error:  # the latter: it broke off in the middle
            raise ApiError(
                f"The PrismSearch that holds this library does not answer at {self._api} "
                f"({error}). Nothing was changed. Try again, or end it first."
            ) from error


@contextmanager
def reached(settings: Settings, address: str) -> Iterator[Beside]:
    """The server at `address`, which has these settings' library open.

    Raises ApiError where it answers with another model than these settings ask for.
    """
    with looking_at(settings.data_dir / "library.db") as database:
        serving = Collections(database).of("serving")
        if serving is not None:
            wanted = (get_card(settings.model).name, settings.weights)
            if wanted != (get_card(serving.model).name, serving.weights):
                raise ApiError(
                    f"The PrismSearch that runs at {address} answers with {serving.model} and "
                    "holds this library for itself. End it first to ask another model."
                )
        yield Beside(address, Library(database, serving.fingerprint if serving else ""))


def _reason(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered with {error.code} {error.reason}."
