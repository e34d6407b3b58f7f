"""Answers to any question in any scope, held against a look at every segment there is."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from placed import DIM, id_of, place_vectors

from encoder.embedder import Embedder
from indexer import candidates, hits, ranking, sequences
from indexer.engine import Engine
from indexer.moments import spans
from indexer.points import Hit, Scope
from indexer.question import Condition, Question, probes, scores
from indexer.search import Wanted
from indexer.sequences import chains, score_of
from indexer.settings import Settings
from indexer.stretches import holds
from indexer.yardstick import Sampler

VIDEOS = 14

Found = list[tuple[str, float, float, float]]
"""Video, start, end and score of each moment."""


SMALL = {
    candidates: {"FIRST_LOOK": 5, "MOST_AT_ONCE": 20},
    ranking: {"FEW": 2, "MANY": 3},
    hits: {"ROOM": 4},
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Engine]:
    """Videos whose segments resemble their neighbours, and looks that soon have to be widened."""
    random = np.random.default_rng(5)
    settings = Settings(data_dir=tmp_path_factory.mktemp("ranking"), model="toy")
    with Engine(settings, embedder) as engine, pytest.MonkeyPatch.context() as patched:
        for module, names in SMALL.items():
            for name, few in names.items():
                patched.setattr(module, name, few)
        for number in range(VIDEOS):
            steps = 0.6 * random.standard_normal((random.integers(1, 25), DIM))
            path = random.standard_normal(DIM) + np.cumsum(steps, axis=0)
            unit = path / np.linalg.norm(path, axis=1, keepdims=True)
            place_vectors(engine, str(number), unit.astype(np.float32))
        yield engine


def unit(random: np.random.Generator, count: int = 1) -> np.ndarray:
    vectors = random.standard_normal((count, DIM)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def some_question(random: np.random.Generator, engine: Engine) -> Question:
    """Words, examples, several conditions, likes, or a sequence, as it falls."""
    stored = [one.vector for one in engine.store.segments(id_of("3"))]
    kinds = {
        "words": ((Condition(unit(random)),),),
        "example": ((Condition(unit(random, 3)),),),
        "several": ((Condition(unit(random), 0.5), Condition(unit(random, 2))),),
        "without": ((Condition(unit(random)), Condition(unit(random), -1.0)),),
        "nothing but likes": ((),),
        "then": tuple((Condition(unit(random)),) for _ in range(random.integers(2, 4))),
    }
    kind = str(random.choice(list(kinds)))
    likes = kind == "nothing but likes" or random.random() < 0.3
    return Question(
        kinds[kind],
        gap=float(random.choice([0, 4, 60])),
        liked=np.stack(stored[:2]) if likes else None,
        disliked=np.stack(stored[-1:]) if likes else None,
    )


def some_scope(random: np.random.Generator) -> Scope:
    """Any videos, any stretches of them, any part, or none of these."""
    chosen = [id_of(str(n)) for n in range(VIDEOS) if random.random() < 0.6]
    scope = Scope(frozenset(chosen) if random.random() < 0.7 else None)
    if random.random() < 0.4:
        stretches = {one: ((a := 30 * random.random()), a + 9) for one in chosen}
        spans = {one: ((float(a), float(b)),) for one, (a, b) in stretches.items()}
        scope = replace(scope, videos=frozenset(spans), spans=spans)
    if random.random() < 0.4:
        low = random.random() / 2
        scope = replace(scope, part=(low, low + 0.4))
    return scope


def inside(scope: Scope, hit: Hit, length: float) -> bool:
    middle = (hit.start + hit.end) / 2
    return (
        (scope.videos is None or hit.video_id in scope.videos)
        and (scope.spans is None or holds(scope.spans.get(hit.video_id, ()), hit.start, hit.end))
        and (scope.part is None or scope.part[0] * length <= middle <= scope.part[1] * length)
    )


def everything(engine: Engine, question: Question, scope: Scope, per_video: int) -> Found:
    """Every moment, best first, by looking at every segment of every video."""
    asked = probes(question, Sampler(engine.store).yardstick())
    found = []
    for video in engine.library.videos():
        segments = engine.store.segments(video.video_id)
        vectors = np.stack([one.vector for one in segments])
        heats = [
            [
                Hit(video.video_id, one.index, one.start, one.end, float(score))
                for one, score in zip(segments, scores(probe, vectors), strict=True)
            ]
            for probe in asked
        ]
        heats = [[hit for hit in h if inside(scope, hit, video.duration or 0)] for h in heats]
        if len(heats) == 1:
            found += [
                (video.video_id, span.start, span.end, span.best.score)
                for span in spans(heats[0], per_video)
            ]
        else:
            heats = [[hit for hit in h if hit.score >= sequences.LEAST] for h in heats]
            for chain in chains(heats, question.gap, per_video):
                end = max(hit.end for hit in chain)
                found.append((video.video_id, chain[0].start, end, score_of(chain)))
    return sorted(found, key=lambda one: -one[3])


def told(engine: Engine, question: Question, wanted: Wanted) -> Found:
    moments = engine.search.ask(question, wanted).moments
    return [(one.video_id, one.start, one.end, one.score) for one in moments]


def same(found: Found, wanted: Found, whole: Found) -> None:
    """The wanted ones are found; stored vectors are rounded, so near ties may change places."""
    np.testing.assert_allclose([one[3] for one in found], [one[3] for one in wanted], atol=5e-3)
    known = {one[:3]: one[3] for one in whole}
    assert len({one[:3] for one in found}) == len(found)
    for one in found:
        assert known[one[:3]] == pytest.approx(one[3], abs=5e-3)


@pytest.mark.parametrize("seed", range(60))
def test_an_answer_is_what_a_look_at_everything_finds(filled: Engine, seed: int) -> None:
    random = np.random.default_rng(seed)
    question, scope = some_question(random, filled), some_scope(random)
    wanted = Wanted(scope, limit=int(random.integers(1, 30)), per_video=int(random.integers(1, 4)))
    whole = everything(filled, question, scope, wanted.per_video)
    same(told(filled, question, wanted), whole[: wanted.limit], whole)
    # The next page goes on where the last one ended, also if the first was never asked for.
    later = replace(wanted, offset=wanted.limit)
    same(told(filled, question, later), whole[wanted.limit : 2 * wanted.limit], whole)
    answer = filled.search.ask(question, replace(wanted, limit=200))
    assert (answer.more, answer.total) == (False, len(whole))


@pytest.mark.parametrize("seed", range(60, 75))
def test_groups_hold_the_same_moments_by_video(filled: Engine, seed: int) -> None:
    random = np.random.default_rng(seed)
    question, scope = some_question(random, filled), some_scope(random)
    whole = everything(filled, question, scope, 3)
    videos = list(dict.fromkeys(one[0] for one in whole))
    grouped = [one for video_id in videos for one in whole if one[0] == video_id]
    for offset in (0, 5):
        wanted = Wanted(scope, limit=5, offset=offset, grouped=True)
        same(told(filled, question, wanted), grouped[offset : offset + 5], whole)


@pytest.mark.parametrize("seed", range(75, 95))
def test_nothing_outside_a_scope_is_shown_in_any_order(filled: Engine, seed: int) -> None:
    random = np.random.default_rng(seed)
    question, scope = some_question(random, filled), some_scope(random)
    lengths = {video.video_id: video.duration or 0 for video in filled.library.videos()}
    for sort in ("newest", "title", "time"):
        for grouped in (False, True):
            wanted = Wanted(scope, limit=50, sort=sort, grouped=grouped)  # type: ignore[arg-type]
            for one in filled.search.ask(question, wanted).moments:
                peak = filled.search.segment(one.video_id, one.index)
                hit = Hit(one.video_id, peak.index, peak.start, peak.end, 0.0)
                assert inside(scope, hit, lengths[one.video_id])
    for one in filled.search.browse(Wanted(scope, limit=200)).moments:
        assert scope.videos is None or one.video_id in scope.videos
        allowed = ((0.0, 1e9),) if scope.spans is None else scope.spans[one.video_id]
        assert any(start <= one.start and one.end <= end for start, end in allowed)


@pytest.mark.parametrize("seed", range(95, 110))
def test_the_best_percent_is_a_cut_through_the_answer(filled: Engine, seed: int) -> None:
    random = np.random.default_rng(seed)
    question = some_question(random, filled)
    whole = filled.search.ask(question, Wanted(limit=200)).moments
    some = filled.search.ask(question, Wanted(limit=200, least=5.0)).moments
    assert all(one.top <= 6.0 for one in some)  # two segments may score alike
    if len(question.steps) == 1:
        kept = [(one.video_id, one.start) for one in whole if one.top <= 5.0]
        assert [(one.video_id, one.start) for one in some][: len(kept)] == kept
