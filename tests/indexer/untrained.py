"""A model of the toy's shape whose weights were never trained: for tests in which vectors need
not mean anything."""

from typing import Any

import numpy as np

from encoder.catalogue import get_card
from encoder.embedder import Embedder
from encoder.models import expected_shapes


def embedder(seed: int = 0) -> Embedder:
    """Embeds frames; it reads no words. The seed stands for its weights."""
    random = np.random.default_rng(seed)
    tree: dict[str, Any] = {}
    for path, shape in expected_shapes("toy").items():
        *above, leaf = path.split("/")
        node = tree
        for name in above:
            node = node.setdefault(name, {})
        node[leaf] = random.normal(scale=0.1, size=shape).astype(np.float32)
    return Embedder(get_card("toy"), tree["params"], None, weights_id=f"untrained{seed}")
