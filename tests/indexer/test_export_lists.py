"""Lists and timelines: read back by what reads them, and harmless whatever people wrote."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import av
import media
import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_playable import video

from indexer.errors import NothingFound
from indexer.export import fcpxml, tables, timelines
from indexer.export.excerpts import Excerpt
from indexer.export.names import Names, cell, clip_name, one_line
from indexer.export.rates import STANDARD, common, drops, frame_at, standard

HOSTILE = (
    "=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\u200b=1", "\ufeff=1", "＝1", "＋1",
    "－1", "＠x", "'=1", '"=1', "a;=cmd|'/c calc'!A1", "a,=1", "a\n=1", "\u202e=1", "\x00=1",
)  # fmt: skip
AWKWARD = (
    "*",
    "a\n002  AX V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00",
    "* FROM CLIP NAME: other",
    "TITLE: other\r\nFCM: DROP FRAME",
    "<script>alert(1)</script> ]]>&amp;",
    "${x} `id`",
    "\u202egnp.exe",
    "x" * 10_000,
    "\udcff\x00",
)
Film = Callable[..., Excerpt]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """Two seconds of so many pictures a second, and 10 to 30 of them as a moment."""

    folder = tmp_path_factory.mktemp("films")

    def draw(
        name: str = "film.mp4",
        rate: Fraction = Fraction(25),
        title: str = "A film",
        first: int = 10,
        last: int = 30,
        rank: int = 1,
        tags: tuple[str, ...] = (),
    ) -> Excerpt:
        path = folder / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            _draw(path, rate)
        known = replace(video(path, "as_is"), title=title, duration=float(60 / rate))
        return Excerpt(known, float(first / rate), float(last / rate), rank, 1.5, 0.25, tags)

    return draw


def _draw(path: Path, rate: Fraction) -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(60):
            frame = media.numbered(number, 64, 48)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode(None))


# --- texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula(text: str) -> None:
    for piece in re.split("[;,\t\r\n]", cell(text)):  # what some spreadsheets take for a cell
        assert not piece.strip(' "\u200b\ufeff').startswith(tuple("=+-@＝＋－＠"))
    assert cell("a - b = c @ d") == "a - b = c @ d"


@given(st.text(max_size=400))
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line) <= 200
    assert len(line.splitlines()) <= 1
    assert line == one_line(line)
    line.encode()


@given(st.text(max_size=300), st.floats(0, 1e5), st.floats(0, 600))
def test_any_title_gives_a_name_that_any_system_takes(
    title: str, start: float, length: float
) -> None:
    name = clip_name(title, start, start + length)
    assert not set(name) & set('<>:"/\\|?*$%`\n\r\t\0')
    assert name[0] not in " .-"
    assert name.endswith(".mp4")
    assert len(name.encode()) < 180


@pytest.mark.parametrize(
    "title", ["CON", "nul.txt", "com1", "LPT9 .x", "../../etc/passwd", "..", ""]
)
def test_no_name_means_another_thing(title: str) -> None:
    name = clip_name(title, 5, 3725)
    assert name.endswith(" 0m05s-1h02m05s.mp4")
    assert name.split(".")[0].rstrip().casefold() not in {"con", "nul", "com1", "lpt9"}
    assert "/" not in name


def test_names_are_unique_where_case_and_form_do_not_count() -> None:
    names = Names()
    given = [
        names.unique(name) for name in ("Caf\u00e9.mp4", "cafe\u0301.mp4", "CAFÉ.mp4", "b.mp4")
    ]
    assert given == ["Caf\u00e9.mp4", "cafe\u0301 (2).mp4", "CAFÉ (3).mp4", "b.mp4"]


# --- frames ----------------------------------------------------------------------------------


@given(st.sampled_from(STANDARD), st.integers(0, 10**7))
def test_a_moment_on_a_frame_is_that_frame(rate: Fraction, frame: int) -> None:
    assert frame_at(float(frame / rate), rate) == frame
    assert frame_at(float((frame + Fraction(1, 2)) / rate), rate) == frame


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (23.976, Fraction(24000, 1001)),
        (24.0, Fraction(24)),
        (29.97, Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (8.0, Fraction(24)),
        (12.5, Fraction(25)),
        (15.0, Fraction(30)),
        (14.985, Fraction(30000, 1001)),
        (17.3, Fraction(25)),
        (0.0, Fraction(25)),
    ],
)
def test_each_source_has_a_rate_of_timecode(fps: float, rate: Fraction) -> None:
    assert standard(fps) == rate
    assert drops(rate) == (rate in (Fraction(30000, 1001), Fraction(60000, 1001)))


def test_a_timeline_has_the_rate_of_most() -> None:
    assert common(map(Fraction, (24, 25, 25))) == 25
    assert common([]) == 25


# --- tables ----------------------------------------------------------------------------------


def test_csv_is_read_back(film: Film) -> None:
    one = film(title='say "a, b"\n=1', tags=("=tag", "b"))
    text = tables.as_csv([one, film(title="Zwei", rank=2)])
    assert text.startswith("\ufeff")
    assert text.count("\r\n") == 3
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [(row["rank"], row["title"]) for row in rows] == [("1", 'say "a, b" =1'), ("2", "Zwei")]
    assert (rows[0]["start"], rows[0]["from"], rows[0]["to"]) == (
        "0.4",
        "0:00:00.400",
        "0:00:01.200",
    )
    assert rows[0]["tags"] == "'=tag; b"
    assert (rows[0]["file"], rows[0]["top_percent"]) == ("film.mp4", "0.25")
    assert next(csv.DictReader(io.StringIO(tables.as_csv([one], True))))


def test_json_is_read_back_with_texts_as_they_are(film: Film) -> None:
    titles = [*AWKWARD, *HOSTILE]
    told = json.loads(tables.as_json([film(title=title) for title in titles]))
    assert [one["title"] for one in told["moments"]] == titles
    whole = json.loads(tables.as_json([film()], whole_paths=True))
    assert Path(whole["moments"][0]["file"]).is_file()


# --- timelines -------------------------------------------------------------------------------

Cuts = list[tuple[int, int, int]]
EXPECTED: Cuts = [(10, 20, 0), (3, 47, 20), (0, 5, 67)]


def moments(film: Film, rate: Fraction) -> list[Excerpt]:
    """Three moments out of two files of one name."""
    folder = str(float(rate))
    one, other = f"{folder} film.mp4", f"{folder}/{folder} film.mp4"
    return [
        film(one, rate, "First", 10, 30, 1, ("a tag", "b & c")),
        film(other, rate, "Second", 3, 50, 2),
        film(one, rate, "First", 0, 5, 3),
    ]


def cuts_of(timeline: otio.schema.Timeline) -> Cuts:
    """Each clip's first frame in its source, its length, and its place in the timeline."""
    return [
        (
            round(clip.source_range.start_time.value),
            round(clip.source_range.duration.value),
            round(clip.range_in_parent().start_time.value),
        )
        for clip in timeline.tracks[0]
    ]


@pytest.mark.parametrize("rate", STANDARD, ids=lambda rate: f"{float(rate):.2f}")
def test_an_edl_is_read_back_frame_for_frame(film: Film, rate: Fraction) -> None:
    text = timelines.as_edl(moments(film, rate), whole_paths=True)
    assert text.splitlines()[1] == ("FCM: DROP FRAME" if drops(rate) else "FCM: NON-DROP FRAME")
    told = otio.adapters.read_from_string(text, "cmx_3600", rate=float(rate))
    assert cuts_of(told) == EXPECTED
    first, second, third = told.tracks[0]
    assert {one.name for one in told.tracks[0]} == {f"{float(rate)} film.mp4"}
    reels = [one.metadata["cmx_3600"]["reel"] for one in (first, second, third)]
    assert reels[0] == reels[2] != reels[1]
    places = [one.media_reference.target_url for one in (first, second)]
    assert all(place.startswith("file:///") for place in places)
    assert places[0] != places[1]


@pytest.mark.parametrize("rate", STANDARD, ids=lambda rate: f"{float(rate):.2f}")
def test_fcpxml_holds_whole_frames(film: Film, rate: Fraction) -> None:
    chosen = moments(film, rate)
    text = timelines.as_fcpxml(chosen)
    root = ElementTree.fromstring(text)
    clips = root.findall("./library/event/project/sequence/spine/asset-clip")
    read = [
        tuple(_frames(one, at, rate) for at in ("start", "duration", "offset")) for one in clips
    ]
    assert read == EXPECTED
    assert cuts_of(timelines.made(chosen)) == EXPECTED
    assert [one.get("name") for one in clips] == ["First", "Second", "First"]
    assert [one.get("ref") for one in clips].count(clips[0].get("ref")) == 2
    ids = [one.get("id") for one in root.findall("./resources/*")]
    assert len(ids) == len(set(ids)) == 3
    frame = root.find("./resources/format").get("frameDuration")  # type: ignore[union-attr]
    assert frame == f"{rate.denominator}/{rate.numerator}s"
    assert clips[0].find("keyword").get("value") == "a tag, b & c"  # type: ignore[union-attr]
    if rate.denominator == 1:  # the adapter knows no others
        assert cuts_of(otio.adapters.read_from_string(text, "fcpx_xml")[0]) == EXPECTED


def _frames(element: ElementTree.Element, name: str, rate: Fraction) -> int:
    frames = Fraction(element.attrib[name].removesuffix("s")) * rate
    assert frames.denominator == 1
    return int(frames)


def test_sources_of_many_rates_share_the_timeline_of_most(film: Film) -> None:
    chosen = [
        film("a.mp4", Fraction(25)),
        film("b.mp4", Fraction(25)),
        film("c.mp4", Fraction(30000, 1001), first=30, last=60),
        film("d.mp4", Fraction(8), first=4, last=12),
    ]
    expected = [(10, 20, 0), (10, 20, 20), (25, 25, 40), (12, 25, 65)]
    told = otio.adapters.read_from_string(timelines.as_edl(chosen), "cmx_3600", rate=25)
    assert cuts_of(told) == cuts_of(timelines.made(chosen)) == expected
    formats = ElementTree.fromstring(timelines.as_fcpxml(chosen)).findall("./resources/format")
    rates = [one.get("frameDuration") for one in formats]
    assert rates == ["1/25s", "1001/30000s", "1/24s"]


def test_no_text_breaks_a_timeline(film: Film) -> None:
    chosen = [film(title=text, tags=(text,)) for text in (*AWKWARD, *HOSTILE)]
    text = timelines.as_edl(chosen)
    told = otio.adapters.read_from_string(text, "cmx_3600", rate=25)
    assert len(told.tracks[0]) == len(chosen)
    assert {one.name for one in told.tracks[0]} == {"film.mp4"}
    assert max(map(len, text.splitlines())) < 250
    document = ElementTree.fromstring(timelines.as_fcpxml(chosen))
    assert len(document.findall(".//asset-clip")) == len(chosen)
    assert document.find(".//script") is None


def test_the_api_tells_no_folder(film: Film) -> None:
    one = film("sub/red disc.mp4")
    for text in (timelines.as_edl([one]), timelines.as_fcpxml([one]), tables.as_csv([one])):
        assert str(one.video.path.parent) not in text
    assert "red%20disc.mp4" in timelines.as_fcpxml([one])


def test_a_file_that_is_away_keeps_its_place(film: Film) -> None:
    away = replace(film().video, path=Path("/nowhere/a.mp4"), video_id="0" * 64, duration=9.0)
    told = timelines.made([Excerpt(away, 1.0, 3.0, 1)])
    assert cuts_of(told) == [(25, 50, 0)]
    assert "/nowhere/a.mp4" in fcpxml.written(timelines.made([Excerpt(away, 1, 3, 1)], True))


def test_nothing_makes_no_timeline() -> None:
    for write in (timelines.as_edl, timelines.as_fcpxml):
        with pytest.raises(NothingFound):
            write([])
    assert tables.as_csv([]).count("\r\n") == 1
