"""Draws awkward video files for the tests: every frame shows its own number.

The number is written as twelve black or white squares along the top, so that a test sees WHICH
frame a reader returned. Everything is made with PyAV at test time; nothing is downloaded.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

BITS = 12
TITLE = "numbered frames"
FPS = 25
CLOCK = 90_000  # ticks per second of the times that `write` is given
SAME = {"fflags": "+bitexact"}  # no random numbers in the file
Pixels = NDArray[np.uint8]
Change = Callable[[bytes], bytes]


def numbered(number: int, width: int = 320, height: int = 240) -> Pixels:
    """A frame [height, width, 3] that shows `number`, below it a moving shade."""
    frame = np.empty((height, width, 3), np.uint8)
    frame[:] = (np.arange(width)[None, :, None] + 5 * number) % 200
    bits = [255 * (number >> bit & 1) for bit in range(BITS)]
    columns = np.arange(width) * BITS // width
    frame[: height // 6] = np.array(bits, np.uint8)[columns][None, :, None]
    return frame


def clip(count: int = 120, width: int = 320, height: int = 240) -> list[Pixels]:
    """The first `count` numbered frames."""
    return [numbered(number, width, height) for number in range(count)]


def number_of(pixels: Pixels) -> int:
    """The number that a frame shows, at any size."""
    height, width = pixels.shape[:2]
    row = pixels[height // 12].mean(axis=-1)
    return sum(int(row[(2 * bit + 1) * width // (2 * BITS)] > 128) << bit for bit in range(BITS))


def quarters(width: int = 320, height: int = 240) -> Pixels:
    """A frame with red, green, blue and white quarters, to tell which side is up."""
    frame = np.zeros((height, width, 3), np.uint8)
    half_h, half_w = height // 2, width // 2
    frame[:half_h, :half_w] = 255, 0, 0
    frame[:half_h, half_w:] = 0, 255, 0
    frame[half_h:, :half_w] = 0, 0, 255
    frame[half_h:, half_w:] = 255, 255, 255
    return frame


def write(
    path: Path,
    frames: Iterable[Pixels] = (),
    *,
    codec: str = "libx264",
    container: str | None = None,
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
    times: Sequence[float] | None = None,
    lasts: float = 1 / FPS,
    sound: float = 0.0,
    rotation: int = 0,
    aspect: Fraction | None = None,
    title: str = TITLE,
) -> Path:
    """Write frames shown at `times` (seconds; 25 a second if not given), the last for `lasts`.

    `sound` seconds of a tone are added; `rotation` is what a player must turn by,
    counter-clockwise; `aspect` the width of a pixel over its height.
    """
    frames = list(frames) or clip()
    with av.open(str(path), "w", format=container, options=SAME | (muxer or {})) as output:
        output.metadata["title"] = title
        stream = output.add_stream(codec, rate=FPS, options=steady(codec) | (options or {}))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        stream.codec_context.thread_count = 1
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        track = _sound_track(output) if sound else None
        if times is not None:
            stream.codec_context.time_base = Fraction(1, CLOCK)
        for index, pixels_rgb in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels_rgb, format="rgb24")
            if times is not None:
                _stamp(frame, index, times, lasts)
            output.mux(stream.encode(frame))
        for packet in stream.encode(None):
            if times is not None and packet.pts == round(times[-1] / packet.time_base):
                packet.duration = round(lasts / packet.time_base)  # lost by some encoders
            output.mux(packet)
        if track is not None:
            _tone(output, track, sound)
    return path


def steady(codec: str) -> dict[str, str]:
    """Options by which a codec gives the same bytes for the same frames, each time."""
    return {"mbtree": "0"} if codec == "libx264" else {}


def _stamp(frame: Any, index: int, times: Sequence[float], lasts: float) -> None:
    following = times[index + 1] if index + 1 < len(times) else times[index] + lasts
    frame.time_base = Fraction(1, CLOCK)
    frame.pts = round(times[index] * CLOCK)
    frame.duration = round((following - times[index]) * CLOCK)


def _sound_track(output: Any) -> Any:
    webm = "webm" in output.format.name
    return output.add_stream("libopus" if webm else "aac", rate=48_000)


def _tone(output: Any, track: Any, seconds: float) -> None:
    size = track.codec_context.frame_size or 1024
    for begin in range(0, int(seconds * 48_000), size):
        wave = np.sin(np.arange(begin, begin + size) * 0.05).astype(np.float32) / 4
        frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, begin
        resampler = av.AudioResampler(track.format.name, track.layout.name, 48_000)
        for fitting in resampler.resample(frame):
            output.mux(track.encode(fitting))
    output.mux(track.encode(None))


def write_sound(path: Path, cover: bool = False) -> Path:
    """Write two seconds of sound without moving pictures, with a cover picture if asked."""
    with av.open(str(path), "w", format="mp4") as output:
        track = _sound_track(output)
        picture = output.add_stream("mjpeg", rate=1) if cover else None
        if picture is not None:
            picture.width = picture.height = 320
            picture.pix_fmt = "yuvj420p"
            picture.disposition = Disposition.attached_pic
            frame = av.VideoFrame.from_ndarray(numbered(1, 320, 320), format="rgb24")
            output.mux(picture.encode(frame))
            output.mux(picture.encode(None))
        _tone(output, track, 2.0)
    return path


def cut(share: float) -> Change:
    """The first part of a file, as an unfinished copy leaves it."""
    return lambda film: film[: int(len(film) * share)]


def scratched(every: int, start: int = 6000, end: int | None = None) -> Change:
    """One wrong bit in `every` bytes between two places, always the same ones."""

    def change(film: bytes) -> bytes:
        chance = random.Random(1)
        content = bytearray(film)
        for index in range(start, len(content) if end is None else end, every):
            content[index] ^= 1 << chance.randrange(8)
        return bytes(content)

    return change


def noise_after(share: float) -> Change:
    """An MP4 whose pictures, after the first `share` of their bytes, are noise."""

    def change(film: bytes) -> bytes:
        body = film.index(b"mdat") + 4
        begin = body + int((len(film) - body) * share)
        return film[:begin] + noise(len(film) - begin)

    return change


def noise(size: int) -> bytes:
    """Always the same random bytes."""
    return random.Random(2).randbytes(size)
