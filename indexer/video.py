"""Video files in, timed frames out: the only file that imports PyAV and decord.

Knows containers, codecs, timestamps, rotation and pixel aspect, and which of them are trusted.
Knows no process, no segment and no model. Runs inside the decoding child (`child.py`); nothing
else should call `inspect` or `read`, since a hostile file may crash or stall a decoder.
"""

import math
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from indexer import thumbnails, timeline
from indexer.decoding import Limits, Probe, Request, Sample, Tally
from indexer.errors import VideoError
from indexer.formats import CODECS, CONTAINERS, browser_playable
from indexer.sandbox import regular_file
from indexer.segments import on_grid

# A title that is no text must not cost its video. PyAV 19 forgives it unasked.
_FORGIVING: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
)

_SURVEY_BYTES = 2**30  # a pass over all packets reads the whole file: not for larger ones
_SURVEY_PACKETS = 500  # how far to look for a first picture
_SEEK_LEAD = 2.0  # seconds to seek ahead of what is wanted, past frames that need later ones
_ALIVE_PACKETS = 100
_ENOUGH_PACKETS = 20  # to judge by the ratio of errors

Pixels = NDArray[np.uint8]


def inspect(path: str, limits: Limits) -> Probe:
    """Find out what a video is and how long; raises VideoError if it cannot or must not be read.

    Every packet is looked at if the file is of moderate size, so that the duration is true; only
    the first picture is decoded.
    """
    with _opened(path, limits) as (container, stream):
        survey, picture = _survey(container, stream)
        if picture is None:
            raise VideoError("nothing_decodable")
        duration = timeline.duration(container, stream, survey, limits.seconds)
        _check_duration(duration, limits)
        return _probe(container, stream, picture, survey.start, duration)


def read(
    request: Request, probe: Probe, tally: Tally, alive: Callable[[], None]
) -> Iterator[Sample]:
    """Give the frame on the screen at every grid point, in one pass, counting into `tally`.

    `alive` is called now and then while no sample is due. Damaged data costs itself, not the
    file: VideoError is raised if most is damaged, or if not one picture could be read.
    """
    assert request.pixels is not None
    source = _SOURCES[request.reader](request, probe, tally, alive)
    rendered: tuple[Any, Pixels, bytes | None] | None = None
    for index, picture in on_grid(source.pictures(), request.fps, request.first):
        if rendered is None or rendered[0] is not picture:
            rendered = (picture, *source.render(picture))
        yield Sample(index, index / request.fps, rendered[1], rendered[2])
    if tally.readable == 0.0:
        raise VideoError("nothing_decodable")


def write_h264(path: Path, frames: Iterable[Pixels], fps: float) -> None:
    """Write uint8 RGB frames [H, W, 3], H and W even, as a small MP4 that starts at once.

    The same frames give the same bytes with the same libraries.
    """
    rate = Fraction(fps).limit_denominator(1001)
    with av.open(
        str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
    ) as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "30"})
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1  # more threads may cut the frames differently
        stream.codec_context.gop_size = math.ceil(2 * fps)  # a player seeks within 2 s
        for index, pixels in enumerate(frames):
            if index == 0:
                stream.height, stream.width = pixels.shape[:2]
            container.mux(stream.encode(VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


# --- opening -------------------------------------------------------------------------------


@contextmanager
def _opened(path: str, limits: Limits) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and choose its video, refusing what is not allowed before decoding."""
    with regular_file(path, limits) as file, _container(file) as container:
        yield container, _video_stream(container, limits)


def _container(file: Any) -> InputContainer:
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": ""}
    try:
        container: InputContainer = av.open(file, options=options, buffer_size=2**18, **_FORGIVING)
    except (OSError, MemoryError):
        raise
    except FFmpegError as error:
        raise _refusal(file, error) from error
    return container


def _refusal(file: Any, error: FFmpegError) -> VideoError:
    """Say why a file did not open: cut off, of a kind that is not allowed, or no video."""
    file.seek(0)
    head = file.read(12)
    if head[4:8] == b"ftyp":
        return VideoError("truncated")
    if isinstance(error, av.error.ArgumentError):
        return VideoError("container_not_allowed")
    return VideoError("not_a_video")


def _video_stream(container: InputContainer, limits: Limits) -> VideoStream:
    stream = _choose(container)
    context = stream.codec_context
    codec = _codec(stream)
    if codec not in CODECS:
        raise VideoError("codec_not_allowed", codec=codec)
    _check_size(context.width, context.height, limits)
    context.thread_count = 1  # parallel over videos instead; and threads can deadlock at close
    context.options = {"max_pixels": str(limits.max_pixels)}  # sizes may change on the way
    return stream


def _choose(container: InputContainer) -> VideoStream:
    """The default video stream; a cover picture is none."""
    best = container.streams.best("video")
    for stream in (best, *container.streams.video):
        if isinstance(stream, VideoStream) and not stream.disposition & Disposition.attached_pic:
            return stream
    raise VideoError("no_video_stream")


def _codec(stream: Any) -> str:
    """The format's own name, whichever library decodes it."""
    context = stream.codec_context
    return str(context.codec.canonical_name) if context is not None else "an unknown codec"


def _check_size(width: int, height: int, limits: Limits) -> None:
    sides = limits.min_side <= min(width, height) and max(width, height) <= limits.max_side
    if not sides or width * height > limits.max_pixels:
        raise VideoError(
            "bad_dimensions",
            width=width,
            height=height,
            low=limits.min_side,
            high=limits.max_side,
            megapixels=limits.max_pixels / 1e6,
        )


def _check_duration(seconds: float, limits: Limits) -> None:
    if seconds > limits.seconds:
        raise VideoError("too_long", hours=seconds / 3600, limit=limits.seconds / 3600)


# --- packets -------------------------------------------------------------------------------


def _survey(
    container: InputContainer, stream: VideoStream
) -> tuple[timeline.Survey, VideoFrame | None]:
    """Decode up to the first picture; look at all packets unless the file is very large."""
    survey, picture = timeline.Survey(), None
    whole = container.size <= _SURVEY_BYTES
    for count, packet in enumerate(_packets(container, None)):
        if picture is None and packet.stream is stream:
            picture = next(iter(_decode(packet) or ()), None)
        if packet.stream.type in ("video", "audio"):
            survey.note(packet, packet.stream is stream)
        if (picture is None and count > _SURVEY_PACKETS) or (picture is not None and not whole):
            break
    return survey, picture


def _packets(container: InputContainer, stream: VideoStream | None) -> Iterator["Packet[Any]"]:
    """All packets up to the first that the container cannot give."""
    try:
        yield from container.demux() if stream is None else container.demux(stream)
    except FFmpegError as error:
        _unless_memory(error)


def _decode(packet: "Packet[Any]") -> list[VideoFrame] | None:
    """The frames that a packet completes, or None if it is damaged."""
    try:
        return [frame for frame in packet.decode() if isinstance(frame, VideoFrame)]
    except FFmpegError as error:
        _unless_memory(error)
        return None


def _unless_memory(error: FFmpegError) -> None:
    """Go on after damaged data; memory that ran out is no damage."""
    if isinstance(error, MemoryError):
        raise error


# --- what it is ----------------------------------------------------------------------------


def _probe(
    container: InputContainer,
    stream: VideoStream,
    picture: VideoFrame,
    start: float,
    duration: float,
) -> Probe:
    width, height = _displayed(stream, picture)
    name = _container_name(container)
    sound = {_codec(audio) for audio in container.streams.audio}
    return Probe(
        duration=duration,
        start=start,
        width=width,
        height=height,
        rotation=_quarter_turns(picture) * 90,
        fps=float(stream.average_rate or stream.guessed_rate or 0),
        codec=_codec(stream),
        container=name,
        has_audio=bool(sound),
        browser_playable=browser_playable(name, _codec(stream), picture.format.name, sound),
    )


def _displayed(stream: VideoStream, picture: VideoFrame) -> tuple[int, int]:
    """Width and height on the screen: pixels need not be square, and phones turn pictures."""
    aspect = float(stream.sample_aspect_ratio or 1)
    if not 1 / 16 <= aspect <= 16:
        aspect = 1.0
    width, height = round(picture.width * aspect), picture.height
    return (height, width) if _quarter_turns(picture) % 2 else (width, height)


def _quarter_turns(picture: VideoFrame) -> int:
    """How often to turn the stored picture by 90 degrees, counter-clockwise."""
    return round(picture.rotation / 90) % 4


def _container_name(container: InputContainer) -> str:
    """One name for a family that is read by the same code: mp4 and mov, webm and matroska."""
    names = container.format.name.split(",")
    if "mp4" in names:
        return "mov" if container.metadata.get("major_brand", "").strip() == "qt" else "mp4"
    if "webm" in names:
        return "webm" if _is_webm(container.file.file) else "matroska"
    return names[0]


def _is_webm(file: Any) -> bool:
    file.seek(0)
    return b"webm" in file.read(64)


# --- the readers ---------------------------------------------------------------------------


class _Source(Protocol):
    """One way to get timed pictures out of a file, and pixels out of a picture."""

    def pictures(self) -> Iterator[tuple[float, float, Any]]:
        """(time, length, picture) in order, from before the first point that is wanted."""

    def render(self, picture: Any) -> tuple[Pixels, bytes | None]:
        """The square pixels and the thumbnail of one picture."""


class _PyavSource:
    """PyAV: sequential, and only the pictures that are kept are converted."""

    def __init__(
        self, request: Request, probe: Probe, tally: Tally, alive: Callable[[], None]
    ) -> None:
        self._request = request
        self._probe = probe
        self._tally = tally
        self._alive = alive
        self._thumbnail = thumbnails.size(probe.width, probe.height) if request.thumbnails else None

    def pictures(self) -> Iterator[tuple[float, float, VideoFrame]]:
        """Decode from just before the first wanted point, or failing that from the beginning."""
        since = self._request.first / self._request.fps
        if since > _SEEK_LEAD and (yield from self._from(since)):
            return
        with _opened(self._request.path, self._request.limits) as (container, stream):
            yield from self._timed(container, stream)

    def render(self, picture: VideoFrame) -> tuple[Pixels, bytes | None]:
        """Resize inside the conversion, then turn."""
        side = self._request.pixels or 0
        thumbnail = None
        if self._thumbnail is not None:
            thumbnail = thumbnails.jpeg(_converted(picture, *self._thumbnail))
        return _converted(picture, side, side), thumbnail

    def _from(self, since: float) -> Generator[tuple[float, float, VideoFrame], None, bool]:
        """Seek and decode; returns False, having given nothing, if that landed too late."""
        with _opened(self._request.path, self._request.limits) as (container, stream):
            target = since - _SEEK_LEAD + self._probe.start
            try:
                container.seek(int(target / (stream.time_base or 1)), stream=stream)
            except FFmpegError:
                return False
            timed = self._timed(container, stream)
            landed = next(timed, None)
            if landed is None or landed[0] > since:
                return False
            yield landed
            yield from timed
            return True

    def _timed(
        self, container: InputContainer, stream: VideoStream
    ) -> Iterator[tuple[float, float, VideoFrame]]:
        """Frames with their times from the video's first moment; clocks that go back are cut."""
        latest = 0.0
        for frame in self._frames(container, stream):
            stamp = timeline.seconds(frame, stream)
            time = self._tally.readable if stamp is None else stamp - self._probe.start
            if time < latest:
                continue
            latest, length = time, timeline.length(frame, stream)
            _check_duration(time + length, self._request.limits)
            self._tally.readable = time + length
            yield time, length, frame

    def _frames(self, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
        """Whatever decodes, up to where the file ends or breaks off."""
        for packet in _packets(container, stream):
            self._count()
            frames = _decode(packet)
            if frames is None:
                self._blame()
            yield from frames or ()

    def _count(self) -> None:
        self._tally.packets += 1
        if self._tally.packets % _ALIVE_PACKETS == 0:
            self._alive()

    def _blame(self) -> None:
        tally = self._tally
        tally.errors += 1
        allowed = self._request.limits.error_ratio * tally.packets
        if tally.packets >= _ENOUGH_PACKETS and tally.errors > allowed:
            raise VideoError("corrupt", errors=tally.errors, packets=tally.packets)


class _DecordSource:
    """decord, for trusted files: it gives every frame of the ones it can read, turned upright.

    It reports neither damage nor pixel aspect, and loses a damaged file whole.
    """

    def __init__(
        self, request: Request, probe: Probe, tally: Tally, alive: Callable[[], None]
    ) -> None:
        self._request = request
        self._side = request.pixels or 0
        self._tally = tally
        self._thumbnail = thumbnails.size(probe.width, probe.height) if request.thumbnails else None
        side = max(self._side, thumbnails.WIDTH if request.thumbnails else 0)
        with regular_file(request.path, request.limits) as file:
            self._reader = _decord_reader(file, side)

    def pictures(self) -> Iterator[tuple[float, float, int]]:
        """Frame numbers with their times; nothing is decoded yet."""
        spans = self._reader.get_frame_timestamp(range(len(self._reader))).tolist()
        for index, (begin, end) in enumerate(spans):
            time = begin - spans[0][0]
            _check_duration(abs(time + end - begin), self._request.limits)
            self._tally.packets += 1
            self._tally.readable = time + end - begin
            yield time, end - begin, index

    def render(self, picture: int) -> tuple[Pixels, bytes | None]:
        """Decode one frame, already resized to a square, and shape the rest from that."""
        decoded = Image.fromarray(self._reader[picture].asnumpy())
        thumbnail = None
        if self._thumbnail is not None:
            thumbnail = thumbnails.jpeg(np.asarray(decoded.resize(self._thumbnail)))
        square = decoded.resize((self._side, self._side), Image.Resampling.BOX)
        return np.asarray(square), thumbnail


_SOURCES: dict[str, Callable[[Request, Probe, Tally, Callable[[], None]], _Source]] = {
    "pyav": _PyavSource,
    "decord": _DecordSource,
}


def _decord_reader(file: Any, side: int) -> Any:
    """Open by descriptor, so that decord reads the very file that was checked."""
    try:
        import decord
    except ImportError as error:
        raise VideoError("decoder_crashed", reason="decord is not installed here") from error
    name = f"/proc/self/fd/{file.fileno()}"
    return decord.VideoReader(name, width=side, height=side, num_threads=1)


# --- pixels --------------------------------------------------------------------------------


def _converted(picture: VideoFrame, width: int, height: int) -> Pixels:
    """RGB of that size as displayed: uint8 [height, width, 3]."""
    turns = _quarter_turns(picture)
    if turns % 2:
        width, height = height, width
    rgb = picture.reformat(width, height, "rgb24", interpolation="AREA").to_ndarray()
    return np.ascontiguousarray(np.rot90(rgb, turns))
