"""Windows that slide over one stream of frames: each frame is encoded once, whoever shares it.

Knows stream indices, chunks and batches of fixed shapes, and keeps features only as long as a
later window may ask for them. What stands still (stillness.py) is computed once: a frame by the
features of the frame that stands for it, a window by the vector of the one before. Knows no
video, time or hop (the indexer's), and no layers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, pairwise
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, Shaped, UInt8

from encoder.errors import EncoderError, InvalidInput
from encoder.stillness import Stillness

Features = Float[Array, "N D"] | Float[np.ndarray, "N D"]
Vectors = Callable[[], Float[np.ndarray, "n dim"]]
"""Waits for rows that a device may still be computing."""
Row = tuple[Float[Array, "batch dim"], int]
"""Where a window's vector is, or will be: a batch of them, and its place there."""


@dataclass(frozen=True)
class Programs:
    """The two compiled steps from frames to vectors, and the only shapes that they take."""

    frames: int
    """Frames of one window."""
    pixels: int
    """Height and width of a frame."""
    dim: int
    chunk: int
    """Frames of one call of `encode`."""
    batch: int
    """Windows of one call of `finish`."""
    encode: Callable[[Shaped[np.ndarray, "chunk P P 3"]], Sequence[Features]]
    finish: Callable[[Sequence[Features]], Float[Array, "batch dim"]]
    send: Callable[[Shaped[np.ndarray, "chunk P P 3"]], Any] = np.asarray
    """Starts a chunk's way to the device, while that still computes the chunk before."""


class WindowStream:
    """Embeds windows over one stream of frames.

    Push many frames at a time and ask for many windows at a time: both run in steps of a fixed
    size, and a step that is not full costs as much as a full one. Drop what will not be asked
    for again, or features (1 MB a frame at most in the public models) pile up. One stream is
    for one thread; any number of streams may run at once.
    """

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._stillness = Stillness()
        self._shown: dict[int, int] = {}
        """For each frame the one that stands for it, by which the next two go."""
        self._features: dict[int, Features] = {}
        self._waiting: dict[int, Shaped[np.ndarray, "P P 3"]] = {}
        self._latest: dict[tuple[int, ...], Row] = {}
        self._vectors: Any = None
        """What the device was given to compute last."""
        self._pushed = 0
        self._kept_from = 0

    def push(self, frames: UInt8[np.ndarray, "n P P 3"]) -> None:
        """Append the next frames of the stream; the array may be reused afterwards.

        Floats in [0, 1] are taken too.

        Raises InvalidInput for another shape or type, values out of range, or no frames.
        """
        checked = check_frames(frames, self._programs.pixels)
        if any(frame.dtype != checked.dtype for frame in self._waiting.values()):
            self._encode_waiting()  # bytes and floats do not share a chunk
        for frame in checked:
            shown = self._stillness.name(self._pushed, frame)
            self._shown[self._pushed] = shown
            if shown == self._pushed:
                self._waiting[shown] = frame
            self._pushed += 1
            if len(self._waiting) == self._programs.chunk:
                self._encode_waiting()
        self._waiting = {index: frame.copy() for index, frame in self._waiting.items()}

    def embed(self, windows: Sequence[Sequence[int]]) -> Float[np.ndarray, "len dim"]:
        """Return a unit vector in float32 for each window, a list of stream indices in order.

        An index may repeat, for videos shorter than a window.

        Raises InvalidInput if a window has another number of frames, runs backwards, or names
        frames that were not pushed yet or are dropped.
        """
        return self.begin(windows)()

    def begin(self, windows: Sequence[Sequence[int]]) -> Vectors:
        """Start to embed windows, and return what waits for the rows that `embed` returns.

        Frames may be pushed and dropped meanwhile: that is how a device is kept busy.

        Raises InvalidInput as `embed` does.
        """
        for window in windows:
            self._check(window)
        shown = [tuple(self._shown[index] for index in window) for window in windows]
        new = [window for window in dict.fromkeys(shown) if window not in self._latest]
        known = {**self._latest, **self._begin_new(new)}
        self._latest = {window: known[window] for window in shown[-1:]}
        return partial(_collected, [known[window] for window in shown], self._programs.dim)

    def drop_before(self, index: int) -> None:
        """Free all frames below a stream index: no later window will name them."""
        for gone in range(self._kept_from, min(index, self._pushed)):
            del self._shown[gone]
        needed = {*self._shown.values(), self._stillness.current}
        for kept in (self._features, self._waiting):
            for gone in kept.keys() - needed:
                del kept[gone]
        self._kept_from = max(self._kept_from, index)

    def _begin_new(self, windows: Sequence[tuple[int, ...]]) -> dict[tuple[int, ...], Row]:
        if self._waiting and any(index in self._waiting for index in chain(*windows)):
            self._encode_waiting()
        rows: dict[tuple[int, ...], Row] = {}
        for start in range(0, len(windows), self._programs.batch):
            part = windows[start : start + self._programs.batch]
            vectors = self._finish(part)
            rows |= {window: (vectors, row) for row, window in enumerate(part)}
        return rows

    def _encode_waiting(self) -> None:
        """Encode the frames that wait, the last one repeated until the chunk is full."""
        frames = list(self._waiting.values())
        chunk = np.stack(frames + frames[-1:] * (self._programs.chunk - len(frames)))
        sent = self._programs.send(chunk)
        self._wait_for_previous()
        features = self._programs.encode(sent)
        self._features.update(zip(self._waiting, features, strict=False))
        self._waiting.clear()

    def _wait_for_previous(self) -> None:
        """Let the device be done with all before: it takes in more than it can hold."""
        latest = list(self._features.values())[-1:]
        jax.block_until_ready((latest, self._vectors))  # type: ignore[no-untyped-call]

    def _finish(self, windows: Sequence[Sequence[int]]) -> Float[Array, "batch dim"]:
        padding = [windows[-1]] * (self._programs.batch - len(windows))
        features = [self._features[index] for index in chain(*windows, *padding)]
        jax.block_until_ready(self._vectors)  # type: ignore[no-untyped-call]
        self._vectors = vectors = self._programs.finish(features)
        return vectors

    def _check(self, window: Sequence[int]) -> None:
        if len(window) != self._programs.frames:
            raise InvalidInput(
                f"A window of this model has {self._programs.frames} frames, not {len(window)}."
            )
        if any(later < earlier for earlier, later in pairwise(window)):
            raise InvalidInput("The frames of a window must be in the order of the stream.")
        if window[0] < self._kept_from or window[-1] >= self._pushed:
            raise InvalidInput(
                f"A window names frames {window[0]} to {window[-1]}, but only "
                f"{self._kept_from} to {self._pushed - 1} are here."
            )


def embed_each(
    programs: Programs, clips: Iterator[Shaped[np.ndarray, "T P P 3"]]
) -> Iterator[Float[np.ndarray, "n dim"]]:
    """Yield the vectors of clips that share no frames, a batch at a time."""
    stream = WindowStream(programs)
    end = 0
    windows: list[range] = []
    for clip in clips:
        _check_clip(clip, programs)
        stream.push(clip)
        windows.append(range(end, end + programs.frames))
        end += programs.frames
        if len(windows) == programs.batch:
            yield stream.embed(windows)
            stream.drop_before(end)
            windows = []
    if windows:
        yield stream.embed(windows)


def check_frames(
    frames: Shaped[np.ndarray, "n P P 3"], pixels: int
) -> UInt8[np.ndarray, "n P P 3"] | Float[np.ndarray, "n P P 3"]:
    """Return frames as uint8 or float32, the two types that a device is sent.

    Raises InvalidInput if they would give wrong vectors.
    """
    shape = (pixels, pixels, 3)
    if not isinstance(frames, np.ndarray) or frames.ndim != 4 or frames.shape[1:] != shape:
        raise InvalidInput(
            f"Frames must be an array of shape [frames, {pixels}, {pixels}, 3], "
            f"not {list(np.shape(frames))}."
        )
    if len(frames) == 0:
        raise InvalidInput("There are no frames.")
    if frames.dtype == np.uint8:
        return frames
    if not np.issubdtype(frames.dtype, np.floating):
        raise InvalidInput(f"Frames must be uint8, or floats in [0, 1], not {frames.dtype}.")
    if not (frames.min() >= 0.0 and frames.max() <= 1.0):  # false for NaN, too
        raise InvalidInput("Frames given as floats must lie in [0, 1] throughout.")
    return frames.astype(np.float32)


def _collected(rows: Sequence[Row], dim: int) -> Float[np.ndarray, "n dim"]:
    """Wait for the batches that the rows are of."""
    batches = {id(vectors): np.asarray(vectors) for vectors, _ in rows}
    vectors = [batches[id(vectors)][row] for vectors, row in rows]
    return check_vectors(np.stack(vectors)) if vectors else np.empty((0, dim), np.float32)


def check_vectors(rows: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, "n dim"]:
    """Return the rows, or raise EncoderError if a value is not a number."""
    if not np.isfinite(rows).all():
        raise EncoderError(
            "The model gave vectors that are not numbers; its weights are probably damaged."
        )
    return rows


def _check_clip(clip: Shaped[np.ndarray, "T P P 3"], programs: Programs) -> None:
    if np.ndim(clip) != 4 or len(clip) != programs.frames:
        raise InvalidInput(
            f"A clip of this model has shape [{programs.frames}, {programs.pixels}, "
            f"{programs.pixels}, 3], not {list(np.shape(clip))}."
        )
