"""Where a video's own files lie in the data folder: its uploaded source, its pictures.

    DATA_DIR/media/<video id>/source.<suffix>
    DATA_DIR/media/<video id>/posters/<fingerprint>/<segment>.jpg
    DATA_DIR/media/<video id>/strips/<fingerprint>/<segment>.jpg

Knows paths made of ids that it has checked. Knows nothing of states or vectors.
"""

import os
import re
import shutil
from pathlib import Path

from indexer.errors import room_needed
from indexer.formats import SUPPORTED
from indexer.journal import log

PICTURES = ("posters", "strips")
"""What there is one picture of for each segment; each kind has a folder of its own."""

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
        return self._pictures(video_id, "posters") / f"{index:d}.jpg"

    def strip(self, video_id: str, index: int) -> Path:
        """Where the frames of a segment, side by side, are or will be (JPEG)."""
        return self._pictures(video_id, "strips") / f"{index:d}.jpg"

    def has_strips(self, video_id: str) -> bool:
        """Whether there are strips of a video: not if an earlier version indexed it."""
        # Asked for each moment of an answer, where putting a Path together takes the longest.
        folder = f"{self._root}/{video_id}/strips/{self._fingerprint}"
        return _ID.fullmatch(video_id) is not None and os.path.isdir(folder)

    def _pictures(self, video_id: str, kind: str) -> Path:
        return self._folder(video_id) / kind / self._fingerprint

    def save_poster(self, video_id: str, index: int, picture: bytes) -> None:
        """Write a segment's picture, whole or not at all. Raises DiskFull."""
        _save(self.poster(video_id, index), picture)

    def save_strip(self, video_id: str, index: int, picture: bytes) -> None:
        """Write a segment's frames, whole or not at all. Raises DiskFull."""
        _save(self.strip(video_id, index), picture)

    def remove_pictures(self, video_id: str) -> None:
        """Delete a video's pictures under this fingerprint."""
        for kind in PICTURES:
            shutil.rmtree(self._pictures(video_id, kind), ignore_errors=True)

    def remove_all_pictures(self) -> None:
        """Delete every picture under this fingerprint: its collection is gone."""
        for kind in PICTURES:
            for pictures in self._root.glob(f"*/{kind}/{self._fingerprint}"):
                shutil.rmtree(pictures, ignore_errors=True)

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


def _save(path: Path, picture: bytes) -> None:
    partial = path.with_suffix(".partial")
    with room_needed():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(picture)
        os.replace(partial, path)
