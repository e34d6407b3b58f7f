"""The end of the program: a request for it that is heard wherever it strikes, and a quick one.

Knows signals, where Python would lose the exception that they become, and what of its own end can
be left out. Does not know what of ours has to be put in order before.
"""

import atexit
import math
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import NoReturn

AGAIN = 0.05  # seconds
# Whatever is raised within these is printed and forgotten: finalisers, and JAX's own hook on them.
_DEAF = frozenset({"__del__", "_xla_gc_callback"})


def listen_for_the_end() -> None:
    """From now on both signals raise KeyboardInterrupt in the main thread, as Ctrl-C does."""
    ear = _Ear()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ear.hear)


class _Ear:
    """Raises KeyboardInterrupt at once, or as soon as it would not be lost."""

    def __init__(self) -> None:
        self._owed = False
        self._paid = -math.inf  # when what was owed was raised

    def hear(self, number: int, frame: FrameType | None) -> None:
        if _is_deaf(frame):
            if not self._owed:
                self._owed = True
                threading.Thread(target=self._repeat, args=(number,), daemon=True).start()
        elif self._owed:
            self._owed = False
            self._paid = time.monotonic()
            raise KeyboardInterrupt
        elif time.monotonic() - self._paid > AGAIN:  # else it is a repetition that was under way
            raise KeyboardInterrupt

    def _repeat(self, number: int) -> None:
        """Send the signal until it is heard.

        Once is not enough: Python looks for signals between steps, and one that comes after the
        last look before a long sleep is not seen until the sleep ends, or another signal ends it.
        """
        while True:
            time.sleep(AGAIN)
            if not self._owed:
                return
            _send(number)


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
