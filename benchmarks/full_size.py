"""A checkpoint as large as the public one, and a vocabulary to go with it, drawn.

The numbers are random and the words mean nothing; sizes, names and types are those of the public
files, so that loading them costs what loading those costs.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.encoder import draw
from encoder.catalogue import ModelCard, TokenizerCard
from encoder.checkpoints import save_weights

SPECIAL = ("<pad>", "</s>", "<unk>")
SPACE = "▁"  # SentencePiece's mark for the space before a word
UNKNOWN, CONTROL, NORMAL = 2, 3, 1  # kinds of pieces
UNIGRAM = 1
LETTERS = "bcdefghijklmnopqrstuvwxyz"  # "a" is among the known pieces


def save_checkpoint(path: Path, card: ModelCard) -> Path:
    """Draw a model's weights into a file of float32, as the public ones are."""
    save_weights(path, draw(card), np.float32)
    return path


def save_vocabulary(path: Path, card: TokenizerCard) -> Path:
    """Write a SentencePiece model with as many pieces as a card says, its known ones in place.

    https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
    """
    pieces = {number: f"{SPACE}w{number}" for number in range(card.pieces)}
    pieces |= dict(enumerate(SPECIAL))
    pieces |= {3 + number: letter for number, letter in enumerate(LETTERS)}
    for text, ids in card.known.items():
        pieces |= dict(zip(ids, _cut(text), strict=True))
    model = b"".join(_field(1, _piece(number, pieces[number])) for number in range(card.pieces))
    special = {3: UNIGRAM, 40: 2, 41: (1 << 64) - 1, 42: 1, 43: 0}
    trainer = b"".join(_number(field, value) for field, value in special.items())
    path.write_bytes(model + _field(2, trainer))
    return path


def _cut(text: str) -> Iterator[str]:
    """The pieces of a known text: its first space by itself, its full stop as well."""
    first, *words = text.removesuffix(".").split()
    yield from (SPACE, first, *(SPACE + word for word in words), ".")


def _piece(number: int, text: str) -> bytes:
    kind = {0: CONTROL, 1: CONTROL, 2: UNKNOWN}.get(number, NORMAL)
    score = struct.pack("<f", -10.0 if len(text) == 1 else -5.0)
    return _field(1, text.encode()) + b"\x15" + score + _number(3, kind)


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    more = value >> 7
    return bytes([value & 0x7F | 0x80]) + _varint(more) if more else bytes([value])
