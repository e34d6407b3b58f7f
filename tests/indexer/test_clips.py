"""Clips on their way: bounded, given up at any moment, and nothing left of them."""

import io
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import media
import pytest
from patience import prompt
from test_playable import video

from indexer.errors import BadStretch, DiskFull, VideoError
from indexer.export import clips as room
from indexer.export.archive import Archive, Packing
from indexer.export.clips import Clips, checked, cut_to, within
from indexer.export.excerpts import Excerpt
from indexer.reader import probe
from indexer.records import Video


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Video:
    path = media.write(tmp_path_factory.mktemp("short") / "short.mp4", media.clip(50))
    return replace(video(path, "as_is"), duration=2.0)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Video:
    """Half a minute, which takes seconds to encode."""
    path = tmp_path_factory.mktemp("long") / "long.avi"
    frames = [media.numbered(n, 640, 480) for n in range(50)]
    media.write(path, frames * 16, codec="mpeg4", options={"b": "2M"})
    return replace(video(path, "transcode"), duration=32.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "clips"


def test_a_clip_is_gone_once_it_was_used(folder: Path, short: Video) -> None:
    clips = Clips(folder)
    with clips.begin(short, 0.4, 1.2) as clip:
        made = clip.make()
        assert probe(made).duration == pytest.approx(0.8, abs=0.04)
    assert list(folder.iterdir()) == []


def test_what_a_dead_process_left_is_swept(folder: Path) -> None:
    folder.mkdir()
    (folder / "tmp123.mp4").write_bytes(b"half a clip")
    Clips(folder)
    assert not folder.exists()


def test_a_clip_can_be_given_up_at_any_moment(folder: Path, long: Video) -> None:
    clips = Clips(folder)
    for stop_all in (False, True):
        with clips.begin(long, 0.5, 31.5) as clip:
            threading.Timer(0.6, clips.close if stop_all else clip.stop).start()
            begun = time.monotonic()
            with pytest.raises(VideoError):
                clip.make()
            assert clip.stopped
            assert time.monotonic() - begun < prompt()
    with clips.begin(long, 0.5, 31.5) as clip:
        clip.stop()
        with pytest.raises(VideoError):
            clip.make()
    assert list(folder.iterdir()) == []


def test_clips_have_bounds(folder: Path, short: Video) -> None:
    hours = replace(short, duration=9000.0)
    assert checked(hours, 100.0, 700.0) == (100.0, 700.0)
    with pytest.raises(BadStretch, match=r"10 minutes at most, and this one would last 10\.1"):
        checked(hours, 100.0, 706.0)
    assert within(hours, 100.0, 8000.0) == (100.0, 8000.0)  # a list may name any stretch
    assert checked(short, 1.0, 2.4).end == 2.0  # players are not exact
    for start, end in ((2.0, 3.0), (1.0, 4.0), (1.0, 1.0), (-1.0, 1.0), (0.0, float("nan"))):
        with pytest.raises(BadStretch):
            checked(short, start, end)
    with pytest.raises(VideoError) as caught:
        checked(replace(short, path=folder / "away.mp4"), 0.0, 1.0)
    assert caught.value.code == "not_there"


def test_all_clips_together_have_so_much_room(
    folder: Path, short: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = Clips(folder)
    with clips.begin(short, 0.0, 1.0) as clip:
        held = clip.make().stat().st_size
        monkeypatch.setattr(room, "_MOST_HELD", held)
        with pytest.raises(DiskFull):
            clips.begin(short, 0.0, 1.0)
        monkeypatch.setattr(room, "_MOST_HELD", held + 1000)
        with pytest.raises(DiskFull), clips.begin(short, 0.0, 1.0) as second:
            second.make()
    assert list(folder.iterdir()) == []


def test_a_persons_own_file_is_whole_or_not_there(tmp_path: Path, short: Video) -> None:
    target = tmp_path / "clip.mp4"
    cut_to(target, short, 0.0, 1.0)
    assert probe(target).duration == pytest.approx(1.0, abs=0.04)
    (tmp_path / "words.mp4").write_text("only words")
    with pytest.raises(VideoError):
        cut_to(tmp_path / "none.mp4", replace(short, path=tmp_path / "words.mp4"), 0.0, 1.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "words.mp4"]


def test_a_zip_comes_in_pieces(tmp_path: Path, short: Video) -> None:
    (tmp_path / "a.mp4").write_bytes(bytes(range(256)) * 20_000)
    archive, packing = Archive(), Packing()
    one = Excerpt(replace(short, title="=a/b"), 0.0, 1.0, 1)
    pieces = []
    for problem in ("", "=it failed", ""):
        name = packing.name(one)
        if not problem:
            pieces += archive.add(tmp_path / "a.mp4", name)
        packing.note(one, name, problem)
    pieces += archive.end(packing)
    assert max(map(len, pieces)) < 1.1 * 2**20
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as read:
        assert read.testzip() is None
        names = ["=a_b 0m00s-0m01s.mp4", "=a_b 0m00s-0m01s (3).mp4", "clips.csv"]
        assert read.namelist() == names
        assert read.read(names[0]) == (tmp_path / "a.mp4").read_bytes()
        lines = read.read("clips.csv").decode("utf-8-sig").splitlines()
    assert lines[0] == '"name","rank","title","from","to","tags","problem"'
    assert lines[2].startswith('"",1,"\'=a/b"')
    assert lines[2].endswith('"\'=it failed"')
    assert len(lines) == 4
