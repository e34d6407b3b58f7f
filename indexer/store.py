"""Vectors in, nearest out: Qdrant Edge in this process, or a Qdrant server.

Knows both engines and lets none of their errors, filters or types out. Does not know what a video
is beyond its id, where vectors come from, or how hits become moments.
"""

import json
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import qdrant_edge as edge

from indexer.errors import (
    IndexerError,
    StoreError,
    StoreMismatch,
    StoreUnavailable,
    no_room,
)
from indexer.ownership import Ownership
from indexer.points import EVERYTHING, Hit, Point, Scope, Store, StoredSegment, fit, point_id
from indexer.settings import Fingerprint, Settings

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

__all__ = [
    "EdgeStore",
    "Hit",
    "Point",
    "QdrantStore",
    "Scope",
    "Store",
    "StoredSegment",
    "open_store",
    "point_id",
]

# More in one call would hold up other threads (Edge) or pass a server's limit on bodies.
BATCH = 256
PAGE = 1000
VECTOR = "clip"
COLLECTION = "prismsearch_"
LIVE = "prismsearch_live"
REQUEST_SECONDS = 30
_FINGERPRINT = "fingerprint.json"
_SEGMENT_FIELDS = ["index", "start", "end"]


def open_store(
    settings: Settings,
    fingerprint: Fingerprint,
    *,
    wait: float = 0.0,
    report: Callable[[str], None] | None = None,
) -> Store:
    """The store that the settings name, made if need be.

    A server gets `wait` seconds to come up. Raises StoreLocked, StoreMismatch, StoreUnavailable.
    """
    if settings.qdrant_url is None:
        return EdgeStore.open(settings.data_dir / "index", fingerprint)
    return QdrantStore.connect(
        settings.qdrant_url, settings.qdrant_api_key, fingerprint, wait=wait, report=report
    )


def _batches(rows: list[Any]) -> Iterator[list[Any]]:
    for first in range(0, len(rows), BATCH):
        yield rows[first : first + BATCH]


def _payload(point: Point) -> dict[str, Any]:
    return {
        "video_id": point.video_id,
        "index": point.index,
        "start": float(point.start),
        "end": float(point.end),
    }


def _hit(found: Any) -> Hit:
    return Hit(**found.payload, score=float(found.score))


def _segment(record: Any) -> StoredSegment:
    vector = np.asarray(record.vector[VECTOR], dtype=np.float32)
    return StoredSegment(**{name: record.payload[name] for name in _SEGMENT_FIELDS}, vector=vector)


def _filter(scope: Scope, engine: Any) -> Any:
    """A scope in an engine's words: both name their classes alike."""
    if scope.videos is None:
        return None
    any_of = engine.MatchAny(any=sorted(scope.videos))
    return engine.Filter(must=[engine.FieldCondition(key="video_id", match=any_of)])


def _only(video_id: str | None) -> Scope:
    return Scope() if video_id is None else Scope(videos=frozenset({video_id}))


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old text or the new one, never a part."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def _check_fingerprint(stored: Any, fingerprint: Fingerprint, where: str) -> None:
    if stored != fingerprint.model_dump():
        raise StoreMismatch(
            f"The vectors in {where} were made by another model or with other settings, so they "
            "cannot be searched with this one. Nothing was changed. Use the model that made them, "
            "or move them away and index again."
        )


class EdgeStore:
    """Segments in a folder, searched exactly by Qdrant's engine inside this process.

    Layout: `index/<fingerprint>/shard`, `fingerprint.json` beside it, `index/CURRENT` naming the
    folder that serves. `optimize()` is never called: it would stop every thread for seconds.
    """

    def __init__(
        self, root: Path, shard: edge.EdgeShard, ownership: Ownership, fp: Fingerprint
    ) -> None:
        self._root = root
        self._shard = shard
        self._ownership = ownership
        self._fingerprint = fp

    @classmethod
    def open(cls, root: Path, fingerprint: Fingerprint) -> Self:
        """Open or make the store of this fingerprint below `root`.

        Ours is locked before the engine's own lock is tried: a second load that the engine
        refuses would break the first one's `flush`.
        """
        folder = root / fingerprint.key
        ownership = Ownership.of(folder)
        try:
            shard = _open_shard(folder, fingerprint)
        except BaseException:
            ownership.release()
            raise
        return cls(root, shard, ownership, fingerprint)

    def upsert(self, points: Sequence[Point]) -> None:
        """Store points; see `Store`."""
        rows = [self._row(point) for point in points]
        with _edge_errors("stored"):
            for batch in _batches(rows):
                self._shard.update(edge.UpdateOperation.upsert_points(batch))

    def _row(self, point: Point) -> edge.Point:
        return edge.Point(
            id=point_id(point.video_id, self._fingerprint.key, point.start),
            vector={VECTOR: fit(point.vector, self._fingerprint.dim).tolist()},
            payload=_payload(point),
        )

    def nearest(self, vector: np.ndarray, limit: int, scope: Scope = EVERYTHING) -> list[Hit]:
        """Exact search; see `Store`."""
        wanted = fit(vector, self._fingerprint.dim).tolist()
        request = edge.QueryRequest(
            limit=limit,
            query=edge.Query.Nearest(wanted, using=VECTOR),
            filter=_filter(scope, edge),
            with_payload=True,
        )
        with _edge_errors("searched"):
            return [_hit(found) for found in self._shard.query(request)]

    def segments(self, video_id: str) -> list[StoredSegment]:
        """All of one video by time; see `Store`."""
        records = self._scroll(video_id, with_vector=True)
        return sorted(map(_segment, records), key=lambda segment: segment.start)

    def indexes(self, video_id: str) -> frozenset[int]:
        """Which are stored; see `Store`."""
        return frozenset(record.payload["index"] for record in self._scroll(video_id))

    def _scroll(self, video_id: str, with_vector: bool = False) -> Iterator[Any]:
        offset = None
        while True:
            request = edge.ScrollRequest(
                offset=offset,
                limit=PAGE,
                filter=_filter(_only(video_id), edge),
                with_payload=True,
                with_vector=with_vector,
            )
            with _edge_errors("read"):
                records, offset = self._shard.scroll(request)
            yield from records
            if offset is None:
                return

    def count(self, video_id: str | None = None) -> int:
        """How many; see `Store`."""
        chosen = _filter(_only(video_id), edge)
        with _edge_errors("counted"):
            return self._shard.count(edge.CountRequest(exact=True, filter=chosen))

    def delete_video(self, video_id: str) -> None:
        """Forget one video; see `Store`."""
        chosen = _filter(_only(video_id), edge)
        with _edge_errors("removed"):
            self._shard.update(edge.UpdateOperation.delete_points_by_filter(chosen))

    def promote(self) -> None:
        """Name this folder in `CURRENT`; see `Store`."""
        with _edge_errors("named"):
            replace_text(self._root / "CURRENT", self._fingerprint.key)

    def flush(self) -> None:
        """Bring to disk; what was not flushed survives a killed process all the same."""
        with _edge_errors("brought to the disk"):
            self._shard.flush()

    def close(self) -> None:
        """Close the shard, then let others own the folder."""
        with _edge_errors("closed"):
            self._shard.close()
        self._ownership.release()


def _open_shard(folder: Path, fingerprint: Fingerprint) -> edge.EdgeShard:
    """Load the shard, or make it: the fingerprint is written last, so one without is unfinished."""
    shard, written = folder / "shard", folder / _FINGERPRINT
    if written.exists():
        _check_fingerprint(_read_json(written), fingerprint, str(folder))
        with _edge_errors("opened"):
            return edge.EdgeShard.load(str(shard))
    shutil.rmtree(shard, ignore_errors=True)
    with _edge_errors("made"):
        made = _make_shard(shard, fingerprint.dim)
    replace_text(written, fingerprint.model_dump_json(indent=1))
    return made


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None


def _make_shard(path: Path, dim: int) -> edge.EdgeShard:
    vectors = edge.EdgeVectorParams(
        size=dim,
        distance=edge.Distance.Cosine,
        datatype=edge.VectorStorageDatatype.Float16,
    )
    # m=0: no graph. Exact search takes 9 ms over 100,000 segments; a graph costs minutes to build.
    no_graph = edge.HnswIndexConfig(m=0, ef_construct=100, full_scan_threshold=10_000)
    shard = edge.EdgeShard.create(
        str(path), edge.EdgeConfig(vectors={VECTOR: vectors}, hnsw_config=no_graph)
    )
    make_index = edge.UpdateOperation.create_field_index
    shard.update(make_index("video_id", edge.KeywordIndexParams(is_tenant=True)))
    return shard


@contextmanager
def _edge_errors(done: str) -> Iterator[None]:
    """Give Edge's errors, all of them plain `Exception`, our name and a sentence."""
    try:
        yield
    except IndexerError:
        raise
    except Exception as error:
        if "no space left" in str(error).lower():  # its only sign of a full disk
            raise no_room() from error
        raise StoreError(
            f"The index in the data folder could not be {done} ({error}). Your videos are safe. "
            "If a restart does not help, move the folder `index` away: videos are indexed again."
        ) from error


class QdrantStore:
    """Segments in a collection of a Qdrant server, named by the fingerprint, behind an alias."""

    def __init__(self, client: "QdrantClient", fingerprint: Fingerprint) -> None:
        from qdrant_client import models  # takes a second to import: only who needs it pays

        self._client = client
        self._models = models
        self._fingerprint = fingerprint
        self._name = COLLECTION + fingerprint.key
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
        from qdrant_client import QdrantClient

        with warnings.catch_warnings(), _server_errors():
            # Within a compose network a key over plain HTTP is what people have.
            warnings.filterwarnings("ignore", message="Api key is used with an insecure connection")
            client = QdrantClient(
                url=url, api_key=api_key, timeout=REQUEST_SECONDS, check_compatibility=False
            )
        _await(client, time.monotonic() + wait, report)
        return cls(client, fingerprint)

    def _prepare(self) -> None:
        if not self._client.collection_exists(self._name):
            self._create()
        stored = self._client.get_collection(self._name).config.metadata
        _check_fingerprint(stored, self._fingerprint, f"the collection {self._name}")
        models = self._models
        # Filters are fast only over fields that are indexed before data comes; again is harmless.
        schema = models.KeywordIndexParams(type="keyword", is_tenant=True)
        self._client.create_payload_index(self._name, "video_id", schema, wait=True)

    def _create(self) -> None:
        models = self._models
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
        models = self._models
        new = models.CreateAlias(collection_name=self._name, alias_name=LIVE)
        steps: list[Any] = [models.CreateAliasOperation(create_alias=new)]
        with _server_errors():
            if LIVE in {alias.alias_name for alias in self._client.get_aliases().aliases}:
                old = models.DeleteAlias(alias_name=LIVE)
                steps.insert(0, models.DeleteAliasOperation(delete_alias=old))
            self._client.update_collection_aliases(change_aliases_operations=steps)

    def upsert(self, points: Sequence[Point]) -> None:
        """Store points and wait until they are searchable; see `Store`."""
        rows = [self._row(point) for point in points]
        with _server_errors():
            for batch in _batches(rows):
                self._client.upsert(self._name, batch, wait=True)

    def _row(self, point: Point) -> Any:
        return self._models.PointStruct(
            id=point_id(point.video_id, self._fingerprint.key, point.start),
            vector={VECTOR: fit(point.vector, self._fingerprint.dim).tolist()},
            payload=_payload(point),
        )

    def nearest(self, vector: np.ndarray, limit: int, scope: Scope = EVERYTHING) -> list[Hit]:
        """Nearest by the server's index, exact within named videos; see `Store`."""
        exact = self._models.SearchParams(exact=scope.videos is not None)
        with _server_errors():
            found = self._client.query_points(
                self._name,
                query=fit(vector, self._fingerprint.dim).tolist(),
                using=VECTOR,
                limit=limit,
                query_filter=self._filter(scope),
                search_params=exact,
                with_payload=True,
            )
        return [_hit(point) for point in found.points]

    def _filter(self, scope: Scope) -> Any:
        return _filter(scope, self._models)

    def segments(self, video_id: str) -> list[StoredSegment]:
        """All of one video by time; see `Store`."""
        records = self._scroll(video_id, with_vectors=True)
        return sorted(map(_segment, records), key=lambda segment: segment.start)

    def indexes(self, video_id: str) -> frozenset[int]:
        """Which are stored; see `Store`."""
        return frozenset(record.payload["index"] for record in self._scroll(video_id))

    def _scroll(self, video_id: str, with_vectors: bool = False) -> Iterator[Any]:
        offset = None
        while True:
            with _server_errors():
                records, offset = self._client.scroll(
                    self._name,
                    scroll_filter=self._filter(_only(video_id)),
                    limit=PAGE,
                    offset=offset,
                    with_payload=True,
                    with_vectors=with_vectors,
                )
            yield from records
            if offset is None:
                return

    def count(self, video_id: str | None = None) -> int:
        """How many; see `Store`."""
        with _server_errors():
            chosen = self._filter(_only(video_id))
            return self._client.count(self._name, count_filter=chosen, exact=True).count

    def delete_video(self, video_id: str) -> None:
        """Forget one video; see `Store`."""
        chosen = self._models.FilterSelector(filter=self._filter(_only(video_id)))
        with _server_errors():
            self._client.delete(self._name, points_selector=chosen, wait=True)

    def flush(self) -> None:
        """Nothing to do: the server answers only once a change is in its log."""

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


def _await(client: "QdrantClient", deadline: float, report: Callable[[str], None] | None) -> None:
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
    from qdrant_client.http.exceptions import ResponseHandlingException

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
