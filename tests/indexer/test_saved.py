"""Saved searches and selections on a real SQLite file."""

from pathlib import Path

import pytest

from indexer import saved as searches
from indexer import selections as module
from indexer.content import Content
from indexer.database import Database
from indexer.errors import BadLabel, BadStretch, TooMany
from indexer.library import Library
from indexer.saved import SavedSearches
from indexer.selections import Selections

RED, BLUE, UNKNOWN = "a" * 64, "b" * 64, "c" * 64


@pytest.fixture
def saved(database: Database) -> SavedSearches:
    return SavedSearches(database)


@pytest.fixture
def library(database: Database) -> Library:
    library = Library(database, "f0")
    for number, video_id in enumerate((RED, BLUE)):
        library.add(Path(f"/{number}"), "a", False, Content(video_id, 1, number))
    return library


@pytest.fixture
def selections(library: Library) -> Selections:
    return Selections(library.database)


# Saved searches.


def test_a_saved_search_is_there_until_it_is_removed(saved: SavedSearches) -> None:
    saved.save(" Red  discs ", "?q=red&tag=a%26b")
    saved.save("Blue", "q=blue")
    assert [(one.name, one.question) for one in saved.all()] == [
        ("Blue", "q=blue"),
        ("Red discs", "q=red&tag=a%26b"),
    ]
    saved.save("Red discs", "q=crimson")
    assert [(one.name, one.question) for one in saved.all()] == [
        ("Red discs", "q=crimson"),
        ("Blue", "q=blue"),
    ]
    for _ in range(2):
        saved.remove("Red  discs")
    assert [one.name for one in saved.all()] == ["Blue"]


@pytest.mark.parametrize(
    ("name", "question"),
    [("", "q=a"), ("..", "q=a"), ("a" * 101, "q=a"), ("a", ""), ("a", "?"), ("a", "q=\x00")],
)
def test_what_cannot_be_saved_is_refused(saved: SavedSearches, name: str, question: str) -> None:
    with pytest.raises(BadLabel, match="Nothing was changed"):
        saved.save(name, question)
    with pytest.raises(BadLabel, match="20,000"):
        saved.save("long", "q" * 20_001)
    assert saved.all() == []


def test_one_search_too_many_is_refused(
    saved: SavedSearches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "MOST", 2)
    for name in ("a", "b", "b"):
        saved.save(name, "q=a")
    with pytest.raises(TooMany, match="Remove one"):
        saved.save("c", "q=a")
    assert [one.name for one in saved.all()] == ["b", "a"]


# Selections.


def test_the_same_stretches_are_the_same_selection(
    library: Library, selections: Selections
) -> None:
    first = selections.keep({RED: [(4, 8), (0, 4)], BLUE: [], UNKNOWN: [(0, 1)]})
    assert selections.keep({UNKNOWN: [(0, 1)], BLUE: [], RED: [(0, 8)]}) == first
    assert selections.get(first) == {RED: ((0.0, 8.0),)}
    other = selections.keep({RED: [(6, 12)], BLUE: [(1, 2)]})
    assert selections.union([first, other]) == {RED: ((0.0, 12.0),), BLUE: ((1.0, 2.0),)}
    assert selections.get("unknown") is None
    library.begin_removal(BLUE)
    assert selections.get(selections.keep({BLUE: [(2, 3)]})) == {}
    assert selections.unknown([first, "unknown", other]) == ["unknown"]


def test_the_longest_unused_selections_make_room(
    selections: Selections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    monkeypatch.setattr(module, "_FRESH", 0.0)
    first, second = (selections.keep({RED: [(0, end)]}) for end in (1, 2))
    assert selections.get(first) is not None  # used
    third = selections.keep({RED: [(0, 3)]})
    assert selections.get(second) is None
    assert selections.union([first, second, third]) == {RED: ((0.0, 3.0),)}
    assert selections.union([second]) == {}


def test_what_a_saved_search_names_is_kept(
    selections: Selections, saved: SavedSearches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    named = selections.keep({RED: [(0, 1)]})
    saved.save("There", f"q=red&within={named}&sort=time")
    kept = [selections.keep({RED: [(0, end)]}) for end in (2, 3)]
    assert selections.unknown([named, *kept]) == kept[:1]
    saved.remove("There")
    last = selections.keep({RED: [(0, 4)]})
    assert selections.unknown([named, *kept, last]) == [named, *kept]


def test_a_use_is_written_down_once_an_hour(selections: Selections, database: Database) -> None:
    kept = selections.keep({RED: [(0, 1)]})
    for ago, moved in ((100.0, False), (4000.0, True)):
        database.rows("UPDATE selections SET used_at = used_at - ?", ago)
        ((before,),) = database.rows("SELECT used_at FROM selections")
        selections.get(kept)
        ((after,),) = database.rows("SELECT used_at FROM selections")
        assert (after > before) == moved


def test_what_is_no_selection_is_refused(selections: Selections, database: Database) -> None:
    with pytest.raises(TooMany, match="Choose fewer"):
        selections.keep({RED: [(2.0 * n, 2.0 * n + 1) for n in range(20_001)]})
    for nothing in ({}, {RED: []}, {RED: [(9, 3)]}, {RED: [(0, 1), (3, 3)]}):
        with pytest.raises(BadStretch):
            selections.keep(nothing)
    with pytest.raises(BadStretch):
        selections.keep({RED: [(0, float("inf"))]})
    assert database.rows("SELECT * FROM selections") == []
