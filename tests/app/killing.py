"""The real program in a process of its own: started, watched from outside, killed."""

import ctypes
import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, get_args

from patience import PATIENCE, until

ROOT = Path(__file__).resolve().parent.parent.parent
Target = Literal["app", "child", "group", "all"]
TARGETS: tuple[Target, ...] = get_args(Target)
"""The program alone, its decoding child alone, the program's group, or both at the same time."""


class Program:
    """`python -m app.cli ...`; all that is left of it is killed at the end of a `with` block."""

    def __init__(self, log: Path, *arguments: str) -> None:
        """Start it; what it prints goes to the file `log`."""
        self._log = log
        self._children: set[int] = set()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill("all")

    @property
    def printed(self) -> str:
        """All that it has said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def code(self) -> int | None:
        """How it ended: the negated signal if one ended it, None while it runs."""
        return self._process.poll()

    @property
    def address(self) -> str:
        """Where it serves, once it does."""
        assert until(lambda: "is at http" in self.printed or self.code is not None)
        found = re.search(r"http://\S+", self.printed)
        assert found is not None, self.printed
        return found[0]

    @property
    def worked(self) -> float:
        """Seconds of CPU that it has used, its children not counted."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def children(self) -> set[int]:
        """Its decoding children."""
        found: set[int] = set()
        for listed in Path(f"/proc/{self._process.pid}/task").glob("*/children"):
            try:
                found |= set(map(int, listed.read_text().split()))
            except OSError:  # a thread that has ended meanwhile
                continue
        self._children |= found
        return found

    def ends_within(self, seconds: float) -> bool:
        """Whether it ends by itself in this time."""
        return until(lambda: self.code is not None, seconds)

    def terminate(self) -> float:
        """Ask it to stop, as a container's end does; returns the seconds that took."""
        begun = time.monotonic()
        self._process.terminate()
        assert self.ends_within(PATIENCE), "it did not stop when asked to"
        return time.monotonic() - begun

    @contextmanager
    def halted(self) -> Iterator[None]:
        """A block during which it stands still."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def kill(self, target: Target) -> None:
        """SIGKILL; waits until the program is gone, unless only its child is meant."""
        children = self.children()
        if target == "child":
            _kill(*children)
            return
        if target == "group":
            os.killpg(self._process.pid, signal.SIGKILL) if self.code is None else None
        else:
            _kill(self._process.pid, *(children if target == "all" else ()))
        self._process.wait()

    def leaves_nobody(self) -> bool:
        """Whether every child that was seen ends too, soon after."""
        return until(lambda: not any(map(_runs, self._children)), 20)


def _kill(*pids: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


class Watch:
    """Which files of a folder are opened, by anyone: told by the kernel, none is missed."""

    _IN_OPEN = 0x20
    _EVENT = struct.Struct("iIII")

    def __init__(self, folder: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._queue = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        watched = self._libc.inotify_add_watch(self._queue, os.fsencode(folder), self._IN_OPEN)
        assert watched >= 0, os.strerror(ctypes.get_errno())

    def opened(self) -> set[str]:
        """The names of the files that were opened since this was asked last."""
        names: set[str] = set()
        while events := self._read():
            while events:
                *_, length = self._EVENT.unpack_from(events)
                end = self._EVENT.size + length
                names.add(os.fsdecode(events[self._EVENT.size : end].rstrip(b"\0")))
                events = events[end:]
        return names

    def _read(self) -> bytes:
        try:
            return os.read(self._queue, 1 << 16)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        os.close(self._queue)
