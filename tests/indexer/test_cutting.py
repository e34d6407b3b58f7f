"""Clips: the right pictures from the first to the last, in step with the right sound."""

from fractions import Fraction
from pathlib import Path

import av
import media
import numpy as np
import pytest
from av.video.frame import VideoFrame
from awkward import Shelf

from indexer import video
from indexer.copier import Copier
from indexer.decoding import Copied, Copy, Cut, Limits, Request
from indexer.errors import DiskFull, VideoError
from indexer.reader import probe
from indexer.timeline import Clock
from indexer.video.opening import decode, opened, packets
from indexer.video.pictures import converted, displayed

PLENTY = 10**9  # bytes
HALF = 0.02  # seconds; half a picture of the drawn files
NEAR = 2e-3  # seconds
ODD = Cut(1.5, 3.1)  # between two pictures, and in the middle of whatever
CUTS: dict[str, tuple[Cut, str]] = {
    "long_gop.mp4": (Cut(7.5, 9.1), "transcode"),
    "long_gop.ts": (ODD, "transcode"),
    "open_gop.mp4": (Cut(1.92, 3.1), "transcode"),  # a keyframe, which leans on others
    "intra.mp4": (ODD, "remux"),
    "vfr.mp4": (ODD, "transcode"),
    "vfr.webm": (Cut(0.0, 1.4), "remux"),  # what is on the screen stays until the end
    "slides.mp4": (ODD, "transcode"),  # no picture begins in it
    "edit_list.mp4": (ODD, "transcode"),
    "start10.mkv": (Cut(0.0, 2.0), "remux"),
    "start10.ts": (Cut(3.8, 4.8), "transcode"),  # seeking finds nothing to begin with
    "wraps.ts": (ODD, "transcode"),
    "restarts.ts": (ODD, "transcode"),
    "grows.ts": (Cut(0.0, 2.0), "transcode"),  # a damaged packet at the end
    "fragmented.mp4": (ODD, "transcode"),
    "late_picture.mp4": (Cut(0.0, 2.0), "transcode"),
    "long_sound.mkv": (Cut(0.1, 0.9), "transcode"),
    "hevc.mp4": (ODD, "transcode"),
    "vp9.webm": (Cut(0.0, 2.0), "remux"),
    "av1.mp4": (Cut(1.0, 2.0), "transcode"),
    "mpeg2.ts": (ODD, "transcode"),
    "mpeg4_b.avi": (ODD, "transcode"),
    "wide_pixels.mp4": (Cut(0.1, 0.9), "transcode"),
}
SELDOM = {"wraps.ts", "restarts.ts", "fragmented.mp4", "start10.mkv", "slides.mp4", "vfr.mp4"}
SELDOM |= {"long_gop.ts", "mpeg4_b.avi", "mpeg2.ts", "long_sound.mkv"}
Shown = list[tuple[float, int]]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("awkward"))


def cut(path: Path, target: Path, wanted: Cut, most: int = PLENTY) -> Copied:
    with Copier(path, target, most, cut=wanted) as copier:
        shares = list(copier)
    assert all(0 <= share <= 1 for share in shares)
    assert copier.copied is not None
    return copier.copied


def shown(path: Path) -> Shown:
    """When each picture is shown, and its number."""
    start, found = probe(path).start, []
    with opened(str(path), Limits()) as (container, stream):
        clock = Clock(stream, start)
        for packet in packets(container, stream):
            for frame in decode(packet, VideoFrame) or ():
                if time := clock.read(frame):
                    size = displayed(stream, frame)
                    found.append((time[0], media.number_of(np.asarray(converted(frame, *size)))))
    return found


def on_screen(pictures: Shown, wanted: Cut) -> Shown:
    """What a clip has to show: each picture whose begin rounds into the stretch.

    Where none begins near its begin, what is on the screen then comes first.
    """
    begins = [t for t, _ in pictures if -HALF - NEAR <= t - wanted.begin < HALF - NEAR]
    begin = begins[0] if begins else wanted.begin
    inside = [(t - begin, n) for t, n in pictures if begin <= t < wanted.end - HALF - NEAR]
    if begins:
        return inside
    before = [n for t, n in pictures if t < begin][-1:] or [inside.pop(0)[1]]
    return [(0.0, before[0]), *inside]


def lasts(path: Path) -> float:
    """How long a player says that a clip is."""
    with av.open(str(path)) as container:
        return float(container.duration or 0) / av.time_base


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n in SELDOM else []) for n in CUTS]
)
def test_a_clip_shows_exactly_its_pictures(shelf: Shelf, tmp_path: Path, name: str) -> None:
    wanted, how = CUTS[name]
    clip = tmp_path / "clip.mp4"
    assert cut(shelf[name], clip, wanted).how == how
    expected, got = on_screen(shown(shelf[name]), wanted), shown(clip)
    assert [number for _, number in got] == [number for _, number in expected]
    assert [time for time, _ in got] == pytest.approx([time for time, _ in expected], abs=NEAR)
    assert lasts(clip) == pytest.approx(wanted.end - wanted.begin, abs=2 * HALF)
    made, original = probe(clip), probe(shelf[name])
    assert (made.plays, made.start) == ("as_is", 0.0)
    assert (made.width, made.height) == (original.width, original.height)
    assert made.has_audio == original.has_audio


@pytest.mark.parametrize("name", ["long_gop.mp4", "intra.mp4", "vp9.webm"])
def test_a_clip_has_a_picture_however_short_it_is(shelf: Shelf, tmp_path: Path, name: str) -> None:
    end = probe(shelf[name]).duration
    for wanted in (Cut(0.0, 1e-6), Cut(1.0, 1.001), Cut(1.015, 1.016), Cut(end - 0.001, end)):
        cut(shelf[name], tmp_path / "clip.mp4", wanted)
        assert len(shown(tmp_path / "clip.mp4")) == 1
        assert 0 < lasts(tmp_path / "clip.mp4") < 0.15


@pytest.mark.parametrize("turn", [90, 180])
def test_a_turned_video_gives_upright_clips(shelf: Shelf, tmp_path: Path, turn: int) -> None:
    for wanted, how in ((Cut(0.0, 0.6), "remux"), (Cut(0.2, 0.4), "transcode")):
        assert cut(shelf[f"turned{turn}.mp4"], tmp_path / "clip.mp4", wanted).how == how
        with opened(str(tmp_path / "clip.mp4"), Limits()) as (container, stream):
            picture = next(container.decode(video=0))
            size = displayed(stream, picture)
            pixels = np.asarray(converted(picture, *size)).astype(int)
        upright = np.rot90(media.quarters(), turn // 90).astype(int)
        assert pixels.shape == upright.shape
        assert np.abs(pixels - upright).mean() < 12


# --- sound ---------------------------------------------------------------------------------

RATE = 48_000
CLICKS = (0.4, 1.25, 2.0, 2.6, 3.9, 4.5)  # seconds


def write_clicks(path: Path, codec: str, keyframes: int, late: float = 0.0) -> Path:
    """Five seconds of short clicks beside numbered pictures; all of it begins at `late`."""
    times = np.arange(5 * RATE) / RATE
    wave = sum((times >= c) & (times < c + 0.03) for c in CLICKS) * np.sin(times * 9000)
    with av.open(str(path), "w") as output:
        params = f"keyint={keyframes}:min-keyint={keyframes}:scenecut=0:bframes=2"
        pictures = output.add_stream("libx264", rate=25, options={"x264-params": params})
        pictures.width, pictures.height, pictures.pix_fmt = 320, 240, "yuv420p"
        sound = output.add_stream(codec, rate=RATE, layout="mono")
        for number in range(125):
            frame = av.VideoFrame.from_ndarray(media.numbered(number), format="rgb24")
            frame.pts, frame.time_base = number + round(25 * late), Fraction(1, 25)
            output.mux(pictures.encode(frame))
        for begin in range(0, len(wave), 1024):
            piece = wave[None, begin : begin + 1024].astype(np.float32) * 0.6
            heard = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            heard.sample_rate = RATE
            heard.pts, heard.time_base = begin + round(RATE * late), Fraction(1, RATE)
            fitting = av.AudioResampler(sound.format.name, "mono", RATE).resample(heard)
            output.mux([packet for one in fitting for packet in sound.encode(one)])
        output.mux(sound.encode(None))
        output.mux(pictures.encode(None))
    return path


def clicks_of(path: Path) -> tuple[list[float], float]:
    """When clicks begin, by counting samples from where the track begins; where it ends."""
    with av.open(str(path)) as container:
        pieces = [(frame.time, frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
    wave = np.concatenate([piece for _, piece in pieces])
    heard = pieces[0][0] + np.flatnonzero(np.abs(wave) > 0.15) / RATE
    begins = heard[np.insert(np.diff(heard) > 0.1, 0, True)] if len(heard) else heard
    return begins.tolist(), pieces[0][0] + len(wave) / RATE


@pytest.mark.parametrize(
    ("name", "codec", "keyframes", "late", "wanted", "how"),
    [
        ("a.mp4", "aac", 250, 0.0, Cut(1.1, 4.2), "transcode"),
        ("b.mp4", "aac", 25, 0.0, Cut(1.0, 4.0), "remux"),
        ("c.mkv", "pcm_s16le", 50, 7.0, Cut(2.02, 4.1), "remux"),
        ("d.ts", "mp2", 50, 3.0, Cut(0.5, 3.0), "transcode"),
        ("e.mkv", "libopus", 50, 0.0, Cut(3.3, 5.0), "transcode"),
    ],
)
def test_sound_is_cut_with_the_pictures(
    tmp_path: Path, name: str, codec: str, keyframes: int, late: float, wanted: Cut, how: str
) -> None:
    source = write_clicks(tmp_path / name, codec, keyframes, late)
    clip = tmp_path / "clip.mp4"
    assert cut(source, clip, wanted).how == how
    pictures, (clicks, end) = shown(clip), clicks_of(clip)
    begin = pictures[0][1] / 25
    expected = [click - begin for click in CLICKS if begin <= click < wanted.end]
    assert clicks == pytest.approx(expected, abs=0.012)
    assert end == pytest.approx(wanted.end - begin, abs=0.023)  # whole pieces of AAC


def test_a_silent_video_gives_silent_clips(shelf: Shelf, tmp_path: Path) -> None:
    cut(shelf["intra.mp4"], tmp_path / "clip.mp4", ODD)
    assert not probe(tmp_path / "clip.mp4").has_audio


# --- limits --------------------------------------------------------------------------------


def test_only_what_is_needed_is_decoded(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[object] = []
    monkeypatch.setattr(
        "indexer.video.new_pictures.decode", lambda *given: decoded.append(1) or decode(*given)
    )
    source, clip = str(shelf["long_gop.mp4"]), str(tmp_path / "clip.mp4")
    wanted = Request(source, copy=Copy(clip, PLENTY, anew=True, cut=Cut(7.2, 7.6)))
    assert video.cut(wanted, probe(Path(source)), lambda share: None).how == "transcode"
    assert len(decoded) < 25 * (7.6 - 4.8) + 10  # from the keyframe at 4.8 s on, of 12 s


def test_a_clip_may_not_take_more_room_than_it_is_given(shelf: Shelf, tmp_path: Path) -> None:
    for wanted in (Cut(0.0, 3.0), ODD):
        with pytest.raises(DiskFull):
            cut(shelf["h264.mkv"], tmp_path / "clip.mp4", wanted, most=5_000)


def test_a_stretch_that_cannot_be_read_is_no_clip(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(VideoError) as caught:
        cut(shelf["cut.mkv"], tmp_path / "clip.mp4", Cut(4.4, 4.8))
    assert caught.value.code == "nothing_decodable"
