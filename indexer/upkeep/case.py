"""One installation that nobody uses meanwhile: what upkeep may look at, and how it tells of it.

Knows which parts are opened for that; no model is among them. Knows not what is checked or saved.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from indexer.collection import Collection, Collections
from indexer.database import Database
from indexer.errors import LibraryError, StoreError
from indexer.library import Library, Video
from indexer.ownership import Ownership
from indexer.points import Store
from indexer.queue import Queue
from indexer.settings import Settings
from indexer.store import open_store, stored_fingerprint
from indexer.upkeep.moving import settle


@dataclass(frozen=True)
class Finding:
    """One thing found, as a sentence for a person; `code` is for programs and never changes.

    A `note` is worth knowing and no difference. `mend` repairs without loss and says what it did,
    None where only a person can; `mended` is what it said.
    """

    code: str
    message: str
    video_id: str | None = None
    mend: Callable[[], str] | None = None
    note: bool = False
    mended: str | None = None


@dataclass(frozen=True)
class Case:
    """The parts of an installation.

    `store` is the serving collection's; None if there is none yet, or if it cannot be opened:
    `store_error` says why.
    """

    settings: Settings
    database: Database
    collections: Collections
    serving: Collection | None
    store: Store | None
    store_error: StoreError | None

    @property
    def media(self) -> Path:
        """Where the videos' own files lie."""
        return self.settings.data_dir / "media"

    @property
    def key(self) -> str:
        """The serving collection's, empty if nothing was indexed."""
        return self.serving.fingerprint if self.serving else ""

    @cached_property
    def library(self) -> Library:
        """The videos, as of the collection that serves."""
        return Library(self.database, self.key)

    @cached_property
    def queue(self) -> Queue:
        """The jobs of the collection that serves."""
        return Queue(self.database, self.key)

    @cached_property
    def videos(self) -> dict[str, Video]:
        """Every video by its id, as it was when this was opened."""
        return {video.video_id: video for video in self.library.videos()}

    @cached_property
    def stored(self) -> dict[str, int]:
        """How many segments the serving collection holds of each video."""
        return {} if self.store is None else self.store.videos()

    def unchanged(self, video: Video) -> bool:
        """Whether the video's file looks as it did when it was hashed last, and may be read."""
        try:
            now = video.path.stat()
        except OSError:
            return False
        known = self.library.known_content(video.path, now.st_size, now.st_mtime_ns)
        readable = stat.S_ISREG(now.st_mode) and os.access(video.path, os.R_OK)
        return known == video.video_id and readable


@contextmanager
def opened_library(settings: Settings) -> Iterator[Database]:
    """The library of the data folder, which is owned meanwhile.

    Raises LibraryError where there is none or it cannot be opened, StoreLocked while another
    PrismSearch uses it; nothing is made in either case.
    """
    path = settings.data_dir / "library.db"
    if not path.exists():
        raise LibraryError(
            f"There is no library in {settings.data_dir}. Nothing was changed. Name the data "
            "folder of one."
        )
    with ExitStack() as opened:
        opened.callback(Ownership.of(settings.data_dir).release)
        settle(settings.data_dir)
        database = Database(path)
        opened.callback(database.close)
        yield database


@contextmanager
def opened_case(settings: Settings, database: Database) -> Iterator[Case]:
    """The installation whose library this is. No collection is made where there is none."""
    collections = Collections(database)
    serving = collections.of("serving")
    store, error = _opened_store(settings, serving)
    try:
        yield Case(settings, database, collections, serving, store, error)
    finally:
        if store is not None:
            store.close()


def _opened_store(
    settings: Settings, serving: Collection | None
) -> tuple[Store | None, StoreError | None]:
    if serving is None:
        return None, None
    try:
        fingerprint = stored_fingerprint(settings, serving.fingerprint)
        return (None if fingerprint is None else open_store(settings, fingerprint)), None
    except StoreError as error:
        return None, error
