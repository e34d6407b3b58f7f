"""Writes the model card of the toy model: what it is, what it reaches, how it was made."""

from pathlib import Path

from encoder.toy.evaluate import Scores


def write_card(path: Path, scores: Scores, steps: int, batch: int) -> None:
    """Write `README.md` beside the weights."""
    path.write_text("\n".join([str(steps), str(batch), *scores.lines()]), encoding="utf-8")
