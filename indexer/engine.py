"""One open installation: everything that an entry point needs, put together in one place.

Knows which part gets which other part, the order in which things are opened and closed, which
collection serves and which is being built beside it. Knows neither pages nor command lines, and
reads no environment.
"""

import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from encoder.embedder import Embedder
from indexer import switch
from indexer.collection import Collection, Collections
from indexer.database import Database
from indexer.errors import WAITED_FOR, LibraryError, ReadOnly
from indexer.examples import Examples
from indexer.export.clips import Clips
from indexer.folders import real_path
from indexer.ground import check_ground
from indexer.index import Index, Report
from indexer.intake import Added, Intake
from indexer.journal import log
from indexer.library import Library, Video
from indexer.media import Media
from indexer.meters import Meters
from indexer.ownership import Ownership
from indexer.places import Places
from indexer.playable import Playable
from indexer.points import Store
from indexer.queue import Queue
from indexer.retire import delete_index
from indexer.search import Search
from indexer.settings import Fingerprint, Settings
from indexer.status import Status, read_status
from indexer.study import Studies
from indexer.upkeep.moving import settle
from indexer.uploads import Uploads
from indexer.watch import Following, Watch
from indexer.worker import Work, Worker

__all__ = ["Added", "Engine"]


class Engine:
    """One data folder, one library, and the collections in use. Safe to use from several threads.

    `serving` answers. Where the settings ask for another model, window, hop or resize than what
    serves, `building` is the collection that is made beside it and takes its place when complete.
    The worker does nothing until `worker.start()`.
    """

    def __init__(
        self,
        settings: Settings,
        embedder: Embedder,
        report: Report | None = None,
        *,
        load: switch.Load | None = None,
        only_search: bool = False,
    ) -> None:
        """Open the installation for a loaded model. Raises StoreError and LibraryError.

        `load` gets the model of the collection that serves, if that is another one. A second
        engine on the same data folder, in this process or another, is refused with StoreLocked.
        """
        self.settings = settings
        self._report = report
        self._load = load or self._loaded
        self.meters = Meters()
        self._switching = threading.Lock()
        with ExitStack() as opened:
            self._ownership = Ownership.of(settings.data_dir)
            opened.callback(self._ownership.release)
            settle(settings.data_dir)
            self._database = Database(settings.data_dir / "library.db")
            opened.callback(self._database.close)
            self._collections = Collections(self._database)
            self._stores: dict[str, Store] = {}
            opened.callback(self._close_stores)
            self._open_indexes(embedder, only_search)
            self._assemble()
            self._opened = opened.pop_all()

    @classmethod
    def open(
        cls,
        settings: Settings,
        report: Report | None = None,
        *,
        only_search: bool = False,
        only_words: bool = False,
    ) -> Self:
        """Load the model that the settings name and open the installation.

        `report` gets a line whenever something takes long, such as a download. Programs that were
        compiled stay in the data folder: the next start finds them there. `only_search` raises
        NotIndexed where nothing can be found with this model, before anything is made for it;
        with `only_words` nothing can be indexed either, nor be searched for by an example.
        """
        if only_search:
            switch.check_indexed(settings)
        check_ground(settings.data_dir, report)  # before a model takes its time
        embedder = switch.load_embedder(
            settings, settings.model, settings.weights, settings.tokenizer, report, only_words
        )
        if only_search:
            switch.check_indexed(settings, switch.wanted(settings, embedder).fingerprint.key)
        return cls(settings, embedder, report, only_search=only_search)

    def announce(self, address: str) -> None:
        """Tell programs that find the data folder taken where this one can be asked."""
        self._ownership.announce(address)

    def _open_indexes(self, embedder: Embedder, only_search: bool) -> None:
        """Open what serves and, if the settings ask for something else, what is to be built."""
        new = switch.wanted(self.settings, embedder)
        self.library = Library(self._database, new.fingerprint.key)
        old = None
        if not only_search:
            old = switch.still_serving(self.settings, new, self._database, self._load, self._tell)
        self.building: Index | None = None
        if old is None:
            self.serving = self._opened_index(new)
        else:
            self.library.fingerprint = old.fingerprint.key
            self.serving = self._opened_index(old)
            self.building = self._opened_index(new)

    def _opened_index(self, made: switch.Made) -> Index:
        index = Index.open(
            self.settings,
            made.embedder,
            made.fingerprint,
            self._database,
            self.library,
            self.meters,
            self._report,
        )
        self._stores[index.key] = index.store
        return index

    def _close_stores(self) -> None:
        while self._stores:
            self._stores.popitem()[1].close()

    def _loaded(self, record: Collection) -> Embedder:
        return switch.load_embedder(
            self.settings, record.model, record.weights, record.tokenizer, self._report
        )

    def _tell(self, text: str) -> None:
        if self._report is not None:
            self._report(text)

    def _assemble(self) -> None:
        settings = self.settings
        self._media = Media(settings.data_dir, self.serving.key)
        places = Places(self._database)
        self.library.roots.name_folders()  # those of an earlier version's videos
        self._intake = Intake(self.library, places, self._media, settings.data_dir)
        self.examples = Examples(self._database)
        self.uploads = Uploads(settings.data_dir / "uploads", settings.min_free_bytes)
        self.playable = Playable(
            settings.data_dir / "media", settings.max_copies_bytes, settings.min_free_bytes
        )
        self.clips = Clips(settings.data_dir / "clips", settings.min_free_bytes)
        self.studies = Studies(settings.data_dir, lambda: self.serving)
        self.worker = Worker(self.library, self._take, self._prepare, self.meters)
        self.meters.watch(self.status)
        self._watch = Watch(
            Following(places, real_path(settings.data_dir), self._take_in, self._lose, self._tell)
        )
        for index in self._indexes():
            index.delete_leftovers(self._collections)
        with suppress(*WAITED_FOR):  # the worker tries again
            self._finish_removals()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the worker and let go of everything; what is stored stays."""
        self._watch.close()
        self.playable.close()
        self.studies.close()
        self.clips.close()
        self.worker.stop()
        for index in self._indexes():
            index.pipeline.upcoming.close()
        self._opened.close()

    # The collection that serves.

    @property
    def embedder(self) -> Embedder:
        """The model that questions are asked with."""
        return self.serving.embedder

    @property
    def fingerprint(self) -> Fingerprint:
        """What made the vectors that are searched."""
        return self.serving.fingerprint

    @property
    def store(self) -> Store:
        """The vectors that are searched."""
        return self.serving.store

    @property
    def search(self) -> Search:
        """Every question that can be asked."""
        return self.serving.search

    def _indexes(self) -> list[Index]:
        return [self.serving] if self.building is None else [self.serving, self.building]

    # What the worker asks for.

    def _prepare(self) -> None:
        """Indexing begins: from now on this is the installation's model and collection."""
        if self.building is not None:
            self._collections.use(self.building.record("building", self.settings))
            log.info("switch_begun", collection=self.building.key, replaces=self.serving.key)
        else:
            self._collections.use(self.serving.record("serving", self.settings))
            self._collections.end_building()
            self.serving.store.promote()
        for index in self._indexes():
            index.reconcile()

    def _take(self) -> Work | None:
        """The next work, once what was removed is gone and what came back waits again."""
        self._finish_removals()
        work = self._next_work()
        if work is None and any(index.revive() for index in self._indexes()):
            work = self._next_work()
        building = self.building
        if work is None and building is not None and not building.queue.lacking(self.serving.key):
            self._swap(building)
        return work

    def _next_work(self) -> Work | None:
        """First for what serves, so that what is new is soon found."""
        found = (index.work() for index in self._indexes())
        return next((work for work in found if work is not None), None)

    def _swap(self, built: Index) -> None:
        """The collection that was built takes over; the old one stays until it is removed.

        The library's word counts: killed before it, the old one still serves at the next start,
        and this happens again.
        """
        with self._switching:
            if self.building is not built:
                return  # given up meanwhile
            old = self.serving
            built.store.flush()
            built.store.promote()
            self._collections.swap()
            self.library.fingerprint = built.key
            self.serving, self.building = built, None
        log.info("switch_done", collection=built.key, replaced=old.key)
        self._tell(f"The new index is complete: {built.embedder.card.name} answers from now on.")
        if not self.settings.keep_old:
            self._remove_index(old.key)

    # What comes in.

    def add_files(self, paths: Iterable[Path]) -> Added:
        """Take videos in where they lie; content that is known already stays as it is."""
        return self._taken_in(self._intake.files_at(paths))

    def add_folder(self, folder: Path, *, welcome: bool = False) -> Added:
        """Take in every video below `folder` where it lies. Raises LibraryError if it is none.

        What a person removed from the library comes back only if it is `welcome`.
        """
        return self._taken_in(self._intake.folder(folder, welcome))

    def watch(self, folder: Path) -> None:
        """Take in what is below `folder`, and follow it until `close`: see watch.py.

        Raises LibraryError if it is no folder; one that was there once may come later.
        """
        self._watch.add(folder)
        self.library.roots.add(real_path(folder.expanduser()))

    @property
    def watched(self) -> dict[Path, bool]:
        """The folders that are followed, and whether each of them is there."""
        return self._watch.folders

    def _take_in(self, path: Path, check: Callable[[], None]) -> None:
        if self._intake.follow(path, check):
            self._remove_replaced()
        self.worker.wake()

    def _lose(self, path: str) -> None:
        missing = self._intake.lose(path)
        if missing is not None:
            self.worker.drop(missing)
            log.info("file_taken_out", video_id=missing, path=path)

    def _remove_replaced(self) -> None:
        for video in self.library.replaced():
            self._remove(video.video_id)

    def _taken_in(self, added: Added) -> Added:
        self._remove_replaced()
        log.info("files_offered", videos=len(added.videos), refused=len(added.refused))
        self.worker.wake()
        return added

    def add_upload(self, chunks: Iterable[bytes], name: str, length: int) -> Video:
        """Take in a video that is sent as `length` bytes; its title comes from its file's name.

        Content that is known stays one video and keeps its title. Raises ReadOnly, UploadRefused
        or DiskFull; whatever breaks off leaves nothing behind.
        """
        self.check_writable("takes no uploads")
        limit = self.settings.max_upload_bytes
        with self.uploads.receive(chunks, length, limit) as received:
            return self.adopt(received.path, name, received.sha256)

    def adopt(self, path: Path, name: str, sha256: str | None = None) -> Video:
        """Take over the file of a complete upload. Raises ReadOnly, VideoError or DiskFull."""
        self.check_writable("takes no uploads")
        video = self._intake.adopt(path, name, sha256)
        log.info("upload_taken", video_id=video.video_id, bytes=video.size, title=video.title)
        self.worker.wake()
        return video

    # What a person steers. Each may be asked for twice.

    def pause(self) -> None:
        """Index nothing until `resume`, restarts included; what is under way is put back."""
        self.check_writable("is indexed as it is")
        self.library.paused = True
        log.info("paused")
        self.worker.drop()
        self.worker.wake()

    def resume(self) -> None:
        """Go on indexing."""
        self.check_writable("is indexed as it is")
        self.library.paused = False
        log.info("resumed")
        self.worker.wake()

    @property
    def paused(self) -> bool:
        """Whether a person has paused indexing."""
        return self.library.paused

    def cancel(self, video_id: str) -> None:
        """Index a waiting video no further, until it is retried. Raises UnknownVideo."""
        self._steer(video_id, Queue.cancel)
        self.worker.drop(video_id)

    def retry(self, video_id: str) -> None:
        """Give a video that was set aside or cancelled another chance. Raises UnknownVideo."""
        self._steer(video_id, Queue.retry)

    def retry_failed(self) -> int:
        """Give every video that was set aside another chance; says how many there are."""
        self.check_writable("keeps its videos as they are")
        count = max(index.queue.retry_failed() for index in self._indexes())
        self.worker.wake()
        return count

    def to_front(self, video_id: str) -> None:
        """Index a waiting video now; the one under way waits meanwhile. Raises UnknownVideo."""
        self._steer(video_id, Queue.to_front)
        work = self._next_work()
        if work is not None and work.video.video_id == video_id != self.worker.current:
            self.worker.drop()

    def reindex(self, video_id: str) -> None:
        """Index a video again; until its turn comes it is found as before. Raises UnknownVideo."""
        self._steer(video_id, Queue.redo)

    def reindex_all(self) -> int:
        """Index every video again, each found as before until its turn; says how many."""
        self.check_writable("keeps its videos as they are")
        count = max(index.queue.redo_all() for index in self._indexes())
        self.worker.wake()
        return count

    def _steer(self, video_id: str, verb: Callable[[Queue, str], None]) -> None:
        self.check_writable("keeps its videos as they are")
        self.library.need(video_id)
        for index in self._indexes():
            verb(index.queue, video_id)
        self.worker.wake()

    def remove(self, video_id: str) -> None:
        """Forget a video, its segments and our files of it; a file in place stays where it is.

        Raises UnknownVideo, and ReadOnly.
        """
        self.check_writable("keeps its videos")
        self.library.need(video_id)
        self.library.dismiss(video_id)
        self._remove(video_id)

    def _remove(self, video_id: str) -> None:
        video = self.library.begin_removal(video_id)
        self.worker.drop(video_id)
        try:
            self._delete(video)
        except WAITED_FOR:  # hidden it is already; the worker does the rest
            self.worker.wake()

    def _finish_removals(self) -> None:
        for video in self.library.removals():
            self._delete(video)

    def _delete(self, video: Video) -> None:
        with self._intake.files:
            if self.library.get(video.video_id) is not None:
                return  # the same content was added again meanwhile: all of it is wanted
            for index in self._indexes():
                index.store.delete_video(video.video_id)
            self.playable.remove(video.video_id)
            if not self._media.remove(video.video_id):
                return  # hidden it stays; what cannot be deleted now is tried again
            cleared = frozenset(index.key for index in self._indexes())
            with self._database.together():
                if self.library.finish_removal(video.video_id):
                    self._collections.leave(video.video_id, cleared)
                    log.info("video_removed", video_id=video.video_id, title=video.title)

    def check_writable(self, so: str) -> None:
        """Raise ReadOnly, saying that this library is `so`, where nothing may be changed."""
        if self.settings.read_only:
            raise ReadOnly(f"This library is read-only: it {so}.")

    # What can be looked at.

    def status(self) -> Status:
        """How far everything is."""
        status = read_status(self._database)
        return replace(status, waiting=self.worker.waiting or status.waiting)

    def poster(self, video_id: str, index: int) -> Path | None:
        """The picture (JPEG) of one segment of a known video, if there is one."""
        path = self.serving.media.poster(video_id, index)
        return path if path.is_file() else None

    def strip(self, video_id: str, index: int) -> Path | None:
        """The frames (JPEG) of one segment of a known video, side by side, if they are there."""
        path = self.serving.media.strip(video_id, index)
        return path if path.is_file() else None

    # Collections.

    def collections(self) -> list[Collection]:
        """Every collection that was made here, the one that serves first."""
        return self._collections.all()

    def remove_collection(self, key: str) -> None:
        """Delete a collection for good: an old one, or the one being built, which ends the switch.

        Raises LibraryError for the one that serves, and ReadOnly.
        """
        self.check_writable("keeps its collections")
        with self._switching:
            if key == self.serving.key:
                raise LibraryError("This index answers the searches: it cannot be removed.")
            if self.building is not None and self.building.key == key:
                self.building = None
                self.worker.drop()
        if any(one.fingerprint == key for one in self._collections.all()):
            self._remove_index(key)

    def _remove_index(self, key: str) -> None:
        store = self._stores.pop(key, None)
        if store is not None:
            store.close()
        delete_index(self.settings, self._collections, key)
        log.info("collection_removed", collection=key)
