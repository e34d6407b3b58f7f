"""Puts scenes of the toy world into words: many phrasings, some kept for evaluation alone.

The same seed gives the same phrasing, so that a scene and its neighbour with one attribute
changed differ in that attribute's words only. Knows nothing of tokens or pixels.
"""

import random
from collections.abc import Callable
from typing import TypeVar

from encoder.toy.scenes import OPPOSITE, Scene

_T = TypeVar("_T")

_SHAPES = {
    "circle": ("circle", "disc", "ball"),
    "square": ("square", "box"),
    "triangle": ("triangle",),
    "star": ("star",),
    "cross": ("cross", "plus sign"),
    "ring": ("ring", "hoop"),
    "": ("shape", "thing", "object"),
}
_SIZES = {"small": ("small", "little", "tiny"), "large": ("large", "big", "huge")}
_COUNTS = {"1": ("a", "a", "a", "one"), "2": ("two", "2", "a pair of"), "3": ("three", "3")}
_GROUNDS = {
    "black": ("black",),
    "grey": ("grey", "gray"),
    "brown": ("brown",),
    "striped": ("striped",),
    "checkered": ("checkered", "chequered"),
    "dotted": ("dotted", "spotted"),
}
_PLACES = ("on", "over", "in front of", "against")
_BACKDROPS = ("background", "backdrop", "ground")
_VERBS = {  # one thing does, several do, doing
    "left": (
        ("moves left", "move left", "moving left"),
        ("goes to the left", "go to the left", "going to the left"),
        ("slides left", "slide left", "sliding left"),
    ),
    "right": (
        ("moves right", "move right", "moving right"),
        ("goes to the right", "go to the right", "going to the right"),
        ("slides right", "slide right", "sliding right"),
    ),
    "up": (
        ("moves up", "move up", "moving up"),
        ("rises", "rise", "rising"),
        ("goes upwards", "go upwards", "going upwards"),
    ),
    "down": (
        ("moves down", "move down", "moving down"),
        ("falls", "fall", "falling"),
        ("goes downwards", "go downwards", "going downwards"),
    ),
    "spin": (
        ("spins", "spin", "spinning"),
        ("turns", "turn", "turning"),
        ("rotates", "rotate", "rotating"),
    ),
    "grow": (("grows", "grow", "growing"), ("gets bigger", "get bigger", "getting bigger")),
    "shrink": (
        ("shrinks", "shrink", "shrinking"),
        ("gets smaller", "get smaller", "getting smaller"),
    ),
    "blink": (("blinks", "blink", "blinking"), ("flashes", "flash", "flashing")),
    "still": (
        ("stays still", "stay still", "staying still"),
        ("stands still", "stand still", "standing still"),
        ("does not move", "do not move", "not moving"),
    ),
    "orbit": (
        ("circles around", "circle around", "circling around"),
        ("goes round in circles", "go round in circles", "going round in circles"),
    ),
}
_ADJECTIVES = {
    "spin": ("spinning", "turning", "rotating"),
    "grow": ("growing",),
    "shrink": ("shrinking",),
    "blink": ("blinking", "flashing"),
    "still": ("still", "unmoving"),
}
_RELATIONS = {
    "left of": ("left of", "to the left of"),
    "right of": ("right of", "to the right of"),
    "above": ("above", "higher than"),
    "below": ("below", "under", "beneath"),
}
_SIDES = {
    "left of": ("on its left", "to its left"),
    "right of": ("on its right", "to its right"),
    "above": ("above it",),
    "below": ("below it", "under it"),
}
_OPENINGS = (
    "show me",
    "find",
    "look at",
    "here is",
    "this is",
    "now",
    "i want to see",
    "a scene with",
    "the moment when",
    "footage of",
    "a picture of",
    "suddenly",
)

# In the frames below `~` stands for a word that means nothing, so that a word which the model does
# not know does not upset it. Some begin like a word that it does know.
_STEMS = ("after", "be", "in", "left", "on", "over", "red", "right", "the", "up", "with")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

_Template = Callable[[str, str, str, str], str]  # subject, what it does, doing, where

_SEEN: tuple[_Template, ...] = (
    lambda who, does, doing, where: f"{who} {does} {where}",
    lambda who, does, doing, where: f"{who} {doing} {where}",
    lambda who, does, doing, where: f"a video of {who} {doing} {where}",
    lambda who, does, doing, where: f"a video of {who} {doing} {where}",
    lambda who, does, doing, where: f"{where} {who} {does}",
    lambda who, does, doing, where: f"{where} there is {who} {doing}",
    lambda who, does, doing, where: f"there is {who} {doing} {where}",
    lambda who, does, doing, where: f"{who} that {does} {where}" if does else f"{who} {where}",
    lambda who, does, doing, where: f"~ ~ {who} {doing} {where}",
    lambda who, does, doing, where: f"~ ~ ~ {who} {does} {where}",
    lambda who, does, doing, where: f"{who} ~ {doing} {where}",
    lambda who, does, doing, where: f"{where} ~ ~ ~ {who} {doing}",
    lambda who, does, doing, where: f"~ ~ {who} ~ {does} {where}",
)
_UNSEEN: tuple[_Template, ...] = (
    lambda who, does, doing, where: f"in this clip {who} {does} {where}",
    lambda who, does, doing, where: f"{where} you can watch {who} {doing}",
    lambda who, does, doing, where: f"{who} seen {doing} {where}",
    lambda who, does, doing, where: f"we notice {who} which {does} {where}",
)
_Joint = Callable[[tuple[str, str], tuple[str, str]], tuple[str, str]]
_SEEN_JOINTS: tuple[_Joint, ...] = (
    lambda a, b: (f"{a[0]} then {b[0]}", f"{a[1]} then {b[1]}"),
    lambda a, b: (f"{a[0]} and then {b[0]}", f"{a[1]} and then {b[1]}"),
    lambda a, b: (f"first {a[0]} then {b[0]}", f"first {a[1]} then {b[1]}"),
    lambda a, b: (f"{a[0]} before {b[1]}", f"{a[1]} before {b[1]}"),
    lambda a, b: (f"{b[0]} after {a[1]}", f"{b[1]} after {a[1]}"),
    lambda a, b: (f"{a[0]} and ~ {b[0]}", f"{a[1]} and ~ {b[1]}"),
)
_UNSEEN_JOINTS: tuple[_Joint, ...] = (
    lambda a, b: (f"{a[0]} and afterwards {b[0]}", f"{a[1]} and afterwards {b[1]}"),
    lambda a, b: (f"{a[0]} and finally {b[0]}", f"{a[1]} and finally {b[1]}"),
)


def caption(said: Scene, seed: int, unseen: bool = False) -> str:
    """One sentence, or a few keywords, that say just what `said` says.

    `unseen` takes a frame of words that training never uses.
    """
    words = _Words(seed, plural=said.count in ("2", "3"), unseen=unseen)
    keywords = not unseen and words.chance(0.15)
    adjective = not unseen and words.chance(0.3)
    template = words.pick(_UNSEEN if unseen else _SEEN)
    opening = words.pick(_OPENINGS) if words.chance(0.15) and not unseen else ""
    who = words.subject(said, keywords, adjective)
    does, doing = words.predicate(said, keywords, adjective)
    where = words.where(said, keywords)
    if keywords:
        return _tidy(words.with_strays(f"{who} {doing} {where}"))
    return _tidy(words.with_strays(f"{opening} {template(who, does, doing, where)}"))


def plain_caption(said: Scene) -> str:
    """The plainest sentence: first words of every list, `two small stars move left then spin`."""
    many = said.count in ("2", "3")
    article = _COUNTS[said.count or "1"][0]
    name = _plural(said.shape or "shape") if many else said.shape or "shape"
    does = f"{article} {said.size or ''} {said.colour or ''} {name}"
    if said.is_pair:
        does += f" {said.relation or 'and'} a {said.other_colour or ''} {said.other_shape or ''}"
    motions = [_VERBS[m][0][many] for m in (said.motion, said.then) if m]
    ground = f"on a {said.background} background" if said.background else ""
    return _tidy(f"{does} {' then '.join(motions)} {ground}")


def _plural(name: str) -> str:
    return name + ("es" if name.endswith(("s", "x")) else "s")


def _tidy(text: str) -> str:
    words = text.split()
    for index, word in enumerate(words[:-1]):
        if word == "a" and words[index + 1][0] in "aeiou":
            words[index] = "an"
    return " ".join(words)


class _Words:
    """Choices of words, the same for the same seed."""

    def __init__(self, seed: int, plural: bool, unseen: bool) -> None:
        self._random = random.Random(seed)
        self._stray = random.Random(seed + 1)
        self._plural = plural
        self._joints = _UNSEEN_JOINTS if unseen else _SEEN_JOINTS

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def pick(self, options: tuple[_T, ...]) -> _T:
        return options[int(self._random.random() * len(options))]

    def with_strays(self, text: str) -> str:
        """The text with a meaningless word for every `~`."""
        return " ".join(self._one_stray() if word == "~" else word for word in text.split())

    def _one_stray(self) -> str:
        stem = self._stray.choice(_STEMS) if self._stray.random() < 0.25 else ""
        length = self._stray.randint(2, 4) if stem else self._stray.randint(3, 5)
        return stem + "".join(self._stray.choices(_LETTERS, k=length))

    def subject(self, said: Scene, keywords: bool, adjective: bool) -> str:
        """`two small red circles`; without article and number among keywords."""
        only_motion = not (said.shape or said.colour or said.size or said.count)
        if only_motion and (keywords or (said.background and not said.motion)):
            return ""
        motion = self.pick(_ADJECTIVES.get(said.motion or "", ("",))) if adjective else ""
        motion = "" if said.then else motion
        bare = keywords and said.count in (None, "1")
        count = "" if bare else self.pick(_COUNTS[said.count or "1"])
        size = self.pick(_SIZES[said.size]) if said.size else ""
        return (
            f"{count} {size} {motion} {said.colour or ''} {self._shape(said.shape, self._plural)}"
        )

    def predicate(self, said: Scene, keywords: bool, adjective: bool) -> tuple[str, str]:
        """What it does (or where it is to the other thing), in two forms."""
        if said.is_pair:
            return self._beside(said, keywords)
        if said.motion is None or (adjective and not said.then and said.motion in _ADJECTIVES):
            return "", ""
        first = self._verb(said.motion)
        return self.pick(self._joints)(first, self._verb(said.then)) if said.then else first

    def where(self, said: Scene, keywords: bool) -> str:
        """`on a striped background`, or nothing."""
        place, backdrop = self.pick(_PLACES), self.pick(_BACKDROPS)
        if said.background is None:
            return ""
        ground = f"{self.pick(_GROUNDS[said.background])} {backdrop}"
        return ground if keywords else f"{place} a {ground}"

    def _shape(self, shape: str | None, plural: bool) -> str:
        name = self.pick(_SHAPES[shape or ""])
        return _plural(name) if plural else name

    def _verb(self, motion: str) -> tuple[str, str]:
        one, many, doing = self.pick(_VERBS[motion])
        return (many if self._plural else one), doing

    def _beside(self, said: Scene, keywords: bool) -> tuple[str, str]:
        article = "" if keywords else "a"
        other = f"{article} {said.other_colour or ''} {self._shape(said.other_shape, False)}"
        with_side = self.chance(0.25)
        if said.relation is None:
            joined = f"{self.pick(('and', 'and', 'with'))} {other}"
            return joined, joined
        if with_side:
            side = f"{other} {self.pick(_SIDES[OPPOSITE[said.relation]])}"
            return f"has {side}", f"with {side}"
        relation = self.pick(_RELATIONS[said.relation])
        return f"is {relation} {other}", f"{relation} {other}"
