"""When packets and frames are shown, on a container's clock and on the player's.

Knows what containers say of time, and what to believe where they say nothing or lie. Takes
packets, frames and streams as it finds them (they have `pts`, `dts`, `duration`, `time_base`),
so that it needs no decoding library.
"""

import math
from dataclasses import dataclass
from typing import Any

_MISSING_SECONDS = 0.5  # a file that stops this much before its promised end is cut off
_FRAME_SECONDS = 1 / 25  # where neither a frame nor the file says how long it stays
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
    """When each picture of a video is shown, in seconds from its first moment."""

    def __init__(self, stream: Any, start: float) -> None:
        self._stream = stream
        self._start = start
        self._latest = 0.0
        self._end = 0.0

    def read(self, frame: Any) -> tuple[float, float] | None:
        """The time and length of a frame; None if its clock went back, and it is not shown.

        A frame that does not say when it is shown follows the one before.
        """
        stamp = seconds(frame, self._stream)
        time = self._end if stamp is None else stamp - self._start
        if time < self._latest:
            return None
        shown = length(frame, self._stream)
        self._latest, self._end = time, time + shown
        return time, shown


@dataclass
class Survey:
    """What a pass over the packets finds, in seconds on the container's clock."""

    begin: float = math.inf
    end: float = -math.inf
    first: float = math.inf  # of pictures or sound
    last: float = -math.inf

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

    A promise of more than `most` seconds is not believed.
    """
    promised = _promised(container, stream)
    if survey.last < promised - _MISSING_SECONDS and promised <= most:
        return promised
    return max(0.0, survey.end - survey.start)


def _promised(container: Any, stream: Any) -> float:
    if container.format.name == "avi" and stream.average_rate:
        return float(stream.frames / stream.average_rate)  # its other promises follow its size
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / _MICROSECONDS
