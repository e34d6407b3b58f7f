"""The awkward files that readers are tested on, drawn when first asked for."""

import os
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import media
from PIL import Image

_QUICK_VP9 = {"cpu-used": "8", "deadline": "realtime", "b": "1M"}
_QUICK_HEVC = {"preset": "ultrafast", "x265-params": "log-level=none"}
_B_FRAMES = {"bf": "2", "b": "3M"}

# Every seventh frame or so is missing, and all of 20 to 49.
_KEPT = [n for n in range(120) if not 20 <= n < 50 and n % 7 not in (3, 4)]


class Shelf:
    """Files by name, in one folder, each made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: set[str] = set()

    def __getitem__(self, name: str) -> Path:
        path = self._folder / name
        if name not in self._made:
            _MAKERS[name](self, path)
            self._made.add(name)
        return path


Maker = Callable[[Shelf, Path], object]
_MAKERS: dict[str, Maker] = {
    # codecs and containers
    "h264.mp4": lambda s, p: media.write(p, sound=4.8),
    "h264.mkv": lambda s, p: media.write(p, sound=4.8),
    "h264.mov": lambda s, p: media.write(p),
    "fast.mp4": lambda s, p: media.write(p, muxer={"movflags": "faststart"}, options={"g": "25"}),
    "fragmented.mp4": lambda s, p: media.write(p, muxer={"movflags": "frag_keyframe+empty_moov"}),
    "long_gop.mp4": lambda s, p: media.write(
        p, [media.numbered(n) for n in range(300)], options={"g": "120", "bf": "3"}
    ),
    "long_gop.ts": lambda s, p: media.write(
        p,
        [media.numbered(n) for n in range(300)],
        container="mpegts",
        options={"g": "120", "bf": "3"},
    ),
    "ten_bit.mp4": lambda s, p: media.write(p, pixels="yuv420p10le"),
    "hevc.mp4": lambda s, p: media.write(p, codec="libx265", options=_QUICK_HEVC),
    "vp9.webm": lambda s, p: media.write(p, codec="libvpx-vp9", options=_QUICK_VP9, sound=4.8),
    "av1.webm": lambda s, p: media.write(p, codec="libsvtav1", options={"preset": "11"}),
    "mpeg4_b.mp4": lambda s, p: media.write(p, codec="mpeg4", options=_B_FRAMES),
    "mpeg4_b.avi": lambda s, p: media.write(p, codec="mpeg4", options=_B_FRAMES),
    "mpeg2.ts": lambda s, p: media.write(
        p, codec="mpeg2video", container="mpegts", options=_B_FRAMES
    ),
    "mpeg1.mpg": lambda s, p: media.write(p, codec="mpeg1video", options={"b": "3M"}),
    "wmv2.wmv": lambda s, p: media.write(p, codec="wmv2", container="asf", options={"b": "3M"}),
    "flv1.flv": lambda s, p: media.write(p, codec="flv", options={"b": "3M"}),
    "mjpeg.avi": lambda s, p: media.write(p, codec="mjpeg", pixels="yuvj420p"),
    "prores.mov": lambda s, p: media.write(p, codec="prores_ks", pixels="yuv422p10le"),
    "animated.gif": lambda s, p: media.write(
        p, [media.numbered(n, 160, 120) for n in range(50)], codec="gif", pixels="rgb8"
    ),
    "named.txt": lambda s, p: p.write_bytes(s["fast.mp4"].read_bytes()),
    "titled_in_no_text.mkv": lambda s, p: media.retitle(s["h264.mkv"], p, b"\xff\xfe\xc3("),
    # time
    "start10.mkv": lambda s, p: media.write(p, times=[10 + n / 25 for n in range(120)]),
    "start10.ts": lambda s, p: media.write(
        p, container="mpegts", times=[10 + n / 25 for n in range(120)]
    ),
    "late_picture.mp4": lambda s, p: media.write(
        p, times=[1 + n / 25 for n in range(120)], sound=5.8
    ),
    "edit_list.mp4": lambda s, p: media.trim_by_edit_list(s["h264_silent.mp4"], p, 1.0, 12_800),
    "h264_silent.mp4": lambda s, p: media.write(p),
    "vfr.mp4": lambda s, p: media.write(
        p, [media.numbered(n) for n in _KEPT], times=[n / 25 for n in _KEPT]
    ),
    "vfr.webm": lambda s, p: media.write(
        p,
        [media.numbered(n) for n in _KEPT],
        times=[n / 25 for n in _KEPT],
        codec="libvpx-vp9",
        options=_QUICK_VP9,
    ),
    "slides.mp4": lambda s, p: media.write(
        p, [media.numbered(n) for n in range(3)], times=[0, 2, 4], lasts=2, options={"bf": "0"}
    ),
    "one_frame.mp4": lambda s, p: media.write(p, [media.numbered(7)]),
    "short.mp4": lambda s, p: media.write(p, [media.numbered(n) for n in range(30)]),
    "long_sound.mkv": lambda s, p: media.write(
        p, [media.numbered(n) for n in range(30)], sound=4.8
    ),
    "endless_by_header.mp4": lambda s, p: media.patch(
        s["fast.mp4"], p, b"mdhd", lambda d, at: struct.pack_into(">I", d, at + 16, 2**31 - 1)
    ),
    # shape
    "wide_pixels.mp4": lambda s, p: media.write(
        p, [media.numbered(n, 360, 288) for n in range(30)], aspect=Fraction(16, 11)
    ),
    "narrow.mp4": lambda s, p: media.write(p, [media.numbered(n, 48, 480) for n in range(30)]),
    "grows.ts": lambda s, p: _grows(p),
    **{
        f"turned{turn}.mp4": lambda s, p, turn=turn: media.write(
            p, [media.quarters()] * 15, rotation=turn
        )
        for turn in (90, 180, 270)
    },
    # damage
    "cut.mp4": lambda s, p: media.cut(s["fast.mp4"], p, 0.5),
    "cut.mkv": lambda s, p: media.cut(s["h264.mkv"], p, 0.5),
    "cut.webm": lambda s, p: media.cut(s["vp9.webm"], p, 0.5),
    "cut.ts": lambda s, p: media.cut(s["mpeg2.ts"], p, 0.5),
    "no_index.mp4": lambda s, p: media.cut(s["h264.mp4"], p, 0.5),
    "scratched.mp4": lambda s, p: media.flip_bits(s["fast.mp4"], p, 2000),
    "scratched.ts": lambda s, p: media.flip_bits(s["mpeg2.ts"], p, 3000, start=2000),
    "scratched_hevc.mp4": lambda s, p: media.flip_bits(s["hevc.mp4"], p, 2000),
    "scratched_badly.mp4": lambda s, p: media.flip_bits(s["fast.mp4"], p, 20),
    "mostly_damaged.mp4": lambda s, p: media.overwrite(s["fast.mp4"], p, 0.15),
    "all_damaged.mp4": lambda s, p: media.overwrite(s["fast.mp4"], p, 0.0),
    "empty.mp4": lambda s, p: p.write_bytes(b""),
    # not videos
    "random.mp4": lambda s, p: p.write_bytes(media.noise(100_000)),
    "zeros.mp4": lambda s, p: p.write_bytes(bytes(100_000)),
    "page.mp4": lambda s, p: p.write_text("<!doctype html><html><body>hello</body></html>"),
    "archive.mp4": lambda s, p: p.write_bytes(b"PK\3\4" + media.noise(5000)),
    "subtitles.mp4": lambda s, p: p.write_text("1\n00:00:00,000 --> 00:00:03,000\nhello\n"),
    "picture.png": lambda s, p: Image.fromarray(media.numbered(1)).save(p),
    "picture.mp4": lambda s, p: Image.fromarray(media.numbered(1)).save(p, "JPEG"),
    "sound.m4a": lambda s, p: media.write_sound(p),
    "cover.m4a": lambda s, p: media.write_sound(p, cover=True),
    # files that name other files
    "list.m3u8": lambda s, p: p.write_text(_playlist(s["mpeg2.ts"])),
    "list.mp4": lambda s, p: p.write_text(_playlist(s["mpeg2.ts"])),
    "joined.mp4": lambda s, p: p.write_text(f"ffconcat version 1.0\nfile '{s['fast.mp4'].name}'\n"),
    "joined_absolute.mp4": lambda s, p: p.write_text(
        f"ffconcat version 1.0\nfile '{s['fast.mp4']}'\n"
    ),
    "dash.mp4": lambda s, p: p.write_text(_DASH),
    "session.sdp": lambda s, p: p.write_text(_SDP),
    # not files
    "folder.mp4": lambda s, p: p.mkdir(),
    "pipe.mp4": lambda s, p: os.mkfifo(p),
    "link.mp4": lambda s, p: p.symlink_to(s["fast.mp4"]),
    # refused by what they hold
    "magicyuv.avi": lambda s, p: media.write(p, [media.numbered(1)], codec="magicyuv"),
    "ffv1.mkv": lambda s, p: media.write(p, [media.numbered(1)], codec="ffv1"),
    "huge.mov": lambda s, p: media.write(
        p, [media.numbered(1, 8400, 16)], codec="mjpeg", pixels="yuvj420p"
    ),
    "tiny.mp4": lambda s, p: media.write(p, [media.numbered(1, 8, 8)], codec="mpeg4"),
}

_DASH = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT4S"
 minBufferTime="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>
<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1000">
<BaseURL>fast.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>
"""
_SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"


def _playlist(entry: object) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{entry}\n#EXT-X-ENDLIST\n"


def playlist_of_url(folder: Path, url: str) -> Path:
    """A playlist that names a URL."""
    path = folder / "remote.m3u8"
    path.write_text(_playlist(url))
    return path


def _grows(path: Path) -> None:
    """A broadcast whose pictures become larger after two seconds."""
    parts = []
    for begin, width, height in ((0, 320, 240), (50, 640, 480)):
        part = path.with_suffix(f".{begin}.ts")
        numbers = range(begin, begin + 50)
        frames = [media.numbered(n, width, height) for n in numbers]
        times = [n / 25 for n in numbers]
        media.write(part, frames, container="mpegts", times=times, options={"bf": "0"})
        parts.append(part.read_bytes())
        part.unlink()
    path.write_bytes(b"".join(parts))
