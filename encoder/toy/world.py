"""Draws the toy world: plays at moments in time become RGB frames, many at once.

Every shape is a radius for every angle, so one formula draws, turns, scales and smooths them all.
Frames may be squashed: a wide play can be drawn into a square, as the product shows its frames to
a model. Knows nothing of captions, files or training.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from encoder.toy.plays import Play, poses
from encoder.toy.scenes import SHAPES

_BINS = 720  # directions in a shape's table of radii
_HOLE = 0.55  # of a ring, as a share of its radius

_RGB = {
    "red": (0.86, 0.10, 0.10),
    "orange": (0.98, 0.55, 0.08),
    "yellow": (0.97, 0.92, 0.15),
    "green": (0.10, 0.72, 0.20),
    "blue": (0.12, 0.32, 0.92),
    "purple": (0.52, 0.14, 0.72),
    "pink": (0.98, 0.56, 0.76),
    "white": (0.97, 0.97, 0.97),
}
_GROUND = {"black": (0.03, 0.03, 0.03), "grey": (0.42, 0.42, 0.42), "brown": (0.32, 0.20, 0.09)}


def draw(plays: Sequence[Play], times: Sequence[np.ndarray], height: int, width: int) -> np.ndarray:
    """Frames of each play at its own moments: uint8 [plays, T, height, width, 3].

    `times` has one array [T] of seconds per play.
    """
    frames = np.stack([_background(play, height, width) for play in plays])
    frames = np.repeat(frames[:, None], len(times[0]), axis=1)
    flat = frames.reshape(-1, height, width, 3)
    sprites = _sprites(plays, times)
    for layer in range(3):
        chosen = sprites.layer == layer
        for low, high in ((0.0, 0.13), (0.13, np.inf)):  # small tiles for small things
            fits = chosen & (sprites.radius >= low) & (sprites.radius < high)
            if fits.any():
                _paint(flat, sprites.take(fits))
    result: np.ndarray = (np.clip(frames, 0, 1) * 255 + 0.5).astype(np.uint8)
    return result


@dataclass(frozen=True)
class _Sprites:
    """Things to paint, one row each, all arrays [n] but colour [n, 3]."""

    frame: np.ndarray
    layer: np.ndarray
    shape: np.ndarray
    x: np.ndarray
    y: np.ndarray
    radius: np.ndarray
    angle: np.ndarray
    aspect: np.ndarray
    colour: np.ndarray

    def take(self, rows: np.ndarray) -> "_Sprites":
        return _Sprites(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def _sprites(plays: Sequence[Play], times: Sequence[np.ndarray]) -> _Sprites:
    columns: list[list[np.ndarray]] = [[] for _ in range(9)]
    for index, (play, moments) in enumerate(zip(plays, times, strict=True)):
        at = poses(play, moments)
        for layer in range(len(play.offsets)):
            seen = np.flatnonzero(at.visible)
            shape, colour = _look(play, layer)
            rows = (
                index * len(moments) + seen,
                np.full(len(seen), layer),
                np.full(len(seen), shape),
                at.x[seen, layer],
                at.y[seen, layer],
                at.radius[seen],
                at.angle[seen],
                np.full(len(seen), play.aspect),
                np.tile(colour, (len(seen), 1)),
            )
            for column, row in zip(columns, rows, strict=True):
                column.append(row)
    return _Sprites(*(np.concatenate(column) for column in columns))


def _look(play: Play, layer: int) -> tuple[int, np.ndarray]:
    """Shape and colour of one thing of a play; the hue differs a little from play to play."""
    scene = play.scene
    second = scene.is_pair and layer == 1
    colour = scene.other_colour if second else scene.colour
    rng = np.random.default_rng(play.seed + 7 * second)
    rgb = np.array(_RGB[colour or "white"]) * rng.uniform(0.9, 1.05) + rng.uniform(-0.04, 0.04, 3)
    return SHAPES.index(play.shape_of(layer)), np.clip(rgb, 0, 1)


def _paint(frames: np.ndarray, sprites: _Sprites) -> None:
    """Blend sprites, no two of one frame, into float frames [n, height, width, 3]."""
    height, width = frames.shape[1:3]
    reach = int(np.ceil(sprites.radius.max() * 1.45 * height)) + 1
    span = int(np.ceil(reach * width / height / sprites.aspect.min())) + 1
    row = np.floor(sprites.y * height).astype(int)[:, None] + np.arange(-reach, reach + 1)
    column = np.floor(sprites.x / sprites.aspect * width).astype(int)[:, None] + np.arange(
        -span, span + 1
    )
    dy = (row + 0.5) / height - sprites.y[:, None]
    dx = (column + 0.5) / width * sprites.aspect[:, None] - sprites.x[:, None]
    cover = _coverage(sprites, dx[:, None, :], dy[:, :, None], height, width)
    cover *= ((row >= 0) & (row < height))[:, :, None] & ((column >= 0) & (column < width))[:, None]
    which, down, across = np.nonzero(cover > 0)
    target = (sprites.frame[which], row[which, down], column[which, across])
    alpha = cover[which, down, across, None]
    frames[target] += alpha * (sprites.colour[which] - frames[target])


def _coverage(
    sprites: _Sprites, dx: np.ndarray, dy: np.ndarray, height: int, width: int
) -> np.ndarray:
    """How much of each pixel a thing covers, 0 to 1: [n, rows, columns], smooth over one pixel."""
    distance = np.hypot(dx, dy).astype(np.float32) + 1e-6
    turn = np.arctan2(dy, dx).astype(np.float32) - sprites.angle[:, None, None]
    bins = (turn * (_BINS / (2 * np.pi))).astype(int) % _BINS
    edge = _RADII[sprites.shape[:, None, None], bins] * sprites.radius[:, None, None]
    slope = _SLOPES[sprites.shape[:, None, None], bins]
    # A pixel of a squashed frame is wider than high: its extent along the way out from the centre.
    pixel = np.hypot(
        dx / distance * (sprites.aspect / width)[:, None, None], dy / distance / height
    )
    cover: np.ndarray = np.clip((edge - distance) * slope / pixel + 0.5, 0, 1)
    ring = np.flatnonzero(sprites.shape == SHAPES.index("ring"))
    hole = (sprites.radius[ring] * _HOLE)[:, None, None]
    cover[ring] *= np.clip((distance[ring] - hole) / pixel[ring] + 0.5, 0, 1)
    return cover


def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Radius and edge slope of each shape for each direction, shapes about alike in area."""
    angle = (np.arange(_BINS) + 0.5) * 2 * np.pi / _BINS
    radii = np.stack(
        [
            np.ones(_BINS),  # circle
            1 / np.maximum(np.abs(np.cos(angle)), np.abs(np.sin(angle))),  # square
            _polygon(angle, [(1.40 if k % 2 == 0 else 0.70, k * np.pi / 3) for k in range(6)]),
            _polygon(angle, [(1.40 if k % 2 == 0 else 0.54, k * np.pi / 5) for k in range(10)]),
            _cross(angle),
            np.ones(_BINS),  # ring
        ]
    )
    bend = np.gradient(np.log(radii), angle, axis=1)
    return radii.astype(np.float32), (1 / np.sqrt(1 + bend**2)).astype(np.float32)


def _polygon(angle: np.ndarray, corners: list[tuple[float, float]]) -> np.ndarray:
    """Radius per direction of a polygon around the centre, its first corner upwards."""
    result = np.full(angle.shape, np.inf)
    for (r1, a1), (r2, a2) in zip(corners, corners[1:] + corners[:1], strict=True):
        p = np.array([r1 * np.sin(a1), -r1 * np.cos(a1)])
        q = np.array([r2 * np.sin(a2), -r2 * np.cos(a2)])
        within = np.mod(angle - np.arctan2(p[1], p[0]), 2 * np.pi) <= np.mod(a2 - a1, 2 * np.pi)
        normal = np.array([q[1] - p[1], p[0] - q[0]])
        along = normal[0] * np.cos(angle) + normal[1] * np.sin(angle)
        result = np.where(within, (normal @ p) / np.where(within, along, 1.0), result)
    return result


def _cross(angle: np.ndarray) -> np.ndarray:
    """A plus sign: two bars, each three and a half times as long as wide."""
    c, s = np.abs(np.cos(angle)), np.abs(np.sin(angle))
    lying = np.minimum(1.25 / c, 0.35 / s)
    standing = np.minimum(0.35 / c, 1.25 / s)
    either: np.ndarray = np.maximum(lying, standing)
    return either


_RADII, _SLOPES = _tables()


def _background(play: Play, height: int, width: int) -> np.ndarray:
    """The unmoving background: float32 [height, width, 3]."""
    rng = np.random.default_rng(play.seed + 1)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) + 0.5
    y, x = y / height, x / width * play.aspect
    light = 1 + rng.uniform(-0.12, 0.12) * (y - 0.5) + rng.uniform(-0.12, 0.12) * (x - 0.5)
    name = play.scene.background or "black"
    if name in _GROUND:
        rgb = np.array(_GROUND[name]) * rng.uniform(0.85, 1.15) + rng.uniform(-0.02, 0.02, 3)
        return _lit(light, rgb)
    tint = rng.uniform(0.7, 1.3, 3)
    dark, bright = tint * rng.uniform(0.08, 0.12), tint * rng.uniform(0.22, 0.28)
    share = _pattern(name, x, y, height, rng)[..., None]
    return _lit(light, dark + share * (bright - dark))


def _lit(light: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    result: np.ndarray = (light[..., None] * rgb).astype(np.float32)
    return result


def _pattern(
    name: str, x: np.ndarray, y: np.ndarray, height: int, rng: np.random.Generator
) -> np.ndarray:
    """How bright a patterned background is, 0 to 1, edges smoothed over a pixel."""
    side = rng.uniform(0.12, 0.18)
    sharp = side * height
    u, v = (x + rng.uniform(0, 1)) / side, (y + rng.uniform(0, 1)) / side
    if name == "striped":
        lean = rng.uniform(0, np.pi)
        return _wave(u * np.cos(lean) + v * np.sin(lean), sharp)
    if name == "checkered":
        board: np.ndarray = np.abs(_wave(u / 2, sharp * 2) - _wave(v / 2, sharp * 2))
        return board
    from_dot = np.hypot(u % 1 - 0.5, v % 1 - 0.5)
    dots: np.ndarray = np.clip((0.3 - from_dot) * sharp + 0.5, 0, 1)
    return dots


def _wave(phase: np.ndarray, sharp: float) -> np.ndarray:
    """A square wave of period 1 with smoothed edges."""
    wave: np.ndarray = np.clip((0.25 - np.abs(phase % 1 - 0.5)) * sharp + 0.5, 0, 1)
    return wave
