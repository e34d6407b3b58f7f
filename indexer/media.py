"""Where a video's own files lie in the data folder: its uploaded source, its posters.

    DATA_DIR/media/<video id>/source.<suffix>
    DATA_DIR/media/<video id>/posters/<fingerprint>/<segment>.jpg

Knows paths made of ids that it has checked. Knows nothing of states or vectors.
"""

import os
import re
import shutil
from pathlib import Path

from indexer.errors import room_needed
from indexer.formats import SUPPORTED
from indexer.journal import log

_ID = re.compile(r"[0-9a-f]{64}")


class Media:
    """The files that belong to the videos of one installation, under one fingerprint."""

    def __init__(self, data_dir: Path, fingerprint: str) -> None:
        self._root = data_dir / "media"
        self._fingerprint = fingerprint

    def _folder(self, video_id: str) -> Path:
        if not _ID.fullmatch(video_id):
            raise ValueError(f"not a video's id: {video_id!r}")
        return self._root / video_id

    def adopt(self, video_id: str, file: Path, name: str) -> Path:
        """Put a finished upload in its place; returns that. Its name only lends the suffix.

        The file stays where it was as well, so that it is not lost to a process that dies before
        the library knows of its place; it is moved only where a disk gives no file two names.
        """
        suffix = Path(name).suffix.lower()
        place = self._folder(video_id) / f"source{suffix if suffix in SUPPORTED else ''}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        try:
            os.link(file, place)
        except OSError:
            os.replace(file, place)
        return place

    def poster(self, video_id: str, index: int) -> Path:
        """Where the picture of a segment is, or will be (JPEG)."""
        return self._folder(video_id) / "posters" / self._fingerprint / f"{index:d}.jpg"

    def save_poster(self, video_id: str, index: int, picture: bytes) -> None:
        """Write a segment's picture, whole or not at all. Raises DiskFull."""
        path = self.poster(video_id, index)
        partial = path.with_suffix(".partial")
        with room_needed():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(picture)
            os.replace(partial, path)

    def remove_posters(self, video_id: str) -> None:
        """Delete a video's pictures under this fingerprint."""
        shutil.rmtree(self._folder(video_id) / "posters" / self._fingerprint, ignore_errors=True)

    def remove_all_posters(self) -> None:
        """Delete every picture under this fingerprint: its collection is gone."""
        for posters in self._root.glob(f"*/posters/{self._fingerprint}"):
            shutil.rmtree(posters, ignore_errors=True)

    def remove(self, video_id: str) -> bool:
        """Delete all of a video's files here; what lies in a person's own folder is not ours.

        False if some are left: they may not be deleted, or are in use where that forbids it.
        """
        folder = self._folder(video_id)
        shutil.rmtree(folder, ignore_errors=True)
        gone = not os.path.lexists(folder)
        if not gone:
            log.warning("files_left", video_id=video_id, path=folder)
        return gone
