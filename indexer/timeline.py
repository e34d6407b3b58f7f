"""When packets and frames are shown, on a container's clock and on the player's.

Knows what containers say of time, and what to believe where they say nothing or lie. Takes
packets, frames and streams as it finds them (they have `pts`, `dts`, `duration`, `time_base`),
so that it needs no decoding library.
"""

import math
from dataclasses import dataclass, field
from typing import Any

_MISSING_SECONDS = 0.5  # a file that stops this much before its promised end is cut off
_FRAME_SECONDS = 1 / 25  # where neither a frame nor the file says how long it stays
_SET_BACK, _SET_FORWARD = 1.0, 10.0  # seconds; less is packets out of order, or a pause
TICK = 1e-4  # seconds by which two ways to tell the same time may differ
_MICROSECONDS = 1e6  # the unit of a container's own times


def seconds(item: Any, stream: Any) -> float | None:
    """When a packet or frame is shown, on the container's clock; None if it does not say."""
    stamp = item.pts if item.pts is not None else item.dts
    return None if stamp is None else float(stamp * stream.time_base)


def length(item: Any, stream: Any) -> float:
    """How long a packet or frame is shown; by the frame rate where it does not say."""
    if item.duration:
        return float(item.duration * stream.time_base)
    rate = getattr(stream, "average_rate", None) or getattr(stream, "guessed_rate", None)
    return float(1 / rate) if rate else _FRAME_SECONDS


class Clock:
    """When each picture of a video is shown, in seconds from its first moment.

    AVI only says when pictures are decoded, which B-frames make another order: there each picture
    comes as much after the first one as it is decoded after it.
    """

    def __init__(self, stream: Any, start: float) -> None:
        self._stream = stream
        self._start = start
        self._latest = 0.0
        self.end = 0.0
        """When the latest picture goes off the screen."""
        self._by_decoding = stream.container.format.name == "avi"
        self._lag: float | None = None

    def read(self, frame: Any) -> tuple[float, float] | None:
        """The time and length of a frame; None if its clock went back, and it is not shown.

        A frame that does not say when it is shown follows the one before.
        """
        stamp = self._decoded(frame) if self._by_decoding else seconds(frame, self._stream)
        time = self.end if stamp is None else stamp - self._start
        if time < self._latest:
            return None
        shown = length(frame, self._stream)
        self._latest, self.end = time, time + shown
        return time, shown

    def _decoded(self, frame: Any) -> float | None:
        """The time of a picture that was decoded in the order of showing; None at the very end."""
        if frame.dts is None:
            return None
        decoded = float(frame.dts * self._stream.time_base)
        if self._lag is None:
            self._lag = decoded - (seconds(frame, self._stream) or 0.0)
        return decoded - self._lag


class Cutting:
    """The clock of a stretch of a video: 0 is its begin, `over` says that its end has come.

    What is on the screen at its begin has been since before, and is shown from 0.
    """

    def __init__(self, clock: Clock, begin: float, end: float) -> None:
        self._clock = clock
        self._begin = begin
        self._length = end - begin
        self.first: float | None = None
        """When the first picture that was read is shown; before 0 it was there already."""
        self.over = False

    @property
    def end(self) -> float:
        """When the latest picture of the stretch goes off the screen."""
        return self._length if self.over else min(self._length, self._clock.end - self._begin)

    def read(self, frame: Any) -> tuple[float, float] | None:
        """The time and length of a frame within the stretch; None if it is not shown in it."""
        if self.over or (shown := self._clock.read(frame)) is None:
            return None
        time = shown[0] - self._begin
        self.first = time if self.first is None else self.first
        self.over = time > self._length - TICK
        return None if self.over else (max(0.0, time), self.end - max(0.0, time))


class Continuous:
    """Makes a broadcast's clock go on where it is set anew, as between recordings in a row.

    The first video's packets tell; all others follow it.
    """

    def __init__(self) -> None:
        self.joints = 0
        """How often the clock was set anew."""
        self._ahead = 0.0
        self._guide: Any = None
        self._due: float | None = None

    def mend(self, packet: Any) -> None:
        """Change a packet's times to those of a clock that was never set; in their own order."""
        stamp = packet.pts if packet.dts is None else packet.dts
        if stamp is None:
            return
        if packet.stream.type == "video" and self._guide in (None, packet.stream.index):
            self._guide = packet.stream.index
            self._follow(float(stamp * packet.stream.time_base), length(packet, packet.stream))
        shift = round(self._ahead / packet.stream.time_base)
        if packet.dts is not None:
            packet.dts += shift
        if packet.pts is not None:
            packet.pts += shift
            if abs(packet.pts - stamp - shift) * packet.stream.time_base > _SET_FORWARD:
                packet.pts = packet.dts  # it is shown behind the joint, and read before it

    def _follow(self, time: float, lasts: float) -> None:
        time += self._ahead
        if self._due is not None and not -_SET_BACK < time - self._due < _SET_FORWARD:
            self._ahead += self._due - time
            self.joints += 1
            time = self._due
        self._due = time + lasts


@dataclass
class Survey:
    """What a pass over the packets finds, in seconds on the container's clock."""

    begin: float = math.inf
    end: float = -math.inf
    first: float = math.inf  # of pictures or sound
    last: float = -math.inf
    clock: Continuous = field(default_factory=Continuous)

    def note(self, packet: Any, is_video: bool) -> None:
        """Take one packet of the video or its sound into account, unless an edit hides it."""
        begin = seconds(packet, packet.stream)
        if begin is None or packet.is_discard:
            return
        end = begin + length(packet, packet.stream)
        self.first = min(self.first, begin)
        self.last = max(self.last, end)
        if is_video:
            self.begin = min(self.begin, begin)
            self.end = max(self.end, end)

    @property
    def start(self) -> float:
        """The container's time at which players show 0.

        Sound that begins before 0 only primes its decoder, and does not move the pictures.
        """
        if math.isinf(self.begin):
            return 0.0
        return min(self.begin, max(0.0, self.first))


def duration(container: Any, stream: Any, survey: Survey, most: float) -> float:
    """Seconds of video: as measured, or as promised where the measuring met a missing end.

    A promise of more than `most` seconds is not believed, nor one by a clock that was set anew.
    """
    promised = 0.0 if survey.clock.joints else _promised(container, stream)
    if survey.last < promised - _MISSING_SECONDS and promised <= most:
        return promised
    return max(0.0, survey.end - survey.start)


def _promised(container: Any, stream: Any) -> float:
    if container.format.name == "avi" and stream.average_rate:
        return float(stream.frames / stream.average_rate)  # its other promises follow its size
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / _MICROSECONDS
