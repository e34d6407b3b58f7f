"""What one installation was asked to be, and what makes its vectors comparable.

Settings are built once by an entry point and passed down. This file reads no environment, opens
no file and loads no model; window and hop follow from the model's card.
"""

import hashlib
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from encoder.catalogue import ModelCard
from indexer.decoding import Decode, Resize
from indexer.errors import LibraryError
from indexer.segments import FPS

GIB = 1 << 30


class Settings(BaseModel):
    """The choices of one installation; nothing changes after it is built.

    `data_dir` holds everything written. `window` and `hop` are seconds, None the model's usual
    ones. Sizes are bytes; `min_free_bytes` of the disk stay free whatever is uploaded, and at most
    `max_copies_bytes` hold copies for browsers. `read_only` refuses uploads and removals;
    `keep_old` keeps the old index once a switch to a new one is complete. `decode` may change at
    any time, and so may `precision`: vectors of both ways are comparable.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path
    model: str = "videoprism_lvt_public_v1_base"
    weights: Path | None = None
    tokenizer: Path | None = None
    qdrant_url: str | None = None
    qdrant_api_key: str | None = Field(default=None, repr=False)
    window: float | None = Field(default=None, gt=0, le=600)
    hop: float | None = Field(default=None, gt=0, le=600)
    resize: Resize = "squash"
    reader: Literal["pyav", "decord"] = "pyav"
    precision: Literal["float32", "bfloat16"] = "float32"
    decode: Decode = "exact"
    read_only: bool = False
    max_upload_bytes: int = Field(default=4 * GIB, gt=0)
    max_example_bytes: int = Field(default=GIB // 4, gt=0)
    min_free_bytes: int = Field(default=GIB // 2, ge=0)
    max_copies_bytes: int = Field(default=20 * GIB, ge=0)
    keep_old: bool = True


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
    resize: Resize = "squash"

    @classmethod
    def of(
        cls,
        card: ModelCard,
        weights_id: str,
        window: float | None = None,
        hop: float | None = None,
        resize: Resize = "squash",
    ) -> Self:
        """The fingerprint of a model's card with these weights.

        A window of so many seconds is sampled evenly: its frames are the model's, so a longer one
        has fewer a second. The hop, half a window unless it is given, is rounded to whole frames.
        Raises LibraryError for a hop longer than the window.
        """
        window = card.frames / FPS if window is None else window
        fps = card.frames / window
        frames = hop_frames(card.frames) if hop is None else max(1, round(hop * fps))
        if frames > card.frames:
            raise LibraryError(
                f"A hop of {hop:g} s is longer than the window of {window:g} s, so parts of each "
                "video could not be found. Nothing was changed. Choose a shorter hop."
            )
        return cls(
            model=card.name,
            weights_id=weights_id,
            frames=card.frames,
            pixels=card.pixels,
            dim=card.dim,
            fps=fps,
            window=window,
            hop=frames / fps,
            resize=resize,
        )

    @property
    def hop_frames(self) -> int:
        """How many sampled frames lie between the starts of neighbouring segments."""
        return round(self.hop * self.fps)

    @property
    def key(self) -> str:
        """16 hexadecimal digits that name the collection and its folder."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def hop_frames(frames: int) -> int:
    """How many sampled frames lie between the starts of neighbouring segments: half a window."""
    return max(1, frames // 2)
