"""How the parts of a question become one direction, and what its score means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import NothingAsked
from indexer.question import DISLIKED, LIKED, WITHOUT, Condition, Question, probes, scores
from indexer.yardstick import Yardstick

DIM = 16


def units(count: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


LIBRARY = Yardstick(units(500, 0), 500)


def z(vector: np.ndarray) -> np.ndarray:
    """What each segment scores for one vector, in deviations."""
    cosines = LIBRARY.sample @ vector
    return (cosines - cosines.mean()) / cosines.std()


def asked(question: Question) -> np.ndarray:
    (probe,) = probes(question, LIBRARY)
    return scores(probe, LIBRARY.sample)


def test_a_score_counts_deviations_whatever_the_source() -> None:
    vector = units(1, 1)
    for question in (
        Question(((Condition(vector),),)),
        Question(((Condition(vector), Condition(units(1, 2), 0.3)),)),
        Question(((Condition(units(5, 3)),),)),
        Question(((),), liked=units(2, 4)),
    ):
        found = asked(question)
        assert found.mean() == pytest.approx(0, abs=1e-4)
        assert found.std() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(asked(Question(((Condition(vector),),))), z(vector[0]), atol=1e-4)


@given(st.lists(st.floats(-2, 2).filter(lambda w: abs(w) > 0.1), min_size=2, max_size=4))
def test_conditions_add_up_by_their_weights(weights: list[float]) -> None:
    parts = tuple(Condition(units(1, 10 + n), weight) for n, weight in enumerate(weights))
    found = asked(Question((parts,)))
    shares = [weight * (WITHOUT if weight < 0 else 1) for weight in weights]
    plain = sum(share * z(part.vectors[0]) for share, part in zip(shares, parts, strict=True))
    np.testing.assert_allclose(found, (plain - plain.mean()) / plain.std(), atol=1e-3)


def test_likes_share_their_weight() -> None:
    liked, disliked, said = units(3, 20), units(2, 21), units(1, 22)
    found = asked(Question(((Condition(said),),), liked=liked, disliked=disliked))
    plain = (
        z(said[0])
        + LIKED * np.mean([z(one) for one in liked], axis=0)
        - DISLIKED * np.mean([z(one) for one in disliked], axis=0)
    )
    np.testing.assert_allclose(found, (plain - plain.mean()) / plain.std(), atol=1e-3)


def test_an_example_counts_by_its_best_window_and_beside_others_by_its_middle() -> None:
    windows, said = units(4, 30), units(1, 31)
    alone = np.max([z(window) for window in windows], axis=0)
    np.testing.assert_allclose(
        asked(Question(((Condition(windows),),))), (alone - alone.mean()) / alone.std(), atol=1e-3
    )
    middle = windows.mean(axis=0) / np.linalg.norm(windows.mean(axis=0))
    both = z(middle) + z(said[0])
    np.testing.assert_allclose(
        asked(Question(((Condition(windows), Condition(said)),))), both / both.std(), atol=1e-3
    )


def test_a_like_belongs_to_the_step_that_it_fits() -> None:
    first, second = units(1, 40), units(1, 41)
    steps = ((Condition(first),), (Condition(second),))
    plain = probes(Question(steps), LIBRARY)
    near = second + 0.5 * units(1, 42)
    moved = probes(Question(steps, liked=near / np.linalg.norm(near)), LIBRARY)
    np.testing.assert_array_equal(moved[0].directions, plain[0].directions)
    assert not np.allclose(moved[1].directions, plain[1].directions)


def test_a_cosine_can_be_read_off_a_score() -> None:
    vector = units(1, 50)
    (probe,) = probes(Question(((Condition(vector),),)), LIBRARY)
    segment = LIBRARY.sample[7]
    cosine, lead = probe.cosine(float(scores(probe, segment[None])[0]))
    assert cosine == pytest.approx(float(segment @ vector[0]), abs=1e-4)
    assert lead == pytest.approx(cosine - float((LIBRARY.sample @ vector[0]).mean()), abs=1e-4)


def test_what_cancels_out_is_refused_in_words() -> None:
    vector = units(1, 60)
    with pytest.raises(NothingAsked, match="cancel each other out"):
        asked(Question(((Condition(vector), Condition(vector, -1 / WITHOUT)),)))
    with pytest.raises(NothingAsked, match="some weight"):
        asked(Question(((Condition(vector, 0.0),),)))


def test_an_empty_library_has_a_scale_too() -> None:
    empty = Yardstick(np.empty((0, 1), np.float32), 0)
    (probe,) = probes(Question(((Condition(units(1, 1)), Condition(units(1, 2))),)), empty)
    assert np.isfinite(probe.directions).all()
    assert probe.scale.top(1.0) == 100.0


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (Question(((Condition(units(1, 1), said="a"),),)), True),
        (Question(((Condition(units(1, 1), said="a"),),) * 2), True),
        (Question(((Condition(units(1, 1)),),)), False),
        (Question(((Condition(units(1, 1), said="a"),) * 2,)), False),
        (Question(((Condition(units(1, 1), said="a"),),), liked=units(1, 2)), False),
        (Question(((),), liked=units(1, 2)), False),
    ],
)
def test_what_is_said_in_words_alone(question: Question, said: bool) -> None:
    assert question.is_said is said
