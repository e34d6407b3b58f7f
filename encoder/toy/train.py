"""Trains the bundled toy model: draws its world, teaches, evaluates, writes `assets/toy/`.

    python -m encoder.toy.train

takes about an hour on two cores, less on an accelerator. A killed run goes on where it was.
"""

import argparse
import queue
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jax
import numpy as np
from flax import serialization

from encoder.catalogue import ASSETS, TOY_TOKENIZER, get_card
from encoder.checkpoints import save_weights
from encoder.tokenizers import SentencePieceTokenizer
from encoder.toy.card import write_card
from encoder.toy.evaluate import Scores, examine
from encoder.toy.lessons import WRONG, Lesson, lesson
from encoder.toy.network import ALONE, State, as_batch, initial_state, learn, stacked
from encoder.toy.shipped import embed_with
from encoder.toy.words import train_tokenizer

SEED = 2026
EXAM_SEED = 77_001  # of the figures in the card
_CHECK_SEED = 55_001  # of the small checks meanwhile, on combinations that training does see
_BATCH = 64
_STEPS = 7250


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=_STEPS, help="steps of 64 clips")
    parser.add_argument("--out", type=Path, default=ASSETS / "toy", help="where the model goes")
    parser.add_argument(
        "--state", type=Path, default=Path("build/toy"), help="where a run keeps what it needs"
    )
    args = parser.parse_args()
    args.state.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(args.state / "tokenizer.model")
    state = _train(args.steps, tokenizer, args.state / "state.msgpack")
    scores = publish(state, args.state / "tokenizer.model", args.out)
    print("\n".join(scores.lines()))


def publish(state: State, tokenizer: Path, out: Path) -> Scores:
    """Write weights, tokenizer and card, and return the scores of what was written."""
    out.mkdir(parents=True, exist_ok=True)
    card = get_card("toy")
    assert card.weights_file is not None
    params = jax.device_get(stacked(state.params["model"]))
    save_weights(out / Path(card.weights_file).name, params)
    (out / "tokenizer.model").write_bytes(tokenizer.read_bytes())
    rounded = jax.tree.map(lambda x: np.float32(np.float16(x)), state.params["model"])
    scores = examine(*embed_with(rounded, SentencePieceTokenizer(tokenizer)), seed=EXAM_SEED)
    write_card(
        out / "README.md",
        scores,
        parameters=sum(leaf.size for leaf in jax.tree.leaves(params)),
        steps=int(state.step),
        batch=_BATCH,
        seed=SEED,
        exam_seed=EXAM_SEED,
        wrong=WRONG,
        alone=ALONE,
    )
    return scores


def _tokenizer(path: Path) -> SentencePieceTokenizer:
    if not path.exists():
        path.write_bytes(train_tokenizer(TOY_TOKENIZER.pieces, SEED))
    return SentencePieceTokenizer(path)


def _train(steps: int, tokenizer: SentencePieceTokenizer, path: Path) -> State:
    """Run up to a number of steps, from the state in `path` if there is one."""
    state = initial_state(SEED, steps)
    if path.exists():
        state = State(*serialization.from_bytes(tuple(state), path.read_bytes()))
    step = jax.jit(partial(learn, steps=steps), donate_argnums=0)
    print(f"Training on {jax.devices()[0].device_kind}, from step {int(state.step)} of {steps}.")
    began, first = time.monotonic(), int(state.step)
    for number, batch in _ahead(first, steps, tokenizer):
        state, parts = step(state, as_batch(batch))
        if number % 50 == 0 or number == steps:
            pace = (time.monotonic() - began) / (number - first)
            told = "  ".join(f"{name} {float(value):.3f}" for name, value in parts.items())
            print(f"step {number}  {told}  {pace:.2f} s/step", flush=True)
        if number % 250 == 0 or number == steps:
            _keep(state, path)
            _check(state, tokenizer)
    return state


def _keep(state: State, path: Path) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(serialization.to_bytes(tuple(jax.device_get(state))))
    part.replace(path)


def _check(state: State, tokenizer: SentencePieceTokenizer) -> None:
    embed = embed_with(state.params["model"], tokenizer)
    scores = examine(*embed, seed=_CHECK_SEED, clips=256, held_out=False)
    weakest = sorted(scores.attributes.items(), key=lambda item: item[1])
    told = ", ".join(f"{name} {value:.2f}" for name, value in weakest)
    print(
        f"  check: R@1 {scores.recall_1:.3f}, R@5 {scores.recall_5:.3f}, "
        f"unseen phrasing {scores.unseen_recall_1:.3f}; {told}",
        flush=True,
    )


def _ahead(
    first: int, steps: int, tokenizer: SentencePieceTokenizer
) -> Iterator[tuple[int, Lesson]]:
    """Lessons `first` + 1 to `steps`, drawn by a thread while the network learns."""
    ready: queue.Queue[tuple[int, Lesson]] = queue.Queue(maxsize=4)

    def prepare() -> None:
        for number in range(first + 1, steps + 1):
            ready.put((number, lesson((SEED, number), _BATCH, tokenizer)))

    threading.Thread(target=prepare, daemon=True).start()
    for _ in range(first, steps):
        yield ready.get()


if __name__ == "__main__":
    main()
