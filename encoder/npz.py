"""One .npz file, read member by member into float32 without a second copy, and written.

Knows the file as a whole, and what is wrong with one that cannot be read; one array of it is
members.py's. It does not know what the names mean or which shapes a model wants (checkpoints.py).
"""

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from math import prod
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, DTypeLike, NDArray

from encoder.errors import CheckpointError
from encoder.members import Member, parse_header

Shapes = Mapping[str, tuple[int, ...]]

_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, RuntimeError)
"""What zipfile and numpy raise for files that are cut short, altered, locked or no zip at all."""


class NpzFile:
    """An open .npz file whose headers, and nothing else, have been read and checked."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self._members = {_key(path, info): self._header(info) for info in archive.infolist()}
        if len(self._members) < len(archive.infolist()):
            raise CheckpointError(f"{path} holds two arrays of the same name.")

    @property
    def shapes(self) -> Shapes:
        """Shape of every array by name."""
        return {name: member.shape for name, member in self._members.items()}

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that differ when any value does, from names, sizes and checksums.

        The zip directory holds all of them, so it is instant whatever the size.
        """
        entries = sorted(
            f"{info.filename} {info.file_size} {info.CRC:08x}" for info in self._archive.infolist()
        )
        return sha256("\n".join(entries).encode()).hexdigest()[:12]

    def arrays(self, below: str = "") -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Yield name and values of one array after the other; each is the caller's to keep.

        Nothing is read of those whose names do not begin with `below`. Raises CheckpointError
        where data is cut short or its checksum differs.
        """
        for name, member in self._members.items():
            if name.startswith(below):
                yield name, member.read(self.path, self._archive)

    def streams(self, below: str) -> bool:
        """Whether `rows` can read every array whose name begins with `below`."""
        members = (one for name, one in self._members.items() if name.startswith(below))
        return all(member.as_it_is for member in members)

    def rows(self, name: str, count: int = 1) -> Iterator[NDArray[np.float32]]:
        """Yield one array so many rows at a time; only those are in memory.

        Raises CheckpointError where data is cut short, or, behind the last rows, where the
        checksum differs.
        """
        return self._members[name].rows(self.path, self._archive, count)

    def _header(self, info: zipfile.ZipInfo) -> Member:
        with self._archive.open(info) as stream:
            member = parse_header(f"{info.filename!r} of {self.path}", info, stream)
        if info.file_size != member.offset + prod(member.shape) * member.dtype.itemsize:
            raise CheckpointError(
                f"{info.filename!r} of {self.path} does not have the size that its header says."
            )
        return member


@contextmanager
def open_npz(path: Path) -> Iterator[NpzFile]:
    """Open a file for reading, and say in words what is wrong with it, now or while reading.

    Raises CheckpointError for a missing, truncated, damaged, pickled or foreign file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield NpzFile(path, archive)
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no file {path}.") from error
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error
    except _DAMAGE as error:
        raise CheckpointError(f"{path} {_what_is_wrong(path)} ({error})") from error


def save_npz(path: Path, arrays: Mapping[str, ArrayLike], dtype: DTypeLike) -> None:
    """Write arrays, cast to `dtype`, such that the same values always give the same bytes.

    The file appears under its name only when it is whole.
    """
    unfinished = path.with_name(path.name + ".part")
    with zipfile.ZipFile(unfinished, "w") as archive:
        for name in sorted(arrays):
            info = zipfile.ZipInfo(f"{name}.npy")  # dated 1980: no clock in the bytes
            info.create_system = 3
            with archive.open(info, "w", force_zip64=True) as stream:
                values = np.asarray(arrays[name], dtype, order="C")
                npy.write_array(stream, values, allow_pickle=False)
    os.replace(unfinished, path)


def _key(path: Path, info: zipfile.ZipInfo) -> str:
    name, dot, suffix = info.filename.rpartition(".")
    if not dot or suffix != "npy":
        raise CheckpointError(
            f"{path} is not an .npz checkpoint: it holds {info.filename!r}, which is no array."
        )
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise CheckpointError(f"{path} is compressed in a way that numpy never uses.")
    return name


def _what_is_wrong(path: Path) -> str:
    with path.open("rb") as stream:
        start = stream.read(2)
    if start == b"PK":
        return "is damaged or only part of a file: download it again."
    if start[:1] == b"\x80":
        return "is a pickle. Unpickling can run foreign code, so it is refused."
    return "is not an .npz file."
