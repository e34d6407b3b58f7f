"""Real disks for the tests: plugged in, unplugged, made read-only, as far as the system lets us."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


class Disks:
    """Real disks, as far as this system lets a test have some; else the test is skipped."""

    def __init__(self) -> None:
        self._mounted: list[Path] = []
        self._frozen: list[Path] = []

    def plug(self, place: Path, mib: int = 8) -> None:
        """Mount an empty disk of this size at a folder."""
        self._mount(place, "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs")

    def unplug(self, place: Path) -> None:
        """Take away the disk that is mounted at a folder."""
        self._mounted.remove(place)
        subprocess.run(["umount", str(place)], check=True)

    def freeze(self, place: Path) -> None:
        """Let nobody write a folder or a file, not even root."""
        if os.name != "posix":
            pytest.skip("modes and mounts of POSIX")
        if os.geteuid() != 0:
            self._frozen.append(place)
            place.chmod(0o555)
            return
        self._mount(place, "--bind", str(place))
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)

    def _mount(self, place: Path, *options: str) -> None:
        command = ["mount", *options, str(place)]
        able = sys.platform == "linux" and shutil.which("mount")
        if not able or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("disks cannot be mounted here")
        self._mounted.append(place)

    def restore(self) -> None:
        """Leave everything as it was."""
        for place in self._frozen:
            place.chmod(0o755)
        for place in reversed(self._mounted):
            subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def full(disk: Path, leave: int = 0) -> Iterator[None]:
    """A block during which a disk has not a byte left, or only so many."""
    filling = disk / "filling"
    try:
        with filling.open("wb", buffering=0) as file:
            with suppress(OSError):
                while file.write(b"\0" * 4096):
                    pass
            file.truncate(max(0, file.tell() - leave))
        yield
    finally:
        filling.unlink()
