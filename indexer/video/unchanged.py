"""A track of a copy that holds the packets of the original, on a clock that begins at 0.

Knows what must not be copied: packets without times, and pictures whose size changes on the way,
which an MP4 cannot say. Decodes nothing.
"""

from collections.abc import Iterator
from typing import Any

from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from indexer.decoding import Probe
from indexer.video.units import is_broadcast, sequences


class Unchangeable(Exception):  # noqa: N818
    """These packets cannot go into a copy: the track must be encoded anew."""


class Unchanged:
    """Copies one track. Raises Unchangeable."""

    def __init__(self, output: OutputContainer, source: Stream, probe: Probe) -> None:
        # opaque: some decoders have no encoder of the same name.
        self._track = output.add_stream_from_template(source, opaque=True)
        self._earlier = round(probe.start / (source.time_base or 1))
        self._broadcast = is_broadcast(source)
        # AVI does not say in which order pictures are shown.
        self._unordered = source.container.format.name == "avi" and _reorders(source)
        self._sequences: set[bytes] = set()

    def take(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        """The same packet, earlier by what the original's clock was ahead."""
        end = packet.dts is None and packet.size == 0  # the demuxer's mark
        if end or packet.is_corrupt:  # half a packet stops a player that a missing one does not
            return
        if packet.pts is None or self._unordered or self._changes(packet):
            raise Unchangeable
        packet.pts -= self._earlier
        if packet.dts is not None:  # the first ones of Matroska have none
            packet.dts -= self._earlier
        packet.stream = self._track
        yield packet

    def end(self) -> Iterator["Packet[Any]"]:
        """Nothing was held back."""
        return iter(())

    def _changes(self, packet: "Packet[Any]") -> bool:
        """Whether the pictures from here on are of another kind than the first ones."""
        if packet.has_sidedata("new_extradata"):
            return True
        if not (self._broadcast and packet.is_keyframe):
            return False
        found = sequences(packet)
        self._sequences = self._sequences or found
        return bool(found) and found != self._sequences


def _reorders(source: Stream) -> bool:
    return isinstance(source, VideoStream) and bool(source.codec_context.has_b_frames)
