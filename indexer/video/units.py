"""The units that a packet of H.264 is made of.

Knows how they are set apart, in files and in broadcasts, and what kinds there are. Decodes nothing.
"""

from collections.abc import Iterator
from typing import Any

from av.packet import Packet
from av.stream import Stream

_FRESH_START = 5  # a picture before which all others may be forgotten
_SEQUENCE = 7  # tells the size of the pictures that follow
_START = b"\0\0\1"  # of a unit, in streams that are made for broadcast


def is_broadcast(stream: Stream) -> bool:
    """Whether marks set units apart; else each begins with its length."""
    return bytes(stream.codec_context.extradata or b"").startswith((_START, b"\0" + _START))


def sequences(packet: "Packet[Any]") -> set[bytes]:
    """The descriptions of size in a packet of a broadcast."""
    return {unit.rstrip(b"\0") for unit in _marked(bytes(packet)) if _kind(unit) == _SEQUENCE}


def holds_a_fresh_start(packet: "Packet[Any]", stream: Stream) -> bool:
    """Whether decoding can begin with a packet: others that call themselves keys need more."""
    content = bytes(packet)
    units = _marked(content) if is_broadcast(stream) else _measured(content, stream)
    return any(_kind(unit) == _FRESH_START for unit in units)


def _kind(unit: bytes) -> int:
    return unit[0] & 31 if unit else 0


def _marked(content: bytes) -> list[bytes]:
    return content.split(_START)[1:]


def _measured(content: bytes, stream: Stream) -> Iterator[bytes]:
    """Units behind their lengths, whose own size the stream's head tells."""
    head = bytes(stream.codec_context.extradata or b"")
    size = (head[4] & 3) + 1 if len(head) > 4 else 4
    place = 0
    while place + size < len(content):
        length = int.from_bytes(content[place : place + size], "big")
        yield content[place + size : place + size + 1]
        place += size + length
