"""The library's own scale: exact where it is small, and near where it is drawn by lot."""

import numpy as np
import pytest
from placed import DIM, direction, place, place_vectors

from indexer import yardstick
from indexer.engine import Engine
from indexer.noise import Hearing
from indexer.yardstick import Sampler, Scale, Yardstick


def scale(scores: np.ndarray, total: int | None = None) -> Scale:
    return Scale(np.sort(scores).astype(np.float32), len(scores) if total is None else total)


def test_a_small_library_is_told_exactly() -> None:
    ten = scale(np.arange(10.0))
    assert [ten.top(score) for score in (9.0, 8.0, 0.0, -5.0)] == [10.0, 20.0, 100.0, 100.0]
    assert ten.top(99.0) == 10.0  # better than all that is known is still one of them
    assert ten.least(20.0) == pytest.approx(8.0, abs=0.01)
    assert ten.least(1.0) == pytest.approx(9.0, abs=0.01)
    assert scale(np.empty(0)).least(5.0) == float("-inf")


def test_beyond_a_sample_the_best_thin_out_as_they_do_within() -> None:
    random = np.random.default_rng(0)
    whole = random.standard_normal(1_000_000)
    drawn = scale(random.choice(whole, 4096, replace=False), len(whole))
    for share in (0.3, 0.01, 0.001, 0.0001):
        score = float(np.quantile(whole, 1 - share))
        assert 1 / 3 < drawn.top(score) / (100 * share) < 3
        assert drawn.top(drawn.least(100 * share)) == pytest.approx(100 * share, rel=0.1)
    tops = [drawn.top(score) for score in np.linspace(0, 9, 200)]
    assert tops == sorted(tops, reverse=True)
    assert tops[-1] == pytest.approx(100 / len(whole))


def test_the_sample_is_all_of_a_small_library(engine: Engine) -> None:
    place(engine, "a", [0.1, 0.2, 0.3])
    place(engine, "b", [0.4])
    made = Sampler(engine.store).yardstick()
    assert made.total == 4
    assert sorted(made.sample[:, 0].tolist()) == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=1e-3)


def test_the_sample_of_a_large_library_is_drawn_by_lot_and_stays(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yardstick, "SAMPLE", 200)
    for number in range(20):
        place(engine, str(number), [number / 20] * 50)
    first, again = (Sampler(engine.store).yardstick() for _ in range(2))
    np.testing.assert_array_equal(first.sample, again.sample)
    assert (len(first.sample), first.total) == (200, 1000)
    assert first.sample[:, 0].mean() == pytest.approx(0.475, abs=0.08)  # of every video


def test_it_is_measured_anew_when_the_library_has_changed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yardstick, "SAMPLE", 100)
    sampler = Sampler(engine.store)
    assert len(sampler.yardstick().sample) == 0
    place(engine, "a", [0.5] * 300)
    sample = sampler.yardstick().sample
    place(engine, "b", [0.5] * 10)  # few beside 300
    later = sampler.yardstick()
    assert later.sample is sample
    assert later.total == 310
    monkeypatch.setattr(yardstick, "PATIENCE", -1.0)  # but not for ever
    assert sampler.yardstick().sample is not sample
    monkeypatch.setattr(yardstick, "PATIENCE", 60.0)
    place(engine, "c", [0.5] * 100)
    assert sampler.yardstick().sample is not sample


def test_noise_is_what_means_nothing_here(engine: Engine) -> None:
    random = np.random.default_rng(1)
    asked: list[tuple[str, ...]] = []

    def embed(texts: tuple[str, ...]) -> np.ndarray:
        asked.append(texts)
        vectors = 0.02 * random.standard_normal((len(texts), DIM))
        vectors[:, 5] = 1.0  # they all say much the same, of which a segment has little
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    place_vectors(engine, "a", [direction(score, axis=5) for score in (0.1, 0.12, 0.14, 0.1)])
    hearing, measured = Hearing(embed), Sampler(engine.store).yardstick()
    noise = hearing.noise(measured)
    assert hearing.noise(measured) is noise
    assert len(asked) == 1
    assert noise.cosine == pytest.approx(0.14, abs=0.05)
    assert noise.hides(0.1, 0.01)
    assert not noise.hides(0.1, 0.5)  # nothing comes near, but it stands out
    assert not noise.hides(0.5, 0.01)  # all of the library is near
    assert not hearing.noise(Yardstick(np.empty((0, 1), np.float32), 0)).hides(0.0, 0.5)
