"""Examples are remembered beyond the process, for one collection, and not for ever."""

from pathlib import Path

import numpy as np
import pytest

from indexer.collection import Collection, Collections
from indexer.database import Database
from indexer.examples import KEPT, Example, Examples

HERE, ELSEWHERE = "1" * 16, "2" * 16


def example(number: int, windows: int = 1) -> Example:
    vectors = np.random.default_rng(number).normal(size=(windows, 4)).astype(np.float32)
    return Example(f"{number:064x}", f"{number}.mp4", vectors, f"poster {number}".encode())


@pytest.fixture
def examples(database: Database) -> Examples:
    return Examples(database)


def known(examples: Examples, number: int, collection: str = HERE) -> bool:
    return examples.get(example(number).query_id, collection) is not None


def test_an_example_survives_the_process(data_dir: Path) -> None:
    given = example(1, windows=3)
    database = Database(data_dir / "library.db")
    Examples(database).remember(given, HERE)
    database.close()
    database = Database(data_dir / "library.db")
    found = Examples(database).get(given.query_id, HERE)
    database.close()
    assert found is not None
    assert (found.label, found.poster) == (given.label, given.poster)
    np.testing.assert_array_equal(found.vectors, given.vectors)


def test_an_example_means_something_in_its_own_collection_only(examples: Examples) -> None:
    examples.remember(example(1), HERE)
    assert (known(examples, 1), known(examples, 1, ELSEWHERE)) == (True, False)
    examples.remember(example(1, windows=2), ELSEWHERE)
    found = examples.get(example(1).query_id, HERE)
    assert found is not None
    assert len(found.vectors) == 1


def test_the_oldest_goes_first(examples: Examples) -> None:
    for number in range(KEPT):
        examples.remember(example(number), HERE)
    examples.remember(example(0), HERE)  # given again, so the next one goes
    examples.remember(example(KEPT), HERE)
    assert [known(examples, number) for number in (0, 1, 2, KEPT)] == [True, False, True, True]


def test_examples_go_with_their_collection(database: Database, examples: Examples) -> None:
    collections = Collections(database)
    for key in (HERE, ELSEWHERE):
        collections.use(Collection(key, "toy", None, None))
        examples.remember(example(1), key)
    collections.forget(HERE)
    assert (known(examples, 1), known(examples, 1, ELSEWHERE)) == (False, True)
