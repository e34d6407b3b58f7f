"""One file from which a library can be brought back, with the same answers.

Knows what belongs into it: the library, the segments of the collection that serves, pictures, and
uploaded videos. Videos that lie in a person's folders are only named. Knows not the file's form
(archive.py), nor how it is read back (restore.py).
"""

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np

from indexer.errors import BackupRefused, DiskFull
from indexer.library import Video
from indexer.media import PICTURES
from indexer.points import Point
from indexer.settings import Settings
from indexer.store import stored_fingerprint
from indexer.upkeep.archive import FORMAT, HEAD, Head, Writer, writing
from indexer.upkeep.case import Case, opened_case, opened_library
from indexer.upkeep.moving import LIBRARY

POINTS = 4096  # to a member: 12 MB at 768 dimensions


@dataclass(frozen=True)
class Saved:
    """What a backup holds. `lost` are titles of uploaded videos whose files were gone."""

    videos: int
    segments: int
    uploads: int
    size: int
    lost: list[str]


def write_backup(settings: Settings, file: Path, version: str) -> Saved:
    """Write the library of the data folder into `file`, whole or not at all.

    Nothing is overwritten. Raises BackupRefused, LibraryError, StoreError and DiskFull.
    """
    with opened_library(settings) as database, _appearing(file) as target:
        if broken := database.integrity():
            raise BackupRefused(
                f"The library is damaged ({broken[0]}), so no backup was written. Keep the backups "
                "that you have."
            )
        with opened_case(settings, database) as case:
            if case.store_error is not None:
                raise case.store_error
            saved = _write(case, target, version)
    return saved


@contextmanager
def _appearing(file: Path) -> Iterator[IO[bytes]]:
    """A file to write into, which appears under its name if the block ends well."""
    if os.path.lexists(file):
        raise BackupRefused(f"{file} exists already. Nothing was changed. Choose another name.")
    partial = file.with_name(file.name + ".partial")
    try:
        with partial.open("wb") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        os.replace(partial, file)
    except OSError as error:
        raise _unwritten(file, error) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def _unwritten(file: Path, error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(
            f"The disk does not hold the backup. Nothing is left of {file}, and the library is as "
            "it was. Make room, or write to another disk."
        )
    return BackupRefused(
        f"The backup {file} could not be written ({error}). The library is as it was."
    )


def _write(case: Case, target: IO[bytes], version: str) -> Saved:
    with writing(target) as backup:
        _write_head(case, backup, version)
        _write_library(case, backup)
        segments = _write_points(case, backup)
        sources = [_write_source(case, backup, video) for video in _uploaded(case)]
        for video_id in case.videos:
            for kind in PICTURES:
                _write_pictures(case, backup, f"media/{video_id}/{kind}/{case.key}")
    lost = [video.title for video, kept in zip(_uploaded(case), sources, strict=True) if not kept]
    return Saved(len(case.videos), segments, sum(sources), target.tell(), lost)


def _write_head(case: Case, backup: Writer, version: str) -> None:
    fingerprint = stored_fingerprint(case.settings, case.key) if case.store is not None else None
    head = Head(format=FORMAT, version=version, fingerprint=fingerprint)
    backup.add_bytes(HEAD, head.model_dump_json().encode())


def _write_library(case: Case, backup: Writer) -> None:
    copy = case.settings.data_dir / "library.partial"
    try:
        case.database.copy_to(copy)
        backup.add_file(LIBRARY, copy)
    finally:
        copy.unlink(missing_ok=True)


def _write_points(case: Case, backup: Writer) -> int:
    """Segments of known videos: on a server, another library's may lie among them."""
    if case.store is None:
        return 0
    points = (point for point in case.store.scan() if point.video_id in case.videos)
    count = number = 0
    while some := list(islice(points, POINTS)):
        backup.add_bytes(f"points/{number:06d}.npz", packed(some))
        count, number = count + len(some), number + 1
    return count


def packed(points: list[Point]) -> bytes:
    """Points as the bytes of a .npz file, with nothing rounded; never none."""
    buffer = io.BytesIO()
    np.savez(
        buffer,
        video_id=np.array([point.video_id for point in points]),
        index=np.array([point.index for point in points]),
        start=np.array([point.start for point in points]),
        end=np.array([point.end for point in points]),
        vector=np.stack([point.vector for point in points]),
    )
    return buffer.getvalue()


def _uploaded(case: Case) -> list[Video]:
    return [video for video in case.videos.values() if video.managed]


def _write_source(case: Case, backup: Writer, video: Video) -> bool:
    """Add an uploaded video; False if its file is gone."""
    if not video.path.is_file():
        return False
    backup.add_file(f"media/{video.video_id}/{video.path.name}", video.path)
    return True


def _write_pictures(case: Case, backup: Writer, folder: str) -> None:
    for path in sorted((case.settings.data_dir / folder).glob("*.jpg")):
        backup.add_file(f"{folder}/{path.name}", path)
