"""Measures a toy model on clips that it never saw: recall, and every attribute by itself.

Recall over many clips hides an attribute that is ignored, so each is asked for alone: is the own
caption nearer than the same caption with that one thing changed? Takes any two functions that
embed clips and texts, so it serves the training and the shipped model alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from encoder.toy.captions import caption
from encoder.toy.lessons import changeable, changed, film
from encoder.toy.scenes import Scene, contradicts, random_scene

EmbedClips = Callable[[np.ndarray], np.ndarray]  # uint8 [N, T, P, P, 3] to unit rows [N, D]
EmbedTexts = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Scores:
    """Shares between 0 and 1, all over held-out clips unless asked otherwise."""

    clips: int
    recall_1: float
    recall_5: float
    unseen_recall_1: float  # with phrasings that training never uses
    attributes: dict[str, float]  # own caption above the changed one
    tried: dict[str, int]  # clips that have the attribute

    def lines(self) -> list[str]:
        """The scores as rows of a table."""
        recalls = [
            ("text to video, R@1", self.recall_1, self.clips),
            ("text to video, R@5", self.recall_5, self.clips),
            ("R@1 with unseen phrasings", self.unseen_recall_1, self.clips),
        ]
        names = sorted(self.attributes)
        rows = recalls + [(name, self.attributes[name], self.tried[name]) for name in names]
        return [f"| {name} | {value:.3f} | {count} |" for name, value, count in rows]


def examine(
    embed_clips: EmbedClips,
    embed_texts: EmbedTexts,
    seed: int,
    clips: int = 512,
    held_out: bool = True,
) -> Scores:
    """Scores on `clips` newly drawn clips of different scenes, the same for the same seed."""
    rng = np.random.default_rng(seed)
    scenes = different_scenes(clips, rng, held_out)
    videos = embed_clips(film(scenes, rng))
    seeds = [int(s) for s in rng.integers(2**31, size=clips)]
    own = embed_texts([caption(s, n) for s, n in zip(scenes, seeds, strict=True)])
    unseen = embed_texts([caption(s, n, True) for s, n in zip(scenes, seeds, strict=True)])
    ranks, unseen_ranks = _ranks(own @ videos.T), _ranks(unseen @ videos.T)
    won = _attributes(scenes, seeds, videos, own, embed_texts, rng)
    return Scores(
        clips=clips,
        recall_1=float((ranks < 1).mean()),
        recall_5=float((ranks < 5).mean()),
        unseen_recall_1=float((unseen_ranks < 1).mean()),
        attributes={name: float(np.mean(results)) for name, results in won.items()},
        tried={name: len(results) for name, results in won.items()},
    )


def different_scenes(count: int, rng: np.random.Generator, held_out: bool) -> list[Scene]:
    """Scenes of which no full caption is true of two."""
    scenes: list[Scene] = []
    while len(scenes) < count:
        scene = random_scene(rng, held_out)
        if not scenes or contradicts([scene], scenes).all():
            scenes.append(scene)
    return scenes


def _ranks(similarity: np.ndarray) -> np.ndarray:
    """How many clips come before the right one, for each text; equal scores count against it."""
    right = np.diag(similarity)[:, None]
    before: np.ndarray = (similarity >= right).sum(axis=1) - 1
    return before


def _attributes(
    scenes: Sequence[Scene],
    seeds: Sequence[int],
    videos: np.ndarray,
    own: np.ndarray,
    embed_texts: EmbedTexts,
    rng: np.random.Generator,
) -> dict[str, list[bool]]:
    cases = [(row, kind) for row, scene in enumerate(scenes) for kind in changeable(scene)]
    texts = [caption(changed(scenes[row], kind, rng), seeds[row]) for row, kind in cases]
    others = embed_texts(texts)
    won: dict[str, list[bool]] = {}
    for (row, kind), other in zip(cases, others, strict=True):
        result = bool(videos[row] @ own[row] > videos[row] @ other)
        won.setdefault(_name(scenes[row], kind), []).append(result)
    return won


_NAMES = {
    "then": "second motion",
    "order": "order of motions (A then B, B then A)",
    "more": "one motion, not two",
    "side": "relation, the opposite one",
    "binding": "which colour belongs to which thing",
    "other_shape": "shape of the other thing",
    "other_colour": "colour of the other thing",
}


def _name(scene: Scene, kind: str) -> str:
    if kind == "motion" and scene.then:
        return "first motion"
    return _NAMES.get(kind, kind)
