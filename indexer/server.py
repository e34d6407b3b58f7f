"""Segments in a collection of a Qdrant server, named by the fingerprint, behind an alias.

Knows the client's calls and errors, and lets none of them out. Does not know what a video is beyond
its id, where vectors come from, or how hits become moments. The client takes most of a second to
import: only who has a server imports this file.
"""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from pydantic import ValidationError
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException

from indexer.errors import IndexerError, StoreError, StoreUnavailable
from indexer.points import EVERYTHING, Hit, Point, Scope, StoredSegment, Timed, fit, point_id
from indexer.rows import (
    VECTOR,
    VIDEO,
    above,
    batches,
    by_time,
    check_fingerprint,
    filter_of,
    hits,
    leaders,
    only,
    page_size,
    payload_of,
    point,
    timed,
)
from indexer.settings import Fingerprint

LIVE = "prismsearch_live"
REQUEST_SECONDS = 30


def name_of(key: str) -> str:
    """What the collection of a fingerprint's key is called on a server."""
    return f"prismsearch_{key}"


class QdrantStore:
    """Segments in a collection of a Qdrant server, named by the fingerprint, behind an alias."""

    def __init__(self, client: QdrantClient, fingerprint: Fingerprint) -> None:
        self._client = client
        self._fingerprint = fingerprint
        self._name = name_of(fingerprint.key)
        with _server_errors():
            self._prepare()

    @classmethod
    def connect(
        cls,
        url: str,
        api_key: str | None,
        fingerprint: Fingerprint,
        *,
        wait: float = 0.0,
        report: Callable[[str], None] | None = None,
    ) -> Self:
        """Connect to a server, giving it `wait` seconds to come up."""
        client = _client(url, api_key)
        _await(client, time.monotonic() + wait, report)
        return cls(client, fingerprint)

    def _prepare(self) -> None:
        if not self._client.collection_exists(self._name):
            self._create()
        stored = self._client.get_collection(self._name).config.metadata
        check_fingerprint(stored, self._fingerprint, f"the collection {self._name}")
        # Filters are fast only over fields that are indexed before data comes; again is harmless.
        schema = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
        self._client.create_payload_index(self._name, VIDEO, schema, wait=True)

    def _create(self) -> None:
        vectors = models.VectorParams(
            size=self._fingerprint.dim,
            distance=models.Distance.COSINE,
            datatype=models.Datatype.FLOAT16,
        )
        self._client.create_collection(
            self._name,
            vectors_config={VECTOR: vectors},
            metadata=self._fingerprint.model_dump(),
        )

    def promote(self) -> None:
        """Make the alias name this collection, in one step for whoever reads by it."""
        new = models.CreateAlias(collection_name=self._name, alias_name=LIVE)
        steps: list[Any] = [models.CreateAliasOperation(create_alias=new)]
        with _server_errors():
            if LIVE in {alias.alias_name for alias in self._client.get_aliases().aliases}:
                old = models.DeleteAlias(alias_name=LIVE)
                steps.insert(0, models.DeleteAliasOperation(delete_alias=old))
            self._client.update_collection_aliases(change_aliases_operations=steps)

    def upsert(self, points: Sequence[Point]) -> None:
        """Store points and wait until they are searchable; see `Store`."""
        rows = [self._row(one) for one in points]
        with _server_errors():
            for batch in batches(rows):
                self._client.upsert(self._name, batch, wait=True)

    def _row(self, one: Point) -> models.PointStruct:
        return models.PointStruct(
            id=point_id(one.video_id, self._fingerprint.key, one.start),
            vector={VECTOR: fit(one.vector, self._fingerprint.dim).tolist()},
            payload=payload_of(one),
        )

    def nearest(
        self,
        vector: np.ndarray,
        limit: int,
        scope: Scope = EVERYTHING,
        least: float | None = None,
        offset: float = 0.0,
    ) -> list[Hit]:
        """Nearest by the server's index, exact within named videos; see `Store`."""
        wanted = fit(vector, self._fingerprint.dim)
        length = float(np.linalg.norm(wanted))
        found = self._query(wanted, limit, scope, True, above(least, length, offset))
        return hits(found, length, offset)

    def leading(
        self, vector: np.ndarray, limit: int, scope: Scope = EVERYTHING
    ) -> list[tuple[str, float]]:
        """The same for videos alone; see `Store`."""
        wanted = fit(vector, self._fingerprint.dim)
        found = self._query(wanted, limit, scope, [VIDEO])
        return leaders(found, float(np.linalg.norm(wanted)))

    def _query(
        self, vector: np.ndarray, limit: int, scope: Scope, told: Any, least: float | None = None
    ) -> list[Any]:
        with _server_errors():
            found = self._client.query_points(
                self._name,
                query=vector.tolist(),
                using=VECTOR,
                limit=limit,
                query_filter=filter_of(scope, models),
                search_params=models.SearchParams(exact=scope.videos is not None),
                with_payload=told,
                score_threshold=least,
            )
        return found.points

    def segments(self, video_id: str, index: int | None = None) -> list[StoredSegment]:
        """All of one video by time, or one; see `Store`."""
        return by_time(self._scroll(only(video_id), with_vectors=True, index=index))

    def outline(self, video_id: str) -> list[Timed]:
        """All of one video by time, but for vectors; see `Store`."""
        return timed(self._scroll(only(video_id)))

    def scan(self) -> Iterator[Point]:
        """Every point; see `Store`."""
        return map(point, self._scroll(EVERYTHING, with_vectors=True))

    def _scroll(
        self, scope: Scope, with_vectors: bool = False, index: int | None = None
    ) -> Iterator[Any]:
        offset = None
        while True:
            with _server_errors():
                records, offset = self._client.scroll(
                    self._name,
                    scroll_filter=filter_of(scope, models, index),
                    limit=page_size(with_vectors),
                    offset=offset,
                    with_payload=True,
                    with_vectors=with_vectors,
                )
            yield from records
            if offset is None:
                return

    def count(self, video_id: str | None = None) -> int:
        """How many; see `Store`."""
        chosen = filter_of(only(video_id), models)
        with _server_errors():
            return self._client.count(self._name, count_filter=chosen, exact=True).count

    def about(self) -> int:
        """Roughly how many; see `Store`."""
        with _server_errors():
            return self._client.count(self._name, exact=False).count

    def videos(self) -> dict[str, int]:
        """How many of each; see `Store`."""
        enough = max(1, self.count())  # no more videos than segments
        with _server_errors():
            found = self._client.facet(self._name, VIDEO, limit=enough, exact=True)
        return {str(one.value): one.count for one in found.hits if one.count}

    def delete_video(self, video_id: str) -> None:
        """Forget one video; see `Store`."""
        chosen = models.FilterSelector(filter=filter_of(only(video_id), models))
        with _server_errors():
            self._client.delete(self._name, points_selector=chosen, wait=True)

    def flush(self) -> None:
        """Nothing to do: the server answers only once a change is in its log."""

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


def stored_fingerprint(url: str, api_key: str | None, key: str) -> Fingerprint | None:
    """What the collection of this key says of itself; see store.py."""
    with _server_errors(), _connected(url, api_key) as client:
        if not client.collection_exists(name_of(key)):
            return None
        stored = client.get_collection(name_of(key)).config.metadata
    try:
        found = Fingerprint.model_validate(stored)
    except ValidationError:
        return None
    return found if found.key == key else None


def remove_collection(url: str, api_key: str | None, key: str) -> None:
    """Delete the collection of this key; see store.py."""
    with _server_errors(), _connected(url, api_key) as client:
        client.delete_collection(name_of(key))


def _client(url: str, api_key: str | None) -> QdrantClient:
    with warnings.catch_warnings(), _server_errors():
        # Within a compose network a key over plain HTTP is what people have.
        warnings.filterwarnings("ignore", message="Api key is used with an insecure connection")
        return QdrantClient(
            url=url, api_key=api_key, timeout=REQUEST_SECONDS, check_compatibility=False
        )


@contextmanager
def _connected(url: str, api_key: str | None) -> Iterator[QdrantClient]:
    client = _client(url, api_key)
    try:
        yield client
    finally:
        client.close()


def _await(client: QdrantClient, deadline: float, report: Callable[[str], None] | None) -> None:
    """Ask until the server answers; say once that it is waited for."""
    while True:
        try:
            with _server_errors():
                client.get_collections()
            return
        except StoreUnavailable:
            if time.monotonic() >= deadline:
                raise
        if report is not None:
            report("Waiting for the Qdrant server ...")
            report = None
        time.sleep(0.5)


@contextmanager
def _server_errors() -> Iterator[None]:
    """Give what the client raises our name and a sentence."""
    try:
        yield
    except IndexerError:
        raise
    except Exception as error:
        raise _from_server(error) from error


def _from_server(error: Exception) -> StoreError:
    status = getattr(error, "status_code", None)
    if status in (401, 403):
        return StoreError("The Qdrant server refused the API key: check QDRANT_API_KEY.")
    if status == 404:
        return StoreError(
            "The Qdrant server no longer has this library's collection. Your videos are safe: "
            "restart PrismSearch and they are indexed again."
        )
    no_answer = isinstance(error, ResponseHandlingException | OSError)
    if no_answer or status == 429 or (status or 0) >= 500:
        return StoreUnavailable(
            f"The Qdrant server does not answer ({_reason(error)}). Nothing was lost: check that "
            "it runs and that its address is right; indexing goes on by itself."
        )
    return StoreError(f"The Qdrant server refused a request ({_reason(error)}).")


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
