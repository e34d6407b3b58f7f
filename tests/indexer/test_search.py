"""Searches over segments whose vectors are placed by hand, so that every answer is known."""

import itertools
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Draw
from placed import DIM, asking, direction, id_of, place, place_vectors

from encoder.embedder import Embedder
from encoder.errors import InvalidInput
from indexer.engine import Engine
from indexer.errors import NothingAsked, UnknownMoment, UnknownVideo, VideoError
from indexer.points import Scope
from indexer.question import Condition, Question
from indexer.reader import probe
from indexer.search import Answer, Search, Wanted

ASKED = direction(1.0)


def found(engine: Engine, **wanted: object) -> list[tuple[str, float, float]]:
    """Title, start and end of what one vector finds."""
    answer = engine.search.ask(asking(ASKED), Wanted(**wanted))  # type: ignore[arg-type]
    assert [one.rank for one in answer.moments] == list(range(1, len(answer.moments) + 1))
    return shown(answer)


def shown(answer: Answer) -> list[tuple[str, float, float]]:
    return [(answer.videos[one.video_id].title, one.start, one.end) for one in answer.moments]


def titles(engine: Engine, question: Question, **wanted: object) -> list[str]:
    answer = engine.search.ask(question, Wanted(**wanted))  # type: ignore[arg-type]
    return [title for title, _, _ in shown(answer)]


def test_the_best_moment_first_with_its_peak_and_place(engine: Engine) -> None:
    place(engine, "a", [0.0, 0.4, 0.1, 0.0])
    b = place(engine, "b", [0.0, 0.1, 0.2, 0.8, 0.75, 0.0])
    best, second = engine.search.ask(asking(ASKED)).moments
    assert (best.video_id, best.rank, best.index) == (b, 1, 3)
    assert (best.start, best.end, best.peak) == (6.0, 12.0, 8.0)
    assert best.top == pytest.approx(10.0)  # one of ten
    assert (second.video_id, second.peak, second.rank) == (id_of("a"), 4.0, 2)
    assert second.top == pytest.approx(30.0)
    assert best.score > second.score > 0


def test_at_most_so_many_of_one_video_and_in_all(engine: Engine) -> None:
    place(engine, "a", [0.9, 0, 0, 0.88, 0, 0, 0.86, 0, 0, 0.84, 0])
    place(engine, "b", [0.5, 0, 0, 0.49, 0])
    assert [title for title, _, _ in found(engine, per_video=2)] == ["a", "a", "b", "b"]
    assert [title for title, _, _ in found(engine, per_video=9, limit=3)] == ["a"] * 3


def test_a_video_that_crowds_the_hits_does_not_hide_the_others(engine: Engine) -> None:
    place(engine, "crowd", [0.9, 0.91] * 300)
    for name in ("x", "y", "z"):
        place(engine, name, [0.1, 0.2])
    some = [title for title, _, _ in found(engine, limit=4, per_video=1)]
    assert some[0] == "crowd"
    assert set(some) == {"crowd", "x", "y", "z"}


def test_of_several_vectors_of_one_example_the_best_counts(engine: Engine) -> None:
    place(engine, "a", [0.6, 0.0, 0.1, -0.1], axis=0)
    place(engine, "b", [0.8, 0.0, 0.1, -0.1], axis=1)
    both = np.stack([direction(1.0, 0), direction(1.0, 1)])
    answer = engine.search.ask(asking(both))
    assert {one.index for one in answer.moments[:2]} == {0}
    assert {title for title, _, _ in shown(answer)[:2]} == {"a", "b"}
    assert len(set(shown(answer))) == len(answer.moments)


def test_several_conditions_hold_together_and_weigh(engine: Engine) -> None:
    def vector(one: float, other: float) -> np.ndarray:
        rest = np.sqrt(1 - one**2 - other**2)
        return np.array([one, other, *[0.0] * (DIM - 3), rest], np.float32)

    place_vectors(engine, "one", [vector(0.8, 0), vector(0, 0), vector(0, 0)])
    place_vectors(engine, "both", [vector(0.6, 0.6), vector(0, 0), vector(0, 0)])
    place_vectors(engine, "other", [vector(0, 0.8), vector(0, 0), vector(0, 0)])
    first, second = Condition(direction(1.0, 0)[None]), Condition(direction(1.0, 1)[None])
    assert titles(engine, Question(((first, second),)), limit=1) == ["both"]
    assert titles(engine, Question(((replace(first, weight=5.0), second),)), limit=1) == ["one"]
    without = Question(((first, replace(second, weight=-1.0)),))
    assert titles(engine, without, limit=2) == ["one", "both"]
    liked = Question(((first,),), liked=vector(0, 0.8)[None])
    assert titles(engine, liked, limit=1) == ["both"]
    disliked = Question(((first, second),), disliked=vector(0.6, 0.6)[None])
    assert titles(engine, disliked, limit=1) != []
    with pytest.raises(NothingAsked, match="cancel"):
        engine.search.ask(Question(((first, replace(first, weight=-2.0)),)))
    with pytest.raises(NothingAsked, match="weight"):
        engine.search.ask(Question(((replace(first, weight=0.0),),)))


def test_one_thing_then_another_tells_where_each_is(engine: Engine) -> None:
    nothing = direction(0.0)
    one, other = direction(0.9, 0), direction(0.9, 1)
    a = place_vectors(engine, "a", [nothing, one, nothing, nothing, other, nothing])
    place_vectors(engine, "b", [nothing, other, nothing, nothing, one, nothing])
    steps = Question(((Condition(ASKED[None]),), (Condition(direction(1.0, 1)[None]),)), gap=60)
    (best,) = engine.search.ask(steps).moments
    assert (best.video_id, best.start, best.end, best.index, best.peak) == (a, 2.0, 12.0, 1, 4.0)
    assert [(part.index, part.start, part.end) for part in best.steps] == [(1, 2, 6), (4, 8, 12)]
    assert best.score == pytest.approx(sum(part.score for part in best.steps) / 2)
    assert engine.search.ask(replace(steps, gap=1.0)).moments == []


def test_what_is_being_removed_is_not_found(engine: Engine) -> None:
    a = place(engine, "a", [0.9])
    place(engine, "b", [0.1])
    assert titles(engine, asking(ASKED)) == ["a", "b"]
    engine.library.begin_removal(a)
    assert found(engine) == [("b", 0.0, 4.0)]


def test_what_is_missing_is_not_found_until_it_is_back(engine: Engine) -> None:
    a = place(engine, "a", [0.9, 0.8, 0.7, 0.6, 0.5] * 60)
    place(engine, "b", [0.1])
    engine.library.set_missing(a, True)
    assert found(engine, limit=1) == [("b", 0.0, 4.0)]  # however far behind the missing one
    engine.library.set_missing(a, False)
    assert found(engine, limit=1)[0][0] == "a"


def test_what_is_new_is_found_by_a_question_that_was_asked_before(engine: Engine) -> None:
    place(engine, "a", [0.5, 0.0])
    assert titles(engine, asking(ASKED), limit=1) == ["a"]
    place(engine, "b", [0.9, 0.0])
    assert titles(engine, asking(ASKED), limit=1) == ["b"]


def test_the_next_page_asks_the_store_nothing_that_is_known(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        place(engine, str(number), [0.9 - number / 100, 0.0])
    pages = [found(engine, limit=10, per_video=1)]
    asked = 0
    nearest = engine.store.nearest

    def counted(*args: object, **more: object) -> object:
        nonlocal asked
        asked += 1
        return nearest(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(engine.store, "nearest", counted)
    assert found(engine, limit=10, per_video=1) == pages[0]
    assert asked == 0
    wanted = Wanted(limit=10, offset=10, per_video=1)
    assert [one.rank for one in engine.search.ask(asking(ASKED), wanted).moments] == [
        *range(11, 21)
    ]


def test_other_orders_are_of_what_is_good(engine: Engine) -> None:
    for name, score in (("c", 0.9), ("a", 0.8), ("b", 0.85), ("noise", 0.1)):
        place(engine, name, [0.0, score, 0.0, 0.0, 0.0])
    assert [one[0] for one in found(engine, sort="title")] == ["a", "b", "c"]
    assert [one[0] for one in found(engine, sort="oldest")] == ["c", "a", "b"]
    assert [one[0] for one in found(engine, sort="newest", limit=2)] == ["b", "a"]
    assert [one[0] for one in found(engine)] == ["c", "b", "a", "noise"]


def test_groups_stand_together_the_best_video_first(engine: Engine) -> None:
    place(engine, "a", [0.9, 0, 0, 0.6, 0])
    place(engine, "b", [0.8, 0, 0, 0.7, 0])
    assert [one[0] for one in found(engine)] == ["a", "b", "b", "a"]
    assert [one[0] for one in found(engine, grouped=True)] == ["a", "a", "b", "b"]


def test_an_empty_library_answers(engine: Engine) -> None:
    answer = engine.search.ask(asking(ASKED))
    assert (answer.moments, answer.more, answer.total) == ([], False, 0)
    assert engine.search.browse(Wanted()).moments == []


def test_browsing_shows_each_video_or_each_stretch(engine: Engine) -> None:
    a, b = place(engine, "a", [0.0] * 9), place(engine, "b", [0.0] * 4)
    answer = engine.search.browse(Wanted())
    assert shown(answer) == [("b", 0.0, 10.0), ("a", 0.0, 20.0)]
    assert (answer.total, answer.more, answer.moments[1].index) == (2, False, 4)
    spans = {a: ((2.0, 4.0), (8.0, 11.0)), b: ((0.0, float("inf")),)}
    marked = engine.search.browse(Wanted(Scope(frozenset(spans), spans), sort="title", limit=2))
    assert shown(marked) == [("a", 2.0, 4.0), ("a", 8.0, 11.0)]
    assert (marked.total, marked.more) == (3, True)


def test_a_heatmap_is_every_segment_by_time_on_the_librarys_scale(engine: Engine) -> None:
    a = place(engine, "a", [0.1, 0.7, -0.3, 0.2])
    b = place(engine, "b", [0.9] * 5)
    heat = engine.search.heatmap(a, asking(ASKED))
    assert (heat.starts, heat.ends) == ((0, 2, 4, 6), (4, 6, 8, 10))
    assert list(np.argsort(heat.curves[0])) == [2, 0, 3, 1]
    hotter = engine.search.heatmap(b, asking(ASKED))
    assert (hotter.low, hotter.high) == (heat.low, heat.high)
    assert heat.curves.max() < hotter.curves.max() == pytest.approx(heat.high, abs=1e-2)
    best = engine.search.ask(asking(ASKED)).moments[0]
    assert hotter.curves.max() == pytest.approx(best.score, abs=1e-2)
    both = Question(((Condition(ASKED[None]),), (Condition(direction(1.0, 1)[None]),)))
    assert engine.search.heatmap(a, both).curves.shape == (2, 4)
    with pytest.raises(UnknownVideo):
        engine.search.heatmap("f" * 64, asking(ASKED))


def test_stored_moments_and_stretches_are_questions(engine: Engine) -> None:
    a = place(engine, "a", [0.1, 0.7, -0.3, 0.2])
    np.testing.assert_allclose(engine.search.segment(a, 1).vector, direction(0.7), atol=1e-3)
    inside = engine.search.stretch(a, 1.9, 6.0)  # the middles of the first three are 2, 4 and 6
    np.testing.assert_allclose(inside, [direction(c) for c in (0.1, 0.7, -0.3)], atol=1e-3)
    short = engine.search.stretch(a, 8.9, 9.1)  # only the last one reaches there
    np.testing.assert_allclose(short, [direction(0.2)], atol=1e-3)
    assert len(engine.search.stretch(place(engine, "b", [0.5] * 30), 0, 60)) == 8
    for wrong in (lambda: engine.search.segment(a, 4), lambda: engine.search.stretch(a, 10, 11)):
        with pytest.raises(UnknownMoment):
            wrong()
    with pytest.raises(UnknownVideo):
        engine.search.segment("f" * 64, 0)


def test_many_people_ask_the_same_and_get_the_same(engine: Engine) -> None:
    for number in range(20):
        place(engine, str(number), [0.9 - number / 50, 0.0, 0.1])
    answers: list[object] = []

    def ask() -> None:
        answers.append(found(engine, limit=15, offset=0))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20
    assert all(one == other for one, other in itertools.pairwise(answers))


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
    question = asking(engine.search.example(paths[1]).vectors)
    assert titles(engine, question, limit=1) == ["1"]


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
