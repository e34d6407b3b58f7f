"""Class names to prompts, prompts to vectors, vectors to probabilities.

Knows the prompt and the temperature that VideoPrism's demos use. Does not know models or
segments: vectors are unit rows of one space.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from encoder.errors import InvalidInput

if TYPE_CHECKING:  # a softmax needs no JAX
    from encoder.embedder import Embedder

PROMPT = "a video of {}."
TEMPERATURE = 0.01


def class_vectors(
    embedder: "Embedder", names: Sequence[str], templates: Sequence[str] = (PROMPT,)
) -> Float[np.ndarray, "C D"]:
    """Return a unit vector in float32 for each class: the mean direction over all templates.

    `{}` in a template stands for the class name.

    Raises InvalidInput without names or templates, or for a template without `{}`.
    """
    if isinstance(names, str) or not names:
        raise InvalidInput("Name at least one class, in a list.")
    if isinstance(templates, str) or not templates or any("{}" not in t for t in templates):
        raise InvalidInput("Give a list of templates, each with {} where the class name goes.")
    texts = [template.replace("{}", name) for name in names for template in templates]
    vectors = embedder.embed_texts(texts).reshape(len(names), len(templates), -1).mean(axis=1)
    unit: Float[np.ndarray, "C D"] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def probabilities(
    segment_vectors: Float[np.ndarray, "S D"],
    class_vectors: Float[np.ndarray, "C D"],
    temperature: float = TEMPERATURE,
) -> Float[np.ndarray, "S C"]:
    """Return each segment's probabilities over the classes in float32: rows sum to 1.

    They are a softmax of cosines divided by `temperature`, so they tell which of these classes
    fits best, not whether any fits.

    Raises InvalidInput if there is no class, the widths differ, or the temperature is not
    above 0.
    """
    if not temperature > 0:
        raise InvalidInput(f"A temperature must be above 0, not {temperature}.")
    if class_vectors.shape[:1] == (0,) or segment_vectors.shape[1:] != class_vectors.shape[1:]:
        raise InvalidInput(
            f"Segments of shape {segment_vectors.shape} cannot be compared with classes of shape "
            f"{class_vectors.shape}."
        )
    logits = segment_vectors.astype(np.float64) @ class_vectors.T.astype(np.float64) / temperature
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Float[np.ndarray, "S C"] = weights / weights.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)
