"""Where a stretch begins and ends among a video's pictures, and whether it can be had unchanged.

Knows the times of packets, and which pictures need no others. Decodes nothing.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from indexer import timeline
from indexer.decoding import Cut, Probe, Request
from indexer.timeline import TICK
from indexer.video.opening import codec_of, opened, packets
from indexer.video.units import holds_a_fresh_start

_LEADS = (2.0, 15.0)  # seconds to begin ahead of a moment, past pictures that need later ones
_MOST = 0.05  # seconds that a cut is ever moved
_LEAST = 1e-3  # seconds of a clip, however many pictures a second are promised
_BEHIND = 1.0  # seconds by which packets without a time of decoding may be out of order


@dataclass(frozen=True)
class Edges:
    """A stretch moved to where pictures begin, by half a picture at most.

    It is `clean` if its packets need no others, and no others need to be among them.
    """

    cut: Cut
    clean: bool


@dataclass(frozen=True)
class _Seen:
    """A packet near a moment: when its picture is shown, and whether decoding can begin with it."""

    time: float
    fresh: bool


def edges(request: Request, probe: Probe, wanted: Cut) -> Edges:
    """Where to cut; reads packets around both ends only, where the video can be sought in.

    What is on the screen at an end is cut in two where no picture begins near it. However short
    the stretch, one picture is left of it.
    """
    first = _nearest(_around(request, probe, wanted.begin), wanted.begin, probe)
    around = _around(request, probe, wanted.end)
    behind = _nearest(around, wanted.end, probe)
    begin = wanted.begin if first is None else first.time
    end = wanted.end if behind is None else behind.time
    end = max(end, begin + _one_picture(probe))
    later = [one.time > end - TICK for one in around]
    clean = first is not None and first.fresh and later == sorted(later)
    return Edges(Cut(begin, end), clean)


def _one_picture(probe: Probe) -> float:
    """How long a picture stays, in seconds, and no longer than a cut may be moved."""
    return max(_LEAST, min(_MOST, 1 / probe.fps)) if probe.fps else _MOST


def leads(probe: Probe, moment: float) -> Iterator[float | None]:
    """How many seconds ahead of a moment to begin reading, one after the other; None: all of them.

    A broadcast may be entered where nothing can be decoded yet.
    """
    if probe.seekable:
        yield from (lead for lead in _LEADS if lead < moment)
    yield None


def seek(container: InputContainer, stream: VideoStream, probe: Probe, moment: float) -> None:
    """Go to a moment, or to a keyframe ahead of it; where that cannot be, nothing happens."""
    with suppress(FFmpegError):
        container.seek(int((moment + probe.start) / (stream.time_base or 1)), stream=stream)


def _nearest(around: list[_Seen], moment: float, probe: Probe) -> _Seen | None:
    """The picture that begins at a moment, give or take half a picture; of two the earlier one."""
    half = min(_MOST, 0.5 / probe.fps) if probe.fps else _MOST
    near = (one for one in around if -half - TICK <= one.time - moment < half - TICK)
    return min(near, key=lambda one: abs(one.time - moment), default=None)


def _around(request: Request, probe: Probe, moment: float) -> list[_Seen]:
    """The packets up to just behind a moment, in the order of decoding."""
    seen: list[_Seen] = []
    for lead in leads(probe, moment):
        with opened(request.path, request.limits) as (container, stream):
            if lead is not None:
                seek(container, stream, probe, moment - lead)
            seen = list(_scan(container, stream, probe, moment))
        if seen and seen[0].time <= moment:
            break
    return seen


def _scan(
    container: InputContainer, stream: VideoStream, probe: Probe, moment: float
) -> Iterator[_Seen]:
    for packet in packets(container, stream):
        time = timeline.seconds(packet, stream)
        if time is None or packet.is_discard:
            continue
        time -= probe.start
        yield _Seen(time, abs(time - moment) <= 2 * _MOST and _is_fresh(packet, stream))
        decoded = time - _BEHIND
        if packet.dts is not None:
            decoded = float(packet.dts * (stream.time_base or 1)) - probe.start
        if decoded > moment + _MOST:
            return


def _is_fresh(packet: "Packet[Any]", stream: VideoStream) -> bool:
    """Whether every decoder can begin with this packet."""
    return packet.is_keyframe and (
        codec_of(stream) != "h264" or holds_a_fresh_start(packet, stream)
    )
