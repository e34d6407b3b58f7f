"""A timeline as FCPXML 1.9: what Final Cut Pro, DaVinci Resolve and others import.

Knows the elements of the format, and that every time in it is a whole number of frames. The
adapters that OpenTimelineIO has for it know neither the rates of television (30000/1001) nor two
files of one name. Knows no video.
"""

from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from opentimelineio.opentime import RationalTime
from opentimelineio.schema import Clip, Timeline

from indexer.export.rates import STANDARD, drops

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'
_OURS = "prismsearch"


def written(timeline: Timeline) -> str:
    """The document of a timeline whose first track holds clips of one rate, with sound if any."""
    return _HEAD + _Document(timeline).text()


def exact(rate: float) -> Fraction:
    """The rate of timecode that a number of OpenTimelineIO means."""
    return min(STANDARD, key=lambda known: abs(known - rate))


class _Document:
    """One document in the making."""

    def __init__(self, timeline: Timeline) -> None:
        self._clips: list[Clip] = list(timeline.tracks[0])
        self._rate = exact(timeline.duration().rate)
        self._root = Element("fcpxml", version="1.9")
        self._resources = SubElement(self._root, "resources")
        self._formats: dict[tuple[int, int, Fraction], str] = {}
        self._assets: dict[str, tuple[str, str]] = {}
        self._sequence(timeline)

    def text(self) -> str:
        indent(self._root)
        return tostring(self._root, encoding="unicode") + "\n"

    def _sequence(self, timeline: Timeline) -> None:
        event = SubElement(SubElement(self._root, "library"), "event", name=timeline.name)
        project = SubElement(event, "project", name=timeline.name)
        sequence = SubElement(
            project,
            "sequence",
            format=self._format(self._clips[0], self._rate),
            duration=self._seconds(timeline.duration()),
            tcStart="0s",
            tcFormat=self._timecode,
            audioLayout="stereo",
            audioRate="48k",
        )
        spine = SubElement(sequence, "spine")
        offset = RationalTime(0, timeline.duration().rate)
        for clip in self._clips:
            self._clip(spine, clip, offset)
            offset += clip.duration()

    def _clip(self, spine: Element, clip: Clip, offset: RationalTime) -> None:
        ours = clip.metadata[_OURS]
        asset, form = self._asset(clip)
        start, duration = (
            self._seconds(clip.source_range.start_time),
            self._seconds(clip.source_range.duration),
        )
        element = SubElement(
            spine,
            "asset-clip",
            ref=asset,
            name=ours["title"] or clip.name,
            offset=self._seconds(offset),
            start=start,
            duration=duration,
            format=form,
            tcFormat=self._timecode,
        )
        SubElement(element, "note").text = ours["note"]
        if ours["tags"]:
            said = ", ".join(ours["tags"])
            SubElement(element, "keyword", start=start, duration=duration, value=said)

    def _asset(self, clip: Clip) -> tuple[str, str]:
        """The ids of a clip's source and of its format; one file is one source."""
        reference: Any = clip.media_reference
        key = clip.metadata["cmx_3600"]["reel"]  # another for each video, whatever its name
        if key not in self._assets:
            form = self._format(clip, exact(clip.metadata[_OURS]["source"]["rate"]))
            asset = self._resource(
                "asset",
                name=clip.name,
                start="0s",
                duration=self._seconds(reference.available_range.duration),
                hasVideo="1",
                format=form,
            )
            if clip.metadata[_OURS]["source"]["sound"]:
                asset.attrib.update(_SOUND)
            SubElement(asset, "media-rep", kind="original-media", src=reference.target_url)
            self._assets[key] = asset.attrib["id"], form
        return self._assets[key]

    def _format(self, clip: Clip, rate: Fraction) -> str:
        source = clip.metadata[_OURS]["source"]
        width, height = int(source["width"]), int(source["height"])
        if (width, height, rate) not in self._formats:
            form = self._resource(
                "format",
                frameDuration=f"{rate.denominator}/{rate.numerator}s",
                width=str(width),
                height=str(height),
            )
            self._formats[width, height, rate] = form.attrib["id"]
        return self._formats[width, height, rate]

    def _resource(self, kind: str, **facts: str) -> Element:
        number = len(self._formats) + len(self._assets) + 1
        return SubElement(self._resources, kind, {"id": f"r{number}", **facts})

    @property
    def _timecode(self) -> str:
        return "DF" if drops(self._rate) else "NDF"

    def _seconds(self, time: RationalTime) -> str:
        """A time as a fraction of seconds: whole frames of the exact rate."""
        found = round(time.value) / self._rate
        return f"{found.numerator}/{found.denominator}s" if found.denominator > 1 else f"{found}s"


_SOUND = {"hasAudio": "1", "audioSources": "1", "audioChannels": "2", "audioRate": "48000"}
