"""Every way to ask, as it is typed, over the demo's library and what is known to happen in it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drawn import cut
from PIL import Image
from serving import DEMO, give_demo, running
from typed import Ended, Run

from app import terminal
from indexer.engine import Engine
from indexer.settings import Settings
from indexer.tags import Tags

AFTERNOON = "Red and blue afternoon"


@pytest.fixture(scope="module", params=["alone", "beside a server"])
def library(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The demo's videos, indexed; one of them is tagged. A server holds them, or nobody."""
    data_dir = give_demo(tmp_path_factory.mktemp("asked"))
    with Engine.open(Settings(data_dir=data_dir, model="toy")) as engine:
        night = next(one for one in engine.library.videos() if one.title == "Night sky")
        Tags(engine.library.database).add(night.video_id, "sky")
    if request.param == "alone":
        yield data_dir
        return
    with running("serve", "--model", "toy", "--data-dir", str(data_dir), "--port", "0"):
        yield data_dir


class Asker:
    """Types `prismsearch search` and reads its JSON."""

    def __init__(self, run: Run, library: Path) -> None:
        self._run = run
        self._library = library

    def types(self, *said: str) -> Ended:
        """What the command prints."""
        return self._run("search", *said, "--data-dir", str(self._library))

    def moments(self, *said: str) -> list[dict[str, Any]]:
        """The moments it finds."""
        ended = self.types(*said, "--json")
        assert ended.code == 0, ended.err
        found: list[dict[str, Any]] = json.loads(ended.out)["moments"]
        return found

    def titles(self, *said: str) -> list[str]:
        """The videos of the moments, in their order."""
        return [one["title"] for one in self.moments(*said)]


@pytest.fixture
def ask(run: Run, library: Path) -> Asker:
    return Asker(run, library)


def test_words_need_no_quotes_and_answers_are_lines(ask: Asker) -> None:
    lines = ask.types("a", "red", "cross", "spins", "--top", "3").out.splitlines()
    assert len(lines) == 3
    assert lines[0].split()[:2] == ["1", "top"]
    assert lines[0].endswith("First aid")


def test_what_follows_stands_below_its_moment(ask: Asker) -> None:
    said = ("a large red circle grows", "--then", "a large blue square spins")
    best = ask.moments(*said)[0]
    assert best["title"] == AFTERNOON
    (first, second) = best["steps"]
    assert first["start"] < second["start"]
    assert 19 <= first["peak"] <= 27
    assert 25 <= second["peak"] <= 33
    lines = ask.types(*said).out.splitlines()
    assert lines[0].endswith(AFTERNOON)
    assert lines[1].strip().startswith("0:")
    assert ask.moments(*said, "--gap", "0")[0]["title"] == AFTERNOON  # the one follows at once


def test_what_is_not_to_be_seen_sinks(ask: Asker) -> None:
    def rank(*said: str) -> int:
        found = ask.moments(*said, "--top", "50", "--per-video", "20")
        place = [one["rank"] for one in found if one["title"] == AFTERNOON and one["start"] < 5]
        return min(place, default=51)

    plain = rank("a large circle")
    assert rank("a large circle", "--not", "a red circle moves left") > plain


def test_what_is_typed_belongs_to_the_step_before_it(
    ask: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[tuple[str, str]]] = []
    monkeypatch.setattr(terminal, "search", lambda settings, said, as_json: asked.append(said))

    def said(*typed: str) -> str:
        assert ask.types(*typed).code == 0
        roles = ("and", "not", "then", "similar")
        return " ".join(f"{name}={value}" for name, value in asked.pop() if name in roles)

    assert said("a", "--then", "b", "--not=c") == "and=a then=b not=c"
    assert said("a", "--not", "c", "--then", "b", "--not", "d") == "and=a not=c then=b not=d"
    assert said("--then", "b", "--similar", "v@3", "a", "--and", "c") == (
        "and=a then=b similar=v@3 and=c"
    )


def test_it_matters_which_step_is_without_something(ask: Asker) -> None:
    first, second = "a large red circle grows", "a large blue square spins"
    steps = (first, "--then", second)
    late = ask.moments(*steps, "--not", first)
    early = ask.moments(first, "--not", first, "--then", second)
    assert late[0]["title"] == AFTERNOON
    assert late[0]["score"] != early[0]["score"]
    assert ask.moments("--not", "a star", "--and", first)[0]["title"] == AFTERNOON


def test_more_than_one_thing_at_once(ask: Asker) -> None:
    assert ask.titles("a red circle", "--and", "a blue square")[0] == AFTERNOON


def test_a_picture_or_a_clip_is_an_example(ask: Asker, tmp_path: Path) -> None:
    clip = cut(DEMO / f"{AFTERNOON}.mp4", 26.5, 32, tmp_path / "clip.mp4")
    best = ask.moments("--example", str(clip))[0]
    assert best["title"] == AFTERNOON
    assert 24 <= best["peak"] <= 34
    none = tmp_path / "none.png"
    Image.new("RGB", (40, 40)).save(none)
    assert ask.moments("--example", str(none))
    none.write_text("no picture")
    refused = ask.types("--example", str(none))
    assert (refused.code, refused.out) == (1, "")
    assert "neither a video nor a picture" in refused.err


def test_moments_are_named_by_video_and_time(ask: Asker) -> None:
    like_this = ask.moments("--similar", f"{AFTERNOON}@0:29")[0]
    assert like_this["title"] == AFTERNOON
    assert like_this["start"] <= 29 <= like_this["end"]
    stretch = ask.moments("--similar", f"{AFTERNOON}@27-31.5")[0]
    assert stretch["start"] < 31.5
    assert stretch["end"] > 27
    near = ask.titles("a star", "--like", "Night sky@3", "--dislike", "Stars at play@3")
    assert near[0] == "Night sky"


@pytest.mark.parametrize("place", ["Nobody@3", f"{AFTERNOON}@soon", AFTERNOON, f"{AFTERNOON}@9-3"])
def test_a_moment_that_is_not_there_is_one_sentence(ask: Asker, place: str) -> None:
    refused = ask.types("--similar", place)
    assert (refused.code, refused.out) == (1, "")
    assert len(refused.err.strip().splitlines()[-1]) > 20


def test_filters_let_nothing_else_through(ask: Asker) -> None:
    assert set(ask.titles("a red circle", "--video", "Deep sea")) == {"Deep sea"}
    assert set(ask.titles("a red circle", "--tag", "SKY")) == {"Night sky"}
    assert ask.titles("a red circle", "--folder", "nowhere") == []
    late = ask.moments("a red circle", "--part", "0.8-1", "--top", "50")
    assert late
    assert all(one["peak"] > 20 for one in late)
    short = ask.moments("a red circle", "--duration", "-32", "--top", "50")
    assert short
    assert AFTERNOON not in {one["title"] for one in short}
    assert ask.titles("a red circle", "--added", "..2001-01-01") == []
    assert ask.titles("--tag", "sky") == ["Night sky"]  # only looking


def test_order_and_amount(ask: Asker) -> None:
    titles = ask.titles("a red circle", "--sort", "title", "--top", "30")
    assert titles == sorted(titles, key=str.casefold)
    together = ask.titles("a red circle", "--by-video", "--per-video", "2", "--top", "20")
    starts = [at for at, title in enumerate(together) if title not in together[:at]]
    assert len(starts) == len(set(together))
    assert all(
        together[at] == together[at - 1] for at in range(1, len(together)) if at not in starts
    )
    few = ask.moments("a red circle", "--least", "2", "--top", "50")
    assert 0 < len(few) <= 6


def test_the_address_of_the_page_is_a_question(ask: Asker) -> None:
    asked = "?q=a+large+red+circle+grows&then=a+large+blue+square+spins&v=abc&t=3&tab=search"
    for link in (f"http://127.0.0.1:7860/{asked}", asked, asked[1:]):
        best = ask.moments("--link", link)[0]
        assert best["title"] == AFTERNOON
        assert len(best["steps"]) == 2
    assert ask.titles("--link", asked, "--video", "Deep sea")[:1] in ([], ["Deep sea"])


def test_nothing_asked_and_nothing_found_are_said(ask: Asker) -> None:
    nothing = ask.types()
    assert (nothing.code, nothing.out) == (1, "")
    assert "Ask" in nothing.err
    none = ask.types("a red circle", "--tag", "unheard of")
    assert (none.code, none.out) == (0, "")
    assert "Nothing fits" in none.err
    bad = ask.types("a", "--part", "2-1")
    assert bad.code == 1
    assert "part" in bad.err
