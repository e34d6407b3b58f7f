"""The disk of the data folder fills to its last byte while the program runs: it lives on."""

import sys
from pathlib import Path

import pytest
from disks import Disks, full
from drawn import RED, draw
from facts import attempts, look
from killing import Program
from patience import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts disks as Linux does")


def test_the_program_survives_a_full_disk_and_goes_on(tmp_path: Path, disks: Disks) -> None:
    disk, videos = tmp_path / "disk", tmp_path / "videos"
    disk.mkdir()
    videos.mkdir()
    disks.plug(disk, 256)
    draw(videos / "a.mp4", RED, 200)
    command = ("index", str(videos), "--model", "toy", "--data-dir", str(disk / "data"))

    with Program(tmp_path / "log", *command) as program:
        assert until(lambda: (disk / "data/media").is_dir())  # where the first picture is
        with full(disk, leave=8 << 20):  # room enough for everything but the engine's next file
            assert until(lambda: "The disk is full." in program.printed)
        with full(disk):
            assert not program.ends_within(6)  # more than one further try
            program.kill("all")
            with Program(tmp_path / "log", *command) as again:
                assert again.ends_within(60)
                assert again.code == 1
                assert "Make room on it, then start again." in again.printed
                assert "Traceback" not in again.printed
    with Program(tmp_path / "log", *command) as program:
        assert program.ends_within(120)
        assert program.code == 0, program.printed
    (facts,) = look(disk / "data").values()
    (video,) = facts.videos
    assert (video.state, video.segments_done, facts.total) == ("done", 99, 99)
    assert attempts(disk / "data") == 0
