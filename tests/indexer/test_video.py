"""What is read of every kind of file, by either reader, and what is refused and why."""

import io
import socket
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import media
import numpy as np
import pytest
from av.video.frame import VideoFrame
from awkward import SELDOM, Shelf, playlist_of_url
from PIL import Image

from indexer.decoding import Limits, Probe, Reader, Sample, Summary
from indexer.errors import VideoError
from indexer.formats import Plays
from indexer.reader import probe, read_frames
from indexer.segments import grid_size, rate_for
from indexer.video import inspect, write_h264
from indexer.video.pictures import converted

PIXELS = 72
WHOLE = [0, 12, 25, 37, 50, 62, 75, 87, 100, 112]  # on screen every half second at 25 a second
THINNED = [0, 12, 19, 19, 50, 62, 75, 86, 100, 112]


class Read(NamedTuple):
    """The numbers that the samples must show, what is said of missing parts, how it plays."""

    numbers: list[int]
    note: str | None = None
    plays: Plays = "as_is"


READABLE = {
    "h264.mp4": Read(WHOLE, plays="remux"),
    "h264.mkv": Read(WHOLE, plays="remux"),
    "h264.mov": Read(WHOLE, plays="remux"),
    "fast.mp4": Read(WHOLE),
    "fragmented.mp4": Read(WHOLE, plays="remux"),
    "ten_bit.mp4": Read(WHOLE, plays="transcode"),
    "hevc.mp4": Read(WHOLE, plays="transcode"),
    "vp9.webm": Read(WHOLE),
    "av1.webm": Read(WHOLE),
    "mpeg4_b.mp4": Read(WHOLE, plays="transcode"),
    "mpeg4_b.avi": Read(WHOLE, plays="transcode"),
    "mpeg2.ts": Read(WHOLE, plays="transcode"),
    "mpeg1.mpg": Read(WHOLE, plays="transcode"),
    "wmv2.wmv": Read(WHOLE, plays="transcode"),
    "flv1.flv": Read(WHOLE, plays="transcode"),
    "mjpeg.avi": Read(WHOLE, plays="transcode"),
    "prores.mov": Read(WHOLE, plays="transcode"),
    "animated.gif": Read(WHOLE[:4], plays="transcode"),
    "named.txt": Read(WHOLE),
    "titled_in_no_text.mkv": Read(WHOLE, plays="remux"),
    "start10.mkv": Read(WHOLE, plays="remux"),
    "start10.ts": Read(WHOLE, plays="remux"),
    "late_picture.mp4": Read([0, 0, *WHOLE], plays="remux"),
    "edit_list.mp4": Read([25, 37, 50, 62, 75, 87, 100, 112], plays="remux"),
    "vfr.mp4": Read(THINNED, plays="remux"),
    "vfr.webm": Read(THINNED),
    "slides.mp4": Read([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2], plays="remux"),
    "one_frame.mp4": Read([7], plays="remux"),
    "short.mp4": Read([0, 12, 25], plays="remux"),
    "long_sound.mkv": Read([0, 12, 25], plays="remux"),
    "endless_by_header.mp4": Read(WHOLE),
    "wide_pixels.mp4": Read([0, 12, 25], plays="remux"),
    "narrow.mp4": Read([0, 12, 25], plays="remux"),
    "grows.ts": Read(
        WHOLE[:8], "The video is damaged in one place and may look wrong there.", plays="remux"
    ),
    "cut.mp4": Read(WHOLE[:4], "Only 2.0 of 4.8 s could be read."),
    "cut.mkv": Read(WHOLE[:5], "Only 2.5 of 4.8 s could be read.", plays="remux"),
    "cut.webm": Read(WHOLE[:5], "Only 2.2 of 4.8 s could be read."),
    "cut.ts": Read(
        WHOLE[:5], plays="transcode"
    ),  # a broadcast does not say how long it would have been
}

# What decord 0.6.0 does to these, instead of what is right. They are why it is not the default.
DECORD_FAILS = {
    "av1.webm": "it has no AV1 decoder",
    "mpeg4_b.mp4": "it returns later frames than asked for",
    "mpeg4_b.avi": "it reads absurd timestamps",
    "mpeg2.ts": "it never shows the first twelve frames",
    "mpeg1.mpg": "it reads absurd timestamps",
    "wmv2.wmv": "it returns earlier frames than asked for",
    "animated.gif": "it cannot find the frame rate",
    "start10.ts": "it cannot find the last frame",
    "late_picture.mp4": "it forgets that the sound begins first",
    "edit_list.mp4": "it shows frames twice at the end",
    "cut.mp4": "it loses a damaged file whole",
    "cut.ts": "it never shows the first twelve frames",
}

OFTEN = [pytest.param(n, marks=[pytest.mark.slow] if n in SELDOM else []) for n in READABLE]

REFUSED = {
    "empty.mp4": "empty_file",
    "random.mp4": "not_a_video",
    "zeros.mp4": "not_a_video",
    "page.mp4": "not_a_video",
    "archive.mp4": "not_a_video",
    "subtitles.mp4": "container_not_allowed",
    "picture.png": "container_not_allowed",
    "picture.mp4": "container_not_allowed",
    "sound.m4a": "no_video_stream",
    "cover.m4a": "no_video_stream",
    "no_index.mp4": "truncated",
    "all_damaged.mp4": "nothing_decodable",
    "list.m3u8": "container_not_allowed",
    "list.mp4": "container_not_allowed",
    "joined.mp4": "container_not_allowed",
    "joined_absolute.mp4": "container_not_allowed",
    "dash.mp4": "container_not_allowed",
    "session.sdp": "container_not_allowed",
    "folder.mp4": "not_a_file",
    "pipe.mp4": "not_a_file",
    "link.mp4": "not_a_file",
    "magicyuv.avi": "codec_not_allowed",
    "ffv1.mkv": "codec_not_allowed",
    "huge.mov": "bad_dimensions",
    "tiny.mp4": "bad_dimensions",
}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("awkward"))


def read(path: Path, **options: object) -> tuple[list[Sample], Summary]:
    with read_frames(path, pixels=PIXELS, **options) as frames:  # type: ignore[arg-type]
        samples = list(frames)
    assert frames.summary is not None
    return samples, frames.summary


def check(path: Path, expected: Read, reader: Reader) -> tuple[Probe, Summary]:
    with read_frames(path, pixels=PIXELS, reader=reader) as frames:
        samples = list(frames)
    summary = frames.summary
    assert summary is not None
    assert [media.number_of(sample.pixels) for sample in samples] == expected.numbers
    assert [sample.index for sample in samples] == list(range(len(samples)))
    assert [sample.time for sample in samples] == [index / 2 for index in range(len(samples))]
    assert summary.samples == len(samples)
    return frames.probe, summary


@pytest.mark.parametrize("name", OFTEN)
def test_the_right_frames_are_read(shelf: Shelf, name: str) -> None:
    expected = READABLE[name]
    found, summary = check(shelf[name], expected, "pyav")
    assert summary.note == expected.note
    assert found.plays == expected.plays
    assert found.duration == summary.duration
    if expected.note is None:
        assert grid_size(found.duration) == len(expected.numbers)


@pytest.mark.parametrize("name", OFTEN)
def test_decord_reads_the_same_or_fails_as_known(shelf: Shelf, name: str) -> None:
    pytest.importorskip("decord")
    if name in DECORD_FAILS:
        with pytest.raises((AssertionError, VideoError)):
            check(shelf[name], READABLE[name], "decord")
        pytest.xfail(DECORD_FAILS[name])
    check(shelf[name], READABLE[name], "decord")


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_video_is_refused_with_a_reason(shelf: Shelf, name: str) -> None:
    with pytest.raises(VideoError) as caught:
        probe(shelf[name])
    assert caught.value.code == REFUSED[name]
    assert "The file was not changed and the other videos go on." in str(caught.value)


def test_a_playlist_does_not_reach_the_network(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        with pytest.raises(VideoError):
            probe(playlist_of_url(tmp_path, url))
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    "name", ["scratched.mp4", "scratched.ts", "scratched_hevc.mp4", "scratched_badly.mp4"]
)
def test_scratches_cost_themselves_not_the_file(shelf: Shelf, name: str) -> None:
    """What a decoder makes of wrong bits is its own; what is missing must be said."""
    samples, summary = read(shelf[name])
    assert media.number_of(samples[0].pixels) == 0
    assert 2 <= len(samples) == summary.samples <= len(WHOLE)
    if len(samples) < len(WHOLE):
        assert summary.note == f"Only {summary.readable:.1f} of 4.8 s could be read."
    else:
        assert summary.note is not None
        assert "damaged" in summary.note


def test_damage_before_the_point_where_reading_goes_on_is_allowed_for(shelf: Shelf) -> None:
    with read_frames(shelf["scratched.mp4"], pixels=PIXELS, first=2) as frames:
        list(frames)
    assert frames.summary is not None
    assert "damaged in at least " in (frames.summary.note or "")


def test_a_mostly_damaged_file_is_refused_while_it_is_read(shelf: Shelf) -> None:
    with pytest.raises(VideoError) as caught:
        read(shelf["mostly_damaged.mp4"])
    assert caught.value.code == "corrupt"


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(bytes=10_000), "too_large"),
        (Limits(seconds=4), "too_long"),
        (Limits(max_side=200), "bad_dimensions"),
        (Limits(max_pixels=50_000), "bad_dimensions"),
    ],
)
def test_limits_hold(shelf: Shelf, limits: Limits, code: str) -> None:
    with pytest.raises(VideoError) as caught:
        probe(shelf["h264.mp4"], limits)
    assert caught.value.code == code


def test_a_file_of_many_gib_is_looked_at(tmp_path: Path) -> None:
    with (tmp_path / "long.mp4").open("wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(VideoError) as caught:
        probe(tmp_path / "long.mp4")
    assert caught.value.code == "not_a_video"  # there is nothing in it, but it may be as large


def test_a_missing_file_may_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(VideoError) as caught:
        probe(tmp_path / "gone.mp4")
    assert caught.value.code == "io_error"
    assert caught.value.retryable


@pytest.mark.parametrize("reader", ["pyav", "decord"])
@pytest.mark.parametrize(
    ("name", "size", "corner"),
    [
        ("turned90.mp4", (240, 320), 1),
        ("turned180.mp4", (320, 240), 3),
        ("turned270.mp4", (240, 320), 2),
    ],
)
def test_turned_videos_stand_upright(
    shelf: Shelf, name: str, size: tuple[int, int], corner: int, reader: str
) -> None:
    """Turning counter-clockwise brings another quarter of the picture to the top left."""
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]])
    found = probe(shelf[name])
    assert (found.width, found.height) == size
    samples, _ = read(shelf[name], reader=reader)
    thumbnail = Image.open(io.BytesIO(samples[0].thumbnail or b""))
    assert thumbnail.size == (320, round(320 * size[1] / size[0]))
    for picture in (samples[0].pixels, np.asarray(thumbnail)):
        distance = np.abs(picture[10, 10].astype(int) - colours).sum(axis=1)
        assert distance.argmin() == corner


def test_a_picture_is_let_go_once_it_is_converted() -> None:
    """What holds on to itself is freed by and by only, and then a child has had its gigabytes."""
    picture = VideoFrame(64, 48, "yuv420p")
    before = sys.getrefcount(picture)
    converted(picture, 32, 32)
    assert sys.getrefcount(picture) == before


@pytest.mark.parametrize(
    ("name", "size"),
    [("h264.mp4", (320, 240)), ("wide_pixels.mp4", (320, 176)), ("narrow.mp4", (64, 640))],
)
def test_thumbnails_have_the_true_aspect(shelf: Shelf, name: str, size: tuple[int, int]) -> None:
    samples, _ = read(shelf[name])
    for sample in samples:
        image = Image.open(io.BytesIO(sample.thumbnail or b""))
        assert (image.format, image.size) == ("JPEG", size)
        assert media.number_of(np.asarray(image)) == media.number_of(sample.pixels)


@pytest.mark.parametrize("reader", ["pyav", "decord"])
@pytest.mark.parametrize(
    ("size", "turn", "aspect"),
    [((320, 240), 0, 1), ((240, 320), 0, 1), ((320, 240), 90, 1), ((240, 240), 0, Fraction(4, 3))],
    ids=["lying", "standing", "turned", "wide pixels"],
)
def test_the_middle_can_be_cut_out(
    tmp_path: Path, size: tuple[int, int], turn: int, aspect: Fraction | int, reader: str
) -> None:
    """The long side, a third longer, goes from black to white: what is left shows from where."""
    width, height = size
    ramp = np.linspace(0, 255, max(size)).astype(np.uint8)
    frame = np.empty((height, width, 3), np.uint8)
    frame[:] = ramp[:, None, None] if height > width else ramp[None, :, None]
    path = media.write(tmp_path / "ramp.mp4", [frame] * 5, rotation=turn, aspect=Fraction(aspect))
    for resize, (darkest, brightest) in (("squash", (0, 255)), ("crop", (32, 223))):
        samples, _ = read(path, reader=reader, resize=resize, thumbnails=False)
        pixels = samples[0].pixels
        assert pixels.shape == (PIXELS, PIXELS, 3)
        assert (int(pixels.min()), int(pixels.max())) == pytest.approx((darkest, brightest), abs=8)


def test_thumbnails_can_be_left_out(shelf: Shelf) -> None:
    samples, _ = read(shelf["short.mp4"], thumbnails=False)
    assert [sample.thumbnail for sample in samples] == [None, None, None]


@pytest.mark.parametrize(
    "name", ["long_gop.mp4", "long_gop.ts", "vp9.webm", "vfr.mp4", "slides.mp4", "restarts.ts"]
)
def test_reading_from_the_middle_gives_the_same_samples(shelf: Shelf, name: str) -> None:
    whole, summary = read(shelf[name])
    for first in (1, 5, 7, len(whole) - 1, len(whole)):
        rest, again = read(shelf[name], first=first)
        assert [sample.index for sample in rest] == list(range(first, len(whole)))
        for sample, same in zip(rest, whole[first:], strict=True):
            np.testing.assert_array_equal(sample.pixels, same.pixels)
        assert again.samples == summary.samples


def test_a_short_video_can_be_sampled_evenly(shelf: Shelf) -> None:
    """Thirty frames, eight wanted: every fourth or so, and none twice."""
    duration = probe(shelf["short.mp4"]).duration
    samples, _ = read(shelf["short.mp4"], fps=rate_for(duration, 8))
    assert [media.number_of(s.pixels) for s in samples] == [0, 3, 7, 11, 15, 18, 22, 26]
    duration = probe(shelf["one_frame.mp4"]).duration
    samples, _ = read(shelf["one_frame.mp4"], fps=rate_for(duration, 8))
    assert [media.number_of(s.pixels) for s in samples] == [7] * 8


def test_a_probe_tells_what_the_video_is(shelf: Shelf) -> None:
    found = probe(shelf["h264.mp4"])
    assert (found.width, found.height, found.rotation) == (320, 240, 0)
    assert (found.codec, found.container, found.fps) == ("h264", "mp4", 25.0)
    assert found.has_audio
    assert found.duration == pytest.approx(4.8)
    assert not probe(shelf["fast.mp4"]).has_audio
    assert probe(shelf["wide_pixels.mp4"]).width == round(360 * 16 / 11)
    assert probe(shelf["start10.mkv"]).start == pytest.approx(10)
    assert probe(shelf["h264.mkv"]).container == "matroska"


def test_life_is_shown_while_a_slow_disk_gives_packet_after_packet(shelf: Shelf) -> None:
    signs: list[None] = []
    inspect(str(shelf["h264.mp4"]), Limits(), lambda: signs.append(None))
    assert len(signs) >= len(media.clip())


def test_a_clock_that_starts_late_keeps_a_browser_from_playing_it_as_it_is(tmp_path: Path) -> None:
    """Browsers show the container's time, and nothing at all before its first picture."""
    for start, how in ((0, "as_is"), (10, "remux")):
        times = [start + number / 25 for number in range(10)]
        webm = media.write(
            tmp_path / f"{start}.webm", media.clip(10), codec="libvpx-vp9", times=times
        )
        assert probe(webm).plays == how


def test_written_videos_read_back_and_are_the_same_each_time(tmp_path: Path) -> None:
    frames = [media.numbered(number) for number in range(30)]
    write_h264(tmp_path / "a.mp4", frames, 10)
    write_h264(tmp_path / "b.mp4", iter(frames), 10)
    content = (tmp_path / "a.mp4").read_bytes()
    assert content == (tmp_path / "b.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    found = probe(tmp_path / "a.mp4")
    assert found.plays == "as_is"
    assert found.duration == pytest.approx(3.0)
    samples, _ = read(tmp_path / "a.mp4")
    assert [media.number_of(sample.pixels) for sample in samples] == [0, 5, 10, 15, 20, 25]


def test_the_parent_loads_no_decoder(root: Path) -> None:
    """Nor does the child load the encoder's libraries, or NumPy, which takes as long as PyAV."""

    def loaded(module: str) -> str:
        program = (
            f"import sys; sys.path.insert(0, {str(root)!r}); import indexer.{module}; "
            "print(sorted({'av', 'decord', 'jax', 'flax', 'numpy'} & set(sys.modules)))"
        )
        command = [sys.executable, "-I", "-c", program]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert loaded("reader") == "['numpy']"
    assert loaded("child") == "[]"
    assert loaded("video") == "['av']"
