"""The language that questions are asked in: what a page's address and the API's parameters say.

Knows names, order and bounds of the parameters, and turns them into plain values. Knows neither
vectors nor the library: meaning.py gives what is named here its vectors.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import ApiError
from app.narrowing import read_filters
from indexer.filters import Filters
from indexer.order import Sort
from indexer.question import GAP

Role = Literal["q", "and", "not", "then"]
Kind = Literal["words", "clip", "moment", "range"]
MOST_TERMS = 16
MOST_LIKES = 100
LONGEST = 500  # characters

_ID = "[0-9a-f]{64}"
_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"  # \d is every script's digits, in a page only these
_WEIGHT = re.compile(rf"({_NUMBER}|\.[0-9]{{1,9}})\*(.*)", re.DOTALL)
_KIND = re.compile(r"(words|clip|moment|range):(.*)", re.DOTALL)
_MOMENT = re.compile(rf"({_ID}):([0-9]{{1,7}})")
_RANGE = re.compile(rf"({_ID}):({_NUMBER})-({_NUMBER})")


@dataclass(frozen=True)
class Place:
    """One segment of one video."""

    video_id: str
    index: int


@dataclass(frozen=True)
class Term:
    """One condition of a question: in which step, in which role, how much it counts.

    `text` is what was said: the words, an example's id, or what `place` or `stretch` stand for.
    """

    step: int
    role: Role
    kind: Kind
    text: str
    weight: float = 1.0
    place: Place | None = None
    stretch: tuple[str, float, float] | None = None

    @property
    def value(self) -> str:
        """The condition as it is written, without its weight."""
        if self.kind != "words":
            return f"{self.kind}:{self.text}"
        plain = _WEIGHT.fullmatch(self.text) is None and _KIND.fullmatch(self.text) is None
        return self.text if plain else f"words:{self.text}"


class Wishes(BaseModel):
    """How the answer is to be; `gap` in seconds, `least` a percentage of the library's segments."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    gap: float = Field(default=GAP, ge=0, le=86_400)
    sort: Sort = "best"
    per_video: int = Field(default=3, ge=1, le=50)
    group: Literal["video"] | None = None
    least: float | None = Field(default=None, gt=0, le=100)
    limit: int = Field(default=24, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=1_000_000)


@dataclass(frozen=True)
class Asked:
    """A whole question: what is looked for, where, and how the answer is to be."""

    terms: tuple[Term, ...] = ()
    liked: tuple[Place, ...] = ()
    disliked: tuple[Place, ...] = ()
    filters: Filters = field(default_factory=Filters)
    wishes: Wishes = field(default_factory=Wishes)

    @property
    def browses(self) -> bool:
        """Whether nothing is looked for: then what the filters leave is shown."""
        return not (self.terms or self.liked or self.disliked)


def read(parameters: Iterable[tuple[str, str]]) -> Asked:
    """A question from names and values, whose order counts; names of other things are passed over.

    Raises ApiError for what is not understood, saying which parameter it is.
    """
    given: dict[str, list[str]] = {}
    terms: list[Term] = []
    for name, value in parameters:
        if name in get_args(Role):
            terms.append(_term(name, value, terms))
        given.setdefault(name, []).append(value)
    if len(terms) > MOST_TERMS:
        raise ApiError(f"A question has at most {MOST_TERMS} conditions.")
    return Asked(
        terms=tuple(terms),
        liked=_places("like", given),
        disliked=_places("dislike", given),
        filters=read_filters(given),
        wishes=_wishes(given),
    )


def _term(name: str, value: str, before: list[Term]) -> Term:
    if name == "q" and before:
        raise ApiError("“q” begins a question: say it once and first, and “and” for what else.")
    step = before[-1].step if before else 0
    if name == "then" and before:
        step += 1
    weight, rest = 1.0, value.strip()
    if weighed := _WEIGHT.fullmatch(rest):
        weight, rest = float(weighed[1]), weighed[2].strip()
        if weight > 100:
            raise ApiError(f"“{name}”: a weight is at most 100.")
    return _named(name, step, weight, rest)


def _named(name: str, step: int, weight: float, rest: str) -> Term:
    """A condition of any kind from what follows its weight."""
    known = _KIND.fullmatch(rest)
    kind, text = (known[1], known[2].strip()) if known else ("words", rest)
    term = Term(step, name, kind, text, weight)  # type: ignore[arg-type]
    if kind == "words":
        if not 1 <= len(text) <= LONGEST:
            raise ApiError(f"“{name}” needs words: at least one, and {LONGEST} characters at most.")
        return term
    if kind == "clip" and re.fullmatch(_ID, text):
        return term
    if kind == "moment":
        return Term(step, term.role, term.kind, text, weight, place=place(name, text))
    if kind == "range":
        return Term(step, term.role, term.kind, text, weight, stretch=stretch(name, text))
    raise ApiError(f"“{name}” is not usable: “{kind}:” is followed by {_FORMS[kind]}.")


_FORMS = {
    "clip": "the query_id of an example",
    "moment": "a video's id, a colon and the index of a segment",
    "range": "a video's id, a colon, and from-to in seconds",
}


def place(name: str, text: str) -> Place:
    """A moment as it is written, `<video_id>:<index>`. Raises ApiError."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ApiError(f"“{name}” is not usable: a moment is {_FORMS['moment']}.")
    return Place(found[1], int(found[2]))


def stretch(name: str, text: str) -> tuple[str, float, float]:
    """A stretch as it is written, `<video_id>:<start>-<end>` in seconds. Raises ApiError."""
    found = _RANGE.fullmatch(text)
    if found is None or float(found[2]) >= float(found[3]):
        raise ApiError(f"“{name}” is not usable: a stretch is {_FORMS['range']}.")
    return found[1], float(found[2]), float(found[3])


def _places(name: str, given: dict[str, list[str]]) -> tuple[Place, ...]:
    texts = dict.fromkeys(given.get(name, ()))  # liked twice is liked
    if len(texts) > MOST_LIKES:
        raise ApiError(f"“{name}” can be said {MOST_LIKES} times at most.")
    return tuple(place(name, text) for text in texts)


def _wishes(given: dict[str, list[str]]) -> Wishes:
    said = {name: given[name] for name in Wishes.model_fields if name in given}
    for name, values in said.items():
        if len(values) > 1:
            raise ApiError(f"“{name}” can be said only once.")
    try:
        return Wishes.model_validate({name: values[0] for name, values in said.items()})
    except ValidationError as error:
        first = error.errors()[0]
        raise ApiError(f"“{first['loc'][0]}” is not usable: {first['msg']}.") from error
