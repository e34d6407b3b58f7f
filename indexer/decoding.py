"""What the two sides of decoding say to each other: requests, probes, samples, and their bytes.

The decoder runs in a child process (`child.py`), its user in the parent (`reader.py`). This
module knows the messages and the limits; it knows neither a video library nor a process. It
imports no NumPy, which takes a child as long to load as all of FFmpeg.
"""

import json
import struct
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple

from indexer.formats import Plays
from indexer.segments import FPS, grid_size

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Reader = Literal["pyav", "decord"]
Decode = Literal["exact", "fast"]
"""Every picture as it was meant; or without smoothing its blocks, and only what is looked at."""
Resize = Literal["squash", "crop"]
"""How a picture becomes a square: as a whole, or its middle in the true aspect."""

_GIB = 2**30


@dataclass(frozen=True)
class Limits:
    """What is refused or stopped: a file's bytes, seconds and pixels, a decoder's memory."""

    bytes: int = 1024 * _GIB
    seconds: float = 6 * 3600.0
    min_side: int = 16
    max_side: int = 8192
    max_pixels: int = 7680 * 4320
    error_ratio: float = 0.5
    memory: int = 4 * _GIB
    """Address space of the child process in bytes."""
    silence: float = 60.0
    """Seconds without a sign of life after which the child is killed."""


class Cut(NamedTuple):
    """[begin, end) of a video, in seconds from its first moment."""

    begin: float
    end: float


@dataclass(frozen=True)
class Copy:
    """A playable copy to be made at `path`, of at most so many bytes.

    Its pictures are the file's own where they can be; `anew` has them encoded in any case.
    `cut` is what to cut out, else all of the video.
    """

    path: str
    bytes: int
    anew: bool = False
    cut: Cut | None = None


@dataclass(frozen=True)
class Request:
    """What a child is asked for: a probe, and then the samples (`pixels`) or a `copy`.

    Samples are those of the grid points from `first` to before `last`, or to the end. Of a
    `still`, which is a picture and no video, there is one sample and nothing else.
    """

    path: str
    pixels: int | None = None
    fps: float = FPS
    reader: Reader = "pyav"
    first: int = 0
    last: int | None = None
    thumbnails: bool = True
    resize: Resize = "squash"
    limits: Limits = field(default_factory=Limits)
    copy: Copy | None = None
    still: bool = False
    decode: Decode = "exact"

    def to_text(self) -> str:
        """JSON in ASCII, so that any file name survives a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "Request":
        """The request that `to_text` wrote."""
        fields = json.loads(text)
        fields["limits"] = Limits(**fields["limits"])
        if copy := fields["copy"]:
            cut = copy["cut"] and Cut(*copy["cut"])
            fields["copy"] = Copy(**{**copy, "cut": cut})
        return cls(**fields)


@dataclass(frozen=True)
class Probe:
    """What a video is, found without decoding it all.

    `duration` is in seconds: measured where that is cheap, and as promised by the file where
    its end is missing. `start` is the container's time of the first moment, to be subtracted
    from its timestamps. `width` and `height` are as displayed, after `rotation` (degrees) and
    pixel aspect. It is `seekable` unless its clock is set anew on the way: then a moment can only
    be reached from the beginning. `recorded_at` (seconds since 1970) is what the file says of
    itself, None if it says nothing that can be true.
    """

    duration: float
    start: float
    width: int
    height: int
    rotation: int
    fps: float
    codec: str
    container: str
    has_audio: bool
    plays: Plays
    seekable: bool
    recorded_at: float | None


@dataclass(frozen=True)
class Sample:
    """The frame on the screen at one grid point: `time` is `index / fps` seconds.

    `pixels` is uint8 RGB [P, P, 3] and read-only; `thumbnail` a JPEG of the true aspect, 320 px
    wide.
    """

    index: int
    time: float
    pixels: "NDArray[np.uint8]"
    thumbnail: bytes | None


@dataclass(frozen=True)
class Drawn:
    """A sample as the child makes and sends it; `pixels` are the bytes of uint8 RGB [P, P, 3]."""

    index: int
    time: float
    pixels: bytes
    thumbnail: bytes | None


@dataclass(frozen=True)
class Summary:
    """How much of a video could be read.

    `samples` counts grid points from 0 over the `readable` seconds, wherever reading began, where
    `promised` were expected; `errors` counts pieces of data that did not decode, and `damaged` the
    places where data is missing or did not decode as it was, or those of the part that was
    read (`resumed`).
    """

    samples: int
    promised: int
    readable: float
    duration: float
    errors: int = 0
    damaged: int = 0
    resumed: bool = False

    @property
    def note(self) -> str | None:
        """A sentence where the user should know that something is missing."""
        if self.samples < self.promised:
            return f"Only {self.readable:.1f} of {self.duration:.1f} s could be read."
        if self.damaged == 0:
            return None
        places = "one place" if self.damaged == 1 else f"{self.damaged} places"
        least = "at least " if self.resumed else ""
        return f"The video is damaged in {least}{places} and may look wrong there."


@dataclass(frozen=True)
class Copied:
    """How a copy was made: of the file's own pictures, or of new ones."""

    how: Plays


@dataclass
class Tally:
    """What the decoder counts while it reads."""

    packets: int = 0
    errors: int = 0
    readable: float = 0.0
    damaged: int = 0
    """Places where data is missing or did not decode as it was."""
    resumed: bool = False
    """Reading began in mid-file: what was damaged before is not counted."""
    _sound: bool = True

    def look(self, sound: bool) -> None:
        """Take note of whether the data is sound here; damage on end is one place."""
        if self._sound and not sound:
            self.damaged += 1
        self._sound = sound

    def summary(self, duration: float, fps: float) -> Summary:
        """The counts as a summary."""
        samples, promised = grid_size(self.readable, fps), grid_size(duration, fps)
        counts = (self.errors, self.damaged, self.resumed)
        return Summary(samples, promised, self.readable, duration, *counts)


# Messages on the pipe: one letter, the payload's length, the payload.
ALIVE, PROBE, SAMPLE, SHARE, DONE, ERROR, FULL = b".", b"P", b"S", b"%", b"D", b"E", b"F"
_HEADER = struct.Struct("<cI")
SAMPLE_HEADER = struct.Struct("<Id")
_LONGEST = 64 * 2**20


def send(pipe: BinaryIO, kind: bytes, *parts: bytes) -> None:
    """Write one message; blocks while the other side does not read."""
    pipe.write(_HEADER.pack(kind, sum(len(part) for part in parts)))
    for part in parts:
        pipe.write(part)
    pipe.flush()


def send_fields(pipe: BinaryIO, kind: bytes, fields: dict[str, Any]) -> None:
    """Write one message that carries JSON."""
    send(pipe, kind, json.dumps(fields).encode())


def send_sample(pipe: BinaryIO, drawn: Drawn) -> None:
    """Write one sample: its header, then raw pixels, then the thumbnail."""
    header = SAMPLE_HEADER.pack(drawn.index, drawn.time)
    send(pipe, SAMPLE, header, drawn.pixels, drawn.thumbnail or b"")


def receive(pipe: BinaryIO) -> tuple[bytes, bytes] | None:
    """The next message's kind and payload, or None if the other side ended."""
    header = pipe.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    kind, length = _HEADER.unpack(header)
    payload = pipe.read(length) if length <= _LONGEST else b""
    return (kind, payload) if len(payload) == length else None
