"""What a start of `serve` spends its time on, one stage after the other in a fresh process.

    python -m benchmarks.stages DATA_DIR MODEL WEIGHTS TOKENIZER

benchmarks.start calls it. The stages are those of app/cli.py and Embedder.load, by hand: where
they change, this has to follow. Knows no thread, so the sum is more than a start takes.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Print the seconds that a block takes."""
    begun = time.perf_counter()
    yield
    print(f"{name:>38}: {time.perf_counter() - begun:6.2f} s", flush=True)


def main(data_dir: Path, model: str, weights: Path, tokenizer: Path) -> None:
    """Go through the stages in the order of a start."""
    with stage("import the command line and JAX"):
        from app import cli, options, terminal  # noqa: F401
        from encoder import embedder
    with stage("import the engine"):
        from indexer.engine import Engine
    with stage("ask the device"):
        embedder.default_device()
    card = embedder.get_card(model)
    embedder._keep_programs(data_dir / "models")
    with stage("the vocabulary, verified"):
        words = embedder.load_tokenizer(card.tokenizer, tokenizer)
    with stage("names and shapes that are expected"):
        expected = embedder.expected_shapes(card.name)
    with stage("identity of the weights"):
        identity = embedder.weights_id(weights)
    with stage("read the weights, checksums verified"):
        tree = embedder.load_weights(weights, expected, card.name)
    with stage("prepare the weights"):
        ready = embedder.Embedder(card, tree["params"], words, identity)
    with stage("first text: its program from the cache"):
        ready.embed_texts(["nobody asked this before"])
    settings = options.settings_of(data_dir, model=model, weights=weights, tokenizer=tokenizer)
    with stage("open library and store"):
        engine = Engine(settings, ready)
    with engine:
        with stage("import the server"):
            from app.server import create_app
        with stage("put the API together"):
            create_app(engine)
        with stage("import Gradio and make the page, later"):
            from app import page

            page.application([])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
