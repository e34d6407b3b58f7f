"""A stretch of a video as a file of its own: MP4 that every browser plays from its first picture.

Knows when packets can stay as they are, and where to begin and stop reading. Sound is always
encoded anew, since only so it begins at the right sample. The original is only read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from indexer import timeline
from indexer.decoding import Copied, Cut, Probe, Request
from indexer.formats import COPIED_PICTURES
from indexer.timeline import TICK, Clock, Cutting
from indexer.video.copying import Progress, Track, created, sound_of
from indexer.video.edges import Edges, edges, seek
from indexer.video.new_pictures import KEPT, NewPictures
from indexer.video.new_sound import NewSound
from indexer.video.opening import codec_of, opened, packets, unless_memory
from indexer.video.unchanged import Unchangeable, Unchanged

_STRAGGLERS = 5.0  # seconds behind the end, where a track that has not come to it has none


class _TooLate(Exception):  # noqa: N818
    """Seeking landed behind the first picture that is wanted."""


class _UnchangedPictures(Unchanged):
    """The packets of a stretch."""

    def __init__(
        self, output: OutputContainer, source: VideoStream, probe: Probe, cut: Cut
    ) -> None:
        super().__init__(output, source, replace(probe, start=probe.start + cut.begin))
        self._source = source
        self._begin, self._end = (probe.start + time for time in cut)
        self.over = False

    def take(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        """The same packet, if its picture is within the stretch."""
        time = timeline.seconds(packet, self._source)
        if time is None or self._begin - TICK <= time < self._end - TICK:
            yield from self._within(packet)
        elif time > self._begin:
            self.over = True  # for of a clean stretch all packets come before others

    def _within(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        if packet.is_discard:
            raise Unchangeable
        tick = self._source.time_base or 1
        if packet.pts is not None and packet.duration:
            packet.duration = min(packet.duration, round(self._end / tick - packet.pts))
        yield from super().take(packet)


def cut(request: Request, probe: Probe, progress: Progress) -> Copied:
    """Cut out the stretch that is asked for; `progress` gets the share that is done, 0 to 1.

    Raises VideoError if not one picture of it could be read, DiskFull if it does not fit.
    """
    assert request.copy is not None
    assert request.copy.cut is not None
    with opened(request.path, request.limits) as (container, stream):
        found = edges(container, stream, probe, request.copy.cut)
        copied = codec_of(stream) in COPIED_PICTURES and probe.plays != "transcode"
    if found.clean and copied and not request.copy.anew:
        try:
            _write(request, probe, found, progress, unchanged=True)
            return Copied("remux")
        except FFmpegError as error:
            unless_memory(error)
        except Unchangeable:
            pass
    _write(request, probe, found, progress, unchanged=False)
    return Copied("transcode")


def _write(
    request: Request, probe: Probe, found: Edges, progress: Progress, unchanged: bool
) -> None:
    try:
        _pass(request, probe, found.cut, progress, unchanged)
    except _TooLate:
        _pass(request, replace(probe, seekable=False), found.cut, progress, unchanged)


def _pass(request: Request, probe: Probe, wanted: Cut, progress: Progress, unchanged: bool) -> None:
    """Read from ahead of the stretch until it is over."""
    assert request.copy is not None
    with (
        opened(request.path, request.limits) as (container, stream),
        created(request.copy.path) as output,
    ):
        tracks = _tracks(container, stream, output, probe, wanted, unchanged)
        for time, packet in _packets(container, stream, probe, wanted.begin, tracks):
            output.mux(list(tracks.of[packet.stream].take(packet)))
            progress(min(1.0, max(0.0, (time - wanted.begin) / (wanted.end - wanted.begin))))
            if time > wanted.end + _STRAGGLERS or all(one.over for one in tracks.endings):
                break
        for track in tracks.of.values():
            output.mux(list(track.end()))


def _packets(
    container: InputContainer, stream: VideoStream, probe: Probe, begin: float, tracks: "_Tracks"
) -> Iterator[tuple[float, "Packet[Any]"]]:
    """All packets from ahead of a moment, with their times. Raises _TooLate."""
    late = seek(container, stream, probe, begin)
    for packet in packets(container, *tracks.of):
        time = (timeline.seconds(packet, packet.stream) or 0.0) - probe.start
        if packet.stream is stream:
            if late and time > begin + TICK:
                raise _TooLate
            late = False
        yield time, packet


class _Ending(Protocol):
    """Whatever knows that the stretch is over."""

    over: bool


@dataclass
class _Tracks:
    """The tracks of a clip by those of the original, and who tells that each is complete."""

    of: dict[Stream, Track]
    endings: list[_Ending]


def _tracks(
    container: InputContainer,
    stream: VideoStream,
    output: OutputContainer,
    probe: Probe,
    wanted: Cut,
    unchanged: bool,
) -> _Tracks:
    tracks = _Tracks({}, [])
    if unchanged:
        same = _UnchangedPictures(output, stream, probe, wanted)
        tracks.of[stream] = same
        tracks.endings.append(same)
    else:
        clock = Cutting(Clock(stream, probe.start), *wanted)
        tracks.of[stream] = NewPictures(output, stream, probe, clock, KEPT)
        tracks.endings.append(clock)
    source = sound_of(container, stream)
    if source is not None:
        sound = NewSound(output, source, probe, wanted)
        tracks.of[source] = sound
        tracks.endings.append(sound)
    return tracks
