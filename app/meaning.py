"""What a question means in one index: its words, examples and moments as vectors.

Knows where the vectors of each kind of condition come from, and what people call it. Does not know
how a question is written (asking.py) or ranked.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NoReturn

import numpy as np

from app.asking import Asked, Place, Term
from app.describe import example_url, poster_url
from app.errors import GoneError, NotFoundError
from app.found import ConditionOut
from indexer.errors import UnknownMoment, UnknownVideo
from indexer.examples import Example, Examples
from indexer.index import Index
from indexer.library import Library
from indexer.question import Condition, Question

_Gone = NotFoundError | UnknownMoment | UnknownVideo
_GONE = (NotFoundError, UnknownMoment, UnknownVideo)


class Meaning:
    """Turns what was asked into vectors of one index, which stays the same for a whole answer."""

    def __init__(self, index: Index, library: Library, examples: Examples) -> None:
        self._index = index
        self._library = library
        self._examples = examples
        self._gone: dict[str, _Gone] = {}

    @property
    def ignored(self) -> list[str]:
        """What was liked or disliked and is no longer there, as a question writes it."""
        return list(self._gone)

    def question(self, asked: Asked) -> Question:
        """The question in vectors, without liked and disliked moments that are gone.

        Raises GoneError for conditions that are gone, and where nothing is left to look for.
        """
        steps = [
            tuple(filter(None, map(self._still_there, terms)))
            for _, terms in groupby(asked.terms, key=lambda term: term.step)
        ]
        if self._gone:
            self._refuse()
        liked = self._segments("like", asked.liked)
        disliked = self._segments("dislike", asked.disliked)
        if not asked.terms and liked is None and disliked is None:
            self._refuse()
        return Question(tuple(steps) or ((),), asked.wishes.gap, liked, disliked)

    def _still_there(self, term: Term) -> Condition | None:
        try:
            return self._condition(term)
        except _GONE as error:
            self._gone[f"{term.role}={term.value}"] = error
            return None

    def _refuse(self) -> NoReturn:
        first = next(iter(self._gone.values()))
        raise GoneError(str(first), self.ignored, first.code) from first

    def _condition(self, term: Term) -> Condition:
        weight = -term.weight if term.role == "not" else term.weight
        said = term.text if term.kind == "words" else None
        return Condition(np.atleast_2d(self._vectors(term)), weight, said)

    def _vectors(self, term: Term) -> np.ndarray:
        search = self._index.search
        if term.place is not None:
            return search.segment(term.place.video_id, term.place.index).vector
        if term.stretch is not None:
            return search.stretch(*term.stretch)
        if term.kind == "clip":
            return self._example(term.text).vectors
        return search.text_vector(term.text)

    def _segments(self, name: str, places: Sequence[Place]) -> np.ndarray | None:
        found = []
        for one in places:
            try:
                found.append(self._index.search.segment(one.video_id, one.index).vector)
            except _GONE as error:
                self._gone[f"{name}={one.video_id}:{one.index}"] = error
        return np.stack(found) if found else None

    def _example(self, query_id: str) -> Example:
        example = self._examples.get(query_id, self._index.key)
        if example is None:
            raise NotFoundError("This example is no longer remembered. Please give it again.")
        return example

    def describe(self, term: Term) -> ConditionOut:
        """One condition for people, once it is known that there is such a thing."""
        return ConditionOut(
            step=term.step,
            role=term.role,
            kind=term.kind,
            value=term.value,
            label=self._label(term),
            weight=term.weight,
            poster=self._poster(term),
        )

    def _label(self, term: Term) -> str:
        if term.kind == "clip":
            return self._example(term.text).label
        if term.place is not None:
            segment = self._index.search.segment(term.place.video_id, term.place.index)
            return self._title(term.place.video_id, segment.start, segment.end)
        return self._title(*term.stretch) if term.stretch is not None else term.text

    def _title(self, video_id: str, start: float, end: float) -> str:
        return f"{self._library.need(video_id).title}, {clock(start)}-{clock(end)}"

    def _poster(self, term: Term) -> str | None:
        if term.kind == "clip":
            return example_url(term.text)
        if term.place is not None:
            return poster_url(term.place.video_id, term.place.index)
        if term.stretch is None:
            return None
        video_id, start, end = term.stretch
        return poster_url(video_id, self._index.search.segment_at(video_id, (start + end) / 2))


def clock(seconds: float) -> str:
    """Seconds as people read them on a player: 1:02, or 1:00:02."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    start = f"{hours}:{minutes:02}" if hours else str(minutes)
    return f"{start}:{whole % 60:02}"
