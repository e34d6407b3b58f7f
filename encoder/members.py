"""One array inside an .npz file: what its header says, and its values where they will stay.

Knows the .npy format and how a zip file keeps a member. Refuses whatever is not plain
floating-point numbers, and never unpickles. Does not know the other arrays (npz.py).
"""

import os
import struct
import zipfile
import zlib
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
            header = stream.read(self.offset)
            if self.info.compress_type == zipfile.ZIP_STORED and self.dtype == np.dtype("=f4"):
                _read_into(values.view(np.uint8).data, path, self.info, header)
            else:
                _convert(stream, self.dtype, values)
        return values.reshape(self.shape, order="F" if self.fortran else "C")


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


def _read_into(place: memoryview, path: Path, info: zipfile.ZipInfo, header: bytes) -> None:
    """Read bytes to where they stay, and check them: zipfile would copy them twice on the way."""
    checksum = zlib.crc32(header)
    with path.open("rb", buffering=0) as file:
        file.seek(info.header_offset)
        name, extra = struct.unpack("<26x2H", file.read(LOCAL_HEADER))
        file.seek(name + extra + len(header), os.SEEK_CUR)
        for start in range(0, len(place), CHUNK):
            part = place[start : start + CHUNK]
            if file.readinto(part) != len(part):
                raise EOFError(f"{info.filename} is cut short")
            checksum = zlib.crc32(part, checksum)
    if checksum != info.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {info.filename!r}")


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
