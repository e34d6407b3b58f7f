"""What is no regular file, and regular files by odd names."""

import os
import socket
import tempfile
from pathlib import Path

import media

from kinds import CANARY, WHOLE, Ignored, Kind, Others, Same, Untaken, derived, drawn, surgery


def _named(name: str, what: str, named: bool = False) -> Kind:
    """A video by this name: the same pictures as others, under a title of its own."""
    title = f"by name {sum(os.fsencode(name)) % 100_000:05d}".encode()

    def draw(others: Others, path: Path) -> None:
        path.write_bytes(surgery.retitled(title)(others["fast.mp4"].read_bytes()))

    return Kind(name, what, WHOLE, draw, named=named)


def _socket(path: Path) -> None:
    """A socket, made where its path is short enough for one."""
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"{short}/socket")
        os.rename(f"{short}/socket", path)


def _link(name: str, what: str, fate: object, target: str) -> Kind:
    return Kind(name, what, fate, lambda s, p: p.symlink_to(target))  # type: ignore[arg-type]


KINDS: tuple[Kind, ...] = (
    Kind(
        "folder.mp4",
        "a folder by the name of a video",
        Untaken("a folder"),
        lambda s, p: p.mkdir(),
        named=True,
    ),
    Kind(
        "folder.mp4/inside.mp4",
        "a video in it",
        WHOLE,
        lambda s, p: p.write_bytes(surgery.retitled(b"in a folder")(s["h264.mov"].read_bytes())),
    ),
    Kind(
        "pipe.mp4",
        "a pipe: whoever opens it waits for ever",
        Untaken("a pipe"),
        lambda s, p: os.mkfifo(p),
    ),
    Kind("socket.mp4", "a socket", Untaken("a socket"), lambda s, p: _socket(p)),
    Kind("/dev/zero", "a device", Untaken("a device"), lambda s, p: None, named=True),
    _link("zero.mp4", "a link to a device", Untaken("outside"), "/dev/zero"),
    _link("passwords.mp4", "a link out of the folder", Untaken("outside"), "/etc/passwd"),
    Kind(
        "canary.mp4",
        "a link to a video outside the folder",
        Untaken("outside"),
        lambda s, p: p.symlink_to(s.canary),
    ),
    _link(
        "up.mp4",
        "a link out of the folder by way of ..",
        Untaken("outside"),
        "../../../../etc/passwd",
    ),
    _link("loop.mp4", "a link to itself", Untaken("could not be read"), "loop.mp4"),
    _link("nowhere.mp4", "a link to nothing", Untaken("could not be read"), "gone.mp4"),
    _link("link.mp4", "a link within the folder", Same("h264.mp4"), "h264.mp4"),
    _link("round", "a folder that leads back to itself", Ignored(), "."),
    derived("copy.mp4", "h264.mp4", "a copy", Same("h264.mp4"), lambda film: film),
    derived(".hidden.mp4", "h264.mp4", "a hidden file", Ignored(), lambda film: film + b"hidden"),
    Kind(
        "._h264.mp4",
        "what another system leaves beside files",
        Ignored(),
        lambda s, p: p.write_bytes(b"\0\5\x16\7"),
    ),
    Kind("notes.txt", "a text beside the videos", Ignored(), lambda s, p: p.write_text("notes")),
    _named("LOUD.MOV", "capitals"),
    _named("wrong_suffix.webm", "another format's suffix"),
    _named("named.txt", "no video's suffix, but added by name", named=True),
    _named("no_suffix", "no suffix", named=True),
    _named("two.avi.mp4", "two suffixes"),
    _named("-i.mp4", "a name like an option"),
    _named("concat:a|b.mp4", "a name like a protocol's"),
    _named("pipe:0.mp4", "a name like another protocol's"),
    _named("frame%03d.mp4", "a name like a pattern's"),
    _named("<img src=x onerror=alert(1)>.mp4", "a name that is a script"),
    _named("$(reboot);`id`.mp4", "a name that is a command"),
    _named("two\nlines.mp4", "a name of two lines"),
    _named("né ☃ 映画.mp4", "a name in other scripts"),
    _named("\u202egpj.mp4", "a name that runs backwards"),
    _named("caf\udce9.mp4", "a name that is no text"),
    _named("n" * 251 + ".mp4", "the longest name"),
    drawn(
        "beside.dat",
        "a video by another name, which folders are not looked through for",
        Ignored(),
        frames=lambda: [media.numbered(CANARY + number) for number in range(30)],
        container="mpegts",
    ),
)
