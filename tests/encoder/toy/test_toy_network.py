"""The toy network: it learns, goes on where it was, and saves what the catalogue describes."""

from pathlib import Path

import jax
import numpy as np
import pytest

from encoder.checkpoints import flatten
from encoder.models import expected_shapes
from encoder.toy import train
from encoder.toy.evaluate import examine
from encoder.toy.network import initial_state, stacked


def test_the_saved_tree_is_the_catalogues() -> None:
    params = jax.eval_shape(lambda: stacked(initial_state(0, 10).params["model"]))
    found = {name: leaf.shape for name, leaf in flatten(params).items()}
    assert found == {name: tuple(shape) for name, shape in expected_shapes("toy").items()}


def test_layers_are_stacked_in_their_order() -> None:
    tree = {"x_layers_1": {"w": np.ones(2)}, "x_layers_0": {"w": np.zeros(2)}, "ln": np.ones(3)}
    result = stacked(tree)
    np.testing.assert_array_equal(result["x_layers"]["w"], [[0, 0], [1, 1]])
    assert set(result) == {"x_layers", "ln"}


@pytest.mark.slow
def test_training_writes_what_it_should_and_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--state", str(tmp_path / "state"), "--out", str(tmp_path / "out")]
    for steps in ("3", "5"):
        monkeypatch.setattr("sys.argv", ["train", "--steps", steps, *places])
        train.main()
    told = capsys.readouterr().out
    assert "from step 3 of 5" in told
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "README.md",
        "tokenizer.model",
        "toy_lvt.npz",
    }
    assert ": 5 steps" in (tmp_path / "out" / "README.md").read_text()


def test_an_exam_tells_knowing_from_guessing() -> None:
    """Vectors that carry the true answer score 1; vectors of noise score like chance."""
    rng = np.random.default_rng(0)

    def noise(things: object) -> np.ndarray:
        vectors = rng.normal(size=(len(things), 16))  # type: ignore[arg-type]
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    scores = examine(noise, noise, seed=1, clips=64)
    assert scores.recall_1 < 0.15
    assert abs(np.mean(list(scores.attributes.values())) - 0.5) < 0.15
    same = examine(lambda c: np.ones((len(c), 1)), lambda t: np.ones((len(t), 1)), 1, clips=16)
    assert same.recall_1 == 0, "equal scores are no find"
    assert set(same.attributes.values()) == {0.0}
