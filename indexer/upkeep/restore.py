"""Brings a library back from a backup, into an empty data folder, whole or not at all.

Knows the order: everything is unpacked and checked where nobody looks (moving.py), made to fit its
new place (refit.py), and only then it appears. What a backup consists of is in backup.py, the
file's form in archive.py.
"""

import errno
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from indexer.errors import BackupRefused, DiskFull
from indexer.ownership import LOCK, Ownership
from indexer.settings import Settings
from indexer.upkeep.archive import FORMAT, HEAD, Head, Readable, members, refused
from indexer.upkeep.moving import STAGING, appear, settle
from indexer.upkeep.refit import refit_index, refit_library


@dataclass(frozen=True)
class Restored:
    """What was brought back. `absent` counts videos whose files are not on this machine."""

    videos: int
    segments: int
    absent: int


def restore_backup(settings: Settings, file: Path) -> Restored:
    """Bring the library in `file` back into the data folder, which must be empty.

    Raises BackupRefused, LibraryError, StoreError and DiskFull; nothing is changed then.
    """
    staging = settings.data_dir / STAGING
    with _reading(file) as source, _emptied(settings.data_dir):
        try:
            with _room_needed():
                restored = _put_together(settings, source, staging)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        appear(settings.data_dir)
    return restored


@contextmanager
def _reading(file: Path) -> Iterator[IO[bytes]]:
    try:
        source = file.open("rb")
    except OSError as error:
        raise BackupRefused(
            f"The backup {file} cannot be read ({error.strerror}). Nothing was changed."
        ) from error
    with source:
        yield source


@contextmanager
def _emptied(data_dir: Path) -> Iterator[None]:
    """The data folder, owned and empty; what a killed restore left there is deleted."""
    ownership = Ownership.of(data_dir)
    try:
        settle(data_dir)
        if {path.name for path in data_dir.iterdir()} - {LOCK}:
            raise BackupRefused(
                f"The folder {data_dir} is not empty, and nothing is ever overwritten. Nothing was "
                "changed. Name an empty data folder, or a new one."
            )
        yield
    finally:
        ownership.release()


@contextmanager
def _room_needed() -> Iterator[None]:
    try:
        yield
    except (DiskFull, OSError) as error:
        full = isinstance(error, DiskFull) or error.errno in (errno.ENOSPC, errno.EDQUOT)
        if full:
            raise DiskFull(
                "The disk does not hold what is in the backup. Nothing was changed. Make room, or "
                "name a data folder on another disk."
            ) from error
        raise BackupRefused(
            f"The backup could not be read or unpacked ({error}). Nothing was changed. Check that "
            "both disks are sound."
        ) from error


def _put_together(settings: Settings, source: IO[bytes], staging: Path) -> Restored:
    head = _unpack(source, staging)
    videos = refit_library(staging, settings.data_dir, head.fingerprint)
    segments = 0
    if head.fingerprint is not None:
        known = frozenset(video.video_id for video in videos)
        segments = refit_index(settings, head.fingerprint, known)
    absent = sum(not (video.managed or video.path.exists()) for video in videos)
    return Restored(len(videos), segments, absent)


def _unpack(source: IO[bytes], staging: Path) -> Head:
    """Write every member below `staging`. Raises BackupRefused if any is not as it was written."""
    head = None
    for name, content in members(source):
        if head is None:
            head = _read_head(name, content)
        else:
            _write(staging / name, content)
    if head is None:
        raise refused("it is empty")
    return head


def _read_head(name: str, content: Readable) -> Head:
    if name != HEAD:
        raise refused("it does not begin as a backup does")
    text = content.read()
    try:
        told = json.loads(text)
        if int(told["format"]) > FORMAT:
            raise BackupRefused(
                f"This backup was written by a newer PrismSearch ({told['version']}). Nothing was "
                "changed. Restore it with that version."
            )
        return Head.model_validate_json(text)
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        raise refused(f"{HEAD} is damaged") from error


def _write(path: Path, content: Readable) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            shutil.copyfileobj(content, file)
    except FileExistsError as error:
        raise refused(f"{path.name} is there twice") from error
