"""A request to end, by Ctrl-C or by the system, that is heard wherever it strikes.

Knows signals, and where Python would lose the exception that they become. Does not know what has to
be put in order at the end.
"""

import signal
import threading
from types import FrameType

AGAIN = 0.05  # seconds
# Whatever is raised within these is printed and forgotten: finalisers, and JAX's own hook on them.
_DEAF = frozenset({"__del__", "_xla_gc_callback"})


def listen_for_the_end() -> None:
    """From now on both signals raise KeyboardInterrupt in the main thread, as Ctrl-C does."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    if _is_deaf(frame):
        again = threading.Timer(AGAIN, _repeat, (number,))
        again.daemon = True
        again.start()
    else:
        raise KeyboardInterrupt


def _repeat(number: int) -> None:
    """Send the signal to the main thread itself: sent to any other, it would not end its sleep."""
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
