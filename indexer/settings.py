"""What one installation was asked to be, and what makes its vectors comparable.

Settings are built once by an entry point and passed down. This file reads no environment, opens
no file and loads no model; window and hop follow from the model's card.
"""

import hashlib
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from encoder.catalogue import ModelCard
from indexer.segments import FPS

GIB = 1 << 30


class Settings(BaseModel):
    """The choices of one installation; nothing changes after it is built.

    `data_dir` holds everything written. Sizes are bytes; `min_free_bytes` of the disk stay free
    whatever is uploaded. `read_only` refuses uploads and removals.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path
    model: str = "videoprism_lvt_public_v1_base"
    weights: Path | None = None
    tokenizer: Path | None = None
    qdrant_url: str | None = None
    qdrant_api_key: str | None = Field(default=None, repr=False)
    reader: Literal["pyav", "decord"] = "pyav"
    read_only: bool = False
    max_upload_bytes: int = Field(default=4 * GIB, gt=0)
    max_example_bytes: int = Field(default=GIB // 4, gt=0)
    min_free_bytes: int = Field(default=GIB // 2, ge=0)


class Fingerprint(BaseModel):
    """Everything that makes two vectors comparable; vectors of different ones are never mixed.

    `window` and `hop` are seconds, `fps` frames a second, `pixels` the side of a frame.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    weights_id: str
    frames: int
    pixels: int
    dim: int
    fps: float
    window: float
    hop: float
    resize: Literal["squash"] = "squash"

    @classmethod
    def of(cls, card: ModelCard, weights_id: str) -> Self:
        """The fingerprint of a model's card with these weights, at the rate that we sample."""
        return cls(
            model=card.name,
            weights_id=weights_id,
            frames=card.frames,
            pixels=card.pixels,
            dim=card.dim,
            fps=FPS,
            window=card.frames / FPS,
            hop=hop_frames(card.frames) / FPS,
        )

    @property
    def key(self) -> str:
        """16 hexadecimal digits that name the collection and its folder."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def hop_frames(frames: int) -> int:
    """How many sampled frames lie between the starts of neighbouring segments: half a window."""
    return max(1, frames // 2)
