"""Videos of full size that benchmarks draw for themselves: grain, movement, and long GOPs.

What a camera records costs a decoder far more than flat pictures do: here textures pan, pieces of
them move on their own, and every frame has grain of its own. One group of 250 pictures with
B-frames is encoded and repeated, so that a minute is drawn in seconds. Files stay in the system's
temporary folder for the next run.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

FOLDER = Path(tempfile.gettempdir()) / "prismsearch-footage"
GROUP = 250  # pictures from one key frame to the next, x264's usual
RATE = 30  # pictures a second
GRAIN = 4.0  # standard deviation of a pixel's brightness, of 256 levels
PATCHES = 12  # pieces that move on their own
_ENCODERS = {  # with the bits that each spends on a pixel: 12 and 8 Mbit/s at 1080p
    "h264": ("libx264", 0.19, {"preset": "fast", "x264-params": f"min-keyint={GROUP}"}),
    "hevc": ("libx265", 0.13, {"preset": "veryfast", "x265-params": "log-level=error"}),
}


@dataclass(frozen=True)
class Kind:
    """A codec (h264 or hevc) at a size in pixels."""

    codec: str
    width: int
    height: int

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return f"{self.height}p {self.codec}"


def footage(kind: Kind, seconds: float, seed: int = 0) -> Path:
    """Return a video of that kind and about that length, drawn now if it is not there yet.

    Its length is a whole number of groups of 8.3 s. Other seeds are other scenes.
    """
    groups = max(1, round(seconds * RATE / GROUP))
    path = FOLDER / f"{kind.codec}-{kind.height}-{groups}-{seed}.mp4"
    if not path.exists():
        FOLDER.mkdir(exist_ok=True)
        once = FOLDER / f"{kind.codec}-{kind.height}-1-{seed}.mp4"
        if not once.exists():
            print(f"Drawing {kind.name}, once ...", flush=True)
            _complete(once, lambda part: _encode(part, kind, seed))
        _complete(path, lambda part: _repeat(once, part, groups))
    return path


def _complete(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file that is only there once it is whole."""
    part = path.with_suffix(".part.mp4")
    write(part)
    part.replace(path)


def _encode(path: Path, kind: Kind, seed: int) -> None:
    """Encode one closed group of drawn pictures."""
    encoder, bits, options = _ENCODERS[kind.codec]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=RATE, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = kind.width, kind.height, "yuv420p"
        stream.bit_rate = round(bits * RATE * kind.width * kind.height)
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = GROUP, 3
        for index, planes in enumerate(scene(kind.width, kind.height, GROUP, seed)):
            picture = VideoFrame.from_ndarray(planes, format="yuv420p")
            picture.pts, picture.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def _repeat(source: Path, path: Path, count: int) -> None:
    """Write the packets of one file so many times in a row, without encoding anything."""
    with av.open(str(path), "w") as container:
        track = None
        for turn in range(count):
            with av.open(str(source)) as group:
                stream = group.streams.video[0]
                track = track or container.add_stream_from_template(stream)
                later = turn * round(GROUP / RATE / (stream.time_base or 1))
                for packet in group.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + later, packet.dts + later
                    packet.stream = track
                    container.mux(packet)


def scene(width: int, height: int, count: int, seed: int) -> Iterator[np.ndarray]:
    """Draw frames as planes of 4:2:0: uint8 [height * 3 / 2, width]."""
    rng = np.random.default_rng(seed)
    ground = texture(width + 2 * count, height, rng)
    spare = 256
    grain = GRAIN * rng.standard_normal((height + spare, width + spare)).astype(np.float32)
    pieces = [texture(width // 6, height // 6, rng) for _ in range(PATCHES)]
    places = rng.uniform(0, 1, (PATCHES, 2)) * (height * 5 // 6, width * 5 // 6)
    speeds = rng.uniform(-8, 8, (PATCHES, 2)) * height / 1080
    for index in range(count):
        bright = ground[:, 2 * index : 2 * index + width].copy()
        for piece, place, speed in zip(pieces, places, speeds, strict=True):
            _lay(bright, piece, place + speed * index)
        y, x = rng.integers(0, spare, 2)
        yield _planes(bright, grain[y : y + height, x : x + width])


def texture(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """Draw brightness with detail of every size, float32 [height, width] around 120."""
    picture = np.full((height, width), 120, np.float32)
    for step, strength in ((256, 45), (64, 25), (16, 14), (4, 9)):
        coarse = rng.standard_normal((height // step + 2, width // step + 2), dtype=np.float32)
        smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR)
        picture += strength * np.asarray(smooth)
    return picture


def _lay(picture: np.ndarray, piece: np.ndarray, place: np.ndarray) -> None:
    """Lay a piece on a picture, around whose sides it comes back."""
    free = np.subtract(picture.shape, piece.shape)
    top, left = np.mod(place.astype(int), free)
    picture[top : top + piece.shape[0], left : left + piece.shape[1]] = piece


def _planes(bright: np.ndarray, grain: np.ndarray) -> np.ndarray:
    luma = np.clip(bright + grain, 16, 235)
    colour = bright[::2, ::2] - 120
    blue, red = np.clip(128 + 0.4 * colour, 16, 240), np.clip(128 - 0.3 * colour, 16, 240)
    rows = [plane.reshape(-1, bright.shape[1]) for plane in (luma, blue, red)]
    return np.concatenate(rows).astype(np.uint8)
