"""What every test shares: where the repository is, a data folder of its own, real disks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from disks import Disks

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout that is tested."""
    return ROOT


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """An empty data folder."""
    path = tmp_path / "data"
    path.mkdir()
    return path


@pytest.fixture
def disks() -> Iterator[Disks]:
    """Disks that can be plugged in, unplugged and made read-only."""
    given = Disks()
    yield given
    given.restore()
