"""Segments in a folder, searched by Qdrant Edge inside this process.

Knows the engine's calls, its one kind of error and how its folder is laid out, and lets none of
that out. Does not know what a video is beyond its id, where vectors come from, or how hits become
moments.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
import qdrant_edge as edge
from pydantic import ValidationError

from indexer.errors import IndexerError, StoreError, no_room
from indexer.ground import has_room, refuse_full
from indexer.ownership import Ownership
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

_FINGERPRINT = "fingerprint.json"

# Bytes of the disk that must be free. The engine writes through memory, and the system ends a
# program (SIGBUS) for which it finds no room under that; so room is looked for before.
ROOM_TO_STORE = 128 << 20
ROOM_TO_DELETE = 1 << 20


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
            refuse_full(folder)
            shard = _open_shard(folder, fingerprint)
        except BaseException:
            ownership.release()
            raise
        return cls(root, shard, ownership, fingerprint)

    def upsert(self, points: Sequence[Point]) -> None:
        """Store points; see `Store`."""
        rows = [self._row(one) for one in points]
        _look_for_room(self._root, ROOM_TO_STORE)
        with _edge_errors("stored"):
            for batch in batches(rows):
                self._shard.update(edge.UpdateOperation.upsert_points(batch))

    def _row(self, one: Point) -> edge.Point:
        return edge.Point(
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
        """Exact search; see `Store`."""
        wanted = fit(vector, self._fingerprint.dim)
        length = float(np.linalg.norm(wanted))
        found = self._query(wanted, limit, scope, True, above(least, length, offset))
        return hits(found, length, offset)

    def leading(
        self, vector: np.ndarray, limit: int, scope: Scope = EVERYTHING
    ) -> list[tuple[str, float]]:
        """Exact search, for videos alone; see `Store`."""
        wanted = fit(vector, self._fingerprint.dim)
        found = self._query(wanted, limit, scope, edge.PayloadSelector.Include([VIDEO]))
        return leaders(found, float(np.linalg.norm(wanted)))

    def _query(
        self, vector: np.ndarray, limit: int, scope: Scope, told: Any, least: float | None = None
    ) -> list[Any]:
        request = edge.QueryRequest(
            limit=limit,
            query=edge.Query.Nearest(vector.tolist(), using=VECTOR),
            filter=filter_of(scope, edge),
            with_payload=told,
            score_threshold=least,
        )
        with _edge_errors("searched"):
            return self._shard.query(request)

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
            request = edge.ScrollRequest(
                offset=offset,
                limit=page_size(with_vectors),
                filter=filter_of(scope, edge, index),
                with_payload=True,
                with_vector=with_vectors,
            )
            with _edge_errors("read"):
                records, offset = self._shard.scroll(request)
            yield from records
            if offset is None:
                return

    def count(self, video_id: str | None = None) -> int:
        """How many; see `Store`."""
        chosen = filter_of(only(video_id), edge)
        with _edge_errors("counted"):
            return self._shard.count(edge.CountRequest(exact=True, filter=chosen))

    def about(self) -> int:
        """Roughly how many; see `Store`."""
        with _edge_errors("counted"):
            return self._shard.count(edge.CountRequest(exact=False))

    def videos(self) -> dict[str, int]:
        """How many of each; see `Store`."""
        enough = max(1, self.count())  # no more videos than segments
        with _edge_errors("counted"):
            found = self._shard.facet(edge.FacetRequest(key=VIDEO, limit=enough, exact=True))
        # A video whose segments were all deleted is still listed, with none.
        return {str(one.value): one.count for one in found.hits if one.count}

    def delete_video(self, video_id: str) -> None:
        """Forget one video; see `Store`."""
        chosen = filter_of(only(video_id), edge)
        _look_for_room(self._root, ROOM_TO_DELETE)
        with _edge_errors("removed"):
            self._shard.update(edge.UpdateOperation.delete_points_by_filter(chosen))

    def promote(self) -> None:
        """Name this folder in `CURRENT`; see `Store`."""
        with _edge_errors("named"):
            _replace_text(self._root / "CURRENT", self._fingerprint.key)

    def flush(self) -> None:
        """Bring to disk; what was not flushed survives a killed process all the same."""
        with _edge_errors("brought to the disk"):
            self._shard.flush()

    def close(self) -> None:
        """Close the shard, then let others own the folder."""
        with _edge_errors("closed"):
            self._shard.close()
        self._ownership.release()


def stored_fingerprint(root: Path, key: str) -> Fingerprint | None:
    """What the folder of this key says of itself; see store.py."""
    try:
        found = Fingerprint.model_validate(_read_json(root / key / _FINGERPRINT))
    except (OSError, ValidationError):
        return None
    return found if found.key == key else None


def remove_collection(root: Path, key: str) -> None:
    """Delete the folder of this key; see store.py.

    The fingerprint goes first: a folder without one counts as unfinished, whatever is left in it.
    """
    folder = root / key
    if not folder.exists():
        return
    ownership = Ownership.of(folder)
    try:
        with _edge_errors("removed"):
            (folder / _FINGERPRINT).unlink(missing_ok=True)
            shutil.rmtree(folder / "shard", ignore_errors=True)
    finally:
        ownership.release()
    shutil.rmtree(folder, ignore_errors=True)


def _open_shard(folder: Path, fingerprint: Fingerprint) -> edge.EdgeShard:
    """Load the shard, or make it: the fingerprint is written last, so one without is unfinished."""
    shard, written = folder / "shard", folder / _FINGERPRINT
    if written.exists():
        check_fingerprint(_read_json(written), fingerprint, str(folder))
        with _edge_errors("opened"):
            return edge.EdgeShard.load(str(shard))
    shutil.rmtree(shard, ignore_errors=True)
    with _edge_errors("made"):
        made = _make_shard(shard, fingerprint.dim)
    _replace_text(written, fingerprint.model_dump_json(indent=1))
    return made


def _replace_text(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old text or the new one, never a part."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None


def _look_for_room(folder: Path, size: int) -> None:
    if not has_room(folder, size):
        raise no_room()


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
    shard.update(make_index(VIDEO, edge.KeywordIndexParams(is_tenant=True)))
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
