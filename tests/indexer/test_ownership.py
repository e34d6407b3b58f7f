"""One owner at a time, whoever looks meanwhile."""

import threading
from pathlib import Path

import portalocker
import pytest

from indexer.errors import StoreLocked
from indexer.ownership import LOCK, Ownership, owned


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
