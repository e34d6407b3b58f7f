"""Where a collection is kept: Qdrant Edge in this process, or a Qdrant server.

Knows which of both the settings name, and nothing of either (edge.py, server.py). What every store
can do is in points.py.
"""

import os
from collections.abc import Callable

from indexer import edge
from indexer.points import Store
from indexer.settings import Fingerprint, Settings

__all__ = ["open_store", "remove_collection", "size_on_disk", "stored_fingerprint"]


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
        return edge.EdgeStore.open(settings.data_dir / "index", fingerprint)
    from indexer import server  # its client takes a second to import: only who needs it pays

    url, key = settings.qdrant_url, settings.qdrant_api_key
    return server.QdrantStore.connect(url, key, fingerprint, wait=wait, report=report)


def stored_fingerprint(settings: Settings, key: str) -> Fingerprint | None:
    """What the collection of this key was made by; None if there is none, or it cannot be told.

    Nothing is made, locked or changed for that. Raises StoreError.
    """
    if settings.qdrant_url is None:
        return edge.stored_fingerprint(settings.data_dir / "index", key)
    from indexer import server

    return server.stored_fingerprint(settings.qdrant_url, settings.qdrant_api_key, key)


def remove_collection(settings: Settings, key: str) -> None:
    """Delete the collection of this key for good; one that is not there is no error.

    Raises StoreLocked while somebody has it open in process, StoreError.
    """
    if settings.qdrant_url is None:
        edge.remove_collection(settings.data_dir / "index", key)
        return
    from indexer import server

    server.remove_collection(settings.qdrant_url, settings.qdrant_api_key, key)


def size_on_disk(settings: Settings, key: str) -> int | None:
    """How many bytes the collection of this key takes here; None if a server keeps it."""
    if settings.qdrant_url is not None:
        return None
    folder = settings.data_dir / "index" / key
    return sum(_size(file.stat()) for file in folder.rglob("*") if file.is_file())


def _size(file: os.stat_result) -> int:
    """What a file takes, which is little where most of it is a hole; some systems do not say."""
    return file.st_blocks * 512 if hasattr(file, "st_blocks") else file.st_size
