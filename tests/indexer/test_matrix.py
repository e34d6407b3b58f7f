"""Bad and odd input, put into one folder and indexed by a whole installation.

A part of the kinds goes through PyAV here; all of them go through both readers in the slow suite,
and the page docs/inputs.md holds what became of them.
"""

import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
import media
import pytest
from awkward import KINDS, SELDOM, THEMES, Shelf
from inputs_page import COMMAND, PAGE, digest_of, page, told_by_pyav
from judge import faults
from kinds import CANARY, Cut, Scratched
from matrix import Account, Address, Outcome, drawn, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="links, pipes and names of Linux")
needs_decord = pytest.mark.skipif(
    importlib.util.find_spec("decord") is None, reason="decord is not made for this system"
)

OFTEN = [kind for kind in KINDS.values() if not kind.slow and kind.name not in SELDOM]
BY_DECORD = [
    KINDS[name]
    for name in (
        *("h264.mp4", "vp9.webm", "av1.webm", "mpeg4_b.mp4", "mpeg2.ts", "phone90.mp4"),
        *("edit_list.mp4", "cut.mp4", "cut.webm", "endless.avi", "list.m3u8", "pipe.mp4"),
    )
]


class Ran(NamedTuple):
    """What a run over a folder left."""

    shelf: Shelf
    address: Address
    outcomes: dict[str, Outcome]
    account: Account
    changed: list[str]
    """Files that are not as they were before."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """The usual reader over the usual part of the kinds."""
    folder = tmp_path_factory.mktemp("matrix")
    with drawn(folder, OFTEN) as (shelf, address):
        yield _ran(shelf, address, folder)


def _ran(shelf: Shelf, address: Address, folder: Path) -> Ran:
    before = _stamps(shelf.folder)
    (folder / "data").mkdir()
    outcomes, account = run(shelf, OFTEN, folder / "data", "pyav")
    after = _stamps(shelf.folder)
    changed = [path for path in before | after if before.get(path) != after.get(path)]
    return Ran(shelf, address, outcomes, account, changed)


def _stamps(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            status = os.lstat(os.path.join(parent, name))
            found[os.path.join(parent, name)] = (status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def test_there_are_many_kinds() -> None:
    assert len(KINDS) == sum(len(kinds) for kinds in THEMES.values()) > 200
    assert KINDS.keys() > SELDOM


@pytest.mark.parametrize("name", [kind.name for kind in OFTEN], ids=ascii)
def test_each_kind_meets_its_fate(ran: Ran, name: str) -> None:
    assert faults(KINDS[name], ran.outcomes[name]) == []


def test_everything_behind_a_bad_file_is_indexed(ran: Ran) -> None:
    assert ran.account.finished
    states = {outcome.state for outcome in ran.outcomes.values()}
    assert states == {"done", "failed", "not taken in", "left out"}


def test_the_books_balance(ran: Ran) -> None:
    """What was planned is in the store, and found under a filter: no more and no less."""
    _balance(ran.account)


def _balance(account: Account) -> None:
    assert account.stored == account.found
    assert {key: count for key, count in account.stored.items() if count} == account.planned
    assert account.stored_in_all == account.found_in_all == sum(account.planned.values())


def test_no_address_is_asked_and_no_other_file_is_read(ran: Ran) -> None:
    assert ran.address.knocks == 0
    for kind in (*THEMES["Traps"], *THEMES["Names and places"]):
        outcome = ran.outcomes.get(kind.name)
        if outcome is not None:
            assert max(outcome.seen.numbers, default=0) < CANARY


def test_no_file_is_changed(ran: Ran) -> None:
    assert ran.changed == []


@pytest.mark.parametrize("name", ["joined.mp4", "list.m3u8"])
def test_a_careless_reader_falls_into_the_traps(ran: Ran, name: str) -> None:
    with av.open(str(ran.shelf[name])) as film:
        picture = next(film.decode(video=0))
    assert media.number_of(picture.to_ndarray(format="rgb24")) >= CANARY


@needs_decord
def test_decord_gives_the_same_or_fails_as_known(ran: Ran, tmp_path: Path) -> None:
    outcomes, account = run(ran.shelf, BY_DECORD, tmp_path, "decord", scan=False)
    assert account.finished
    _balance(account)
    wrong = {kind.name for kind in BY_DECORD if faults(kind, outcomes[kind.name])}
    assert wrong == {kind.name for kind in BY_DECORD if kind.decord}


def test_the_page_says_what_was_found(ran: Ran) -> None:
    """Where other versions of the encoders draw other bytes, damage may end otherwise."""
    text = PAGE.read_text("utf-8")
    assert COMMAND in text
    rows = [re.split(r"(?<!\\) \| ", line[2:-2]) for line in text.splitlines() if line[:3] == "| `"]
    found = {cells[0]: cells[:4] for cells in rows}
    exact = digest_of(ran.shelf) in text
    for kind in OFTEN:
        cells = told_by_pyav(kind, ran.outcomes[kind.name])
        if exact or not isinstance(kind.fate, Cut | Scratched):
            assert found[cells[0]] == cells, f"write it anew: {COMMAND}"


@pytest.mark.slow
@pytest.mark.timeout(1800)
@needs_decord
def test_all_kinds_go_through_both_readers(tmp_path: Path) -> None:
    kinds = list(KINDS.values())
    with drawn(tmp_path, kinds) as (shelf, address):
        outcomes = {}
        for reader in ("pyav", "decord"):
            (data_dir := tmp_path / reader).mkdir()
            outcomes[reader], account = run(shelf, kinds, data_dir, reader)
            assert account.finished
            _balance(account)
        pyav, decord = outcomes["pyav"], outcomes["decord"]
        wrong = {kind.name: faults(kind, pyav[kind.name]) for kind in kinds}
        assert {name: found for name, found in wrong.items() if found} == {}
        failed = {kind.name for kind in kinds if faults(kind, decord[kind.name])}
        assert failed == {kind.name for kind in kinds if kind.decord}
        text, digest = PAGE.read_text("utf-8"), digest_of(shelf)
        if digest in text:
            assert text == page(pyav, decord, address.knocks, digest), f"write it anew: {COMMAND}"
