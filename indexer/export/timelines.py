"""Moments as a timeline for editing programs: one after the other, in the order of their ranks.

Knows OpenTimelineIO, and what an EDL (CMX 3600) cannot say: it has one rate, eight letters for a
reel, and lines that no text may break. Does not know FCPXML (fcpxml.py).
"""

import os
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from indexer.decoding import Probe
from indexer.errors import NothingFound
from indexer.export import fcpxml
from indexer.export.excerpts import Excerpt, source_of
from indexer.export.names import one_line
from indexer.export.rates import common, drops, frame_at, standard

NAME = "PrismSearch"
OURS = "prismsearch"  # the name of our notes in a timeline
_REEL = 8  # letters
_NO_REELS = frozenset({"AX", "BL", "BARS", "BLACK"})  # which mean something else


def as_edl(excerpts: Sequence[Excerpt], whole_paths: bool = False) -> str:
    """An edit decision list (CMX 3600) of the pictures. Raises NothingFound."""
    timeline = made(excerpts, whole_paths)
    rate = timeline.duration().rate
    text = otio.adapters.write_to_string(timeline, "cmx_3600", rate=rate, style="avid")
    kind = "DROP FRAME" if drops(fcpxml.exact(rate)) else "NON-DROP FRAME"
    title, _, events = text.partition("\n")
    return f"{title}\nFCM: {kind}\n{events}"


def as_fcpxml(excerpts: Sequence[Excerpt], whole_paths: bool = False) -> str:
    """A project for Final Cut Pro, and what reads its files. Raises NothingFound."""
    return fcpxml.written(made(excerpts, whole_paths))


def made(excerpts: Sequence[Excerpt], whole_paths: bool = False) -> otio.schema.Timeline:
    """A timeline of one track; its sources are named by their files or by `whole_paths`.

    Its rate is that of most sources; the frames of others are the nearest in time. Raises
    NothingFound.
    """
    if not excerpts:
        raise NothingFound("No moment was found, so there is nothing to put on a timeline.")
    sources = [source_of(one.video) for one in excerpts]
    rate = common(standard(source.fps) for source in sources if source is not None)
    reels = _Reels()
    track = otio.schema.Track(name="V1", kind=otio.schema.TrackKind.Video)
    for one, source in zip(excerpts, sources, strict=True):
        track.append(_clip(one, source, rate, reels.of(one), whole_paths))
    timeline = otio.schema.Timeline(name=NAME)
    timeline.tracks.append(track)
    return timeline


def _clip(
    one: Excerpt, source: Probe | None, rate: Fraction, reel: str, whole_paths: bool
) -> otio.schema.Clip:
    first, last = frame_at(one.start, rate), frame_at(one.end, rate)
    length = one.video.duration if source is None else source.duration
    whole = max(last, frame_at(length or 0.0, rate))
    return otio.schema.Clip(
        name=one_line(one.video.path.name),  # by which programs look for the file
        source_range=_range(first, max(1, last - first), rate),
        media_reference=otio.schema.ExternalReference(
            target_url=_address(one.video.path, whole_paths),
            available_range=_range(0, max(1, whole), rate),
        ),
        metadata={
            "cmx_3600": {"reel": reel, "comments": _comments(one)},
            OURS: {
                "title": one_line(one.video.title),
                "note": "; ".join(_comments(one)[1:]),
                "tags": [one_line(tag) for tag in one.tags],
                "source": _described(source, rate),
            },
        },
    )


def _range(first: int, count: int, rate: Fraction) -> TimeRange:
    return TimeRange(RationalTime(first, float(rate)), RationalTime(count, float(rate)))


def _described(source: Probe | None, rate: Fraction) -> dict[str, int | float | bool]:
    """What a program that does not find the file needs to know of it."""
    if source is None:
        return {"width": 1920, "height": 1080, "sound": True, "rate": float(rate)}
    return {
        "width": source.width,
        "height": source.height,
        "sound": source.has_audio,
        "rate": float(standard(source.fps)),
    }


def _address(path: Path, whole: bool) -> str:
    """Where the file is; without its folders for people who are not to know them."""
    return path.absolute().as_uri() if whole else quote(os.fsencode(path.name))


def _comments(one: Excerpt) -> list[str]:
    """What is known of a moment, a line each; none of them can be taken for an event."""
    told = [f"TITLE: {one_line(one.video.title)}", f"RANK: {one.rank}"]
    if one.top is not None:
        told.append(f"TOP: {one.top:.2f} %")
    if one.tags:
        told.append(f"TAGS: {one_line(', '.join(one.tags))}")
    return told


class _Reels:
    """A reel's name for each video, which no other has."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}

    def of(self, one: Excerpt) -> str:
        return self._of.setdefault(one.video.video_id, self._new(one.video.path.stem))

    def _new(self, stem: str) -> str:
        letters = re.sub(r"[^A-Z0-9]", "", stem.upper())[:_REEL] or "CLIP"
        found, number = letters, 1
        while found in self._of.values() or found in _NO_REELS:
            number += 1
            found = f"{letters[: _REEL - len(str(number))]}{number}"
        return found
