"""Opens a file, chooses its video, and takes it apart into packets and frames.

Knows which containers, codecs and sizes are let in, and that damaged data costs itself, not the
file. Knows nothing of time or of what becomes of the frames.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from indexer.decoding import Decode, Limits
from indexer.errors import VideoError
from indexer.formats import CODECS, CONTAINERS
from indexer.sandbox import regular_file
from indexer.timeline import Continuous

F = TypeVar("F")

# Playlists whose names give them away are refused by their kind; these by what they begin with.
_PLAYLISTS = (b"#EXTM3U", b"<?xml", b"<asx", b"RTSPtext")

_MAY_BE_SET = 0x0200  # a container's flag: its clock need not go on for ever

# A title that is no text must not cost its video. PyAV 19 forgives it unasked.
_FORGIVING: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
)


@contextmanager
def opened(
    path: str, limits: Limits, decode: Decode = "exact"
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and choose its video, refusing what is not allowed before decoding."""
    with regular_file(path, limits) as file, _container(file) as container:
        stream = _video_stream(container, limits)
        if decode == "fast":
            stream.codec_context.options |= {"skip_loop_filter": "all"}
        yield container, stream


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
    if isinstance(error, av.error.ArgumentError) or head.startswith(_PLAYLISTS):
        return VideoError("container_not_allowed")
    return VideoError("not_a_video")


def _video_stream(container: InputContainer, limits: Limits) -> VideoStream:
    stream = _choose(container)
    context = stream.codec_context
    codec = codec_of(stream)
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
    raise VideoError("no_video_stream" if container.streams else "nothing_decodable")


def codec_of(stream: Any) -> str:
    """The format's own name, whichever library decodes it."""
    context = stream.codec_context
    return str(context.codec.canonical_name) if context is not None else "an unknown codec"


def _check_size(width: int, height: int, limits: Limits) -> None:
    if not width or not height:  # what the header says is impossible, or it says nothing
        raise VideoError("nothing_decodable")
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


def check_duration(seconds: float, limits: Limits) -> None:
    """Raise VideoError if that is longer than is allowed."""
    if seconds > limits.seconds:
        raise VideoError("too_long", hours=seconds / 3600, limit=limits.seconds / 3600)


def packets(
    container: InputContainer, *streams: Stream, clock: Continuous | None = None
) -> Iterator["Packet[Any]"]:
    """The packets of some streams, or of all, up to the first that the container cannot give.

    Those of a broadcast come on one clock, however often it was set; `clock` counts that.
    """
    clock = clock or Continuous()
    broadcast = container.format.flags & _MAY_BE_SET
    try:
        for packet in container.demux(*streams):
            if broadcast:
                clock.mend(packet)
            yield packet
    except FFmpegError as error:
        unless_memory(error)


def decode(packet: "Packet[Any]", kind: type[F]) -> list[F] | None:
    """The frames that a packet completes, or None if it is damaged."""
    try:
        return [frame for frame in packet.decode() if isinstance(frame, kind)]
    except FFmpegError as error:
        unless_memory(error)
        return None


def unless_memory(error: FFmpegError) -> None:
    """Go on after damaged data; memory that ran out is no damage."""
    if isinstance(error, MemoryError):
        raise error
