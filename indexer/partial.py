"""One upload that goes on over many requests: its bytes so far, and a note beside them.

    DATA_DIR/uploads/<id>.part    what has arrived; its size is how far the upload got
    DATA_DIR/uploads/<id>.json    how long it will be, and its name; at last the video it became

Knows how the two outlive a killed process and a power cut. Knows not how much is taken, nor who
sends.
"""

import os
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.errors import (
    DiskFull,
    UnknownUpload,
    UploadConflict,
    UploadRefused,
    room_needed,
)

PATIENCE = 24 * 3600.0
"""Seconds for which an upload that does not grow is kept."""

_ID = re.compile(r"[0-9a-f]{32}")


class Note(BaseModel):
    """What an upload is to become: `length` in bytes, `metadata` as its sender wrote it."""

    model_config = ConfigDict(frozen=True)

    name: str
    length: int = Field(gt=0)
    metadata: str = ""
    video_id: str | None = None


@dataclass(eq=False)
class Partial:
    """An upload in `folder`. `arrived` is bytes; `since` is when it last grew (monotonic)."""

    folder: Path
    note: Note
    upload_id: str = field(default_factory=lambda: secrets.token_hex(16))
    arrived: int = 0
    since: float = field(default_factory=time.monotonic)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def path(self) -> Path:
        """Where its bytes are."""
        return self.folder / f"{self.upload_id}.part"

    @property
    def noted(self) -> Path:
        """Where its note is."""
        return self.folder / f"{self.upload_id}.json"

    @property
    def _fresh(self) -> Path:
        return self.noted.with_suffix(".fresh")

    @property
    def missing(self) -> int:
        """Bytes that are still to come."""
        return self.note.length - self.arrived

    @property
    def patience(self) -> float:
        """Seconds that are left until it is given up, unless it grows; by no clock one can set."""
        return self.since + PATIENCE - time.monotonic()

    def begin(self) -> None:
        """Write both files, or none. Raises DiskFull."""
        try:
            with room_needed():
                self.path.touch()
            self.save(self.note)
        except DiskFull:
            self.remove()
            raise

    def save(self, note: Note) -> None:
        """Replace the note; on the disk whole or not at all. Raises DiskFull."""
        self.note = note
        with room_needed():
            with self._fresh.open("wb") as file:
                file.write(note.model_dump_json().encode())
                file.flush()
                os.fsync(file.fileno())
            os.replace(self._fresh, self.noted)

    def check(self, offset: int, coming: int) -> None:
        """Whether so many bytes may follow there. Raises UploadConflict and UploadRefused."""
        if offset != self.arrived:
            raise UploadConflict(
                f"This upload goes on at byte {self.arrived}, not at byte {offset}. What has "
                "arrived is safe: ask how far it got, and send what follows."
            )
        if offset + coming > self.note.length:
            raise UploadRefused(
                f"The file was announced with {self.note.length} bytes; more are not taken. What "
                "has arrived is safe."
            )

    def append(self, offset: int, piece: bytes) -> int:
        """Write a piece at the end; returns how much has arrived then.

        Raises what `check` does, UnknownUpload once it was removed, and DiskFull, which keeps as
        much as went in.
        """
        with self.lock:
            self.check(offset, len(piece))
            with self._opened() as file:
                file.seek(offset)
                rest = memoryview(piece)
                while rest:  # a disk that is nearly full takes a part of what it is given
                    written = file.write(rest)
                    self.arrived += written
                    rest = rest[written:]
            self.since = time.monotonic()
            return self.arrived

    def settle(self) -> None:
        """Have the disk hold what has arrived, so that a power cut does not take it back."""
        with self._opened() as file:
            os.fsync(file.fileno())

    @contextmanager
    def _opened(self) -> Iterator[FileIO]:
        try:
            with self.lock, room_needed(), self.path.open("r+b", buffering=0) as file:
                yield file
        except FileNotFoundError:
            raise UnknownUpload from None

    def remove(self) -> None:
        """Delete all that is on the disk."""
        with self.lock:
            for path in (self.noted, self._fresh, self.path):
                path.unlink(missing_ok=True)


def left_in(folder: Path) -> list[Partial]:
    """The uploads that an earlier process left there; every other file is deleted."""
    for path in strays(folder):
        path.unlink()
    return _noted(folder)


def strays(folder: Path) -> list[Path]:
    """The files there that belong to no upload."""
    kept = _noted(folder)
    ours = {one.noted for one in kept} | {one.path for one in kept if not one.note.video_id}
    return [path for path in folder.glob("*") if path.is_file() and path not in ours]


def _noted(folder: Path) -> list[Partial]:
    return [partial for path in folder.glob("*.json") if (partial := _read(path))]


def _read(path: Path) -> Partial | None:
    """The upload of a note, unless the note or the bytes are not what was written."""
    try:
        note = Note.model_validate_json(path.read_bytes())
    except ValidationError:
        return None
    partial = Partial(path.parent, note, upload_id=path.stem)
    if note.video_id is not None:
        partial.arrived, grown = note.length, path.stat().st_mtime
    elif partial.path.exists():
        status = partial.path.stat()
        partial.arrived, grown = status.st_size, status.st_mtime
    else:
        return None
    # A clock that was set back makes an upload younger than it is, never older.
    partial.since -= max(0.0, time.time() - grown)
    return partial if _ID.fullmatch(path.stem) and partial.missing >= 0 else None
