"""What one training step sees: clips, what is said of them, and what would be wrong to say.

Every clip comes with its caption and with that caption once per attribute changed, because without
such neighbours a model may ignore an attribute and still find the right clip. Frames are roughened
as decoding roughens them, and windows do not align with what happens. Knows no network.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from encoder.tokenizers import SentencePieceTokenizer, tokenize_texts
from encoder.toy.captions import caption
from encoder.toy.plays import Play, poses, random_play
from encoder.toy.scenes import (
    MOTIONS,
    OPPOSITE,
    PAIRED_MOTIONS,
    ROUND,
    SHAPES,
    VALUES,
    Scene,
    contradicts,
    random_scene,
)
from encoder.toy.world import draw

FRAMES, FPS, PIXELS = 8, 2.0, 72
_SIDE = 4  # patches across a frame
PATCHES = _SIDE * _SIDE
WRONG = 8  # changed captions per clip
TEXT_LENGTH = 36
_NOISE = np.random.default_rng(0).normal(0, 1, 1 << 21).astype(np.float32)


@dataclass(frozen=True)
class Lesson:
    """One batch of B clips; rows of texts: B own captions, then WRONG changed ones per clip."""

    frames: np.ndarray  # uint8 [B, FRAMES, PIXELS, PIXELS, 3]
    ids: np.ndarray  # int32 [B * (1 + WRONG), TEXT_LENGTH]
    paddings: np.ndarray  # float32, as ids
    mismatch: np.ndarray  # bool [B * (1 + WRONG), B]: that text is wrong about that clip
    scenes: tuple[Scene, ...]
    said: tuple[Scene, ...]  # by each text
    things: np.ndarray  # int8 [B, FRAMES, PATCHES]: 1 + shape of what is centred there, else 0
    doing: np.ndarray  # int8 [B, FRAMES]: the motion at that moment; -1 where there is none


def lesson(seed: tuple[int, ...], size: int, tokenizer: SentencePieceTokenizer) -> Lesson:
    """One batch, the same for the same seed."""
    rng = np.random.default_rng(seed)
    scenes = tuple(random_scene(rng, held_out=False) for _ in range(size))
    said = [say(scene, rng) for scene in scenes]
    wrong = [change for claim in said for change in misstatements(claim, rng, WRONG)]
    seeds = [int(s) for s in rng.integers(2**31, size=size)]
    texts = [caption(claim, seed) for claim, seed in zip(said, seeds, strict=True)]
    texts += [caption(claim, seeds[row // WRONG]) for row, claim in enumerate(wrong)]
    ids, paddings = tokenize_texts(tokenizer, texts, TEXT_LENGTH)
    plays, moments = stage(scenes, rng)
    frames, intact = _roughen(draw(plays, moments, PIXELS, PIXELS), scenes, rng)
    return Lesson(
        frames=frames,
        ids=ids,
        paddings=paddings,
        mismatch=contradicts([*said, *wrong], scenes),
        scenes=scenes,
        said=(*said, *wrong),
        things=np.where(intact[..., None], np.stack(list(map(_things, plays, moments))), -1),
        doing=np.where(intact, np.stack(list(map(_doing, plays, moments))), -1),
    )


def film(scenes: Sequence[Scene], rng: np.random.Generator) -> np.ndarray:
    """One clip per scene, of any aspect and squashed to a square: uint8 [B, T, P, P, 3]."""
    return draw(*stage(scenes, rng), PIXELS, PIXELS)


def stage(scenes: Sequence[Scene], rng: np.random.Generator) -> tuple[list[Play], list[np.ndarray]]:
    """A play for every scene, and when a window on it looks."""
    plays = [random_play(scene, rng) for scene in scenes]
    return plays, [_moments(play, rng) for play in plays]


def _things(play: Play, moments: np.ndarray) -> np.ndarray:
    """What lies with its centre in each patch: [FRAMES, PATCHES], 1 + shape, or 0."""
    at, found = poses(play, moments), np.zeros((len(moments), _SIDE, _SIDE), np.int8)
    for thing in range(len(play.offsets)):
        row = np.floor(at.y[:, thing] * _SIDE).astype(int)
        column = np.floor(at.x[:, thing] / play.aspect * _SIDE).astype(int)
        inside = at.visible & (np.minimum(row, column) >= 0) & (np.maximum(row, column) < _SIDE)
        when = np.flatnonzero(inside)
        found[when, row[when], column[when]] = 1 + SHAPES.index(play.shape_of(thing))
    return found.reshape(len(moments), PATCHES)


def _doing(play: Play, moments: np.ndarray) -> np.ndarray:
    """The motion at each moment: [FRAMES], its place in MOTIONS, or -1."""
    if play.scene.motion is None:
        return np.full(len(moments), -1)
    first = MOTIONS.index(play.scene.motion)
    last = MOTIONS.index(play.scene.then) if play.scene.then else first
    return np.where(moments < play.phases[0].end, first, last)


def _moments(play: Play, rng: np.random.Generator) -> np.ndarray:
    """When a window looks: anywhere within what happens, or a little before or after."""
    spare = play.length - FRAMES / FPS
    slack = 0.4 if play.scene.then is None else 0.2
    start = rng.uniform(min(0.0, spare) - slack, max(0.0, spare) + slack)
    return start + np.arange(FRAMES) / FPS


def _roughen(
    frames: np.ndarray, scenes: Sequence[Scene], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Light noise everywhere; in some clips the first or last frames show another clip.

    Also returns which frames are still the clip's own, bool [B, FRAMES].
    """
    result, intact = frames.copy(), np.ones(frames.shape[:2], bool)
    for row in map(int, np.flatnonzero(rng.random(len(frames)) < 0.3)):
        most = 1 if scenes[row].then else 2
        cut = int(rng.integers(1, most + 1))
        if rng.random() < 0.5:
            result[row, :cut], intact[row, :cut] = frames[row - 1, -cut:], False
        else:
            result[row, -cut:], intact[row, -cut:] = frames[row - 1, :cut], False
    start = int(rng.integers(len(_NOISE) // 2))
    for row in range(len(result)):
        grain = np.resize(_NOISE[start + 997 * row :][: result[row].size], result[row].shape)
        result[row] = np.clip(result[row] + grain * rng.uniform(0, 3) + 0.5, 0, 255)
    return result, intact


def say(scene: Scene, rng: np.random.Generator) -> Scene:
    """What a caption tells of a scene: everything, or only some of it."""
    if rng.random() < 0.5:
        return scene
    if scene.is_pair and rng.random() < 0.25:
        return Scene(shape=scene.shape, colour=scene.colour)
    while True:
        keep = rng.random(10) < 0.55
        values = [value if kept else None for value, kept in zip(scene.values, keep, strict=True)]
        said = Scene(*values)
        motions = {"motion": scene.motion, "then": scene.then} if said.motion else {}
        said = replace(said, **({"motion": None, "then": None} | motions))
        if said.is_pair and not (said.shape or said.colour):
            continue
        if scene.is_pair and not said.is_pair:
            said = replace(said, relation=None)
        if said != Scene():
            return said


def misstatements(said: Scene, rng: np.random.Generator, count: int) -> list[Scene]:
    """`count` variants of what was said, each wrong in one attribute, all attributes in turn.

    Shapes and relations, the last to be learned, come thrice as often.
    """
    kinds = changeable(said)
    kinds += 2 * [kind for kind in kinds if kind in ("shape", "other_shape", "relation")]
    order = rng.permutation(len(kinds))
    return [changed(said, kinds[order[i % len(kinds)]], rng) for i in range(count)]


def changeable(said: Scene) -> list[str]:
    """The attributes that `changed` can change in what was said."""
    kinds = [name for name in VALUES if getattr(said, name) is not None]
    if said.then:
        kinds.append("order")
    elif said.motion in PAIRED_MOTIONS:
        kinds.append("more")
    if said.is_pair:
        kinds += ["side"] * (said.relation is not None)
        kinds += ["binding"] * (None not in (said.colour, said.other_colour, said.shape))
    return kinds


def changed(said: Scene, kind: str, rng: np.random.Generator) -> Scene:
    """The same words with one thing changed: an attribute, or

    `order`: the motions the other way round; `more`: a second motion that does not come; `side`:
    the opposite relation; `binding`: the colours of both things swapped.
    """
    if kind == "order":
        return replace(said, motion=said.then, then=said.motion)
    if kind == "side":
        return replace(said, relation=OPPOSITE[said.relation or ""])
    if kind == "binding":
        return replace(said, colour=said.other_colour, other_colour=said.colour)
    if kind == "more":
        other = _other(said, "then", rng)
        first = rng.random() < 0.5
        pair = (said.motion, other) if first else (other, said.motion)
        return replace(said, motion=pair[0], then=pair[1])
    return replace(said, **{kind: _other(said, kind, rng)})


def _other(said: Scene, name: str, rng: np.random.Generator) -> str:
    """Another value for an attribute, such that the scene remains possible."""
    taken = {getattr(said, name)}
    if name in ("motion", "then"):
        taken |= {said.motion, said.then} | ({"spin"} if said.shape in ROUND else set())
        name = "then" if said.then else name
    values = VALUES[name]
    if name.endswith(("shape", "colour")):
        taken |= {getattr(said, name.removeprefix("other_")), getattr(said, _partner(name))}
        if "spin" in (said.motion, said.then):
            taken |= set(ROUND)
    free = [value for value in values if value not in taken]
    return free[int(rng.integers(len(free)))]


def _partner(name: str) -> str:
    return name.removeprefix("other_") if name.startswith("other_") else f"other_{name}"
