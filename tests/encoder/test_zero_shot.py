"""Class names become prompts, cosines become probabilities."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoder.errors import InvalidInput
from encoder.zero_shot import PROMPT, class_vectors, probabilities


class Recorder:
    """Gives every text a direction of its own, and keeps the texts."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed_texts(self, texts: Iterable[str]) -> np.ndarray:
        self.texts = list(texts)
        return np.eye(len(self.texts), 8, dtype=np.float32)


def test_a_class_is_asked_for_by_the_prompt_of_the_demos() -> None:
    recorder = Recorder()
    vectors = class_vectors(recorder, ["dancing", "a {brace}"])
    assert recorder.texts == ["a video of dancing.", "a video of a {brace}."]
    np.testing.assert_array_equal(vectors, np.eye(2, 8))


def test_templates_are_averaged_and_the_mean_has_length_one() -> None:
    vectors = class_vectors(Recorder(), ["cat", "dog"], (PROMPT, "{}", "one {}"))
    assert vectors.shape == (2, 8)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors[1, :6], [0, 0, 0, *[3**-0.5] * 3], rtol=1e-6)


@pytest.mark.parametrize(
    ("names", "templates"),
    [([], (PROMPT,)), ("cat", (PROMPT,)), (["cat"], ()), (["cat"], ("a cat",)), (["cat"], "{}")],
)
def test_missing_names_and_places_are_refused(names: list[str], templates: tuple[str]) -> None:
    with pytest.raises(InvalidInput):
        class_vectors(Recorder(), names, templates)


def test_probabilities_are_a_softmax_of_cosines_over_temperature() -> None:
    shares = probabilities(np.array([[1.0, 0.0]]), np.array([[0.6, 0.8], [0.59, 0.8]]))
    assert shares.dtype == np.float32
    np.testing.assert_allclose(shares, [[np.e / (1 + np.e), 1 / (1 + np.e)]], rtol=1e-5)


@given(st.floats(1e-4, 10.0), st.integers(1, 5), st.integers(0, 4))
def test_rows_sum_to_one_and_the_nearest_class_wins(
    temperature: float, classes: int, segments: int
) -> None:
    rng = np.random.default_rng(classes * 10 + segments)
    rows = rng.normal(size=(segments + classes, 6)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    shares = probabilities(rows[:segments], rows[segments:], temperature)
    assert shares.shape == (segments, classes)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-5)
    nearest = (rows[:segments] @ rows[segments:].T).argmax(axis=1)
    np.testing.assert_array_equal(shares.argmax(axis=1), nearest)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_must_be_above_zero(temperature: float) -> None:
    with pytest.raises(InvalidInput, match="temperature"):
        probabilities(np.eye(2), np.eye(2), temperature)


@pytest.mark.parametrize("classes", [np.empty((0, 2)), np.eye(3)])
def test_what_cannot_be_compared_is_refused(classes: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match="cannot be compared"):
        probabilities(np.eye(2), classes)
