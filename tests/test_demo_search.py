"""The whole way on the demo library: films decoded, indexed by the toy model, moments found."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from encoder.toy.captions import plain_caption
from encoder.toy.scenes import Scene, contradicts
from indexer.demo import DEMO, FILMS, events
from indexer.engine import Engine
from indexer.library import Video
from indexer.moments import Moment
from indexer.points import Scope
from indexer.question import Condition, Question
from indexer.search import Wanted
from indexer.settings import Settings

HOP = 2.0
SHORT = (  # as people type: few words, and what they mean
    ("red cross spinning", Scene("cross", "red", motion="spin")),
    ("pink triangles", Scene("triangle", "pink", count="2")),
    ("three red circles", Scene("circle", "red", count="3")),
    ("a video of a spinning green square.", Scene("square", "green", motion="spin")),
    ("small purple ring", Scene("ring", "purple", "small")),
    ("blue squares", Scene("square", "blue")),
    ("a pink star growing", Scene("star", "pink", motion="grow")),
    ("small white stars blinking", Scene("star", "white", "small", motion="blink")),
    ("small blue rings going up", Scene("ring", "blue", "small", motion="up")),
    ("three pink crosses", Scene("cross", "pink", count="3")),
    ("white cross", Scene("cross", "white")),
    ("yellow triangle shrinking", Scene("triangle", "yellow", motion="shrink")),
)

ABSENT = (
    "a dog running on the beach",
    "children opening birthday presents",
    "an airplane taking off",
    "a man cooking pasta",
    "a football match",
    "snow falling in a forest",
    "a woman playing the piano",
    "traffic at night",
    "a cat sleeping on a sofa",
    "fireworks over a river",
    "horses galloping",
    "a speech at a conference",
    "a baby laughing",
    "a sunset over mountains",
    "a tennis player serving",
    "rain on a window",
)


@dataclass(frozen=True)
class Event:
    """One thing that happens in one film."""

    file: str
    start: float
    end: float
    caption: str
    scene: Scene


def truth() -> list[Event]:
    films: list[dict[str, Any]] = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
    return [
        Event(film["file"], e["start"], e["end"], e["caption"], Scene(**e["attributes"]))
        for film in films
        for e in film["events"]
    ]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An installation that has indexed the demo library."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("demo"), model="toy")
    with Engine.open(settings) as opened:
        opened.add_folder(DEMO)
        opened.worker.start()
        assert opened.worker.wait(120)
        assert {video.state for video in opened.library.videos()} == {"done"}
        yield opened


def hit(file: str, moment: Moment, said: Scene, happened: list[Event]) -> bool:
    """Whether the peak lies within one hop of an event of which the words are true."""
    return any(
        event.file == file
        and near(event, moment.peak)
        and not contradicts([said], [event.scene])[0, 0]
        for event in happened
    )


def near(event: Event, seconds: float) -> bool:
    return event.start - HOP <= seconds <= event.end + HOP


def best(engine: Engine, words: str) -> Moment:
    return engine.search.ask(engine.search.words(words), Wanted(limit=1)).moments[0]


def missed(engine: Engine, queries: list[tuple[str, Scene]]) -> list[str]:
    happened = truth()
    files = files_of(engine)
    found = [(words, said, best(engine, words)) for words, said in queries]
    return [
        words
        for words, said, moment in found
        if not hit(files[moment.video_id], moment, said, happened)
    ]


def files_of(engine: Engine) -> dict[str, str]:
    return {video.video_id: video.path.name for video in engine.library.videos()}


def test_what_happens_is_found_where_it_happens(engine: Engine) -> None:
    queries = [(event.caption, event.scene) for event in truth()]
    assert len(queries) >= 40
    assert len(missed(engine, queries)) <= 0.1 * len(queries), missed(engine, queries)


def test_a_few_words_are_enough(engine: Engine) -> None:
    assert len(missed(engine, list(SHORT))) <= 0.1 * len(SHORT), missed(engine, list(SHORT))


def test_a_picture_of_a_moment_finds_it(engine: Engine, tmp_path: Path) -> None:
    asked = [
        (video, (video.duration or 0) * share) for video in films(engine) for share in (0.3, 0.7)
    ]
    ranks = [
        rank_of(engine, picture(video.path, at, tmp_path), video.video_id, at)
        for video, at in asked
    ]
    assert len(ranks) == 16
    assert sum(rank < 5 for rank in ranks) >= 14, ranks


def films(engine: Engine) -> list[Video]:
    return engine.library.videos()[:8]


def picture(film: Path, at: float, folder: Path) -> Path:
    """The frame of a film at a time in seconds, as a file."""
    with av.open(str(film)) as container:
        frame = next(frame for frame in container.decode(video=0) if frame.time >= at)
    frame.to_image().save(folder / "frame.png")
    return folder / "frame.png"


def rank_of(engine: Engine, picture: Path, video_id: str, at: float) -> int:
    """How many segments fit better than the first that lies within two hops of the time."""
    (vector,) = engine.search.example(picture).vectors
    hits = engine.store.nearest(vector, engine.store.count())
    return next(
        rank
        for rank, hit in enumerate(hits)
        if hit.video_id == video_id and hit.start - 2 * HOP <= at < hit.end + 2 * HOP
    )


# Questions of several parts.


def overlap(moment: Moment, event: Event) -> float:
    """What share of the time that either takes both take."""
    both = min(moment.end, event.end) - max(moment.start, event.start)
    return max(0.0, both) / (max(moment.end, event.end) - min(moment.start, event.start))


def test_a_moment_reaches_about_as_far_as_what_happens(engine: Engine) -> None:
    found = [(best(engine, event.caption), event) for event in truth()]
    files = files_of(engine)
    shares = [overlap(one, event) for one, event in found if files[one.video_id] == event.file]
    assert sum(shares) / len(shares) > 0.75


def pairs() -> list[tuple[Event, Event]]:
    """Forty times one thing and another that happens later in the same film."""
    told = truth()
    every = [
        (one, other)
        for one in told
        for other in told
        if one.file == other.file and one.end <= other.start and one.caption != other.caption
    ]
    return every[:: len(every) // 40][:40]


def then(engine: Engine, one: Event, other: Event) -> Question:
    vectors = [engine.search.text_vector(event.caption) for event in (one, other)]
    return Question(tuple((Condition(vector[None]),) for vector in vectors))


def test_one_thing_then_another_is_found_first_and_above_the_other_order(engine: Engine) -> None:
    files = files_of(engine)
    right = above = 0
    for one, other in pairs():
        first = engine.search.ask(then(engine, one, other), Wanted(limit=1)).moments[0]
        swapped = engine.search.ask(then(engine, other, one), Wanted(limit=1)).moments
        peaks = [(part.start + part.end) / 2 for part in first.steps]
        found = near(one, peaks[0]) and near(other, peaks[1])
        right += files[first.video_id] == one.file and found
        above += not swapped or first.score > swapped[0].score
    assert len(pairs()) == 40
    assert right >= 36, right
    assert above >= 36, above


def happening(event: Event, moment: Moment) -> bool:
    return event.start <= moment.peak <= event.end


def shown(engine: Engine, question: Question, wanted: Wanted) -> list[Event]:
    """What happens at the peak of each moment that is found."""
    files = files_of(engine)
    return [
        next(e for e in truth() if e.file == files[one.video_id] and happening(e, one))
        for one in engine.search.ask(question, wanted).moments
    ]


def colours(events: list[Event]) -> list[str | None]:
    return [event.scene.colour for event in events] + [e.scene.other_colour for e in events]


@pytest.mark.parametrize(
    ("what", "without"),
    [("star", "yellow"), ("cross", "red"), ("ring", "purple"), ("square", "green")],
)
def test_without_lowers_what_it_names_and_keeps_the_rest(
    engine: Engine, what: str, without: str
) -> None:
    asked = Condition(engine.search.text_vector(f"a {what}")[None])
    named = Condition(engine.search.text_vector(without)[None], -1.0)
    wanted = Wanted(limit=6, per_video=6)
    before = shown(engine, Question(((asked,),)), wanted)
    after = shown(engine, Question(((asked, named),)), wanted)
    assert colours(after).count(without) < max(1, colours(before).count(without))
    kept = [event for event in after if what in (event.scene.shape, event.scene.other_shape)]
    assert len(kept) >= 4


def test_five_likes_raise_the_precision_of_the_first_ten(engine: Engine) -> None:
    """Of segments that show what was meant; those that were liked do not count."""
    before, after = [], []
    files = {path: video_id for video_id, path in files_of(engine).items()}
    for shape, colour in (("circle", "yellow"), ("star", "orange"), ("square", "pink")):
        meant = [e for e in truth() if (e.scene.shape, e.scene.colour) == (shape, colour)]
        good = {
            (files[event.file], one.index)
            for event in meant
            for one in engine.store.segments(files[event.file])
            if event.start <= (one.start + one.end) / 2 <= event.end
        }
        liked = sorted(good)[::3][:5]
        vectors = [engine.search.segment(*place).vector for place in liked]
        said = ((Condition(engine.search.text_vector(f"a {shape}")[None]),),)
        likes = Question(said, liked=np.stack(vectors))
        before.append(precision(engine, Question(said), good - set(liked), set(liked)))
        after.append(precision(engine, likes, good - set(liked), set(liked)))
    assert sum(after) / 3 > sum(before) / 3 + 0.2, (before, after)


def precision(
    engine: Engine, question: Question, good: set[tuple[str, int]], left_out: set[tuple[str, int]]
) -> float:
    """The share of the ten best segments, or of as many as there are, that are good ones."""
    every = [
        (score, (video.video_id, index))
        for video in engine.library.videos()
        for index, score in enumerate(engine.search.heatmap(video.video_id, question).curves[0])
    ]
    ranked = [place for _, place in sorted(every, reverse=True) if place not in left_out]
    count = min(10, len(good))
    return sum(place in good for place in ranked[:count]) / count


def test_nothing_fits_well_is_said_of_what_is_not_there_and_of_nothing_else(
    engine: Engine,
) -> None:
    def weak(words: str) -> bool:
        return engine.search.ask(engine.search.words(words), Wanted(limit=1)).weak

    there = [event.caption for event in truth()] + [words for words, _ in SHORT]
    assert [words for words in there if weak(words)] == []
    absent = [words for words in ABSENT if weak(words)]
    assert len(absent) >= 0.75 * len(ABSENT), absent


def test_what_is_known_of_a_film_is_found_in_no_other(engine: Engine) -> None:
    video = engine.library.videos()[0].video_id
    scope = Scope(frozenset({video}))
    answer = engine.search.ask(engine.search.words("a star"), Wanted(scope, limit=200))
    assert {moment.video_id for moment in answer.moments} == {video}


def test_the_truth_is_the_table_of_films() -> None:
    told = truth()
    drawn = [
        Event(f"{title}.mp4", event.start, event.end, event.caption, event.scene)
        for title, (_, lines) in FILMS.items()
        for event in events(lines)
    ]
    assert told == drawn
    assert all(plain_caption(event.scene) == event.caption for event in told)


def test_the_films_are_a_dozen_short_small_ones() -> None:
    films = sorted(Path(DEMO).glob("*.mp4"))
    assert [film.stem for film in films] == sorted(FILMS)
    assert len(films) == 12
    assert sum(film.stat().st_size for film in films) < 6_000_000
    for _, lines in FILMS.values():
        assert 20 <= events(lines)[-1].end <= 60
