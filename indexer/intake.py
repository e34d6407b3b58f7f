"""What comes in: files where they lie, folders, and finished uploads; and what is taken out.

Knows how content becomes a video of the library, once however often it is offered, and what a video
is without its file. Knows neither how the bytes of an upload travel nor what is indexed when.
"""

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from indexer.content import Content, read_content
from indexer.errors import FINAL, VideoError, no_folder
from indexer.folders import Refused, find_videos, look_at, real_path
from indexer.library import Library, Video, title_of
from indexer.media import Media
from indexer.places import Places

Check = Callable[[], None]


@dataclass(frozen=True)
class Added:
    """What became of files that were offered: videos now in the library, and paths refused."""

    videos: list[Video]
    refused: list[Refused]


class Intake:
    """The way into one library. Safe to use from several threads."""

    def __init__(self, library: Library, places: Places, media: Media, data_dir: Path) -> None:
        self._library = library
        self._places = places
        self._media = media
        self._data_dir = data_dir
        # Whoever holds it may rely on a video's files and its row telling the same.
        self.files = threading.Lock()

    def files_at(self, paths: Iterable[Path]) -> Added:
        """Take videos in where they lie, whatever was removed before."""
        return self._add((real_path(path.expanduser()) for path in paths), welcome=True)

    def folder(self, folder: Path, welcome: bool) -> Added:
        """Take in every video below `folder` where it lies. Raises LibraryError if it is none.

        What a person removed from the library comes back only if it is welcome, and only then is
        what was set aside tried again.
        """
        folder = real_path(folder.expanduser())
        if not folder.is_dir():
            raise no_folder(folder)
        self._library.roots.add(folder)
        return self._add(find_videos(folder, real_path(self._data_dir)), welcome)

    def _add(self, found: Iterable[Path | Refused], welcome: bool) -> Added:
        added = Added([], [])
        for item in found:
            taken = item if isinstance(item, Refused) else self._add_file(item, welcome)
            if isinstance(taken, Refused):
                added.refused.append(taken)
            elif taken is not None:
                added.videos.append(taken)
        return added

    def _add_file(self, path: Path, welcome: bool) -> Video | Refused | None:
        try:
            return self._take_in(path, welcome, again=welcome)
        except VideoError as error:
            return Refused(path, str(error))

    def follow(self, path: Path, check: Check) -> bool:
        """Take in a file of a folder that is followed; whether something else was there before.

        Content that a person removed is not brought back. Raises VideoError, and what `check`
        raises, which is called now and then while the file is read.
        """
        before = self._places.content_at(str(path))
        self._take_in(path, welcome=False, check=check)
        return before not in (None, self._places.content_at(str(path)))

    def lose(self, path: str) -> str | None:
        """A file was taken out of its folder: its video is played from a copy, or else missing.

        Returns the id of a video that is missing now, until its file comes back.
        """
        with self.files:
            video_id = self._places.content_at(path)
            video = self._library.get(video_id) if video_id else None
            if video is None or str(video.path) != path or self._move_to_a_copy(video, path):
                self._places.forget(path)
                return None
            self._library.set_missing(video.video_id, True)
            return video.video_id

    def _move_to_a_copy(self, video: Video, path: str) -> bool:
        for other, look in self._places.of(video.video_id).items():
            if other != path and look.same_file(look_at(other)):
                content = Content(video.video_id, look.size, look.mtime_ns)
                title = title_of(os.path.basename(other))
                self._library.add(Path(other), title, managed=False, content=content)
                return True
        return False

    def _take_in(
        self, path: Path, welcome: bool, check: Check = lambda: None, *, again: bool = True
    ) -> Video | None:
        content = self._content(path, check)
        if welcome:
            self._library.welcome(content.video_id)
        with self.files:
            if self._library.is_dismissed(content.video_id):
                self._library.see(path, content)
                return None
            title = title_of(path.name)
            return self._library.add(path, title, managed=False, content=content, again=again)

    def _content(self, path: Path, check: Check) -> Content:
        """What the file is; hashed only if it looks other than when it was hashed last."""
        with suppress(OSError):  # what cannot be looked at says why when it is read
            now = path.stat()
            look = (path, now.st_size, now.st_mtime_ns)
            known = self._library.known_content(*look) or self._places.moved_here(*look)
            if known is not None:
                return Content(known, now.st_size, now.st_mtime_ns)
        return read_content(path, check)

    def adopt(self, path: Path, name: str, sha256: str | None = None) -> Video:
        """Take over a complete upload's file; its title comes from its file's name.

        Content that is known stays one video and keeps its title, if its file is there as it was.
        The caller deletes `path` afterwards, if it is still there: killed before, nothing is lost.
        `sha256` is the content's, where it is known already. Raises VideoError, DiskFull.
        """
        content = read_content(path) if sha256 is None else _stated(path, sha256)
        self._library.welcome(content.video_id)
        with self.files:
            known = self._library.get(content.video_id)
            if known is not None and self._library.is_in_place(known):
                if known.error_code not in FINAL:
                    self._library.retry(known.video_id)
                return self._library.need(known.video_id)
            place = self._media.adopt(content.video_id, path, name)
            moved = Content(content.video_id, content.size, place.stat().st_mtime_ns)
            return self._library.add(place, title_of(name), managed=True, content=moved)


def _stated(path: Path, sha256: str) -> Content:
    status = path.stat()
    return Content(sha256, status.st_size, status.st_mtime_ns)
