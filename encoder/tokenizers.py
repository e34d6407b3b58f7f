"""Words to token ids: SentencePiece vocabularies, found, verified and applied.

Knows how VideoPrism's texts were prepared in training and which vocabulary is the right one. It
does not know models or embeddings; ids and paddings are plain numpy arrays.
"""

import os
import string
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import sentencepiece
from jaxtyping import Float, Int

from encoder import hub
from encoder.catalogue import TokenizerCard, get_tokenizer_card
from encoder.errors import DownloadError, InvalidInput, TokenizerError

Report = Callable[[str], None]

MAX_LENGTH = 64
"""Tokens of a text that the models were trained with."""

_PUNCTUATION_TO_SPACE = str.maketrans(dict.fromkeys(string.punctuation, " "))


class Tokenizer(Protocol):
    """What `tokenize_texts` needs of a vocabulary, so that one of your own will do."""

    def to_int(
        self, text: str | Sequence[str], *, bos: bool = False, eos: bool = False
    ) -> list[int] | list[list[int]]:
        """Ids of one text, or a list of them of many; with a token before or after if asked."""

    @property
    def pad_token(self) -> int:
        """Id of the padding piece; -1 if there is none."""

    @property
    def eos_token(self) -> int:
        """Id of the end piece; -1 if there is none."""

    @property
    def bos_token(self) -> int:
        """Id of the beginning piece; -1 if there is none."""

    @property
    def vocab_size(self) -> int:
        """Number of pieces; ids are smaller."""


class SentencePieceTokenizer(Tokenizer):
    """A SentencePiece model, read from a file.

    Raises TokenizerError if the file is missing or is no such model.
    """

    def __init__(self, model_path: str | os.PathLike[str]) -> None:
        self._model = sentencepiece.SentencePieceProcessor()
        try:
            self._model.LoadFromSerializedProto(Path(model_path).read_bytes())
        except OSError as error:
            raise TokenizerError(
                f"The tokenizer {os.fspath(model_path)} cannot be read: {error.strerror}."
            ) from error
        except RuntimeError as error:
            raise TokenizerError(f"{os.fspath(model_path)} is no SentencePiece model.") from error

    def to_int(
        self, text: str | Sequence[str], *, bos: bool = False, eos: bool = False
    ) -> list[int] | list[list[int]]:
        """Ids of one text, or a list of them of many; with a token before or after if asked."""
        if isinstance(text, str):
            return self.encode(text, bos=bos, eos=eos)
        return [self.encode(one, bos=bos, eos=eos) for one in text]

    def encode(self, text: str, *, bos: bool = False, eos: bool = False) -> list[int]:
        """Ids of one text."""
        # Half a surrogate pair, as JSON may hold, has no UTF-8 form.
        ids = self._model.EncodeAsIds(text.encode("utf-8", "replace").decode())
        return [self.bos_token] * bos + [int(i) for i in ids] + [self.eos_token] * eos

    @property
    def pad_token(self) -> int:
        """Id of the padding piece; -1 if there is none."""
        return int(self._model.pad_id())

    @property
    def eos_token(self) -> int:
        """Id of the end piece; -1 if there is none."""
        return int(self._model.eos_id())

    @property
    def bos_token(self) -> int:
        """Id of the beginning piece; -1 if there is none."""
        return int(self._model.bos_id())

    @property
    def vocab_size(self) -> int:
        """Number of pieces; ids are smaller."""
        return int(self._model.GetPieceSize())


def canonicalize_text(text: str) -> str:
    """Lower-case words between single spaces, ASCII punctuation dropped, a full stop at the end."""
    return " ".join(text.translate(_PUNCTUATION_TO_SPACE).lower().split()) + "."


def tokenize_texts(
    tokenizer: Tokenizer,
    inputs: Sequence[str],
    max_length: int = MAX_LENGTH,
    add_bos: bool | None = None,
    canonicalize: bool = True,
) -> tuple[Int[np.ndarray, "N L"], Float[np.ndarray, "N L"]]:
    """Token ids (int32, padded with 0) and paddings (float32, 1 = padding) of texts.

    Longer texts are cut after `max_length` tokens. `add_bos` None prepends the beginning piece
    if the vocabulary has one.

    Raises InvalidInput for a bare string, whose letters would pass as texts, or no length.
    """
    if isinstance(inputs, str):
        raise InvalidInput("Give a list of texts, even for one.")
    if max_length < 1:
        raise InvalidInput(f"A text needs room for at least one token, not {max_length}.")
    bos = tokenizer.bos_token >= 0 if add_bos is None else add_bos
    ids = np.zeros((len(inputs), max_length), np.int32)
    paddings = np.ones((len(inputs), max_length), np.float32)
    texts = [canonicalize_text(text) if canonicalize else text for text in inputs]
    for row, tokens in enumerate(tokenizer.to_int(texts, bos=bos, eos=False)):
        kept = np.asarray(tokens, np.int32)[:max_length]
        ids[row, : len(kept)] = kept
        paddings[row, : len(kept)] = 0.0
    return ids, paddings


def load_tokenizer(
    name: str,
    path: Path | None = None,
    cache_dir: Path | None = None,
    report: Report | None = None,
) -> SentencePieceTokenizer:
    """The tokenizer of a name of the catalogue: the file given, the bundled one, or fetched.

    Whatever the source, it is verified before use.

    Raises TokenizerError if the file is not the right one, DownloadError if none can be fetched.
    """
    card = get_tokenizer_card(name)
    given = path or card.bundled
    if given is not None:
        return _verified(card, given)
    return _fetched(card, cache_dir, report)


def verify(card: TokenizerCard, tokenizer: SentencePieceTokenizer, origin: object) -> None:
    """Raise TokenizerError if a vocabulary is not the one that a card describes."""
    if tokenizer.vocab_size != card.pieces:
        raise TokenizerError(
            f"{origin} is not the tokenizer {card.name}: "
            f"it has {tokenizer.vocab_size:,} pieces instead of {card.pieces:,}."
        )
    for text, known in card.known.items():
        ids = tuple(tokenizer.encode(text))
        if ids != known:
            raise TokenizerError(
                f"{origin} is not the tokenizer {card.name}: "
                f"{text!r} becomes {list(ids)} instead of {list(known)}."
            )


def _verified(card: TokenizerCard, path: Path) -> SentencePieceTokenizer:
    tokenizer = SentencePieceTokenizer(path)
    verify(card, tokenizer, path)
    return tokenizer


def _fetched(
    card: TokenizerCard, cache_dir: Path | None, report: Report | None
) -> SentencePieceTokenizer:
    problems: list[str] = []
    for path in _downloads(card, cache_dir, report, problems):
        try:
            return _verified(card, path)
        except TokenizerError as error:
            problems.append(str(error))
            hub.forget(path)
    raise DownloadError(
        f"The tokenizer {card.name} could not be fetched. {' '.join(problems)} "
        f"To go on, {hub.tokenizer_by_hand(card.name)}. {hub.MEANWHILE}"
    )


def _downloads(
    card: TokenizerCard, cache_dir: Path | None, report: Report | None, problems: list[str]
) -> Iterator[Path]:
    """Yield what the sources give, in order; note why one gives nothing."""
    for source in card.sources:
        try:
            path = hub.fetch(
                source.hub_id,
                source.file,
                revision=source.revision,
                cache_dir=cache_dir,
                report=report,
            )
        except DownloadError as error:
            problems.append(str(error))
            if not isinstance(error, hub.MissingOnHubError):
                break  # the hub does not answer; asking it again would only take time
        else:
            yield path
    if card.url:
        try:
            path = hub.fetch_url(card.url, hub.cache_folder(cache_dir) / f"{card.name}.model")
        except DownloadError as error:
            problems.append(str(error))
        else:
            yield path
