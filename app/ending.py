"""The end of the program: a request for it that is heard wherever it strikes, and a quick one.

Knows signals, where Python would lose the exception that they become, and what of its own end can
be left out. Does not know what of ours has to be put in order before.
"""

import atexit
import math
import os
import select
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from types import FrameType
from typing import NoReturn

AGAIN = 0.05  # seconds
ECHO = 0.25  # seconds in which another request is the one that was just heard
# Whatever is raised within these is printed and forgotten: finalisers, and JAX's own hook on them.
_DEAF = frozenset({"__del__", "_xla_gc_callback"})


def listen_for_the_end() -> None:
    """From now on both signals raise KeyboardInterrupt in the main thread, as Ctrl-C does."""
    _ear().listen()


@cache
def _ear() -> "_Ear":
    return _Ear()


class _Ear:
    """Raises KeyboardInterrupt at once, or as soon as it would not be lost.

    Python notes a signal, and looks for notes between its steps. One that comes after the last
    look before a long sleep, or to another thread, would not be seen until the sleep ends. So a
    thread is told of every signal by the system itself, and sends it again until it is heard.
    """

    def __init__(self) -> None:
        self._heard = 0
        self._last = -math.inf  # when
        self._told, self._teller = socket.socketpair()
        self._teller.setblocking(False)
        threading.Thread(target=self._insist, daemon=True).start()

    def listen(self) -> None:
        signal.set_wakeup_fd(self._teller.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.hear)

    def hear(self, number: int, frame: FrameType | None) -> None:
        if _is_deaf(frame):
            return
        echo = time.monotonic() - self._last < ECHO
        self._last = time.monotonic()
        self._heard += 1
        if not echo:
            raise KeyboardInterrupt

    def _insist(self) -> None:
        while True:
            before = self._heard
            number = self._told.recv(1)[0]
            time.sleep(AGAIN)
            # While it serves, uvicorn listens itself, and does not sleep long.
            while self._heard == before and signal.getsignal(number) == self.hear:
                _send(number)
                time.sleep(AGAIN)
            while select.select([self._told], [], [], 0)[0]:  # of what was sent again
                self._told.recv(4096)


def _send(number: int) -> None:
    """Send a signal to the main thread itself: sent to any other, it would not end its sleep."""
    main = threading.main_thread().ident
    if main is not None and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, number)
    else:
        signal.raise_signal(number)


def _is_deaf(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name in _DEAF:
            return True
        frame = frame.f_back
    return False


def leave(status: int) -> NoReturn:
    """End this process with a status, once its threads have ended and what it printed is out.

    Python would free all that it holds one by one, for a second and more after the last word.
    Who asks for the end once more does not wait for threads.
    """
    main = threading.current_thread()
    with suppress(KeyboardInterrupt):
        for thread in threading.enumerate():
            if thread is not main and not thread.daemon:
                thread.join()
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # nobody reads it any more
            status = status or 1
    os._exit(status)
