"""Where a stretch begins and ends among a video's pictures, and whether it can be had unchanged.

Knows the times of packets, and which pictures need no others. Decodes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from indexer import timeline
from indexer.decoding import Cut, Probe
from indexer.timeline import TICK
from indexer.video.opening import codec_of, packets
from indexer.video.units import holds_a_fresh_start

LEAD = 2.0  # seconds to look ahead of a moment, past pictures that need later ones
_MOST = 0.05  # seconds that a cut is ever moved
_BEHIND = 1.0  # seconds by which packets without a time of decoding may be out of order


@dataclass(frozen=True)
class Edges:
    """A stretch moved to where pictures begin, by half a picture at most.

    It is `clean` if its packets need no others, and no others need to be among them.
    """

    cut: Cut
    clean: bool


def edges(container: InputContainer, stream: VideoStream, probe: Probe, wanted: Cut) -> Edges:
    """Where to cut; reads packets around both ends only, where the video can be sought in.

    Where no picture begins near an end, what is on the screen there is cut in two: not clean.
    """
    first = _beginning(container, stream, probe, wanted.begin)
    begin = wanted.begin if first is None else first[0]
    fresh = first is not None and _is_fresh(first[1], stream)
    end, clean = _ending(container, stream, probe, wanted.end)
    return Edges(Cut(begin, end), fresh and clean)


def seek(container: InputContainer, stream: VideoStream, probe: Probe, moment: float) -> bool:
    """Go to a keyframe some way ahead of a moment; False if reading must begin at the start."""
    if moment <= LEAD or not probe.seekable:
        return False
    try:
        target = moment - LEAD + probe.start
        container.seek(int(target / (stream.time_base or 1)), stream=stream)
    except FFmpegError:
        return False
    return True


def _beginning(
    container: InputContainer, stream: VideoStream, probe: Probe, moment: float
) -> tuple[float, "Packet[Any]"] | None:
    """The picture that begins nearest to a moment, if that is near enough."""
    near = [
        one for one in _around(container, stream, probe, moment) if _is_at(one[0], moment, probe)
    ]
    return min(near, key=lambda one: abs(one[0] - moment), default=None)


def _ending(
    container: InputContainer, stream: VideoStream, probe: Probe, moment: float
) -> tuple[float, bool]:
    """Where a stretch ends, and whether no packet behind that belongs to what is before."""
    around = [time for time, _ in _around(container, stream, probe, moment)]
    near = [time for time in around if _is_at(time, moment, probe)]
    end = min(near, key=lambda time: abs(time - moment), default=moment)
    later = [time > end - TICK for time in around]
    at_a_picture = bool(near) or moment > probe.duration - TICK
    return end, at_a_picture and later == sorted(later)


def _is_at(time: float, moment: float, probe: Probe) -> bool:
    """Whether a picture begins at a moment, give or take half a picture; of two the earlier one."""
    half = min(_MOST, 0.5 / probe.fps) if probe.fps else _MOST
    return -half - TICK <= time - moment < half - TICK


def _around(
    container: InputContainer, stream: VideoStream, probe: Probe, moment: float
) -> Iterator[tuple[float, "Packet[Any]"]]:
    """The packets up to just behind a moment, with their times, in the order of decoding."""
    if not seek(container, stream, probe, moment):
        container.seek(0)  # somebody may have read in it
    for packet in packets(container, stream):
        time = timeline.seconds(packet, stream)
        if time is None or packet.is_discard:
            continue
        yield time - probe.start, packet
        decoded = time - _BEHIND
        if packet.dts is not None:
            decoded = float(packet.dts * (stream.time_base or 1))
        if decoded - probe.start > moment + _MOST:
            return


def _is_fresh(packet: "Packet[Any]", stream: VideoStream) -> bool:
    """Whether every decoder can begin with this packet."""
    return packet.is_keyframe and (
        codec_of(stream) != "h264" or holds_a_fresh_start(packet, stream)
    )
