"""Clips on their way to a person: cut out when asked for, and gone once they are sent.

    DATA_DIR/clips/<random name>.mp4

Knows how long a clip may be and how much room there is. Does not know how one is cut (copier.py),
nor who gets it.
"""

import math
import os
import shutil
import tempfile
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self
from weakref import WeakSet

from indexer.copier import Copier
from indexer.decoding import Cut
from indexer.errors import BadStretch, VideoError, no_room
from indexer.journal import log
from indexer.records import Video

LONGEST = 600.0  # seconds
_MOST_HELD = 20 << 30  # bytes of all clips together
_SLACK = 1.0  # seconds that a player may believe a video to be longer


def within(video: Video, start: float, end: float) -> Cut:
    """A stretch that ends with its video at the latest. Raises BadStretch where there is none."""
    if not (0 <= start < end and math.isfinite(end)):
        raise BadStretch("A stretch begins at 0 s or later, and ends after it begins.")
    length = math.inf if video.duration is None else video.duration
    if start >= length or end > length + _SLACK:
        raise BadStretch(
            f"The video lasts {length:.1f} s: nothing lies from {start:.1f} to {end:.1f} s."
        )
    return Cut(start, min(end, length))


def checked(video: Video, start: float, end: float) -> Cut:
    """A stretch that can be cut out. Raises BadStretch, and VideoError if the file is away."""
    cut = within(video, start, end)
    length = cut.end - cut.begin
    if length > LONGEST:
        raise BadStretch(
            f"A clip lasts {LONGEST / 60:.0f} minutes at most, and this one would last "
            f"{length / 60:.1f}. Choose a shorter stretch."
        )
    if not video.path.is_file():
        raise VideoError("not_there")
    return cut


def cut_to(target: Path, video: Video, start: float, end: float) -> None:
    """Write a clip into a person's own file, whole or not at all.

    Raises BadStretch, VideoError and DiskFull.
    """
    cut = checked(video, start, end)
    partial = target.with_name(f"{target.name}.partial")
    room = shutil.disk_usage(target.absolute().parent).free
    try:
        with Copier(video.path, partial.absolute(), room, cut=cut) as copier:
            for _ in copier:
                pass
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


class Clip:
    """One clip to be written to `path`, by `make` in one thread; others may `stop` that.

    It is there until it is removed, which the end of a `with` block does.
    """

    def __init__(self, video: Video, cut: Cut, path: Path, most: int) -> None:
        self.path = path
        self._video = video
        self._cut = cut
        self._most = most
        self._copier: Copier | None = None
        self._given_up = Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    @property
    def stopped(self) -> bool:
        """Whether nobody wants it any more."""
        return self._given_up.is_set()

    def make(self) -> Path:
        """Write the clip. Raises VideoError, also when it is stopped, and DiskFull."""
        if self._given_up.is_set():
            raise VideoError("decoder_crashed", reason="it was stopped")
        with Copier(self._video.path, self.path, self._most, cut=self._cut) as copier:
            self._copier = copier
            if self.stopped:
                copier.stop()
            for _ in copier:
                pass
        assert copier.copied is not None
        log.info(
            "clip_made",
            video_id=self._video.video_id,
            how=copier.copied.how,
            seconds=self._cut.end - self._cut.begin,
        )
        return self.path

    def stop(self) -> None:
        """Give up, now or as soon as it begins."""
        self._given_up.set()
        if self._copier is not None:
            self._copier.stop()

    def remove(self) -> None:
        """Give up what is under way, and delete what was written."""
        self.stop()
        self.path.unlink(missing_ok=True)


class Clips:
    """The clips of a server, each for one request. Safe to use from several threads."""

    def __init__(self, folder: Path, spare: int = 0) -> None:
        """Use `folder` alone: what a process that died left there is deleted.

        `spare` bytes of the disk stay free.
        """
        shutil.rmtree(folder, ignore_errors=True)
        self._folder = folder
        self._spare = spare
        self._under_way: WeakSet[Clip] = WeakSet()

    def begin(self, video: Video, start: float, end: float) -> Clip:
        """A clip that can be made. Raises BadStretch, VideoError and DiskFull."""
        cut = checked(video, start, end)
        self._folder.mkdir(parents=True, exist_ok=True)
        most = self._room()
        handle, name = tempfile.mkstemp(".mp4", dir=self._folder)
        os.close(handle)
        clip = Clip(video, cut, Path(name), most)
        self._under_way.add(clip)
        return clip

    def close(self) -> None:
        """Give up what is being made."""
        for clip in list(self._under_way):
            clip.stop()

    def _room(self) -> int:
        """How many bytes a clip may have now."""
        held = sum(path.stat().st_size for path in self._folder.glob("*.mp4"))
        room = min(_MOST_HELD - held, shutil.disk_usage(self._folder).free - self._spare)
        if room <= 0:
            raise no_room()
        return room
