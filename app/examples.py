"""Example videos given as queries: their vectors, for as long as they are likely to be asked for.

Knows the last few examples by the hash of their bytes. Keeps no file: once embedded, an example is
a vector and a name.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

KEPT = 256


@dataclass(frozen=True)
class Example:
    """One example video: the name it came with, and its unit vectors (float32 [Q, dim]).

    They mean something in one collection only, whose key it keeps.
    """

    query_id: str
    label: str
    vector: np.ndarray
    collection: str


class Examples:
    """The most recent examples; safe to use from several threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Example] = OrderedDict()
        self._lock = threading.Lock()

    def remember(self, example: Example) -> None:
        """Keep an example, letting go of the one unused for longest when there are too many."""
        with self._lock:
            self._known[example.query_id] = example
            self._known.move_to_end(example.query_id)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)

    def get(self, query_id: str) -> Example | None:
        """The example under this id, or None once it has been let go."""
        with self._lock:
            if query_id in self._known:
                self._known.move_to_end(query_id)
            return self._known.get(query_id)
