"""Which of some classes, named in words, each segment of a video shows.

Knows names and stored vectors. What a name's vector is, and how it is compared, is zero_shot.py's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from encoder.embedder import Embedder
from encoder.errors import InvalidInput
from encoder.zero_shot import class_vectors, probabilities
from indexer.points import StoredSegment


@dataclass(frozen=True)
class ClassTimeline:
    """Class probabilities (float32 [segments, classes], rows sum to 1) over segments in seconds."""

    classes: tuple[str, ...]
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    probabilities: np.ndarray


def classify(
    segments: Sequence[StoredSegment], class_names: Sequence[str], embedder: Embedder
) -> ClassTimeline:
    """How probable each class is in each segment.

    Raises InvalidInput unless two names or more have letters.
    """
    names = tuple(" ".join(name.split()) for name in class_names)
    if len(names) < 2 or not all(any(c.isalnum() for c in name) for name in names):
        raise InvalidInput("Name at least two classes, one a line, to choose between.")
    vectors = np.array([segment.vector for segment in segments], np.float32)
    return ClassTimeline(
        classes=names,
        starts=tuple(segment.start for segment in segments),
        ends=tuple(segment.end for segment in segments),
        probabilities=probabilities(
            vectors.reshape(-1, embedder.dim), class_vectors(embedder, names)
        ),
    )
