"""What can happen in the toy world: scenes, their attributes, and which words contradict which.

A scene is one thing (or several alike) doing something, or two different things side by side.
The same class serves for what a caption says: there, None means that the caption leaves it open.
Knows nothing of pixels (see `world`) and nothing of English (see `captions`).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

SHAPES = ("circle", "square", "triangle", "star", "cross", "ring")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white")
SIZES = ("small", "large")
COUNTS = ("1", "2", "3")
BACKGROUNDS = ("black", "grey", "brown", "striped", "checkered", "dotted")
PAIRED_MOTIONS = ("left", "right", "up", "down", "spin", "grow", "shrink", "blink")
MOTIONS = (*PAIRED_MOTIONS, "still", "orbit")
RELATIONS = ("left of", "right of", "above", "below")
OPPOSITE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
ROUND = ("circle", "ring")  # turning them shows nothing, so they never spin


@dataclass(frozen=True)
class Scene:
    """One scene, or what a caption says of one (None: not said).

    `then` is a second motion after the first. `other_shape`, `other_colour` and `relation`
    belong to scenes of two different things: the first is `relation` the other.
    """

    shape: str | None = None
    colour: str | None = None
    size: str | None = None
    count: str | None = None
    background: str | None = None
    motion: str | None = None
    then: str | None = None
    other_shape: str | None = None
    other_colour: str | None = None
    relation: str | None = None

    @property
    def is_pair(self) -> bool:
        """Whether two different things are shown or named."""
        return self.other_shape is not None or self.other_colour is not None

    @property
    def values(self) -> tuple[str | None, ...]:
        """The attributes in the order of ATTRIBUTES."""
        return tuple(getattr(self, name) for name in ATTRIBUTES)

    def mirrored(self) -> "Scene":
        """The same scene of two things told from the other one."""
        return replace(
            self,
            shape=self.other_shape,
            colour=self.other_colour,
            other_shape=self.shape,
            other_colour=self.colour,
            relation=OPPOSITE.get(self.relation or ""),
        )


VALUES: dict[str, tuple[str, ...]] = {
    "shape": SHAPES,
    "colour": COLOURS,
    "size": SIZES,
    "count": COUNTS,
    "background": BACKGROUNDS,
    "motion": MOTIONS,
    "then": PAIRED_MOTIONS,
    "other_shape": SHAPES,
    "other_colour": COLOURS,
    "relation": RELATIONS,
}
ATTRIBUTES = tuple(field.name for field in fields(Scene))


def random_scene(rng: np.random.Generator, held_out: bool) -> Scene:
    """A scene drawn at random among those kept for evaluation, or among all others."""
    while True:
        kind = rng.random()
        scene = _two_things(rng) if kind < 0.38 else _one_kind(rng, ordered=kind > 0.68)
        if is_held_out(scene) == held_out:
            return scene


def _one_kind(rng: np.random.Generator, ordered: bool) -> Scene:
    shape = _pick(rng, SHAPES)
    first, then = _pick(rng, MOTIONS), None
    if ordered:
        first, then = (str(m) for m in rng.choice(PAIRED_MOTIONS, 2, replace=False))
    if shape in ROUND and "spin" in (first, then):
        return _one_kind(rng, ordered)
    return Scene(
        shape=shape,
        colour=_pick(rng, COLOURS),
        size=_pick(rng, SIZES),
        count=_pick(rng, COUNTS),
        background=_pick(rng, BACKGROUNDS),
        motion=first,
        then=then,
    )


def _two_things(rng: np.random.Generator) -> Scene:
    shapes, colours = rng.choice(SHAPES, 2, replace=False), rng.choice(COLOURS, 2, replace=False)
    return Scene(
        shape=str(shapes[0]),
        colour=str(colours[0]),
        background=_pick(rng, BACKGROUNDS),
        other_shape=str(shapes[1]),
        other_colour=str(colours[1]),
        relation=_pick(rng, RELATIONS),
    )


def _pick(rng: np.random.Generator, values: Sequence[str]) -> str:
    return values[int(rng.integers(len(values)))]


def is_held_out(scene: Scene) -> bool:
    """Whether training must never see this combination: about one in ten.

    What counts is the combination of thing and motions (or of both things and their relation),
    in every size, number and background.
    """
    told = min(scene, scene.mirrored(), key=_spelt) if scene.is_pair else scene
    core = replace(told, size=None, count=None, background=None)
    return hashlib.sha256(_spelt(core).encode()).digest()[0] % 10 == 0


def _spelt(scene: Scene) -> str:
    return "/".join(str(value) for value in scene.values)


def encode(scenes: Sequence[Scene]) -> np.ndarray:
    """Scenes as numbers: int8 [scenes, attributes], -1 where nothing is said."""
    table = {name: {v: i for i, v in enumerate(values)} for name, values in VALUES.items()}
    rows = [
        [
            -1 if value is None else table[name][value]
            for name, value in zip(ATTRIBUTES, scene.values, strict=True)
        ]
        for scene in scenes
    ]
    return np.array(rows, np.int8).reshape(len(rows), len(ATTRIBUTES))


def contradicts(claims: Sequence[Scene], scenes: Sequence[Scene]) -> np.ndarray:
    """Which captions are wrong about which scenes: bool [claims, scenes].

    Where it is False the words are true or could be taken as true, as `red circle moving left` for
    one that moves left and then spins: such couples must not be taught as mismatches.
    """
    said, shown = encode(claims)[:, None], encode(scenes)[None]
    mirrored = encode([scene.mirrored() for scene in scenes])[None]
    claim_pair, scene_pair = _names_two(said), _names_two(shown)
    one_to_one = _differs(said, shown, ATTRIBUTES[:5]) | _other_motion(said, shown)
    pair_to_pair = _pair_differs(said, shown) & _pair_differs(said, mirrored)
    one_to_pair = (
        _differs(said, shown, ("shape", "colour")) & _differs(said, mirrored, ("shape", "colour"))
    ) | _beyond_a_pair(said, shown)
    one_thing = np.where(scene_pair, one_to_pair, one_to_one)
    result: np.ndarray = np.where(claim_pair, ~scene_pair | pair_to_pair, one_thing)
    return result


def _column(codes: np.ndarray, name: str) -> np.ndarray:
    return codes[..., ATTRIBUTES.index(name)]


def _names_two(codes: np.ndarray) -> np.ndarray:
    return (_column(codes, "other_shape") >= 0) | (_column(codes, "other_colour") >= 0)


def _differs(said: np.ndarray, shown: np.ndarray, names: Sequence[str]) -> np.ndarray:
    columns = [ATTRIBUTES.index(name) for name in names]
    differs: np.ndarray = ((said != shown) & (said >= 0))[..., columns].any(-1)
    return differs


def _pair_differs(said: np.ndarray, shown: np.ndarray) -> np.ndarray:
    two = ("shape", "colour", "background", "other_shape", "other_colour", "relation")
    return _differs(said, shown, two)


def _other_motion(said: np.ndarray, shown: np.ndarray) -> np.ndarray:
    first, then = _column(said, "motion"), _column(said, "then")
    real_first, real_then = _column(shown, "motion"), _column(shown, "then")
    two_said = (then >= 0) & ((first != real_first) | (then != real_then))
    one_said = (then < 0) & (first >= 0) & (first != real_first) & (first != real_then)
    differs: np.ndarray = two_said | one_said
    return differs


def _beyond_a_pair(said: np.ndarray, shown: np.ndarray) -> np.ndarray:
    motion = _column(said, "motion")
    moving = (motion >= 0) & (motion != MOTIONS.index("still"))
    beyond: np.ndarray = (
        moving | (_column(said, "count") > 0) | _differs(said, shown, ("background",))
    )
    return beyond
