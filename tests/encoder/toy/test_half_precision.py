"""In bfloat16, as cards compute, the drawn library is ranked as in float32."""

from dataclasses import replace

import numpy as np
import pytest

from encoder.catalogue import get_card
from encoder.checkpoints import find_weights, load_weights
from encoder.embedder import Embedder
from encoder.models import expected_shapes
from encoder.pace import CPU, Pace
from encoder.tokenizers import load_tokenizer
from encoder.toy.captions import caption
from encoder.toy.evaluate import different_scenes
from encoder.toy.lessons import film

CLIPS = 32
CLOSE = 0.01
"""Scores that differ by less may change places: clips of which a caption is equally untrue."""


def scores(pace: Pace) -> tuple[np.ndarray, np.ndarray]:
    """Embed drawn clips and their captions; return the clips' vectors and [caption, clip]."""
    card = get_card("toy")
    params = load_weights(find_weights(card, None), expected_shapes("toy"), "toy")["params"]
    toy = Embedder(card, params, load_tokenizer(card.tokenizer, None), pace=pace)
    rng = np.random.default_rng(7)
    scenes = different_scenes(CLIPS, rng, held_out=True)
    clips = toy.embed_clips(film(scenes, rng))
    texts = toy.embed_texts([caption(scene, number) for number, scene in enumerate(scenes)])
    return clips, texts @ clips.T


@pytest.mark.parametrize("fused", [False, True])
def test_bfloat16_changes_no_ranking(fused: bool) -> None:
    vectors, wanted = scores(CPU)
    halves, found = scores(replace(CPU, dtype="bfloat16", chunk=8, fused=fused))
    assert np.linalg.norm(halves - vectors) / np.linalg.norm(vectors) < 2e-2
    np.testing.assert_array_equal(found.argmax(axis=1), wanted.argmax(axis=1))
    own = [np.sum(each >= np.diag(each)[:, None], axis=1) for each in (found, wanted)]
    np.testing.assert_array_equal(*own)  # the place of each caption's own clip
    ahead = wanted[:, :, None] - wanted[:, None, :]
    swapped = found[:, :, None] < found[:, None, :]
    assert ahead[swapped].max() < CLOSE
