"""A mixed library of small videos: long, short, cut off, damaged, broken, hostile, and twins."""

import hashlib
import os
import shutil
from pathlib import Path

import media
from drawn import draw

LENGTHS = {
    "long": 60.0,
    "half": 41.0,
    "third": 25.4,
    "fourth": 9.7,
    "fifth": 8.0,
    "flash": 0.3,
}
PLANNED = {
    "long": 29,
    "half": 20,
    "third": 12,
    "fourth": 4,
    "fifth": 3,
    "flash": 1,
    "scratched": 11,
}
"""How many segments the toy makes of each, by title: every content counts once."""

CUT = "cut"
"""One of which half of the bytes are there: how many segments that are is for a codec to say."""

FAILED = {
    "empty": "empty_file",
    "list": "container_not_allowed",
    "ruined": "corrupt",
    "tiny": "bad_dimensions",
    "words": "not_a_video",
}
"""What is wrong with the others, by title."""

RUINED = 11
"""The most that may be stored of others before it is known what is wrong with them."""

EXTRA = ("extra", 12.5, 6)
"""A video that is sent later: its title, seconds and segments."""


def id_of(path: Path) -> str:
    """What a file is known by."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make(folder: Path) -> Path:
    """Draw the library; its twins, a pipe and a link out of it count for nothing."""
    library = folder / "library"
    library.mkdir()
    outside = draw(folder / "outside.mp4", _colour(0), 5)
    for number, (name, seconds) in enumerate(LENGTHS.items(), 1):
        draw(library / f"{name}.mp4", _colour(number), seconds)
    draw(folder / f"{EXTRA[0]}.mp4", _colour(10), EXTRA[1])
    whole = draw(folder / "whole.mp4", _colour(9), 24).read_bytes()
    (library / "cut.mp4").write_bytes(media.cut(0.5)(whole))
    (library / "scratched.mp4").write_bytes(media.scratched(2000)(whole))
    (library / "ruined.mp4").write_bytes(media.noise_after(0.4)(whole))
    _add_failures(library)
    shutil.copy(library / "long.mp4", library / "zz long.mp4")
    shutil.copy(library / "words.mkv", library / "zz words.mkv")
    (library / "link.mp4").symlink_to(outside)
    os.mkfifo(library / "pipe.mp4")
    return library


def _add_failures(library: Path) -> None:
    (library / "empty.mp4").touch()
    (library / "list.mp4").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    (library / "words.mkv").write_text("I am no video.")
    media.write(library / "tiny.mp4", [media.numbered(1, 8, 8)], codec="mpeg4")


def _colour(number: int) -> tuple[int, int, int]:
    return 30 + 20 * number, 240 - 20 * number, 90
