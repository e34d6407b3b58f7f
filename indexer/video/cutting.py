"""A stretch of a video as a file of its own: MP4 that every browser plays from its first picture.

Knows when packets can stay as they are, and where to begin and stop reading. Sound is always
encoded anew, since only so it begins at the right sample. The original is only read.
"""

from collections.abc import Iterator
from contextlib import suppress
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
from indexer.video.edges import Edges, edges, leads, seek
from indexer.video.new_pictures import KEPT, NewPictures
from indexer.video.new_sound import NewSound
from indexer.video.opening import opened, packets, unless_memory
from indexer.video.unchanged import Unchangeable, Unchanged

_STRAGGLERS = 5.0  # seconds behind the end, where a track that has not come to it has none


class _TooLate(Exception):  # noqa: N818
    """Reading began behind the first picture that is wanted."""


class _Pictures(Protocol):
    """Whatever knows which pictures came: the first one's time in the stretch, and the last."""

    first: float | None
    over: bool


class _UnchangedPictures(Unchanged):
    """The packets of a stretch."""

    def __init__(
        self, output: OutputContainer, source: VideoStream, probe: Probe, cut: Cut
    ) -> None:
        super().__init__(output, source, replace(probe, start=probe.start + cut.begin))
        self._source = source
        self._begin, self._end = (probe.start + time for time in cut)
        self.first: float | None = None
        self.over = False

    def take(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        """The same packet, if its picture is within the stretch."""
        time = timeline.seconds(packet, self._source)
        if self.first is None and time is not None:
            self.first = time - self._begin
        if time is None or self._begin - TICK <= time < self._end - TICK:
            yield from self._within(packet)
        elif time > self._begin:
            self.over = True  # for of a clean stretch all packets come before others

    def _within(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        if packet.is_discard or packet.is_corrupt:
            raise Unchangeable
        if packet.pts is not None:  # else it is refused
            # Of lengths only the last counts: the last picture stays until the end.
            packet.duration = round(self._end / (self._source.time_base or 1) - packet.pts)
        yield from super().take(packet)


def cut(request: Request, probe: Probe, progress: Progress) -> Copied:
    """Cut out the stretch that is asked for; `progress` gets the share that is done, 0 to 1.

    Raises VideoError if not one picture of it could be read, DiskFull if it does not fit.
    """
    assert request.copy is not None
    assert request.copy.cut is not None
    found = edges(request, probe, request.copy.cut)
    copied = probe.codec in COPIED_PICTURES and probe.plays != "transcode"
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
    """Read from shortly ahead of the stretch; where that is too late, from further ahead."""
    for lead in leads(probe, found.cut.begin):
        with suppress(_TooLate):
            _pass(request, probe, found.cut, lead, progress, unchanged)
            return


def _pass(
    request: Request,
    probe: Probe,
    cut: Cut,
    lead: float | None,
    progress: Progress,
    unchanged: bool,
) -> None:
    """Read until the stretch is over. Raises _TooLate."""
    assert request.copy is not None
    with (
        opened(request.path, request.limits) as (container, stream),
        created(request.copy.path) as output,
    ):
        if lead is not None:
            seek(container, stream, probe, cut.begin - lead)
        tracks = _tracks(container, stream, output, probe, cut, unchanged)
        for packet in packets(container, *tracks.of):
            output.mux(list(tracks.of[packet.stream].take(packet)))
            if lead is not None and (tracks.pictures.first or 0.0) > TICK:
                raise _TooLate
            time = (timeline.seconds(packet, packet.stream) or 0.0) - probe.start
            progress(min(1.0, max(0.0, (time - cut.begin) / (cut.end - cut.begin))))
            if time > cut.end + _STRAGGLERS or tracks.over:
                break
        if lead is not None and tracks.pictures.first is None:
            raise _TooLate
        for track in tracks.of.values():
            output.mux(list(track.end()))


@dataclass
class _Tracks:
    """The tracks of a clip by those of the original."""

    of: dict[Stream, Track]
    pictures: _Pictures
    sound: NewSound | None = None

    @property
    def over(self) -> bool:
        """Whether nothing of the original is needed any more."""
        return self.pictures.over and (self.sound is None or self.sound.over)


def _tracks(
    container: InputContainer,
    stream: VideoStream,
    output: OutputContainer,
    probe: Probe,
    cut: Cut,
    unchanged: bool,
) -> _Tracks:
    if unchanged:
        same = _UnchangedPictures(output, stream, probe, cut)
        tracks = _Tracks({stream: same}, same)
    else:
        clock = Cutting(Clock(stream, probe.start), *cut)
        tracks = _Tracks({stream: NewPictures(output, stream, probe, clock, KEPT)}, clock)
    source = sound_of(container, stream)
    if source is not None:
        tracks.sound = tracks.of[source] = NewSound(output, source, probe, cut)
    return tracks
