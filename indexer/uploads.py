"""The folder where uploads lie until they are complete.

Knows how much is taken, what the disk can hold, and what was promised to whom. Does not know
whether the bytes are a video, nor what becomes of the file.
"""

import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import DiskFull, UnknownUpload, UploadRefused, room_needed
from indexer.partial import Note, Partial, left_in

MIB = 1 << 20


@dataclass(frozen=True)
class Received:
    """A complete upload: where it lies for now, the SHA-256 of its bytes, its size in bytes."""

    path: Path
    sha256: str
    size: int


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
        self._receiving: dict[str, int] = {}  # bytes still to come, by file
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
    def receive(self, chunks: Iterable[bytes], length: int, limit: int) -> Iterator[Received]:
        """Take `length` bytes; the file is deleted at the end of the block unless it was moved.

        Raises UploadRefused or DiskFull, before the first byte where the length tells.
        """
        with self._lock, room_needed():
            self._check(length, limit)
            handle, name = tempfile.mkstemp(dir=self._folder)
            self._receiving[name] = length
        try:
            with room_needed(), open(handle, "wb") as file:
                digest = hashlib.sha256()
                for chunk in _counted(chunks, length):
                    digest.update(chunk)
                    file.write(chunk)
                    self._receiving[name] -= len(chunk)
            yield Received(Path(name), digest.hexdigest(), length)
        finally:
            with self._lock:
                del self._receiving[name]
            Path(name).unlink(missing_ok=True)

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
        promised += sum(self._receiving.values())
        if length > self._free() - promised:
            others = f", with {promised / MIB:.0f} MiB of other uploads to come" if promised else ""
            raise DiskFull(
                f"The file has {length / MIB:.0f} MiB, which the disk cannot hold{others}. Remove "
                "videos or make room, then send it again."
            )

    def _free(self) -> int:
        """How many bytes uploads may still take from the disk."""
        return shutil.disk_usage(self._folder).free - self._min_free


def _counted(chunks: Iterable[bytes], length: int) -> Iterator[bytes]:
    """The chunks, if they are as many bytes as were announced."""
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > length:
            break
        yield chunk
    if total != length:
        raise UploadRefused(
            f"The upload broke off or was not as long as announced ({length} bytes). "
            "Nothing was kept; send it again."
        )
