"""One owner at a time, whoever looks meanwhile."""

import threading
from pathlib import Path

import portalocker
import pytest

from indexer.errors import StoreLocked
from indexer.ownership import LOCK, Ownership, announced, owned


def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    first = Ownership.of(tmp_path)
    with pytest.raises(StoreLocked):
        Ownership.of(tmp_path)
    first.release()
    Ownership.of(tmp_path).release()


def test_a_look_tells_and_makes_nothing(tmp_path: Path) -> None:
    assert not owned(tmp_path)
    assert not (tmp_path / LOCK).exists()
    ownership = Ownership.of(tmp_path)
    assert owned(tmp_path)
    assert owned(tmp_path)
    ownership.release()
    assert not owned(tmp_path)


def test_who_only_looks_keeps_nobody_out(tmp_path: Path) -> None:
    Ownership.of(tmp_path).release()
    look = (tmp_path / LOCK).open("r+")
    portalocker.lock(look, portalocker.LockFlags.SHARED)
    threading.Timer(0.15, look.close).start()
    Ownership.of(tmp_path).release()
    assert look.closed


def test_what_an_owner_announces_is_told_while_it_owns(tmp_path: Path) -> None:
    assert announced(tmp_path) is None
    first = Ownership.of(tmp_path)
    assert announced(tmp_path) is None
    first.announce("http://127.0.0.1:1")
    assert announced(tmp_path) == "http://127.0.0.1:1"
    with pytest.raises(StoreLocked):
        Ownership.of(tmp_path)
    assert announced(tmp_path) == "http://127.0.0.1:1"  # whoever is refused takes nothing down
    first.release()
    assert announced(tmp_path) is None
    second = Ownership.of(tmp_path)
    assert announced(tmp_path) is None  # what an earlier one announced is gone
    second.release()
    (tmp_path / LOCK).write_bytes(b"\xff")
    assert announced(tmp_path) is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux that is always full")
def test_a_full_disk_keeps_an_owner_from_announcing_and_from_nothing_else() -> None:
    file = open("/dev/full", "a")  # noqa: SIM115
    ownership = Ownership(file)
    ownership.announce("http://127.0.0.1:1")
    ownership.release()
    assert file.closed  # so that the lock is let go of
