"""How long a test waits, and how soon is soon on a busy machine."""

import os
import time
from collections.abc import Callable

PATIENCE = 600.0  # seconds


def until(true: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Wait for something to become true; False if that takes too long."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def prompt(idle: float = 5.0) -> float:
    """Seconds that a stop may take: `idle`, if not too many others want the processor."""
    crowd = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return idle * max(1.0, crowd / (os.cpu_count() or 1))
