"""One collection, opened together with the model that makes it.

Knows which part gets which other part for one fingerprint, and how a collection and its jobs are
brought back into agreement. Knows not whether it serves or is being built.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from encoder.embedder import Embedder
from indexer.collection import Collection, Collections, Role
from indexer.database import Database
from indexer.errors import FINAL
from indexer.library import Library
from indexer.media import Media
from indexer.meters import Meters
from indexer.pipeline import Pipeline
from indexer.points import Store
from indexer.queue import Queue
from indexer.search import Search
from indexer.settings import Fingerprint, Settings
from indexer.store import open_store
from indexer.worker import Work

SERVER_WAIT = 30.0  # seconds that a Qdrant server gets to come up

Report = Callable[[str], None]


@dataclass(frozen=True)
class Index:
    """Everything that puts videos into one collection and finds them there."""

    embedder: Embedder
    fingerprint: Fingerprint
    store: Store
    queue: Queue
    media: Media
    search: Search
    pipeline: Pipeline

    @classmethod
    def open(
        cls,
        settings: Settings,
        embedder: Embedder,
        fingerprint: Fingerprint,
        database: Database,
        library: Library,
        meters: Meters,
        report: Report | None = None,
    ) -> Self:
        """Open the collection of this fingerprint, made if need be. Raises StoreError."""
        store = open_store(settings, fingerprint, wait=SERVER_WAIT, report=report)
        queue = Queue(database, fingerprint.key)
        media = Media(settings.data_dir, fingerprint.key)
        return cls(
            embedder=embedder,
            fingerprint=fingerprint,
            store=store,
            queue=queue,
            media=media,
            search=Search(library, store, embedder, fingerprint, settings.reader),
            pipeline=Pipeline(
                embedder,
                library,
                queue,
                store,
                media,
                fingerprint,
                meters,
                settings.reader,
                settings.decode,
            ),
        )

    @property
    def key(self) -> str:
        """The fingerprint in short: the collection's name."""
        return self.fingerprint.key

    def record(self, role: Role, settings: Settings) -> Collection:
        """What has to be remembered so that this can be opened again."""
        return Collection(
            self.key,
            self.embedder.card.name,
            settings.weights and settings.weights.expanduser().absolute(),
            settings.tokenizer and settings.tokenizer.expanduser().absolute(),
            role,
            self.fingerprint,
        )

    def work(self) -> Work | None:
        """The video that is next in this collection."""
        video = self.queue.next()
        return None if video is None else Work(video, self.queue, self.pipeline)

    def revive(self) -> bool:
        """Queue videos whose files were not there and are there again; whether there are any."""
        away = (v for v in self.queue.videos("failed") if v.error_code == "not_there")
        back = [video.video_id for video in away if video.path.exists()]
        for video_id in back:
            self.queue.retry(video_id)
        return bool(back)

    def delete_leftovers(self, collections: Collections) -> None:
        """Delete segments of videos that were removed while this was not open."""
        if leftovers := collections.leftovers(self.key):
            for video_id in leftovers:
                self.store.delete_video(video_id)
            self.store.flush()
            collections.forget_leftovers(self.key)

    def reconcile(self) -> None:
        """Queue every video that its job calls done and whose segments are not all there."""
        self._take_back()
        if self.store.count() == self.queue.segments():
            return
        stored = self.store.videos()
        for video in self.queue.videos("done"):
            if stored.get(video.video_id, 0) != video.segments_planned:
                self.queue.start_over(video.video_id)

    def _take_back(self) -> None:
        """Finish setting aside what is wrong in its bytes, if the program was killed in it."""
        for video in self.queue.videos("failed"):
            if video.error_code in FINAL and video.segments_done:
                self.pipeline.discard(video.video_id)
                note, step = video.note or "", video.step
                self.queue.mark_failed(video.video_id, note, video.error_code, step)
