"""Which packets of a video may be left undecoded: those on the screen at no grid point.

Knows when each packet's picture appears and when the next one takes its place, from the packets
alone. Whether later pictures need it is for the decoder to say: it leaves out only what nothing
refers to.
"""

import bisect
import math
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from av.packet import Packet

AHEAD = 32  # packets: pictures are shown at most 16 later than they are decoded
_UNSURE = 2e-3  # seconds: twice what the grid forgives


def spared(
    packets: Iterable["Packet[Any]"], start: float, fps: float
) -> Iterator[tuple["Packet[Any]", bool]]:
    """The packets of one stream, each with whether no grid point falls on its picture.

    `start` is the container's time of the video's first moment. Nothing is spared any more once a
    packet does not say when it is shown, for it then follows the one before; nor are the last
    ones: they tell where the video ends.
    """
    waiting: deque[Packet[Any]] = deque()
    known: deque[int] = deque(maxlen=2 * AHEAD)  # when pictures appear, about here
    timed = True
    for packet in packets:
        waiting.append(packet)
        timed = timed and packet.pts is not None
        known.append(packet.pts or 0)
        if len(waiting) > AHEAD:
            now = waiting.popleft()
            yield now, timed and _misses_the_grid(now, sorted(known), start, fps)
    for packet in waiting:
        yield packet, False


def _misses_the_grid(packet: "Packet[Any]", appearing: list[int], start: float, fps: float) -> bool:
    assert packet.pts is not None
    place = bisect.bisect_right(appearing, packet.pts)
    if place == len(appearing):
        return False
    unit = float(packet.time_base or 0)
    begin = packet.pts * unit - start - _UNSURE
    end = appearing[place] * unit - start + _UNSURE
    return math.ceil(begin * fps) > end * fps
