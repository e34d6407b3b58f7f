"""The folder where uploads lie until they are complete.

Knows how much is taken, what the disk can hold, and what was promised to whom. Does not know
whether the bytes are a video, nor what becomes of the file.
"""

import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from indexer.errors import DiskFull, UnknownUpload, UploadRefused, room_needed
from indexer.partial import Note, Partial, left_in

MIB = 1 << 20


@dataclass(frozen=True)
class Received:
    """A complete upload: where it lies for now, the SHA-256 of its bytes, its size in bytes."""

    path: Path
    sha256: str
    size: int


class Arriving:
    """An upload in one piece, on its way into the file at `path`; `missing` is bytes to come.

    Belongs to one sender.
    """

    def __init__(self, path: Path, file: BinaryIO, length: int) -> None:
        self.path = path
        self.missing = length
        self._length = length
        self._file = file
        self._digest = hashlib.sha256()

    def take(self, piece: bytes) -> None:
        """Write what comes next. Raises UploadRefused beyond the length, and DiskFull."""
        if len(piece) > self.missing:
            raise self._refused()
        self._digest.update(piece)
        with room_needed():
            self._file.write(piece)
        self.missing -= len(piece)

    def whole(self) -> Received:
        """The complete file. Raises UploadRefused if something is missing, and DiskFull."""
        if self.missing:
            raise self._refused()
        with room_needed():
            self._file.close()
        return Received(self.path, self._digest.hexdigest(), self._length)

    def _refused(self) -> UploadRefused:
        return UploadRefused(
            f"The upload broke off or was not as long as announced ({self._length} bytes). "
            "Nothing was kept; send it again."
        )

    def remove(self) -> None:
        """Delete what has arrived, if it still lies there."""
        with suppress(OSError):  # a full disk may hold back the last bytes, which nobody wants
            self._file.close()
        self.path.unlink(missing_ok=True)


class Uploads:
    """Uploads on their way: those that go on over many requests, and those in one piece.

    The former survive the process. Safe to use from several threads.
    """

    def __init__(self, folder: Path, min_free_bytes: int) -> None:
        """Use `folder` alone; uploads that may go on are kept, all else in it is deleted."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._min_free = min_free_bytes
        self._lock = threading.Lock()
        self._partials = {one.upload_id: one for one in left_in(folder)}
        self._arriving: set[Arriving] = set()
        self.sweep()

    # Uploads that go on over many requests.

    def open(self, name: str, length: int, limit: int, metadata: str = "") -> Partial:
        """Begin an upload of `length` bytes. Raises UploadRefused and DiskFull."""
        self.sweep()
        partial = Partial(self._folder, Note(name=name, length=length, metadata=metadata))
        with self._lock:
            self._check(length, limit)
            partial.begin()
            self._partials[partial.upload_id] = partial
        return partial

    def get(self, upload_id: str) -> Partial:
        """An upload that was begun and not given up. Raises UnknownUpload."""
        try:
            return self._partials[upload_id]
        except KeyError:
            raise UnknownUpload from None

    def check(self, upload_id: str, offset: int, coming: int) -> Partial:
        """The upload, if so many bytes may follow there now.

        Raises UnknownUpload, UploadConflict, UploadRefused, and DiskFull where others have taken
        the room that there was when it began.
        """
        partial = self.get(upload_id)
        partial.check(offset, coming)
        if coming > self._free():
            raise DiskFull(
                "The disk has become too full for the rest of this file. What has arrived is "
                "safe: make room, and the upload goes on."
            )
        return partial

    def complete(self) -> list[str]:
        """The uploads that have arrived whole and that nobody has taken over yet."""
        return [
            one.upload_id for one in self._all() if not one.missing and one.note.video_id is None
        ]

    def finish(self, upload_id: str, adopt: Callable[[Path, str], str]) -> str:
        """Hand a complete upload over, once; returns the id of the video that it became.

        adopt: given the file's path and name, takes it in if it is new, and returns that id.
        """
        partial = self.get(upload_id)
        with partial.lock:
            video_id = partial.note.video_id
            if video_id is None:
                partial.settle()
                video_id = adopt(partial.path, partial.note.name)
                partial.save(partial.note.model_copy(update={"video_id": video_id}))
                partial.path.unlink(missing_ok=True)  # still there if it was not new
            return video_id

    def drop(self, upload_id: str) -> None:
        """Give an upload up and delete what has arrived. Raises UnknownUpload."""
        self._forget(self.get(upload_id))

    def sweep(self) -> None:
        """Give up what has not grown for a day."""
        for partial in self._all():
            if partial.patience < 0:
                self._forget(partial)

    def _all(self) -> list[Partial]:
        with self._lock:
            return list(self._partials.values())

    def _forget(self, partial: Partial) -> None:
        with self._lock:
            self._partials.pop(partial.upload_id, None)
        partial.remove()

    # Uploads in one piece.

    @contextmanager
    def arriving(self, length: int, limit: int) -> Iterator[Arriving]:
        """A file for `length` bytes, deleted at the end of the block unless it was moved.

        Raises UploadRefused or DiskFull, before the first byte where the length tells.
        """
        with self._lock, room_needed():
            self._check(length, limit)
            handle, name = tempfile.mkstemp(dir=self._folder)
            file = open(handle, "wb")  # noqa: SIM115 - it closes with what arrives in it
            arriving = Arriving(Path(name), file, length)
            self._arriving.add(arriving)
        try:
            yield arriving
        finally:
            with self._lock:
                self._arriving.remove(arriving)
            arriving.remove()

    @contextmanager
    def receive(self, chunks: Iterable[bytes], length: int, limit: int) -> Iterator[Received]:
        """Take an upload of `length` bytes as one that is `arriving`, all in one thread."""
        with self.arriving(length, limit) as arriving:
            for chunk in chunks:
                arriving.take(chunk)
            yield arriving.whole()

    # Room.

    def _check(self, length: int, limit: int) -> None:
        """Whether so much may begin to come. What others have announced counts as if it were here.

        Called with the lock held, so that no two are promised the same room.
        """
        if length > limit:
            raise UploadRefused(
                f"The file has {length / MIB:.0f} MiB; at most {limit / MIB:.0f} MiB are taken."
            )
        promised = sum(partial.missing for partial in self._partials.values())
        promised += sum(arriving.missing for arriving in self._arriving)
        if length > self._free() - promised:
            others = f", with {promised / MIB:.0f} MiB of other uploads to come" if promised else ""
            raise DiskFull(
                f"The file has {length / MIB:.0f} MiB, which the disk cannot hold{others}. Remove "
                "videos or make room, then send it again."
            )

    def _free(self) -> int:
        """How many bytes uploads may still take from the disk."""
        return shutil.disk_usage(self._folder).free - self._min_free
