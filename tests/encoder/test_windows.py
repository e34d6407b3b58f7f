"""Sliding windows equal separate clips, cost each frame once, and hold no more than they must."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jax
import numpy as np
import pytest
import small
from small import relative_error

from encoder.embedder import Embedder
from encoder.errors import EncoderError, InvalidInput
from encoder.windows import WindowStream, embed_each

FRAMES = small.frames(13)
WINDOWS = [(0, 1, 2, 3), (2, 3, 4, 5), (9, 10, 11, 12), (1, 1, 2, 2), (6, 7, 8, 9)]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return small.embedder()


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    return small.plain_videos(np.stack([FRAMES[list(window)] for window in WINDOWS]))


def counted(embedder: Embedder) -> tuple[WindowStream, list[Any]]:
    """Start a stream, and a list of what its frames' encoder is called with."""
    calls: list[Any] = []
    encode = embedder._programs.encode

    def note(chunk: np.ndarray) -> Any:
        calls.append(chunk.copy())
        return encode(chunk)

    return WindowStream(replace(embedder._programs, encode=note)), calls


@pytest.mark.parametrize("sizes", [[13], [1] * 13, [2, 5, 6], [12, 1]])
def test_windows_equal_the_plain_modules(
    embedder: Embedder, expected: np.ndarray, sizes: list[int]
) -> None:
    stream = embedder.window_stream()
    for part in np.split(FRAMES, np.cumsum(sizes)[:-1]):
        stream.push(part)
    vectors = stream.embed(WINDOWS)
    assert vectors.dtype == np.float32
    assert relative_error(vectors, expected) < 1e-5


def test_windows_may_be_asked_for_as_frames_arrive(
    embedder: Embedder, expected: np.ndarray
) -> None:
    stream = embedder.window_stream()
    stream.push(FRAMES[:4])
    first = stream.embed(WINDOWS[:1])
    stream.push(FRAMES[4:7])
    second = stream.embed(WINDOWS[1:2])
    assert relative_error(np.concatenate([first, second]), expected[:2]) < 1e-5


def test_each_frame_is_encoded_once(embedder: Embedder) -> None:
    stream, calls = counted(embedder)
    stream.push(FRAMES[:12])
    stream.embed([range(i, i + 4) for i in range(9)])
    np.testing.assert_array_equal(np.concatenate(calls), FRAMES[:12])


def test_an_array_may_be_reused_after_it_was_pushed(
    embedder: Embedder, expected: np.ndarray
) -> None:
    stream = embedder.window_stream()
    buffer = np.empty_like(FRAMES[:1])
    for frame in FRAMES:
        buffer[:] = frame
        stream.push(buffer)
    buffer[:] = 0
    assert relative_error(stream.embed(WINDOWS), expected) < 1e-5


def test_dropped_frames_are_freed_and_refused(embedder: Embedder, expected: np.ndarray) -> None:
    stream = embedder.window_stream()
    stream.push(FRAMES)
    stream.drop_before(9)
    assert sorted({*stream._features, *stream._waiting}) == [9, 10, 11, 12]
    assert relative_error(stream.embed(WINDOWS[2:3]), expected[2:3]) < 1e-5
    with pytest.raises(InvalidInput, match="only 9 to 12 are here"):
        stream.embed(WINDOWS[4:])


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ((0, 1, 2), "has 4 frames, not 3"),
        ((0, 2, 1, 3), "in the order"),
        ((0, 1, 2, 5), "only 0 to 4 are here"),
        ((-1, 0, 1, 2), "only 0 to 4 are here"),
    ],
)
def test_impossible_windows_are_refused(
    embedder: Embedder, window: tuple[int, ...], words: str
) -> None:
    stream = embedder.window_stream()
    stream.push(FRAMES[:5])
    with pytest.raises(InvalidInput, match=words):
        stream.embed([(0, 1, 2, 3), window])


def test_frames_may_come_and_go_while_vectors_are_computed(
    embedder: Embedder, expected: np.ndarray
) -> None:
    stream = embedder.window_stream()
    stream.push(FRAMES[:6])
    early = stream.begin(WINDOWS[:2])
    stream.push(FRAMES[6:])
    stream.drop_before(6)
    late = stream.begin([WINDOWS[4], WINDOWS[2]])
    assert relative_error(late(), expected[[4, 2]]) < 1e-5
    assert relative_error(early(), expected[:2]) < 1e-5
    np.testing.assert_array_equal(early(), early())


def test_no_windows_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.window_stream().embed([]).shape == (0, 32)


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (FRAMES[0], "shape"),
        (FRAMES[:, :20], "shape"),
        (FRAMES[..., :1], "shape"),
        (FRAMES.tolist(), "shape"),
        (FRAMES[:0], "no frames"),
        (FRAMES.astype(np.int32), "not int32"),
        (FRAMES / 200.0, "lie in"),
        (FRAMES / -255.0, "lie in"),
        (np.full_like(FRAMES, np.nan, np.float32), "lie in"),
    ],
)
def test_frames_that_would_give_wrong_vectors_are_refused(
    embedder: Embedder, frames: Any, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        embedder.window_stream().push(frames)


def test_vectors_that_are_not_numbers_are_an_error(embedder: Embedder) -> None:
    broken = replace(
        embedder._programs, finish=lambda features: np.full((2, 32), np.nan, np.float32)
    )
    stream = WindowStream(broken)
    stream.push(FRAMES)
    with pytest.raises(EncoderError, match="damaged"):
        stream.embed(WINDOWS)


def test_memory_does_not_grow_with_the_number_of_clips(embedder: Embedder) -> None:
    held: list[int] = []

    def clips() -> Iterator[np.ndarray]:
        for _ in range(12):
            held.append(len(jax.live_arrays()))
            yield FRAMES[:4]

    assert sum(len(rows) for rows in embed_each(embedder._programs, clips())) == 12
    assert max(held[6:]) <= max(held[:6])


@pytest.fixture(scope="module")
def sixteen() -> Embedder:
    """The small model over windows of 16 frames; its positions in time are resampled."""
    return small.embedder(replace(small.CLIP, frames=16))


@pytest.mark.parametrize("hop", [1, 2, 4, 8, 16])
def test_any_hop_gives_what_separate_clips_give(sixteen: Embedder, hop: int) -> None:
    frames = small.frames(32)
    windows = [range(start, start + 16) for start in range(0, 17, hop)]
    stream, vectors = sixteen.window_stream(), []
    for pushed in range(0, 32, hop):
        stream.push(frames[pushed : pushed + hop])
        whole = [window for window in windows if window.stop == pushed + hop]
        vectors.append(stream.embed(whole))
        stream.drop_before(pushed + hop - 16)
    expected = sixteen.embed_clips(frames[list(window)] for window in windows)
    assert relative_error(np.concatenate(vectors), expected) < 1e-6
