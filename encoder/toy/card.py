"""Writes the model card of the toy model: what it is, what it reaches, how it was made."""

from pathlib import Path

from encoder.catalogue import get_card
from encoder.toy.evaluate import Scores
from encoder.toy.scenes import VALUES

_CARD = """\
# The toy model of PrismSearch

A very small network of the same class as VideoPrism-LvT: {frames} frames of {pixels} px at 2 per
second, width {dim}, {parameters:,} parameters, stored as float16. It knows nothing but the drawn
world of `encoder/toy`, and exists so that everything in PrismSearch can be tried and tested
without a download. It is of no use on real videos.

| in its world | there are |
|---|---|
{values}

One thing, or up to three alike, does one thing or two after each other; or two different things are
side by side.

| file | what it is |
|---|---|
| `toy_lvt.npz` | the weights, named as in VideoPrism's checkpoints |
| `tokenizer.model` | a SentencePiece vocabulary of {pieces} pieces, made from the captions |

## What it reaches

On {clips} newly drawn clips whose combinations of thing and motions (or of two things and their
relation) it was never trained on, with the float16 weights, exam seed {exam_seed}. Chance is
{chance:.1%} for recall at 1 and 50 % for the attributes, each of which is asked for by itself:
is the clip nearer to its own caption than to the same caption with that one thing changed?

| what | share | clips |
|---|---|---|
{scores}

Unseen phrasings put the same content into sentences with words and orders that training never
used.

## How it was made

`python -m encoder.toy.train`: {steps:,} steps of {batch} clips, every one newly drawn, from seed
{seed}; AdamW. Clips and captions of a batch find each other, and each clip prefers its caption to
{wrong} captions with one thing changed. Linear heads, thrown away afterwards, read the attributes
off the embeddings of clips and texts, shapes off patches, and the present motion off frames; the
first {alone} steps teach only those. A tenth of the captions has a meaningless word mixed in; in
30 % of the clips the first or last frames show something else, as in windows of real films, and no
window is aligned with what happens. Frames of 1:1 to 4:3 are squashed to the square.

What helped, in the order in which it was found:

- Hard neighbours and attribute heads alone left both towers at the background for 600 steps, since
  each disturbed the other. Heads first, mutual learning later: colours after 250.
- A head that reads the present motion off every frame: motions at 0.85 after 250 steps, at 1.00
  after 1,000; without it at 0.62.
- A vocabulary with a piece for each word. Before, one caption in six was cut before its end.
- Meaningless words mixed in, some of which begin like known ones: an unseen phrasing had cost 16
  points of R@1, now it costs next to none.
- A tenth of the pace for the patch layer. It sums 972 pixels, and at full pace shapes stayed a
  guess (six ways: 0.33 after 2,000 steps); 500 gentle steps later 0.48.
- Shapes and relations asked thrice as often and weighted fourfold: relations from 0.82 to 0.97 in
  500 steps.

## Licence

Apache-2.0, as the rest of PrismSearch. No data and no weights of others went into it.
"""


def write_card(path: Path, scores: Scores, **facts: int) -> None:
    """Write `README.md` beside the weights; `facts` are the figures of the run."""
    card = get_card("toy")
    values = "\n".join(
        f"| {name}s | {', '.join(options)} |" for name, options in VALUES.items() if name in _TOLD
    )
    text = _CARD.format(
        frames=card.frames,
        pixels=card.pixels,
        dim=card.dim,
        values=values,
        pieces=card.config["vocabulary_size"],
        clips=scores.clips,
        chance=1 / scores.clips,
        scores="\n".join(scores.lines()),
        **facts,
    )
    path.write_text(text, encoding="utf-8")


_TOLD = ("shape", "colour", "size", "background", "motion", "relation")
