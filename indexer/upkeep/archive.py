"""The form of a backup: one tar file whose last member lists what the others hold.

    prismsearch.json                        which version wrote this, and the index's fingerprint
    library.db                              the library, as of that moment
    points/000000.npz ...                   segments, as many to a member as fit in memory easily
    media/<video id>/source.<suffix>        an uploaded video
    media/<video id>/posters/<key>/<n>.jpg  the picture of a segment
    media/<video id>/strips/<key>/<n>.jpg   its frames
    manifest.jsonl                          name, size and SHA-256 of each member above, in order

Knows how members are written, and what is refused when they are read back; memory does not grow
with their number or size. Knows not what they mean.
"""

import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel, ConfigDict

from indexer.errors import BackupRefused
from indexer.settings import Fingerprint

FORMAT = 2  # 1: without strips
HEAD = "prismsearch.json"
MANIFEST = "manifest.jsonl"
_NAME = re.compile(
    r"prismsearch\.json|library\.db|manifest\.jsonl|points/\d{6}\.npz"
    r"|media/[0-9a-f]{64}/(source(\.[0-9a-z]{1,8})?|(posters|strips)/[0-9a-f]{16}/\d{1,9}\.jpg)",
    re.ASCII,
)
_CHUNK = 1 << 20


class Head(BaseModel):
    """What is told before all else; `fingerprint` is None if nothing was indexed."""

    model_config = ConfigDict(frozen=True)

    format: int
    version: str
    fingerprint: Fingerprint | None


class Writer:
    """A backup on its way into a file."""

    def __init__(self, tar: tarfile.TarFile, manifest: IO[bytes]) -> None:
        self._tar = tar
        self._manifest = manifest

    def add(self, name: str, file: IO[bytes], size: int) -> None:
        """Add a member of `size` bytes, read from `file`."""
        hashed = Readable(file)
        self._put(name, hashed, size)
        self._manifest.write(hashed.line(name))

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a member that is in memory."""
        self.add(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, path: Path) -> None:
        """Add a file as it is now."""
        with path.open("rb") as file:
            self.add(name, file, os.fstat(file.fileno()).st_size)

    def end(self) -> None:
        """Add the manifest: without it, nothing of this is believed."""
        size = self._manifest.tell()
        self._manifest.seek(0)
        self._put(MANIFEST, self._manifest, size)

    def _put(self, name: str, file: Any, size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size = size
        self._tar.addfile(member, file)
        _forget_members(self._tar)


@contextmanager
def writing(file: IO[bytes]) -> Iterator[Writer]:
    """Write a backup into `file`; it is whole if the block ends well."""
    with (
        tempfile.TemporaryFile() as manifest,
        tarfile.open(fileobj=file, mode="w|", format=tarfile.GNU_FORMAT) as tar,
    ):
        writer = Writer(tar, manifest)
        yield writer
        writer.end()


def members(file: IO[bytes]) -> Iterator[tuple[str, "Readable"]]:
    """Every member but the manifest, in order, each to be read before the next one is asked for.

    None may be believed before one more than there are has been asked for: BackupRefused is raised,
    at the end at the latest, for whatever `writing` did not write.
    """
    with (
        tempfile.TemporaryFile() as lines,
        _damage_named(),
        tarfile.open(fileobj=file, mode="r|", errorlevel=2) as tar,
    ):
        found = _plain_files(tar)
        for name, content in found:
            if name == MANIFEST:
                _compare(lines, content)
                if next(found, None) is not None:
                    raise refused("something follows its end")
                return
            hashed = Readable(content)
            yield name, hashed
            hashed.read_rest()
            lines.write(hashed.line(name))
    raise refused("its end is missing")


class Readable:
    """A member, read from its beginning and hashed on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`. Raises BackupRefused where they are cut off."""
        with _damage_named():
            piece = self._file.read(size)
        self._digest.update(piece)
        self._size += len(piece)
        return piece

    def read_rest(self) -> None:
        """Read what nobody wanted."""
        while self.read(_CHUNK):
            pass

    def line(self, name: str) -> bytes:
        """What the manifest says of what was read."""
        told = {"name": name, "size": self._size, "sha256": self._digest.hexdigest()}
        return json.dumps(told).encode() + b"\n"


def _plain_files(tar: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    """Every member, if it is a plain file under a name that is ours."""
    while (member := tar.next()) is not None:
        _forget_members(tar)
        content = tar.extractfile(member) if member.type == tarfile.REGTYPE else None
        if content is None or not _NAME.fullmatch(member.name):
            raise refused(f"it holds something unexpected, {member.name!a}")
        yield member.name, content


def _forget_members(tar: tarfile.TarFile) -> None:
    """A tar keeps a record of each member, which nobody needs and which would fill the memory."""
    tar.members.clear()  # type: ignore[attr-defined]


def _compare(lines: IO[bytes], manifest: IO[bytes]) -> None:
    """Raise BackupRefused unless the manifest says what was read."""
    lines.seek(0)
    for line in lines:
        if manifest.readline() != line:
            raise refused(f"{json.loads(line)['name']} is damaged")
    if manifest.read(1):
        raise refused("a part of it is missing")


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError) as error:
        raise refused(str(error)) from error


def refused(reason: str) -> BackupRefused:
    """Nothing is restored from such a file."""
    return BackupRefused(
        f"This file is no whole backup of a PrismSearch library: {reason}. Nothing was changed. "
        "Use another copy of it, or another backup."
    )
