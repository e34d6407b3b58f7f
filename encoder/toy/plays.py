"""How a scene plays: where each thing is, how large and how turned, at any moment in seconds.

A play is one scene with all that the scene leaves open (place, speed, layout, hues) decided.
Lengths are in heights of the frame; x grows to the right, y downwards, the frame is `aspect` wide.
Knows nothing of pixels.
"""

from dataclasses import dataclass

import numpy as np

from encoder.toy.scenes import Scene

_DIRECTION = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, -1.0), "down": (0.0, 1.0)}
_RADII = {"small": (0.095, 0.115), "large": (0.165, 0.2)}
WIDEST = 4 / 3
_CROWD = 0.85  # several large things are drawn a little smaller, so that they fit beside each other


@dataclass(frozen=True)
class Phase:
    """One motion while it lasts: rates per second, from `start` on."""

    start: float
    end: float
    velocity: tuple[float, float] = (0.0, 0.0)
    growth: float = 0.0
    turning: float = 0.0
    orbit: tuple[float, float] = (0.0, 0.0)  # radius, radians per second
    blinking: float = 0.0  # seconds per on and off


@dataclass(frozen=True)
class Play:
    """A scene with every accident decided; `length` seconds long, but it may be asked beyond."""

    scene: Scene
    aspect: float
    length: float
    phases: tuple[Phase, ...]
    origin: tuple[float, float]
    offsets: tuple[tuple[float, float], ...]  # of each thing from the common centre
    radius: float
    angle: float
    seed: int  # for hues and the background's pattern

    def shape_of(self, thing: int) -> str:
        """The shape of one of the things."""
        second = self.scene.is_pair and thing == 1
        return (self.scene.other_shape if second else self.scene.shape) or "circle"


@dataclass(frozen=True)
class Poses:
    """Where everything is at T moments: arrays [T] or [T, things]."""

    x: np.ndarray
    y: np.ndarray
    radius: np.ndarray
    angle: np.ndarray
    visible: np.ndarray


def random_play(
    scene: Scene, rng: np.random.Generator, aspect: float | None = None, length: float | None = None
) -> Play:
    """One way to play the scene, 4 to 7 seconds and 1:1 to 4:3 unless told."""
    aspect = float(rng.uniform(1.0, WIDEST)) if aspect is None else aspect
    length = (
        float(rng.uniform(4.0, 7.0 if scene.then is None else 5.0)) if length is None else length
    )
    radius = _radius(scene, rng)
    offsets = _layout(scene, radius, rng)
    phases = _phases(scene, aspect, length, rng)
    return Play(
        scene=scene,
        aspect=aspect,
        length=length,
        phases=phases,
        origin=_origin(phases, offsets, radius, aspect, rng),
        offsets=offsets,
        radius=radius,
        angle=float(rng.uniform(-0.25, 0.25)),
        seed=int(rng.integers(2**31)),
    )


def poses(play: Play, times: np.ndarray) -> Poses:
    """The poses of all things of a play at some seconds [T]; beyond its end the motion goes on."""
    x, y = np.full_like(times, play.origin[0]), np.full_like(times, play.origin[1])
    growth = np.full_like(times, _first_growth(play.phases))
    angle = np.full_like(times, play.angle)
    visible = np.ones(times.shape, bool)
    for phase in play.phases:
        spent = _time_in(phase, play, times)
        swing = phase.orbit[1] * spent
        x = x + phase.velocity[0] * spent + phase.orbit[0] * (np.cos(swing) - 1)
        y = y + phase.velocity[1] * spent + phase.orbit[0] * np.sin(swing)
        growth, angle = growth + phase.growth * spent, angle + phase.turning * spent
        if phase.blinking:
            inside = (spent != 0) & (spent < _duration(phase, play))
            visible &= ~(inside & ((spent / phase.blinking) % 1.0 > 0.5))
    scale = np.exp(growth)
    # What grows also moves apart, so that it can still be counted.
    dx, dy = np.array(play.offsets).T[:, None] * np.maximum(scale, 1.0)[:, None]
    return Poses(x[:, None] + dx, y[:, None] + dy, play.radius * scale, angle, visible)


def _time_in(phase: Phase, play: Play, times: np.ndarray) -> np.ndarray:
    first, last = phase is play.phases[0], phase is play.phases[-1]
    spent = times - phase.start
    spent = spent if first else np.maximum(spent, 0.0)
    return spent if last else np.minimum(spent, phase.end - phase.start)


def _duration(phase: Phase, play: Play) -> float:
    return np.inf if phase is play.phases[-1] else phase.end - phase.start


def _radius(scene: Scene, rng: np.random.Generator) -> float:
    if scene.is_pair:
        return float(rng.uniform(0.1, 0.14))
    crowded = scene.size == "large" and scene.count != "1"
    return float(rng.uniform(*_RADII[scene.size or "large"])) * (_CROWD if crowded else 1.0)


def _layout(
    scene: Scene, radius: float, rng: np.random.Generator
) -> tuple[tuple[float, float], ...]:
    if scene.is_pair:
        return _beside(scene, radius, rng)
    count = int(scene.count or "1")
    if count == 1:
        return ((0.0, 0.0),)
    reach = radius * rng.uniform(1.25, 1.5) * (1.0 if count == 2 else 1.2)
    turns = rng.uniform(0, 2 * np.pi) + np.arange(count) * 2 * np.pi / count
    return tuple((float(reach * np.cos(t)), float(reach * np.sin(t))) for t in turns)


def _beside(
    scene: Scene, radius: float, rng: np.random.Generator
) -> tuple[tuple[float, float], ...]:
    apart = radius * rng.uniform(1.3, 1.8)
    aside = radius * rng.uniform(-0.35, 0.35)
    x, y = {
        "left of": (-apart, aside),
        "right of": (apart, aside),
        "above": (aside, -apart),
        "below": (aside, apart),
    }[scene.relation or ""]
    return ((x, y), (-x, -y))


def _phases(
    scene: Scene, aspect: float, length: float, rng: np.random.Generator
) -> tuple[Phase, ...]:
    if scene.is_pair:
        drift = rng.uniform(-0.02, 0.02, 2)
        return (Phase(0.0, length, velocity=(float(drift[0]), float(drift[1]))),)
    motion = scene.motion or "still"
    if scene.then is None:
        return (_phase(motion, 0.0, length, aspect, rng.uniform(0.4, 0.65), rng),)
    switch = length * rng.uniform(0.44, 0.56)
    return (
        _phase(motion, 0.0, switch, aspect, rng.uniform(0.25, 0.4), rng),
        _phase(scene.then, switch, length, aspect, rng.uniform(0.25, 0.4), rng),
    )


def _phase(
    motion: str, start: float, end: float, aspect: float, way: float, rng: np.random.Generator
) -> Phase:
    """One motion; `way` is the share of the frame that a moving thing crosses meanwhile."""
    sign = 1.0 if rng.random() < 0.5 else -1.0
    if motion in _DIRECTION:
        dx, dy = _DIRECTION[motion]
        pace = way / (end - start)
        return Phase(start, end, velocity=(dx * pace * aspect, dy * pace))
    if motion in ("grow", "shrink"):
        rate = rng.uniform(0.6, 0.9) / max(end - start, 3.0)
        return Phase(start, end, growth=float(rate if motion == "grow" else -rate))
    if motion == "spin":
        return Phase(start, end, turning=sign * float(rng.uniform(0.6, 1.2)))
    if motion == "blink":
        return Phase(start, end, blinking=float(rng.uniform(0.95, 1.15)))
    if motion == "orbit":
        around = (float(rng.uniform(0.14, 0.19)), sign * 2 * np.pi / float(rng.uniform(3.0, 4.2)))
        return Phase(start, end, orbit=around)
    return Phase(start, end)


def _first_growth(phases: tuple[Phase, ...]) -> float:
    """Where growth must start so that the size named is the middle one."""
    steps = np.cumsum([0.0] + [phase.growth * (phase.end - phase.start) for phase in phases])
    return -float(steps.min() + steps.max()) / 2


def _origin(
    phases: tuple[Phase, ...],
    offsets: tuple[tuple[float, float], ...],
    radius: float,
    aspect: float,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """A start from which the whole way stays about the middle, as far as there is room."""
    place = []
    for axis, extent in ((0, aspect), (1, 1.0)):
        steps = np.cumsum([0.0] + [p.velocity[axis] * (p.end - p.start) for p in phases])
        reach = radius + max(abs(offset[axis]) for offset in offsets) + phases[0].orbit[0]
        spare = max(0.0, extent / 2 - reach - np.ptp(steps) / 2)
        middle = extent / 2 + rng.uniform(-spare, spare)
        shift = phases[0].orbit[0] if axis == 0 else 0.0
        place.append(float(middle - (steps.min() + steps.max()) / 2 + shift))
    return place[0], place[1]
