"""One open installation: everything that an entry point needs, put together in one place.

Knows which part gets which other part, and the order in which things are opened and closed. Knows
neither pages nor command lines, and reads no environment.
"""

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from encoder.catalogue import get_card
from encoder.embedder import Embedder
from indexer.content import Content, read_content
from indexer.errors import FINAL, LibraryError, NotIndexed, ReadOnly, VideoError
from indexer.folders import Refused, find_videos, real_path
from indexer.library import Collection, Library, Video, collections_of, title_of
from indexer.media import Media
from indexer.ownership import Ownership
from indexer.pipeline import Pipeline
from indexer.search import Search
from indexer.settings import Fingerprint, Settings
from indexer.store import open_store
from indexer.uploads import Received, Uploads
from indexer.worker import Worker

SERVER_WAIT = 30.0  # seconds that a Qdrant server gets to come up

Report = Callable[[str], None]


@dataclass(frozen=True)
class Added:
    """What became of files that were offered: videos now in the library, and paths refused."""

    videos: list[Video]
    refused: list[Refused]


class Engine:
    """One data folder, one model, one store. Safe to use from several threads.

    The worker does nothing until `worker.start()`.
    """

    def __init__(
        self, settings: Settings, embedder: Embedder, report: Report | None = None
    ) -> None:
        """Open the installation for a loaded model. Raises StoreError and LibraryError.

        A second one on the same data folder, in this process or another, is refused with
        StoreLocked.
        """
        self.settings = settings
        self.embedder = embedder
        self.fingerprint = Fingerprint.of(embedder.card, embedder.weights_id)
        self._files = threading.Lock()
        with ExitStack() as opened:
            ownership = Ownership.of(settings.data_dir)
            opened.callback(ownership.release)
            self.library = Library(settings.data_dir / "library.db")
            opened.callback(self.library.close)
            self.store = open_store(settings, self.fingerprint, wait=SERVER_WAIT, report=report)
            opened.callback(self.store.close)
            self._assemble()
            self._end_removals()
            self._opened = opened.pop_all()

    def _assemble(self) -> None:
        settings, key = self.settings, self.fingerprint.key
        self._media = Media(settings.data_dir, key)
        self._uploads = Uploads(settings.data_dir / "uploads", settings.min_free_bytes)
        self.search = Search(self.library, self.store, self.embedder, settings.reader)
        pipeline = Pipeline(
            self.embedder, self.library, self.store, self._media, key, settings.reader
        )
        self.worker = Worker(self.library, pipeline, self._prepare)

    @classmethod
    def open(
        cls, settings: Settings, report: Report | None = None, *, only_search: bool = False
    ) -> Self:
        """Load the model that the settings name and open the installation.

        `report` gets a line whenever something takes long, such as a download. Programs that were
        compiled stay in the data folder: the next start finds them there. `only_search` raises
        NotIndexed where nothing can be found with this model, before anything is made for it.
        """
        if only_search:
            _check_indexed(settings)
        embedder = Embedder.load(
            settings.model,
            weights=settings.weights,
            tokenizer=settings.tokenizer,
            cache_dir=settings.data_dir / "models",
            report=report,
        )
        if only_search:
            _check_indexed(settings, Fingerprint.of(embedder.card, embedder.weights_id).key)
        return cls(settings, embedder, report)

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
        self.worker.stop()
        self._opened.close()

    def _end_removals(self) -> None:
        """Delete what should be gone: leftovers of this collection, interrupted removals."""
        key = self.fingerprint.key
        if leftovers := self.library.leftovers(key):
            for video_id in leftovers:
                self.store.delete_video(video_id)
            self.store.flush()
            self.library.forget_leftovers(key)
        for video in self.library.removals():
            self._delete(video)

    def _prepare(self) -> None:
        """Indexing begins: from now on this is the installation's model and collection."""
        self.library.use(
            Collection(
                self.fingerprint.key,
                self.embedder.card.name,
                _absolute(self.settings.weights),
                _absolute(self.settings.tokenizer),
            )
        )
        self.store.promote()
        self._reconcile()

    def _reconcile(self) -> None:
        """Make the library true again: queue what is not in this collection."""
        mine = (None, self.fingerprint.key)
        for video in self.library.videos():
            if video.state != "failed" and video.fingerprint not in mine:
                self.library.start_over(video.video_id)
        claimed = self.library.videos("done")
        if self.store.count() != sum(video.segments_done for video in self.library.videos()):
            for video in claimed:
                if self.store.count(video.video_id) != video.segments_planned:
                    self.library.start_over(video.video_id)

    # What comes in.

    def add_files(self, paths: Iterable[Path]) -> Added:
        """Take videos in where they lie; content that is known already stays as it is."""
        return self._add(real_path(path.expanduser()) for path in paths)

    def add_folder(self, folder: Path) -> Added:
        """Take in every video below `folder` where it lies. Raises LibraryError if it is none."""
        folder = real_path(folder.expanduser())
        if not folder.is_dir():
            raise LibraryError(f"{folder} is not a folder. Name a folder that holds videos.")
        return self._add(find_videos(folder, real_path(self.settings.data_dir)))

    def _add(self, found: Iterable[Path | Refused]) -> Added:
        added = Added([], [])
        for item in found:
            taken = item if isinstance(item, Refused) else self._add_file(item)
            if isinstance(taken, Refused):
                added.refused.append(taken)
            else:
                added.videos.append(taken)
        for video in self.library.replaced():
            self._remove(video.video_id)
        self.worker.wake()
        return added

    def _add_file(self, path: Path) -> Video | Refused:
        try:
            content = self._content(path)
        except VideoError as error:
            return Refused(path, str(error))
        with self._files:
            return self.library.add(path, title_of(path.name), managed=False, content=content)

    def _content(self, path: Path) -> Content:
        """What the file is; hashed only if it looks other than when it was hashed last."""
        with suppress(OSError):  # what cannot be looked at says why when it is read
            now = path.stat()
            known = self.library.known_content(path, now.st_size, now.st_mtime_ns)
            if known is not None:
                return Content(known, now.st_size, now.st_mtime_ns)
        return read_content(path)

    def add_upload(self, chunks: Iterable[bytes], name: str, length: int) -> Video:
        """Take in a video that is sent as `length` bytes; its title comes from its file's name.

        Content that is known stays one video and keeps its title. Raises ReadOnly, UploadRefused
        or DiskFull; whatever breaks off leaves nothing behind.
        """
        self._check_writable("takes no uploads")
        limit = self.settings.max_upload_bytes
        with self._uploads.receive(chunks, length, limit) as received, self._files:
            video = self._keep(received, name)
        self.worker.wake()
        return video

    def _keep(self, received: Received, name: str) -> Video:
        known = self.library.get(received.sha256)
        if known is not None and os.path.exists(known.path):
            if known.error_code not in FINAL:
                self.library.retry(known.video_id)
            return self.library.need(known.video_id)
        place = self._media.adopt(received.sha256, received.path, name)
        content = Content(received.sha256, received.size, place.stat().st_mtime_ns)
        return self.library.add(place, title_of(name), managed=True, content=content)

    def embed_example(self, chunks: Iterable[bytes], length: int) -> tuple[str, np.ndarray]:
        """An example video sent as bytes, as a query: its SHA-256, and float32 [Q, dim].

        The file is gone afterwards. Raises VideoError, UploadRefused or DiskFull.
        """
        limit = self.settings.max_example_bytes
        with self._uploads.receive(chunks, length, limit) as received:
            return received.sha256, self.search.video_vectors(received.path)

    # What goes out.

    def remove(self, video_id: str) -> None:
        """Forget a video, its segments and our files of it; a file in place stays where it is.

        Raises UnknownVideo, and ReadOnly.
        """
        self._check_writable("keeps its videos")
        self._remove(video_id)

    def _remove(self, video_id: str) -> None:
        video = self.library.begin_removal(video_id)
        self.worker.drop(video_id)
        self._delete(video)

    def _delete(self, video: Video) -> None:
        with self._files:
            if self.library.get(video.video_id) is not None:
                return  # the same content was added again meanwhile: all of it is wanted
            self.store.delete_video(video.video_id)
            self._media.remove(video.video_id)
            self.library.finish_removal(video.video_id, self.fingerprint.key)

    def retry(self, video_id: str) -> None:
        """Give a video that was set aside another chance. Raises UnknownVideo, and ReadOnly."""
        self._check_writable("keeps its videos as they are")
        self.library.retry(video_id)
        self.worker.wake()

    def _check_writable(self, so: str) -> None:
        if self.settings.read_only:
            raise ReadOnly(f"This library is read-only: it {so}.")

    # What can be looked at.

    def poster(self, video_id: str, index: int) -> Path | None:
        """The picture (JPEG) of one segment of a known video, if there is one."""
        path = self._media.poster(video_id, index)
        return path if path.is_file() else None


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.expanduser().absolute()


def _check_indexed(settings: Settings, fingerprint: str | None = None) -> None:
    """Raise NotIndexed unless this model, in this very fingerprint if it is known, was used."""
    model = get_card(settings.model).name
    known = collections_of(settings.data_dir)
    if not known:
        raise NotIndexed("Nothing is indexed yet. Index a folder of videos first.")
    if not any(one.model == model and fingerprint in (None, one.fingerprint) for one in known):
        other = f", {known[0].weights}" if known[0].weights else ""
        raise NotIndexed(
            f"Nothing is indexed with {model} as asked for: this library is indexed with "
            f"{known[0].model}{other}. Search with that, or index the videos with this one first."
        )
