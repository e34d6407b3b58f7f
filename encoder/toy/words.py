"""Makes the toy model's SentencePiece vocabulary from its own captions."""

import io

import numpy as np
import sentencepiece

from encoder.tokenizers import canonicalize_text
from encoder.toy.captions import caption
from encoder.toy.lessons import say
from encoder.toy.scenes import random_scene

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789."


def train_tokenizer(pieces: int, seed: int, captions: int = 20_000) -> bytes:
    """A vocabulary of so many pieces, as a SentencePiece model's bytes; the same for a seed.

    The special pieces lie as in VideoPrism's: padding 0, end 1, unknown 2, no beginning. Texts
    are canonical before they are cut, so the vocabulary carries no normalisation table of its own
    (240 kB).
    """
    rng = np.random.default_rng(seed)
    scenes = (random_scene(rng, held_out=False) for _ in range(captions))
    texts = [canonicalize_text(caption(say(scene, rng), row)) for row, scene in enumerate(scenes)]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        vocab_size=pieces,
        normalization_rule_name="identity",
        required_chars=_LETTERS,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()
