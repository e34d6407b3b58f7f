"""Texts to vectors: a few fixed shapes, and a memory of the latest texts.

Knows tokens, length buckets and the cache. The text tower itself is handed in; frames are
windows.py's.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from itertools import islice
from threading import Event, Lock

import numpy as np
from jaxtyping import Array, Float, Int

from encoder.errors import InvalidInput
from encoder.tokenizers import SentencePieceTokenizer, tokenize_texts
from encoder.windows import check_vectors

Tower = Callable[[Int[np.ndarray, "B L"], Float[np.ndarray, "B L"]], Float[Array, "B D"]]

Vector = Future[Float[np.ndarray, " dim"]]

LENGTHS = (16, 32, 64)
"""Tokens that a batch is padded to; the last is what the models were trained with."""
SIZES = (1, 2, 4, 8)
"""Texts that a batch is padded to. Eight take about four times as long as one."""
REMEMBERED = 4096
"""Texts whose vectors are kept: 13 MB at most in the public models."""


class Phrases:
    """Embeds texts, and remembers the latest.

    Any number of threads may ask at once. A text that several want is computed once, and what
    comes while the tower is busy is computed together afterwards.
    """

    def __init__(self, tower: Tower, tokenizer: SentencePieceTokenizer, dim: int) -> None:
        self._tower = tower
        self._tokenizer = tokenizer
        self._dim = dim
        self._known: OrderedDict[str, Float[np.ndarray, " dim"]] = OrderedDict()
        self._coming: dict[str, Vector] = {}
        self._lock = Lock()
        self._turn = Lock()  # held by the one who computes

    def compile_ahead(self, stopped: Event) -> None:
        """Run the tower in each of its shapes, small ones first, so that no text waits for that.

        Once `stopped`, no further one is begun.
        """
        for size in SIZES:
            for length in LENGTHS:
                if stopped.is_set():
                    return
                self._tower(
                    np.zeros((size, length), np.int32), np.zeros((size, length), np.float32)
                )

    def embed(self, texts: Iterable[str]) -> Float[np.ndarray, "N dim"]:
        """Return a unit vector in float32 for each text.

        Raises InvalidInput for what is not a text, or has no word in it.
        """
        if isinstance(texts, str):
            raise InvalidInput("Give a list of texts, even for one.")
        rows = [row for batch in _batches(texts) for row in self._embed_batch(batch)]
        return np.stack(rows) if rows else np.empty((0, self._dim), np.float32)

    def _embed_batch(self, texts: Sequence[str]) -> list[Float[np.ndarray, " dim"]]:
        for text in texts:
            _check(text)
        found, coming = self._recall(texts)
        for text, vector in coming.items():
            while not vector.done():
                self._take_turn(vector)
            found[text] = vector.result()
        return [found[text] for text in texts]

    def _take_turn(self, wanted: Vector) -> None:
        """Compute what was asked for first, whoever wants it, unless `wanted` came meanwhile."""
        with self._turn:
            if wanted.done():
                return
            with self._lock:
                batch = dict(islice(self._coming.items(), SIZES[-1]))
            self._deliver(batch)

    def _deliver(self, batch: dict[str, Vector]) -> None:
        """Compute the vectors of some texts, and give them to all who wait."""
        try:
            # A copy, because a row that is kept would keep its whole batch.
            rows = [row.copy() for row in self._compute(list(batch))]
        except Exception as error:
            self._remember({}, batch)
            for vector in batch.values():
                vector.set_exception(error)
            return
        self._remember(dict(zip(batch, rows, strict=True)), batch)
        for vector, row in zip(batch.values(), rows, strict=True):
            vector.set_result(row)

    def _compute(self, texts: list[str]) -> Float[np.ndarray, "N dim"]:
        ids, paddings = tokenize_texts(self._tokenizer, texts)
        longest = int((paddings < 0.5).sum(axis=1).max())
        length = next(n for n in LENGTHS if n >= longest)
        size = next(n for n in SIZES if n >= len(texts))
        spare = ((0, size - len(texts)), (0, 0))
        vectors = self._tower(
            np.pad(ids[:, :length], spare, mode="edge"),
            np.pad(paddings[:, :length], spare, mode="edge"),
        )
        return check_vectors(np.asarray(vectors)[: len(texts)])

    def _recall(
        self, texts: Sequence[str]
    ) -> tuple[dict[str, Float[np.ndarray, " dim"]], dict[str, Vector]]:
        """What is known, and what comes: from now on it is waited for."""
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
            for text in found:
                self._known.move_to_end(text)
            unknown = [text for text in dict.fromkeys(texts) if text not in found]
            return found, {text: self._coming.setdefault(text, Future()) for text in unknown}

    def _remember(self, vectors: dict[str, Float[np.ndarray, " dim"]], done: Iterable[str]) -> None:
        with self._lock:
            self._known |= vectors
            for text in done:
                del self._coming[text]
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(texts)
    while batch := list(islice(remaining, SIZES[-1])):
        yield batch


def _check(text: str) -> None:
    if not isinstance(text, str):
        raise InvalidInput(f"A text must be a string, not {type(text).__name__}.")
    if not any(character.isalnum() for character in text):
        raise InvalidInput("A text needs at least one word.")
