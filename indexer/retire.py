"""Deletes an index that does not answer: vectors, pictures, studies, how far its videos got.

Knows what belongs to one collection and to nothing else. Does not know who has it open: that has
to be closed before.
"""

from contextlib import closing

from indexer import study
from indexer.collection import Collections
from indexer.database import Database
from indexer.errors import LibraryError
from indexer.media import Media
from indexer.ownership import Ownership
from indexer.settings import Settings
from indexer.store import remove_collection


def delete_index(settings: Settings, collections: Collections, key: str) -> None:
    """Delete the collection of this key for good. Raises StoreError."""
    remove_collection(settings, key)
    Media(settings.data_dir, key).remove_all_pictures()
    study.forget(settings.data_dir, key)
    collections.forget(key)


def delete_unused_index(settings: Settings, key: str) -> None:
    """Delete a collection of a library that nobody has open; no model is loaded for that.

    Raises StoreLocked while somebody has, LibraryError for the collection that answers and for one
    that is not there.
    """
    ownership = Ownership.of(settings.data_dir)
    try:
        with closing(Database(settings.data_dir / "library.db")) as database:
            collections = Collections(database)
            known = {one.fingerprint: one.role for one in collections.all()}
            if key not in known:
                raise LibraryError(f"There is no index {key} in {settings.data_dir}.")
            if known[key] == "serving":
                raise LibraryError("This index answers the searches: it cannot be removed.")
            delete_index(settings, collections, key)
    finally:
        ownership.release()
