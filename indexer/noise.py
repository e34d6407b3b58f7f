"""What words find in a library that has nothing of what they say.

Knows a few everyday sentences, and how near to them the library's segments come by chance. Knows
neither questions nor moments.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from indexer.yardstick import Scale, Yardstick

SENTENCES = (
    "a dog swims in a river",
    "two people shake hands in an office",
    "a baker takes bread out of an oven",
    "a child blows out the candles of a cake",
    "a helicopter lands on a roof",
    "someone paints a wooden fence",
    "a goalkeeper catches a ball",
    "a woman plays the violin on a stage",
    "cows graze in a meadow",
    "a man repairs a bicycle",
    "a ship sails into a harbour",
    "students write an exam in a classroom",
    "a surgeon works in an operating room",
    "lightning over a city at night",
    "a climber hangs from a steep rock",
    "a market stall with vegetables",
    "a crane lifts a concrete wall",
    "a couple dances at a wedding",
    "a train passes through a tunnel",
    "a hand writes a letter with a pen",
    "skiers ride up on a chairlift",
    "a newsreader sits at a desk",
    "a waterfall in a tropical forest",
    "an old man feeds pigeons in a park",
)
LIKELY = 0.75
"""The share of sentences that find nothing: a library may well hold what some of them say."""


@dataclass(frozen=True)
class Noise:
    """How near the best segment comes to words without a meaning here: its cosine, and how far
    that is above the mean of all segments."""

    cosine: float
    lead: float

    def hides(self, cosine: float, lead: float) -> bool:
        """Whether a best segment that comes so near may be there by chance."""
        return cosine <= self.cosine and lead <= self.lead


class Hearing:
    """Tells the noise of one library. Safe to use from several threads."""

    def __init__(self, embed: Callable[[tuple[str, ...]], np.ndarray]) -> None:
        """`embed` gives texts their unit vectors; it is called once, when it is first needed."""
        self._embed = embed
        self._lock = threading.Lock()
        self._vectors: np.ndarray | None = None
        self._heard: tuple[np.ndarray, Noise] | None = None

    def noise(self, yardstick: Yardstick) -> Noise:
        """The noise of the library that this yardstick measures."""
        with self._lock:
            if self._heard is None or self._heard[0] is not yardstick.sample:
                if self._vectors is None:
                    self._vectors = self._embed(SENTENCES)
                self._heard = yardstick.sample, _measured(self._vectors, yardstick)
            return self._heard[1]


def _measured(vectors: np.ndarray, yardstick: Yardstick) -> Noise:
    cosines = yardstick.cosines(vectors)
    if not len(cosines):
        return Noise(-1.0, 0.0)
    rarest = 100 / max(yardstick.total, 1)
    best = np.array([Scale(np.sort(each), yardstick.total).least(rarest) for each in cosines.T])
    leads = best - cosines.mean(axis=0)
    return Noise(float(np.quantile(best, LIKELY)), float(np.quantile(leads, LIKELY)))
