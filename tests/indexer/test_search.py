"""Searches over segments whose vectors are placed by hand, so that every answer is known."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Draw

from encoder.embedder import Embedder
from encoder.errors import InvalidInput
from indexer.content import Content
from indexer.engine import Engine
from indexer.errors import UnknownVideo, VideoError
from indexer.points import Point, Scope
from indexer.reader import probe
from indexer.search import Search

DIM = 64


def direction(cosine: float, axis: int = 0) -> np.ndarray:
    """A unit vector at this cosine to an axis; what is left points along the last axis."""
    vector = np.zeros(DIM, np.float32)
    vector[axis] = cosine
    vector[-1] = np.sqrt(1 - cosine**2)
    return vector


ASKED = direction(1.0)


def place(engine: Engine, name: str, scores: Iterable[float], axis: int = 0) -> str:
    """A video in the library whose segments score so against an axis; its id."""
    video_id = Content(f"{name:0>64}", 1, 1).video_id
    engine.library.add(Path("/nowhere") / name, name, False, Content(video_id, 1, 1))
    engine.store.upsert(
        [
            Point(video_id, index, 2.0 * index, 2.0 * index + 4, direction(score, axis))
            for index, score in enumerate(scores)
        ]
    )
    return video_id


def found(engine: Engine, **asked: object) -> list[tuple[str, float, float]]:
    moments = engine.search.by_vector(ASKED, **asked)  # type: ignore[arg-type]
    assert [moment.rank for moment in moments] == list(range(1, len(moments) + 1))
    return [(moment.title, moment.start, moment.end) for moment in moments]


def test_the_best_moment_first_with_its_peak_and_picture(engine: Engine) -> None:
    place(engine, "a", [0.0, 0.3, 0.1, 0.0])
    b = place(engine, "b", [0.0, 0.1, 0.2, 0.8, 0.7, 0.0])
    best, second = engine.search.by_vector(ASKED)
    assert (best.video_id, best.title, best.rank) == (b, "b", 1)
    assert (best.start, best.end, best.peak, best.poster) == (6.0, 12.0, 8.0, "3")
    assert best.score == pytest.approx(0.8, abs=1e-3)
    assert (second.title, second.peak, second.rank) == ("a", 4.0, 2)


def test_at_most_so_many_of_one_video_and_in_all(engine: Engine) -> None:
    place(engine, "a", [0.9, 0, 0, 0.8, 0, 0, 0.7, 0, 0, 0.6, 0])
    place(engine, "b", [0.5, 0, 0, 0.4, 0])
    assert [title for title, _, _ in found(engine, per_video=2)] == ["a", "a", "b", "b"]
    assert [title for title, _, _ in found(engine, per_video=9, limit=3)] == ["a"] * 3
    assert found(engine, limit=0) == []


def test_a_video_that_crowds_the_hits_does_not_hide_the_others(engine: Engine) -> None:
    place(engine, "crowd", [0.9, 0.91] * 100)
    for name in ("x", "y", "z"):
        place(engine, name, [0.1, 0.2])
    titles = [title for title, _, _ in found(engine, limit=4, per_video=1)]
    assert titles[0] == "crowd"
    assert set(titles) == {"crowd", "x", "y", "z"}


def test_more_moments_asked_for_do_not_change_the_first(engine: Engine) -> None:
    random = np.random.default_rng(3)
    for number in range(12):
        place(engine, str(number), random.uniform(-0.2, 0.9, 30))
    many = found(engine, limit=36)
    assert len(many) == 36
    for limit in (1, 5, 24):
        assert found(engine, limit=limit) == many[:limit]


def test_scope_holds_in_moments(engine: Engine) -> None:
    a = place(engine, "a", [0.9, 0.0, 0.1, 0.2, 0.5, 0.0])
    place(engine, "b", [0.8, 0.0])
    assert found(engine, scope=Scope(videos=frozenset({a}))) == [("a", 0.0, 4.0), ("a", 8.0, 12.0)]
    assert found(engine, scope=Scope(videos=frozenset())) == []


def test_of_several_vectors_the_best_counts(engine: Engine) -> None:
    place(engine, "a", [0.6, 0.0], axis=0)
    place(engine, "b", [0.8, 0.0], axis=1)
    both = np.stack([direction(1.0, 0), direction(1.0, 1)])
    moments = engine.search.by_vector(both)
    assert [(moment.title, round(moment.score, 2)) for moment in moments] == [
        ("b", 0.8),
        ("a", 0.6),
    ]
    assert len({(moment.video_id, moment.start) for moment in moments}) == len(moments)


def test_what_is_being_removed_is_not_found(engine: Engine) -> None:
    a = place(engine, "a", [0.9])
    place(engine, "b", [0.1])
    engine.library.begin_removal(a)
    assert found(engine) == [("b", 0.0, 4.0)]


def test_what_is_missing_is_not_found_until_it_is_back(engine: Engine) -> None:
    a = place(engine, "a", [0.9, 0.8, 0.7, 0.6, 0.5])
    place(engine, "b", [0.1])
    engine.library.set_missing(a, True)
    assert found(engine, limit=1) == [("b", 0.0, 4.0)]  # however far behind the missing one
    engine.library.set_missing(a, False)
    assert found(engine, limit=1)[0][0] == "a"


def test_a_heatmap_is_every_segment_by_time(engine: Engine) -> None:
    scores = [0.1, 0.7, -0.3, 0.2]
    a = place(engine, "a", scores)
    place(engine, "b", [0.9] * 5)
    heat = engine.search.heatmap(a, ASKED)
    assert [(start, end) for start, end, _ in heat] == [(0, 4), (2, 6), (4, 8), (6, 10)]
    assert [score for _, _, score in heat] == pytest.approx(scores, abs=2e-3)
    with pytest.raises(UnknownVideo):
        engine.search.heatmap("f" * 64, ASKED)


class Dictionary:
    """An embedder that reads two words, each along an axis of its own."""

    dim = DIM

    def embed_texts(self, texts: list[str]) -> np.ndarray:
        return np.stack([direction(1.0, 0 if "red" in text else 1) for text in texts])


def test_classes_over_time(engine: Engine) -> None:
    embedder: Embedder = Dictionary()  # type: ignore[assignment]
    search = Search(engine.library, engine.store, embedder, engine.fingerprint)
    a = place(engine, "a", [0.9, 0.0, 0.5])
    timeline = search.classify(a, ["red", " blue  thing "])
    assert (timeline.classes, timeline.starts) == (("red", "blue thing"), (0.0, 2.0, 4.0))
    assert timeline.ends == (4.0, 6.0, 8.0)
    assert timeline.probabilities.shape == (3, 2)
    np.testing.assert_allclose(timeline.probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(timeline.probabilities[:, 0], [1, 0.5, 1], atol=1e-6)
    empty = place(engine, "b", [])
    assert search.classify(empty, ["red", "blue"]).probabilities.shape == (0, 2)
    for names in ([], ["red"], ["red", " .. "]):
        with pytest.raises(InvalidInput, match="at least two classes"):
            search.classify(a, names)
    with pytest.raises(UnknownVideo):
        search.classify("f" * 64, ["red", "blue"])


def test_words_reach_the_embedder_tidied(engine: Engine) -> None:
    embedder: Embedder = Dictionary()  # type: ignore[assignment]
    search = Search(engine.library, engine.store, embedder, engine.fingerprint)
    np.testing.assert_array_equal(search.text_vector(" \n red\tball "), direction(1.0, 0))


@pytest.mark.parametrize(("seconds", "windows"), [(2.0, 1), (9.7, 4), (60.0, 8)])
def test_an_example_is_a_few_windows(
    engine: Engine, draw: Draw, tmp_path: Path, seconds: float, windows: int
) -> None:
    vectors = engine.search.example(draw(tmp_path / "a.mp4", seconds)).vectors
    assert vectors.shape == (windows, DIM)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_video_finds_itself(engine: Engine, draw: Draw, tmp_path: Path) -> None:
    paths = [draw(tmp_path / f"{seed}.mp4", 9.7, seed) for seed in range(3)]
    engine.add_files(paths)
    engine.worker.start()
    assert engine.worker.wait(120)
    best = engine.search.by_vector(engine.search.example(paths[1]).vectors, limit=1)[0]
    assert best.title == "1"
    assert best.score == pytest.approx(1, abs=1e-2)


def test_an_example_that_lasts_no_time_is_refused_in_words(
    engine: Engine, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = draw(tmp_path / "a.mp4", 1)
    timeless = replace(probe(path), duration=0.0)
    monkeypatch.setattr("indexer.example.probe", lambda path: timeless)
    with pytest.raises(VideoError, match="Not one picture"):
        engine.search.example(path)


def test_an_example_that_ends_early_is_still_a_query(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    whole = draw(tmp_path / "whole.mp4", 30).read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    assert engine.search.example(tmp_path / "half.mp4").vectors.shape == (8, DIM)
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    with pytest.raises(VideoError):
        engine.search.example(tmp_path / "bad.mp4")
