"""Steps that take less at a time when the device has no room for more, and remember it.

Knows how a device says that its memory is full, and how to cut a batch. Knows no layers, frames
or windows.
"""

from collections.abc import Callable
from itertools import chain
from typing import Any

import jax
import numpy as np
from jax.errors import JaxRuntimeError

from encoder.errors import NoRoom

FULL = "RESOURCE_EXHAUSTED"
"""How XLA begins the message of what did not fit, when compiling or when running."""


class Halving:
    """A compiled step over a batch of units, cut in two whenever the device has no room for it.

    The size that went through is kept for as long as the step lives; results are the same.
    """

    def __init__(self, step: Callable[[Any], Any], units: int) -> None:
        """Take a step over `units` that gives a list or an array, one row for each unit."""
        self._step = step
        self._units = units
        self._proven = 0
        self.size = units
        """Units that are given to the step at a time by now."""

    def __call__(self, inputs: Any) -> Any:
        """Run the step over all of the inputs, a sequence or an array.

        Raises NoRoom if not even one unit fits.
        """
        while True:
            size = self.size
            try:
                return self._run(inputs, size)
            except JaxRuntimeError as error:
                if FULL not in str(error):
                    raise
                if size == 1:
                    raise NoRoom(jax.devices()[0].device_kind) from error
                # Another thread may have met the same, and must not halve it once more.
                self.size = min(self.size, size // 2)

    def _run(self, inputs: Any, size: int) -> Any:
        count = len(inputs) * size // self._units
        parts = [self._step(inputs[at : at + count]) for at in range(0, len(inputs), count)]
        if self._proven != size:
            # What is wrong with a new size must show here, not when somebody reads the result.
            jax.block_until_ready(parts)  # type: ignore[no-untyped-call]
            self._proven = size
        return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: list[Any]) -> Any:
    return list(chain(*parts)) if isinstance(parts[0], list) else np.concatenate(parts)
