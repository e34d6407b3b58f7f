"""An installation made by hand: real library, real index, files that are no videos.

For what looks after a library that stands still; nothing of that decodes or embeds.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from indexer.collection import Collection, Collections
from indexer.content import read_content
from indexer.database import Database
from indexer.library import Library
from indexer.media import Media
from indexer.points import Point, Store
from indexer.queue import Queue
from indexer.settings import Fingerprint, Settings
from indexer.store import open_store

FINGERPRINT = Fingerprint(
    model="toy", weights_id="w0", frames=8, pixels=72, dim=64, fps=2, window=4, hop=2
)
KEY = FINGERPRINT.key
IN_PLACE = {"red": 3, "green": 5}
UPLOADED = {"blue": 4}


def points(video_id: str, indexes: range, seed: int = 0) -> list[Point]:
    """Segments of 4 s, a new one every 2 s, in directions of their own."""
    random = np.random.default_rng([seed, *video_id.encode()[:8]])
    vectors = random.normal(size=(max(indexes, default=0) + 1, FINGERPRINT.dim)).astype(np.float32)
    return [Point(video_id, i, 2.0 * i, 2.0 * i + 4, vectors[i]) for i in indexes]


@dataclass
class Installed:
    """An installation at rest: every part can be opened for a moment, and damaged."""

    settings: Settings
    folder: Path
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def data_dir(self) -> Path:
        return self.settings.data_dir

    def library(self) -> tuple[Database, Library, Queue]:
        """The library; to be closed by `Database.close`."""
        database = Database(self.data_dir / "library.db")
        return database, Library(database, KEY), Queue(database, KEY)

    def store(self) -> Store:
        """The index; to be closed."""
        return open_store(self.settings, FINGERPRINT)

    def media(self, title: str) -> Path:
        """A video's own folder."""
        return self.data_dir / "media" / self.ids[title]

    def posters(self, title: str) -> Path:
        return self.media(title) / "posters" / KEY

    def strips(self, title: str) -> Path:
        return self.media(title) / "strips" / KEY


def install(
    data_dir: Path, folder: Path, url: str | None = None, key: str | None = None
) -> Installed:
    """Videos in a folder and uploaded ones, all indexed, with a picture for every segment."""
    settings = Settings(data_dir=data_dir, qdrant_url=url, qdrant_api_key=key, min_free_bytes=0)
    made = Installed(settings, folder)
    data_dir.mkdir(exist_ok=True)
    folder.mkdir(exist_ok=True)
    database, library, queue = made.library()
    Collections(database).use(Collection(KEY, "toy", None, None, "serving", FINGERPRINT))
    media, store = Media(data_dir, KEY), made.store()
    for title, segments in (IN_PLACE | UPLOADED).items():
        path = folder / f"{title}.mp4"
        path.write_bytes(f"This is no film, but {title}.".encode() * 100)
        content = read_content(path)
        if title in UPLOADED:
            uploaded, path = path, media.adopt(content.video_id, path, path.name)
            uploaded.unlink(missing_ok=True)
        made.ids[title] = library.add(path, title, title in UPLOADED, content).video_id
        queue.mark_done(content.video_id, segments, None)
        store.upsert(points(content.video_id, range(segments)))
        for index in range(segments):
            media.save_poster(content.video_id, index, f"{title} {index}".encode())
            media.save_strip(content.video_id, index, f"frames of {title} {index}".encode())
    store.promote()
    store.flush()
    store.close()
    database.close()
    return made


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder and its bytes, but what an engine rewrites when it is opened."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "shard" not in path.parts and path.name != "owner.lock"
    }
