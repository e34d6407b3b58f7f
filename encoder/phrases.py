"""Texts to vectors: a few fixed shapes, and a memory of the latest texts.

Knows tokens, length buckets and the cache. The text tower itself is handed in; frames are
windows.py's.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from itertools import islice
from threading import Lock

import numpy as np
from jaxtyping import Array, Float, Int

from encoder.errors import InvalidInput
from encoder.tokenizers import SentencePieceTokenizer, tokenize_texts
from encoder.windows import check_vectors

Tower = Callable[[Int[np.ndarray, "B L"], Float[np.ndarray, "B L"]], Float[Array, "B D"]]

Vector = Future[Float[np.ndarray, " dim"]]

LENGTHS = (16, 32, 64)
"""Tokens that a batch is padded to; the last is what the models were trained with."""
SIZES = (1, 8)
"""Texts that a batch is padded to."""
REMEMBERED = 4096
"""Texts whose vectors are kept: 13 MB at most in the public models."""


class Phrases:
    """Embeds texts, and remembers the latest.

    Any number of threads may ask at once; a text that several want is computed once.
    """

    def __init__(self, tower: Tower, tokenizer: SentencePieceTokenizer, dim: int) -> None:
        self._tower = tower
        self._tokenizer = tokenizer
        self._dim = dim
        self._known: OrderedDict[str, Float[np.ndarray, " dim"]] = OrderedDict()
        self._coming: dict[str, Vector] = {}
        self._lock = Lock()

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
        found, new, awaited = self._recall(texts)
        if new:
            found |= self._delivered(new)
        found |= {text: future.result() for text, future in awaited.items()}
        return [found[text] for text in texts]

    def _delivered(self, new: dict[str, Vector]) -> dict[str, Float[np.ndarray, " dim"]]:
        """The vectors of texts that are nobody else's to compute, given to all who wait."""
        try:
            # A copy, because a row that is kept would keep its whole batch.
            rows = [row.copy() for row in self._compute(list(new))]
        except BaseException as error:
            self._remember({}, new)
            for future in new.values():
                future.set_exception(error)
            raise
        vectors = dict(zip(new, rows, strict=True))
        self._remember(vectors, new)
        for text, future in new.items():
            future.set_result(vectors[text])
        return vectors

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
    ) -> tuple[dict[str, Float[np.ndarray, " dim"]], dict[str, Vector], dict[str, Vector]]:
        """What is known, what the caller has to compute, and what another thread is computing."""
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
            for text in found:
                self._known.move_to_end(text)
            unknown = [text for text in dict.fromkeys(texts) if text not in found]
            awaited = {text: self._coming[text] for text in unknown if text in self._coming}
            new: dict[str, Vector] = {text: Future() for text in unknown if text not in awaited}
            self._coming |= new
        return found, new, awaited

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
