"""Tags of videos and marks on stretches, on a real SQLite file; and what is fit to be a name."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import tags as module
from indexer.content import Content
from indexer.database import Database
from indexer.errors import BadLabel, BadStretch, TooMany, UnknownVideo
from indexer.labels import label
from indexer.library import Library
from indexer.tags import TagCount, Tags

RED, BLUE = "a" * 64, "b" * 64


@pytest.fixture
def library(database: Database) -> Library:
    """Two videos: one of 100 s, one whose length is not known yet."""
    library = Library(database, "f0")
    for number, video_id in enumerate((RED, BLUE)):
        content = Content(video_id, 1, number)
        library.add(Path(f"/films/{number}.mp4"), str(number), False, content)
    library.describe(RED, 100.0, 640, 360, "as_is")
    return library


@pytest.fixture
def tags(library: Library) -> Tags:
    return Tags(library.database)


# Names.


@given(st.text(max_size=100))
def test_a_name_is_refused_or_fit_to_be_shown_and_to_be_an_address(text: str) -> None:
    try:
        name = label(text, "A tag", 60)
    except BadLabel:
        return
    assert label(name, "A tag", 60) == name  # said again it is the same
    assert 1 <= len(name) <= 60
    assert name == " ".join(name.split())
    assert not {unicodedata.category(c) for c in name} & {"Cc", "Cs"}
    assert name.strip(".")


@pytest.mark.parametrize(
    "text", ["", " \t\n", ".", "..", "\u200b", "\u202e \u200f", "a\x00b", "\x1b[31m", "x" * 61]
)
def test_what_cannot_be_read_is_no_name(text: str) -> None:
    with pytest.raises(BadLabel, match="Nothing was changed"):
        label(text, "A tag", 60)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  two\n words ", "two words"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("`${x}`", "`${x}`"),
        ("a/b", "a/b"),
        ("\u202eabc", "abc"),
        ("e\u0301", "\u00e9"),
        ("?", "?"),
        ("\U0001f3d6\ufe0f", "\U0001f3d6\ufe0f"),
    ],
)
def test_whatever_else_is_just_text(text: str, name: str) -> None:
    assert label(text, "A tag", 60) == name


# Of whole videos.


def test_a_tag_is_one_whatever_its_case_and_spaces(library: Library, tags: Tags) -> None:
    assert tags.add(RED, " Am  Meer ") == "Am Meer"
    assert tags.add(RED, "am MEER") == "am MEER"
    assert tags.add(RED, "Straße") == "Straße"
    assert tags.of(RED) == ["am MEER", "Straße"]
    assert library.need(RED).tags == ("am MEER", "Straße")
    assert library.need(BLUE).tags == ()
    for _ in range(2):
        tags.remove(RED, "STRASSE")
        tags.remove(BLUE, "Straße")
    assert tags.of(RED) == ["am MEER"]


def test_who_is_not_there_gets_no_tag(library: Library, tags: Tags) -> None:
    library.begin_removal(BLUE)
    for video_id in (BLUE, "c" * 64):
        with pytest.raises(UnknownVideo):
            tags.add(video_id, "late")
        with pytest.raises(UnknownVideo):
            tags.mark(video_id, 0, 1, "late")
    assert tags.all() == []


@pytest.mark.parametrize("kind", ["tags", "marks"])
def test_one_too_many_is_refused_and_changes_nothing(
    tags: Tags, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(module, f"MOST_{kind.upper()}", 3)
    verbs: dict[str, Callable[[str], object]] = {
        "tags": lambda tag: tags.add(RED, tag),
        "marks": lambda tag: tags.mark(RED, 1, 2, tag),
    }
    for name in ("a", "b", "c", "C"):  # the last one is there already
        verbs[kind](name)
    with pytest.raises(TooMany, match=f"3 {kind}"):
        verbs[kind]("d")
    assert [one.tag for one in tags.all()] == ["a", "b", "C"]


# Of stretches.


def test_a_mark_is_made_once_and_goes_by_its_id(tags: Tags) -> None:
    second = tags.mark(RED, 50, 60.00049, "jump")
    first = tags.mark(RED, 10, 12.5, "jump")
    again = tags.mark(RED, 10, 12.5, "Jump")
    assert (again.mark_id, again.tag, again.made_at) == (first.mark_id, "Jump", first.made_at)
    assert tags.marks(RED) == [again, second]
    assert (second.start, second.end, second.video_id) == (50.0, 60.0, RED)
    for _ in range(2):
        tags.unmark(first.mark_id)
    assert tags.marks(RED) == [second]
    assert tags.mark(RED, 10, 12.5, "jump").mark_id not in (first.mark_id, second.mark_id)


@pytest.mark.parametrize(
    ("start", "end"),
    [(5, 5), (6, 5), (-1, 5), (5, 102), (100, 100.5), (float("nan"), 5), (5, float("nan"))],
)
def test_what_is_no_stretch_of_the_video_is_refused(tags: Tags, start: float, end: float) -> None:
    with pytest.raises(BadStretch, match="Nothing was changed"):
        tags.mark(RED, start, end, "jump")
    assert tags.marks(RED) == []


def test_a_mark_ends_with_its_video(tags: Tags) -> None:
    assert tags.mark(RED, 90, 100.5, "end").end == 100.0  # a player's clock is not that exact
    assert tags.mark(BLUE, 90, 1000, "end").end == 1000.0
    with pytest.raises(BadStretch):
        tags.mark(BLUE, 90, float("inf"), "end")


# Of all.


def test_tags_are_counted_over_videos_that_can_be_found(library: Library, tags: Tags) -> None:
    tags.add(RED, "sea")
    tags.mark(RED, 1, 2, "Sea")
    tags.mark(RED, 3, 4, "sea")
    tags.mark(BLUE, 3, 4, "sea")
    tags.add(BLUE, "boat")
    assert tags.all() == [TagCount("sea", 2, 3), TagCount("boat", 1, 0)]
    library.set_missing(BLUE, True)
    assert tags.all() == [TagCount("sea", 1, 2)]


def test_what_is_said_of_a_moment(tags: Tags) -> None:
    tags.add(RED, "sea")
    tags.mark(RED, 10, 20, "wave")
    tags.mark(RED, 20, 30, "SEA")
    moments = [(RED, 8.0, 10.0), (RED, 19.5, 20.0), (BLUE, 0.0, 99.0), (RED, 20.0, 21.0)]
    assert tags.showing(moments) == [["sea"], ["sea", "wave"], [], ["sea"]]
    assert tags.showing([]) == []
