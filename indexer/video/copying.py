"""A copy of a video that every browser plays: MP4, its index first, its clock from 0.

Knows which tracks go into a copy, and that what cannot be copied is encoded anew. The original is
only read. Damaged data costs itself, as in reading.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from indexer import timeline
from indexer.decoding import Copied, Probe, Request
from indexer.errors import no_room
from indexer.formats import COPIED_SOUND, SOUND
from indexer.video.new_pictures import NewPictures
from indexer.video.new_sound import NewSound
from indexer.video.opening import codec_of, opened, packets, unless_memory
from indexer.video.unchanged import Unchangeable, Unchanged

_STARTS_AT_ONCE = {"movflags": "+faststart"}
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Progress = Callable[[float], None]


class Track(Protocol):
    """One track of the copy, made of one track of the original."""

    def take(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        """The copy's packets that one of the original completes."""

    def end(self) -> Iterator["Packet[Any]"]:
        """The copy's packets that only the end completes."""


def copy(request: Request, probe: Probe, progress: Progress) -> Copied:
    """Make the copy that is asked for; `progress` gets the share that is done, 0 to 1.

    Raises VideoError if not one picture could be read, DiskFull if the copy does not fit.
    """
    assert request.copy is not None
    if probe.plays == "remux" and not request.copy.anew:
        try:
            _write(request, probe, progress, unchanged=True)
            return Copied("remux")
        except FFmpegError as error:
            unless_memory(error)
        except Unchangeable:
            pass
    _write(request, probe, progress, unchanged=False)
    return Copied("transcode")


def _write(request: Request, probe: Probe, progress: Progress, unchanged: bool) -> None:
    assert request.copy is not None
    with (
        opened(request.path, request.limits) as (container, stream),
        created(request.copy.path) as output,
    ):
        tracks = _tracks(container, stream, output, probe, unchanged)
        for packet in packets(container, *tracks):
            output.mux(list(tracks[packet.stream].take(packet)))
            progress(_share(packet, probe))
        for track in tracks.values():
            output.mux(list(track.end()))


@contextmanager
def created(path: str) -> Iterator[OutputContainer]:
    """Create an MP4 file and finish it. Raises DiskFull where it does not fit."""
    try:
        output = av.open(path, "w", format="mp4", options=_STARTS_AT_ONCE)
        try:
            yield output
        except BaseException:
            with suppress(FFmpegError):
                output.close()
            raise
        output.close()
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise no_room() from error


def _tracks(
    container: InputContainer,
    stream: VideoStream,
    output: OutputContainer,
    probe: Probe,
    unchanged: bool,
) -> dict[Stream, Track]:
    """The chosen video and the sound that goes with it."""
    pictures = Unchanged if unchanged else NewPictures
    tracks: dict[Stream, Track] = {stream: pictures(output, stream, probe)}
    sound = sound_of(container, stream)
    if sound is not None:
        same = unchanged and codec_of(sound) in COPIED_SOUND
        tracks[sound] = (Unchanged if same else NewSound)(output, sound, probe)
    return tracks


def sound_of(container: InputContainer, stream: VideoStream) -> AudioStream | None:
    """The sound that goes with a video, if there is any that is let in."""
    sound = container.streams.best("audio", related=stream)
    return sound if isinstance(sound, AudioStream) and codec_of(sound) in SOUND else None


def _share(packet: "Packet[Any]", probe: Probe) -> float:
    """How much of the video lies before a packet."""
    time = timeline.seconds(packet, packet.stream) or 0.0
    return min(1.0, max(0.0, (time - probe.start) / max(probe.duration, 1e-3)))
