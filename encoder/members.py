"""One array inside an .npz file: what its header says, and its values where they will stay.

Knows the .npy format and how a zip file keeps a member. Refuses whatever is not plain
floating-point numbers, and never unpickles. Does not know the other arrays (npz.py).
"""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from encoder.errors import CheckpointError

CHUNK = 1 << 20
"""Bytes read at a time; divisible by the size of every floating-point type."""
LOCAL_HEADER = 30
"""Bytes of what precedes a member in a zip file, before its name and extra field."""
ALIGNMENT = 64
"""JAX adopts host memory on this boundary as a CPU array, and copies any other."""


@dataclass(frozen=True)
class Member:
    """One array of the file: where it is and what its header says."""

    info: zipfile.ZipInfo
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    fortran: bool
    offset: int
    """Bytes of header before the data."""

    def read(self, path: Path, archive: zipfile.ZipFile) -> NDArray[np.float32]:
        """Return the values as float32, aligned, the caller's to keep.

        Raises what zipfile does where data is cut short or its checksum differs.
        """
        values = _aligned_float32(prod(self.shape))
        with archive.open(self.info) as stream:
            if self.as_it_is:
                with self._opened(path, stream) as data:
                    data.read_into(values)
            else:
                stream.read(self.offset)
                _convert(stream, self.dtype, values)
        return values.reshape(self.shape, order="F" if self.fortran else "C")

    def rows(
        self, path: Path, archive: zipfile.ZipFile, count: int
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the values of an array that is `as_it_is`, so many rows of its first axis a time.

        Raises like `read`, where the checksum differs only behind the last rows.
        """
        width = prod(self.shape[1:])
        with archive.open(self.info) as stream, self._opened(path, stream) as data:
            for start in range(0, self.shape[0], count):
                values = _aligned_float32(min(count, self.shape[0] - start) * width)
                data.read_into(values)
                yield values.reshape(-1, *self.shape[1:])

    @property
    def as_it_is(self) -> bool:
        """Whether its bytes in the file are those of the array in memory."""
        stored = self.info.compress_type == zipfile.ZIP_STORED
        return stored and self.dtype == np.dtype("=f4") and not self.fortran

    @contextmanager
    def _opened(self, path: Path, stream: IO[bytes]) -> Iterator["_Data"]:
        """The bytes behind the header, all of which have to be read by the end of the block."""
        header = stream.read(self.offset)
        with path.open("rb", buffering=0) as file:
            file.seek(self.info.header_offset)
            name, extra = struct.unpack("<26x2H", file.read(LOCAL_HEADER))
            file.seek(name + extra + len(header), os.SEEK_CUR)
            data = _Data(file, zlib.crc32(header))
            yield data
        if data.checksum != self.info.CRC:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {self.info.filename!r}")


class _Data:
    """Bytes read to where they stay, and counted into a checksum: zipfile would copy them twice."""

    def __init__(self, file: io.FileIO, checksum: int) -> None:
        self._file = file
        self.checksum = checksum

    def read_into(self, values: NDArray[np.float32]) -> None:
        """Fill an array with what comes next. Raises EOFError where there is no more."""
        place = values.view(np.uint8).data
        for start in range(0, len(place), CHUNK):
            part = place[start : start + CHUNK]
            if self._file.readinto(part) != len(part):
                raise EOFError("it is cut short")
            self.checksum = zlib.crc32(part, self.checksum)


def parse_header(where: str, info: zipfile.ZipInfo, stream: IO[bytes]) -> Member:
    """What the start of a member says of it; `where` names it. Raises CheckpointError."""
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        shape, fortran, dtype = readers[npy.read_magic(stream)](stream)
    except (ValueError, KeyError) as error:
        raise CheckpointError(f"{where} is not an array in .npy format.") from error
    if dtype.hasobject:
        raise CheckpointError(
            f"{where} holds pickled objects. Unpickling can run foreign code, so it is refused."
        )
    if not np.issubdtype(dtype, np.floating):
        raise CheckpointError(f"{where} holds {dtype}; weights are floating-point numbers.")
    return Member(info, shape, dtype, fortran, stream.tell())


def _convert(stream: IO[bytes], dtype: np.dtype[np.generic], values: NDArray[np.float32]) -> None:
    """Read the rest of a member in pieces, each of them turned into float32."""
    filled = 0
    while chunk := stream.read(CHUNK):
        part = np.frombuffer(chunk, dtype)
        values[filled : filled + part.size] = part
        filled += part.size


def _aligned_float32(count: int) -> NDArray[np.float32]:
    raw = np.empty(count * 4 + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + count * 4].view(np.float32)
