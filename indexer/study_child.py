"""The child that computes over all segments of a collection: lays them out, or compares them.

Knows how it is told what to do and how it tells of it: the share that is done, a line each, on its
output; the result is a file. Knows neither the library nor the store; killed, it leaves nothing
that anybody would read.
"""

import os
from collections.abc import Callable
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np

from indexer import sandbox
from indexer.gathered import Gathered, read

Told = Callable[[float], None]
MEMORY = 6 << 30  # bytes of address space; at 100,000 segments a sixth of that is used
FORMAT = 1  # of a result; one of another is made again
_LAST = 19  # everything else comes first


def main(name: str, segments: str, result: str) -> None:
    """Make the study of this name out of the gathered segments; `result` is whole or not there."""
    sandbox.end_with(0)
    sandbox.limit_memory(MEMORY)
    sandbox.step_back(_LAST)
    gathered = read(Path(segments))
    arrays = STUDIES[name](gathered, _tell)
    partial = Path(result).with_suffix(".partial")
    with partial.open("wb") as file:
        held = {"format": np.array(FORMAT), **gathered.places.arrays(), **arrays}
        np.savez(file, **held)  # type: ignore[arg-type]
    os.replace(partial, result)


def _tell(share: float) -> None:
    os.write(1, f"{share:.3f}\n".encode())


def _map(gathered: Gathered, told: Told) -> dict[str, np.ndarray]:
    """Where each segment stands (uint16, of the whole width and height), and its group."""
    from indexer import layout

    placed = layout.lay_out(gathered.unit, len(gathered.places), told)
    positions = np.round(placed * np.iinfo(np.uint16).max).astype(np.uint16)
    return {"position": positions, "group": layout.groups(placed)}


def _duplicates(gathered: Gathered, told: Told) -> dict[str, np.ndarray]:
    """The parts that are the same, a row each."""
    from indexer import alike

    found = alike.parts(gathered, told)
    return {
        "parts": np.array([astuple(part) for part in found], np.float64).reshape(
            -1, len(fields(alike.Part))
        )
    }


STUDIES = {"map": _map, "duplicates": _duplicates}
