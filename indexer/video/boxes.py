"""The outermost boxes of an MP4 file: whether a browser can begin with its first bytes.

Knows sizes and names of boxes; knows nothing of what is in them.
"""

import os
import struct
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

_HEADER = struct.Struct(">I4s")
_LONG = struct.Struct(">Q")
_TELLING = (b"moov", b"mdat", b"moof")
_MOST = 1000  # boxes to look at; a file of nothing else is not worth more time


def begins_with_its_index(file: BinaryIO) -> bool:
    """Whether the index comes before the pictures, all of it; in a fragmented file it does not."""
    outermost = islice(_boxes(file), _MOST)
    telling = [name for name in outermost if name in _TELLING]
    return telling[:1] == [b"moov"] and telling[1:2] != [b"moof"]


def _boxes(file: BinaryIO) -> Iterator[bytes]:
    """The names of the outermost boxes, up to where they stop making sense."""
    position, end = 0, file.seek(0, os.SEEK_END)
    while position + _HEADER.size <= end:
        file.seek(position)
        size, name = _HEADER.unpack(file.read(_HEADER.size))
        yield name
        if size == 1:
            (size,) = _LONG.unpack(file.read(_LONG.size).ljust(_LONG.size, b"\0"))
        if size < _HEADER.size:  # 0: up to the end of the file
            return
        position += size
