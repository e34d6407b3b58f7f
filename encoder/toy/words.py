"""Makes the toy model's SentencePiece vocabulary: a piece for each word of its captions.

All other words fall into letters. Knows no network.
"""

import io
from collections import Counter

import numpy as np
import sentencepiece

from encoder.tokenizers import canonicalize_text
from encoder.toy.captions import caption
from encoder.toy.lessons import say
from encoder.toy.scenes import random_scene

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789."
_SPACE = "\u2581"  # SentencePiece's mark for the space before a word
_CAPTIONS = 20_000
_OFTEN = 10  # what comes up less often in that many captions is one of their meaningless words


def train_tokenizer(pieces: int, seed: int) -> bytes:
    """The vocabulary as a SentencePiece model's bytes, the same for the same seed.

    The special pieces lie as in VideoPrism's: padding 0, end 1, unknown 2, no beginning. Texts
    are canonical before they are cut, so the vocabulary carries no normalisation table of its own
    (240 kB). `pieces` must be what comes out, since the network's first table is that long;
    sentencepiece raises RuntimeError otherwise.
    """
    texts = _texts(seed)
    counts = Counter(word for text in texts for word in text.removesuffix(".").split())
    words = sorted(word for word, count in counts.items() if count >= _OFTEN)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        vocab_size=pieces,
        user_defined_symbols=[_SPACE + word for word in words],
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


def _texts(seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    scenes = (random_scene(rng, held_out=False) for _ in range(_CAPTIONS))
    return [canonicalize_text(caption(say(scene, rng), row)) for row, scene in enumerate(scenes)]
