"""Makes what was unpacked from a backup fit its new place: the library's paths, and the index.

Knows which rows speak of the old place, and how points become an index again, embedded or on a
server. Knows not where the unpacked files come from.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from indexer.collection import Collections
from indexer.content import Content
from indexer.database import Database
from indexer.errors import BackupRefused, BadVector, StoreError
from indexer.library import Library, Video
from indexer.points import Point, Store
from indexer.settings import Fingerprint, Settings
from indexer.store import open_store, remove_collection, stored_fingerprint
from indexer.upkeep.archive import refused
from indexer.upkeep.moving import LIBRARY, STAGING


def refit_library(staging: Path, data_dir: Path, fingerprint: Fingerprint | None) -> list[Video]:
    """Bring the unpacked library up to date for `data_dir`; returns its videos.

    Collections that are not in the backup are forgotten. Raises BackupRefused and LibraryError.
    """
    if not (staging / LIBRARY).exists():
        raise refused("its library is missing")
    database = Database(staging / LIBRARY)
    try:
        if database.integrity():
            raise refused("its library is damaged")
        _keep_only(Collections(database), fingerprint)
        library = Library(database, fingerprint.key if fingerprint else "")
        for video in library.videos():
            if video.managed:
                _move(library, video, staging, data_dir)
        return library.videos()
    finally:
        database.close()


def _keep_only(collections: Collections, fingerprint: Fingerprint | None) -> None:
    serving = collections.of("serving")
    if fingerprint is not None and (serving is None or serving.fingerprint != fingerprint.key):
        raise refused("its library and its index do not belong together")
    for one in collections.all():
        if fingerprint is None or one.fingerprint != fingerprint.key:
            collections.forget(one.fingerprint)


def _move(library: Library, video: Video, staging: Path, data_dir: Path) -> None:
    """Have an uploaded video lie in the new data folder."""
    place = Path("media") / video.video_id / video.path.name
    written = 0
    with suppress(FileNotFoundError):  # it was gone when the backup was written
        written = (staging / place).stat().st_mtime_ns
    content = Content(video.video_id, video.size, written)
    library.moved(video.video_id, data_dir / place, content)


def refit_index(settings: Settings, fingerprint: Fingerprint, known: frozenset[str]) -> int:
    """Make an index of the unpacked points of the `known` videos; returns how many there are.

    Raises BackupRefused, StoreError and DiskFull.
    """
    staging = settings.data_dir / STAGING
    with _new_store(settings, fingerprint, known) as store:
        count = 0
        for path in sorted((staging / "points").glob("*.npz")):
            points = _points(path)
            if not {point.video_id for point in points} <= known:
                raise refused("it holds segments of a video that it does not name")
            _store(store, points)
            count += len(points)
        if store.count() < count:
            raise refused("a segment of it is there twice")
        store.flush()
        store.promote()
    return count


def _store(store: Store, points: list[Point]) -> None:
    try:
        store.upsert(points)
    except BadVector as error:
        raise refused("a segment of it cannot be compared with others") from error


@contextmanager
def _new_store(
    settings: Settings, fingerprint: Fingerprint, known: frozenset[str]
) -> Iterator[Store]:
    """A store to fill: among the unpacked files, or on the server, from which it goes on failure.

    There, segments of these very videos may be left from a restore that was killed.
    """
    unpacked = settings.model_copy(update={"data_dir": settings.data_dir / STAGING})
    was_there = stored_fingerprint(unpacked, fingerprint.key) is not None
    store = open_store(unpacked, fingerprint)
    try:
        if store.videos().keys() - known:
            raise BackupRefused(
                "The Qdrant server holds segments of another library made with the same model. "
                "Nothing was changed. Restore without a server, or with another one."
            )
        yield store
    except BaseException:
        if not was_there:
            with suppress(StoreError):
                store.close()
                remove_collection(unpacked, fingerprint.key)
        raise
    store.close()


def _points(path: Path) -> list[Point]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            columns = [arrays[name].tolist() for name in ("video_id", "index", "start", "end")]
            vectors = arrays["vector"]
        return [Point(*row) for row in zip(*columns, vectors, strict=True)]
    except (ValueError, KeyError, TypeError, BadZipFile) as error:
        raise refused(f"{path.name} is damaged") from error
