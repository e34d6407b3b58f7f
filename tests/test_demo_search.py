"""The whole way on the demo library: films decoded, indexed by the toy model, moments found."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest

from encoder.toy.captions import plain_caption
from encoder.toy.scenes import Scene, contradicts
from indexer.demo import DEMO, FILMS, events
from indexer.engine import Engine
from indexer.library import Video
from indexer.search import Moment
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
        and event.start - HOP <= moment.peak <= event.end + HOP
        and not contradicts([said], [event.scene])[0, 0]
        for event in happened
    )


def missed(engine: Engine, queries: list[tuple[str, Scene]]) -> list[str]:
    happened = truth()
    files = {video.video_id: video.path.name for video in engine.library.videos()}
    found = [(words, said, engine.search.by_text(words, limit=3)[0]) for words, said in queries]
    return [
        words
        for words, said, moment in found
        if not hit(files[moment.video_id], moment, said, happened)
    ]


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
