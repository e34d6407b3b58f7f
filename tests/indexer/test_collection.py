"""Which collection serves, which is built, which are old; and what removed videos left in them."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from encoder.catalogue import get_card
from indexer.collection import Collection, Collections, Role, collections_of, remembered
from indexer.database import STEPS, Database
from indexer.errors import LibraryOutdated, StoreLocked
from indexer.ownership import Ownership
from indexer.places import known_below
from indexer.settings import Fingerprint

SPEC = Fingerprint.of(get_card("toy"), "abc")


def one(key: str, role: Role = "serving", spec: Fingerprint | None = None) -> Collection:
    return Collection(key, "toy", None, None, role, spec)


@pytest.fixture
def collections(database: Database) -> Collections:
    return Collections(database)


def roles(collections: Collections) -> dict[str, str]:
    return {found.fingerprint: found.role for found in collections.all()}


def test_what_was_used_is_remembered_with_all_that_made_it(
    collections: Collections, data_dir: Path
) -> None:
    odd = Path(os.fsdecode(b"/w\xe9.npz")) if os.name == "posix" else Path("/w.npz")
    used = Collection("f1", "toy", odd, Path("/t.model"), "serving", SPEC)
    collections.use(one("f0"))
    collections.use(used)
    assert collections.all() == [used, one("f0", "old")]
    assert collections_of(data_dir) == collections.all()


def test_nothing_is_made_where_no_library_is(data_dir: Path) -> None:
    assert collections_of(data_dir) == []
    assert remembered(data_dir) is None
    assert list(data_dir.iterdir()) == []


def test_a_look_changes_nothing_that_another_program_has_open(data_dir: Path) -> None:
    """Not the program of an earlier version, either: its library is left as it knows it."""
    path = data_dir / "library.db"
    with closing(sqlite3.connect(path)) as earlier:
        earlier.executescript(f"{STEPS[0]} PRAGMA user_version = 1;")
    owner = Ownership.of(data_dir)
    looks = (lambda: collections_of(data_dir), lambda: known_below(data_dir, data_dir))
    for look in looks:
        with pytest.raises(StoreLocked, match="Another PrismSearch is using"):
            look()
    with pytest.raises(LibraryOutdated):
        Database(path, read_only=True)
    owner.release()
    assert [look() for look in looks] == [[], False]  # nobody has it open
    Database(path, read_only=True).close()


def test_a_look_needs_no_ownership(collections: Collections, data_dir: Path) -> None:
    owner = Ownership.of(data_dir)
    collections.use(one("f0"))
    assert collections_of(data_dir) == [one("f0")]
    assert not known_below(data_dir, data_dir)
    owner.release()


def test_a_switch_ends_in_one_swap(collections: Collections, data_dir: Path) -> None:
    collections.use(one("f0"))
    collections.use(one("f1", "building"))
    assert roles(collections) == {"f0": "serving", "f1": "building"}
    for only_search, key in ((False, "f1"), (True, "f0")):
        found = remembered(data_dir, only_search=only_search)
        assert found is not None
        assert found.fingerprint == key
    collections.swap()
    assert roles(collections) == {"f1": "serving", "f0": "old"}


def test_a_switch_may_change_its_mind(collections: Collections) -> None:
    collections.use(one("f0"))
    collections.use(one("f1", "building"))
    collections.use(one("f2", "building"))
    assert roles(collections) == {"f0": "serving", "f1": "old", "f2": "building"}
    collections.end_building()
    assert roles(collections) == {"f0": "serving", "f1": "old", "f2": "old"}
    collections.forget("f1")
    assert roles(collections) == {"f0": "serving", "f2": "old"}


def test_a_removed_video_is_a_leftover_where_it_was_not_cleared(collections: Collections) -> None:
    for key in ("f0", "f1", "f2"):
        collections.use(one(key))
    for _ in range(2):
        collections.leave("v", frozenset({"f0"}))
    assert [collections.leftovers(key) for key in ("f0", "f1", "f2")] == [[], ["v"], ["v"]]
    collections.forget_leftovers("f1")
    assert [collections.leftovers(key) for key in ("f1", "f2")] == [[], ["v"]]
