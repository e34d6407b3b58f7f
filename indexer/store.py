"""Where a collection is kept: Qdrant Edge in this process, or a Qdrant server.

Knows which of both the settings name, and nothing of either (edge.py, server.py). What every store
can do is in points.py.
"""

from collections.abc import Callable

from indexer import edge
from indexer.points import Store
from indexer.settings import Fingerprint, Settings

__all__ = ["open_store", "remove_collection", "stored_fingerprint"]


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
