"""What is believed of a container's clock, on packets of plain numbers."""

from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from indexer.timeline import Clock, Continuous

TICK = Fraction(1, 90_000)
VIDEO = SimpleNamespace(type="video", index=0, time_base=TICK)
SOUND = SimpleNamespace(type="audio", index=1, time_base=TICK)


@dataclass
class Packet:
    """As much of a packet as a clock looks at."""

    stream: SimpleNamespace
    pts: int | None
    dts: int | None
    duration: int = 3600


def mended(*packets: Packet) -> tuple[list[int | None], int]:
    clock = Continuous()
    for packet in packets:
        clock.mend(packet)
    return [packet.pts for packet in packets], clock.joints


def frames(*numbers: int) -> list[Packet]:
    """Frames of a 25th of a second, the second tick of each being when it is shown."""
    return [Packet(VIDEO, 3600 * (number + 1), 3600 * number) for number in numbers]


@given(st.integers(0, 10**6), st.integers(-(10**6), 10**6))
def test_a_recording_follows_the_one_before(first: int, second: int) -> None:
    """Wherever its own clock began."""
    numbers, joints = mended(*frames(first, first + 1, second, second + 1))
    gap = (second - first - 2) / 25
    if -1 < gap < 10:
        assert joints == 0
    else:
        assert joints == 1
        assert numbers == [3600 * (first + step) for step in (1, 2, 3, 4)]


def test_one_wrong_stamp_moves_nothing_but_itself() -> None:
    numbers, joints = mended(*frames(0, 1, 10**6, 3, 4))
    assert (numbers, joints) == ([3600, 7200, 10_800, 14_400, 18_000], 2)


def test_sound_follows_the_pictures() -> None:
    heard = Packet(SOUND, 90, 90)
    numbers, _ = mended(*frames(100, 101, 0), heard)
    assert numbers[3] == 3600 * 102 + 90
    assert heard.dts == heard.pts


def test_sound_alone_sets_no_clock() -> None:
    """It may rest for as long as it likes."""
    packets = [Packet(SOUND, 0, 0), Packet(SOUND, 10**7, 10**7), Packet(SOUND, 0, None)]
    assert mended(*packets) == ([0, 10**7, 0], 0)


def test_what_says_no_time_is_left_alone() -> None:
    numbers, _ = mended(*frames(100, 0), Packet(VIDEO, None, None), Packet(VIDEO, None, 3600))
    assert numbers[2:] == [None, None]


def test_avi_tells_when_pictures_are_decoded() -> None:
    """Each is as late as the first one; the last ones, which wait for no packet, follow."""
    avi = SimpleNamespace(format=SimpleNamespace(name="avi"))
    stream = SimpleNamespace(time_base=Fraction(1, 25), container=avi, average_rate=25)
    stamps = [
        (1, 2),
        (3, 3),
        (4, 4),
        (2, 5),
        (6, 7),
        (5, None),
    ]  # one was left out before the fifth
    clock = Clock(stream, start=0.04)
    shown = [clock.read(SimpleNamespace(pts=pts, dts=dts, duration=1)) for pts, dts in stamps]
    assert [round(25 * one[0]) for one in shown if one is not None] == [0, 1, 2, 3, 5, 6]
