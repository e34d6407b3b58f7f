"""What a video is and how long, from its packets and its first picture.

Knows what a probe says; knows no other picture than the first.
"""

import time
from collections.abc import Callable
from typing import Any

from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from indexer import timeline
from indexer.decoding import Limits, Probe
from indexer.errors import VideoError
from indexer.formats import Making, plays
from indexer.video.boxes import begins_with_its_index
from indexer.video.dates import recorded_at
from indexer.video.opening import check_duration, codec_of, decode, opened, packets
from indexer.video.pictures import displayed, upright

_TICK = 1e-3  # seconds that a clock may be off where the first picture is shown
_SURVEY_BYTES = 2**30  # a pass over all packets reads the whole file: not for larger ones
_SURVEY_PACKETS = 500  # how far to look for a first picture


def inspect(path: str, limits: Limits, alive: Callable[[], None]) -> Probe:
    """Find out what a video is and how long; raises VideoError if it cannot or must not be read.

    Every packet is looked at if the file is of moderate size, so that the duration is true; only
    the first picture is decoded. `alive` is called at every packet, for a slow disk takes minutes.
    """
    with opened(path, limits) as (container, stream):
        survey, picture = _survey(container, stream, alive)
        if picture is None:
            raise VideoError("nothing_decodable")
        duration = timeline.duration(container, stream, survey, limits.seconds)
        check_duration(duration, limits)
        return _probe(container, stream, picture, survey, duration)


def _survey(
    container: InputContainer, stream: VideoStream, alive: Callable[[], None]
) -> tuple[timeline.Survey, VideoFrame | None]:
    """Decode up to the first picture; look at all packets unless the file is very large."""
    survey, picture = timeline.Survey(), None
    whole = container.size <= _SURVEY_BYTES
    for count, packet in enumerate(packets(container, clock=survey.clock)):
        alive()
        if picture is None and packet.stream is stream:
            picture = next(iter(decode(packet, VideoFrame) or ()), None)
        if packet.stream.type in ("video", "audio"):
            survey.note(packet, packet.stream is stream)
        if (picture is None and count > _SURVEY_PACKETS) or (picture is not None and not whole):
            break
    return survey, picture


def _probe(
    container: InputContainer,
    stream: VideoStream,
    picture: VideoFrame,
    survey: timeline.Survey,
    duration: float,
) -> Probe:
    width, height = displayed(stream, picture)
    name = _container_name(container)
    sound = frozenset(codec_of(audio) for audio in container.streams.audio)
    tidy = (
        abs(survey.start) < _TICK
        and not _has_rivals(container)
        and _begins_to_play(container, name)
    )
    making = Making(
        container=name,
        codec=codec_of(stream),
        pixel_format=picture.format.name,
        sound=sound,
        interlaced=bool(picture.interlaced_frame),
        tidy=tidy,
    )
    return Probe(
        duration=duration,
        start=survey.start,
        width=width,
        height=height,
        rotation=upright(picture).turns * 90,
        fps=float(stream.average_rate or stream.guessed_rate or 0),
        codec=making.codec,
        container=name,
        has_audio=bool(sound),
        plays=plays(making),
        seekable=survey.clock.joints == 0,
        recorded_at=recorded_at([container.metadata, stream.metadata], time.time()),
    )


def _has_rivals(container: InputContainer) -> bool:
    """Whether a player could choose another video of the file than we did."""
    moving = (s for s in container.streams.video if not s.disposition & Disposition.attached_pic)
    return len(list(moving)) > 1


def _begins_to_play(container: InputContainer, name: str) -> bool:
    """Whether a browser can begin with the first bytes."""
    return name not in ("mp4", "mov") or begins_with_its_index(container.file.file)


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
