"""Seconds into grid samples, grid samples into segments: pure arithmetic.

Knows the grid (a point every 1/fps seconds from 0), which frame is on the screen at each point,
and the windows laid over the points. Knows no file, no pixel and no vector.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

FPS = 2.0
"""Grid points per second, the rate VideoPrism's public examples sample at."""

Picture = TypeVar("Picture")


@dataclass(frozen=True)
class Segment:
    """One window over the grid: what is embedded and stored as a unit.

    `start` and `end` are seconds, `frames` grid indices: non-decreasing, as many as the model
    takes, repeated where the video has fewer.
    """

    index: int
    start: float
    end: float
    frames: tuple[int, ...]


def grid_size(duration: float, fps: float = FPS) -> int:
    """How many grid points lie within `duration` seconds: at least 1 if it is above 0."""
    if duration <= 0:
        return 0
    return max(1, math.ceil((duration - _rounding(fps)) * fps))


def rate_for(duration: float, frames: int, fps: float = FPS) -> float:
    """The rate at which a video fills at least one window of `frames` samples.

    It is `fps` unless the video is shorter than a window: then exactly `frames` points are
    spread evenly over it.
    """
    if grid_size(duration, fps) >= frames or duration <= 0:
        return fps
    return frames / duration


def completed(samples: int, frames: int, hop: int) -> int:
    """How many windows are complete after `samples` samples, whatever follows.

    These are the first ones of the final plan; only the aligned last one must await the end.
    """
    _check(samples, frames, hop)
    return 0 if samples < frames else (samples - frames) // hop + 1


def planned_count(samples: int, frames: int, hop: int) -> int:
    """How many segments `plan` makes of so many samples."""
    return len(_starts(samples, frames, hop))


def plan(
    samples: int, frames: int, hop: int, duration: float, fps: float = FPS
) -> tuple[Segment, ...]:
    """The segments of a video of `samples` grid points and `duration` readable seconds.

    Windows of `frames` samples begin every `hop` samples; the last one is aligned to the end.
    A video with fewer samples than a window gives one segment, sampled evenly with repeats. No
    segment ends beyond `duration`. Raises ValueError for a hop that would leave gaps.
    """
    return tuple(
        Segment(
            index=index,
            start=start / fps,
            end=min((start + frames) / fps, duration),
            frames=_window(start, samples, frames),
        )
        for index, start in enumerate(_starts(samples, frames, hop))
    )


def on_grid(
    shown: Iterable[tuple[float, float, Picture]], fps: float, first: int = 0
) -> Iterator[tuple[int, Picture]]:
    """Give each grid point from `first` on the picture that is on the screen at that moment.

    `shown` holds (time, length, picture), times non-decreasing. A picture stays until the next
    appears, so gaps and slide shows are filled; the first also covers what precedes it, the
    last stays for its own length.
    """
    index, rounding = first, _rounding(fps)
    now: tuple[float, float, Picture] | None = None
    for coming in shown:
        now = now or coming
        while index / fps < coming[0] - rounding:
            yield index, now[2]
            index += 1
        now = coming
    if now is not None:
        for last in range(index, grid_size(now[0] + now[1], fps)):
            yield last, now[2]


def _rounding(fps: float) -> float:
    """Seconds to forgive: some containers count in milliseconds and round a frame's time."""
    return min(1e-3, 0.25 / fps)


def _starts(samples: int, frames: int, hop: int) -> list[int]:
    """The first sample of every window."""
    regular = completed(samples, frames, hop)
    if regular == 0:
        return [0] if samples else []
    starts = [hop * index for index in range(regular)]
    if starts[-1] + frames < samples:
        starts.append(samples - frames)
    return starts


def _window(start: int, samples: int, frames: int) -> tuple[int, ...]:
    """The grid indices of one window; spread evenly where there are fewer samples than that."""
    if samples < frames:
        return tuple(step * samples // frames for step in range(frames))
    return tuple(range(start, start + frames))


def _check(samples: int, frames: int, hop: int) -> None:
    if samples < 0 or frames < 1 or not 1 <= hop <= frames:
        raise ValueError(
            f"No windows of {frames} samples every {hop} over {samples}: samples must not be "
            "negative, and 1 <= hop <= frames, or parts of the video would lie in no window."
        )
