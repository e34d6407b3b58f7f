"""Examples are remembered for a while, and not for ever."""

import numpy as np

from app.examples import KEPT, Example, Examples


def example(number: int) -> Example:
    return Example(f"{number:064x}", f"{number}.mp4", np.ones((1, 4), np.float32), "f0")


def test_an_example_is_known_by_its_id() -> None:
    examples = Examples()
    examples.remember(example(1))
    assert examples.get(example(1).query_id) is not None
    assert examples.get(example(2).query_id) is None


def test_the_one_unused_for_longest_goes_first() -> None:
    examples = Examples()
    for number in range(KEPT):
        examples.remember(example(number))
    assert examples.get(example(0).query_id) is not None  # used again, so the next one goes
    examples.remember(example(KEPT))
    assert examples.get(example(0).query_id) is not None
    assert examples.get(example(1).query_id) is None
    assert examples.get(example(KEPT).query_id) is not None
