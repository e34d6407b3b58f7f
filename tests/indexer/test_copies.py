"""Playable copies: the same pictures and sounds at the same times, in what every browser plays."""

import hashlib
import io
import json
import os
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import media
import numpy as np
import pytest
from awkward import Shelf
from hypothesis import given
from hypothesis import strategies as st
from patience import prompt

from indexer import child, decoding
from indexer.copier import Copier
from indexer.decoding import Copied, Probe, Sample
from indexer.errors import DiskFull, VideoError
from indexer.reader import probe, read_frames
from indexer.video.shaping import fitting

PIXELS = 96
PLENTY = 10**9  # bytes
DIFFERENCE = 6.0  # of 255, on the average of all pixels, that encoding and colours may cost
REMUXED = [
    "h264.mkv",
    "h264.ts",
    "fragmented.mp4",
    "late_picture.mp4",
    "edit_list.mp4",
    "vfr.mp4",
    "long_sound.mkv",
    "turned90.mp4",
    "cut.mkv",
    "vp9.mp4",
    "restarts.ts",
    "jumps.ts",
]
ENCODED = [
    "hevc.mp4",
    "mpeg4_b.avi",
    "mpeg1.mpg",
    "ten_bit.mp4",
    "mjpeg.avi",
    "animated.gif",
    "interlaced.ts",
    "grows.ts",
    "cut.ts",
]
ENCODED_ON_REQUEST = [
    "vp9.webm",
    "vfr.webm",
    "late_picture.mp4",
    "edit_list.mp4",
    "slides.mp4",
    "start10.mkv",
    "turned90.mp4",
    "mirrored.mp4",
    "wide_pixels.mp4",
]
SELDOM = {"fragmented.mp4", "long_sound.mkv", "cut.mkv", "vp9.mp4", "jumps.ts", "mpeg1.mpg"}
SELDOM |= {"ten_bit.mp4", "mjpeg.avi", "grows.ts", "vfr.webm", "start10.mkv", "wide_pixels.mp4"}


def each(names: list[str]) -> list[Any]:
    """What is much like others is left to the slow suite."""
    return [pytest.param(n, marks=[pytest.mark.slow] if n in SELDOM else []) for n in names]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("awkward"))


def copy(path: Path, target: Path, most: int = PLENTY, anew: bool = False) -> Copied:
    with Copier(path, target, most, anew) as copier:
        shares = list(copier)
    assert all(0 <= share <= 1 for share in shares)
    assert copier.copied is not None
    return copier.copied


def read(path: Path) -> tuple[Probe, list[Sample]]:
    with read_frames(path, pixels=PIXELS, thumbnails=False) as frames:
        return frames.probe, list(frames)


def check(path: Path, target: Path, how: str, anew: bool = False) -> None:
    """Copy; the index would find the same in the copy, which plays as it is."""
    assert copy(path, target, anew=anew).how == how
    (original, expected), (made, shown) = read(path), read(target)
    assert (made.plays, made.start) == ("as_is", 0.0)
    assert made.has_audio == original.has_audio
    for one, other in zip(shown, expected, strict=True):
        assert media.number_of(one.pixels) == media.number_of(other.pixels)
        apart = np.abs(one.pixels.astype(int) - other.pixels.astype(int)).mean()
        assert apart < DIFFERENCE


@pytest.mark.parametrize("name", each(REMUXED))
def test_what_is_only_packed_otherwise_is_packed_anew(
    shelf: Shelf, tmp_path: Path, name: str
) -> None:
    check(shelf[name], tmp_path / "copy.mp4", "remux")


@pytest.mark.parametrize("name", each(ENCODED))
def test_what_browsers_cannot_decode_is_encoded_anew(
    shelf: Shelf, tmp_path: Path, name: str
) -> None:
    check(shelf[name], tmp_path / "copy.mp4", "transcode")


@pytest.mark.parametrize("name", each(ENCODED_ON_REQUEST))
def test_anything_can_be_encoded_anew(shelf: Shelf, tmp_path: Path, name: str) -> None:
    check(shelf[name], tmp_path / "copy.mp4", "transcode", anew=True)


def test_scratches_are_encoded_as_far_as_they_can_be_read(shelf: Shelf, tmp_path: Path) -> None:
    copy(shelf["scratched.ts"], tmp_path / "copy.mp4")
    assert probe(tmp_path / "copy.mp4").duration == pytest.approx(4.8, abs=0.2)
    with pytest.raises(VideoError) as caught:
        copy(shelf["all_damaged.mp4"], tmp_path / "none.mp4")
    assert caught.value.code == "nothing_decodable"


def test_the_original_is_only_read(shelf: Shelf, tmp_path: Path) -> None:
    path = shelf["h264.mkv"]
    content, changed = hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns
    beside = set(path.parent.iterdir())
    copy(path, tmp_path / "copy.mp4")
    assert hashlib.sha256(path.read_bytes()).digest() == content
    assert path.stat().st_mtime_ns == changed
    assert set(path.parent.iterdir()) == beside


@pytest.mark.parametrize(
    ("size", "fitted"), [((1920, 1080), (1280, 720)), ((1080, 1920), (720, 1280))]
)
def test_large_pictures_become_smaller(
    tmp_path: Path, size: tuple[int, int], fitted: tuple[int, int]
) -> None:
    path = media.write(tmp_path / "large.mp4", media.clip(2, *size))
    copy(path, tmp_path / "copy.mp4", anew=True)
    found = probe(tmp_path / "copy.mp4")
    assert (found.width, found.height) == fitted


@given(st.integers(1, 8192), st.integers(1, 8192))
def test_any_size_fits(width: int, height: int) -> None:
    fitted = fitting(width, height, 1280, 720)
    assert all(side % 2 == 0 and side >= 2 for side in fitted)
    assert max(fitted) <= 1280
    assert min(fitted) <= 720
    if max(width, height) <= 1280 and min(width, height) <= 720:
        assert abs(fitted[0] - width) <= 1
        assert abs(fitted[1] - height) <= 1


def test_fields_become_whole_pictures(tmp_path: Path) -> None:
    """A block that jumps sideways from field to field has a comb for an edge."""
    woven = np.full((240, 320, 3), 30, np.uint8)
    woven[0::2, 100:160] = woven[1::2, 160:220] = 220
    path = media.write(
        tmp_path / "comb.ts",
        [woven] * 10,
        codec="mpeg2video",
        container="mpegts",
        options={"flags": "+ildct+ilme", "b": "9M"},
    )
    copy(path, tmp_path / "copy.mp4")
    with av.open(str(tmp_path / "copy.mp4")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="gray").astype(int)
    between_rows = np.abs(np.diff(picture[40:200, 110:150], axis=0)).mean()
    assert between_rows < 40  # 190 in the original


# --- sound ---------------------------------------------------------------------------------

RATE = 48_000
BEEPS = (0.5, 1.5, 3.5)  # seconds; each lasts a tenth


def write_beeps(
    path: Path, codec: str, start: float = 0.0, hole: tuple[float, float] = (0, 0)
) -> None:
    """Four seconds of beeps beside pictures that all begin at `start`; no packets in the hole."""
    times = np.arange(4 * RATE) / RATE
    wave = sum((np.abs(times - beep - 0.05) < 0.05) for beep in BEEPS) * np.sin(times * 6000)
    with av.open(str(path), "w") as output:
        pictures = output.add_stream("mpeg4", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 320, 240, "yuv420p"
        sound = output.add_stream(codec, rate=RATE, layout="mono")
        for number in range(100):
            frame = av.VideoFrame.from_ndarray(media.numbered(number), format="rgb24")
            frame.pts, frame.time_base = number + round(25 * start), Fraction(1, 25)
            output.mux(pictures.encode(frame))
        for begin in range(0, len(wave), 1024):
            piece = (wave[None, begin : begin + 1024] * 20_000).astype(np.int16)
            heard = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
            heard.sample_rate = RATE
            heard.pts, heard.time_base = begin + round(RATE * start), Fraction(1, RATE)
            if not hole[0] <= begin / RATE < hole[1]:
                output.mux(sound.encode(heard))
        output.mux(sound.encode(None))
        output.mux(pictures.encode(None))


def beeps_of(path: Path) -> list[float]:
    """When the beeps of a file begin, by counting samples: some players heed no other clock."""
    with av.open(str(path)) as container:
        pieces = [(frame.time, frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
    wave = np.concatenate([piece for _, piece in pieces])
    heard = (pieces[0][0] + np.flatnonzero(np.abs(wave) > 0.2) / RATE).tolist()
    starts = [heard[0], *(later for earlier, later in pairwise(heard) if later - earlier > 0.2)]
    return [round(start, 2) for start in starts]


@pytest.mark.parametrize(
    ("codec", "hole", "start"), [("pcm_s16le", (0.0, 0.0), 7.0), ("flac", (2.0, 3.0), 0.0)]
)
def test_sound_stays_in_step(
    tmp_path: Path, codec: str, hole: tuple[float, float], start: float
) -> None:
    write_beeps(tmp_path / "beeps.mkv", codec, start, hole)
    assert copy(tmp_path / "beeps.mkv", tmp_path / "copy.mp4").how == "transcode"
    assert beeps_of(tmp_path / "copy.mp4") == pytest.approx(BEEPS, abs=0.03)


def test_sound_that_is_not_let_in_is_left_out(tmp_path: Path) -> None:
    write_beeps(tmp_path / "beeps.mkv", "tta")
    copy(tmp_path / "beeps.mkv", tmp_path / "copy.mp4")
    assert not probe(tmp_path / "copy.mp4").has_audio


# --- limits --------------------------------------------------------------------------------


def test_a_copy_may_not_take_more_room_than_it_is_given(shelf: Shelf, tmp_path: Path) -> None:
    for anew in (False, True):
        with pytest.raises(DiskFull):
            copy(shelf["h264.mkv"], tmp_path / "copy.mp4", most=20_000, anew=anew)
        assert (tmp_path / "copy.mp4").stat().st_size <= 20_000


@pytest.fixture(scope="module")
def long_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute, which takes seconds to encode."""
    path = tmp_path_factory.mktemp("long") / "long.avi"
    frames = [media.numbered(n, 640, 480) for n in range(50)]
    return media.write(path, frames * 16, codec="mpeg4", options={"b": "2M"})


@pytest.fixture
def under_way(long_one: Path, tmp_path: Path) -> Iterator[tuple[Copier, Iterator[float]]]:
    with Copier(long_one, tmp_path / "copy.mp4", PLENTY) as copier:
        shares = iter(copier)
        next(shares)
        yield copier, shares


def test_progress_is_told_and_grows(under_way: tuple[Copier, Iterator[float]]) -> None:
    shares = list(under_way[1])
    assert len(shares) >= 3
    assert shares == sorted(shares)
    assert shares[-1] > 0.5


def test_progress_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_TELL_EVERY", 0.0)
    pipe = io.BytesIO()
    told = child._NowAndThen(pipe)
    for share in (0.25, 0.75, 0.5, 0.0, 1.0):  # the last packet of a track has no time: 0
        told.share(share)
    pipe.seek(0)
    messages = iter(lambda: decoding.receive(pipe), None)
    shares = [json.loads(payload)["share"] for _, payload in messages]
    assert shares == [0.25, 0.75, 0.75, 0.75, 1.0]


def test_another_thread_can_stop_it(under_way: tuple[Copier, Iterator[float]]) -> None:
    copier, shares = under_way
    begun = time.monotonic()
    threading.Timer(0.1, copier.stop).start()
    with pytest.raises(VideoError):
        list(shares)
    assert time.monotonic() - begun < prompt()
    assert copier.copied is None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_others_go_first(under_way: tuple[Copier, Iterator[float]]) -> None:
    stat = Path(f"/proc/{under_way[0]._child._process.pid}/stat").read_text()
    assert int(stat.rpartition(")")[2].split()[16]) == 19
    assert os.getpriority(os.PRIO_PROCESS, 0) < 19
