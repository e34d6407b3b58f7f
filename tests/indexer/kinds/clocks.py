"""Clocks of every sort: late, lying, overflowing, very fast or slow, or missing."""

from dataclasses import replace

import media

from kinds import DAMAGED, SHORT, WHOLE, Fails, Kind, Read, derived, drawn, surgery
from kinds.formats import QUICK_VP9

_TICKS = [n / 25 for n in range(120)]
# Every seventh frame or so is missing, and all of 20 to 49.
_KEPT = [n for n in range(120) if not 20 <= n < 50 and n % 7 not in (3, 4)]
_THINNED = Read(2, 4.8, (0, 12, 19, 19, 50, 62, 75, 86, 100, 112))
_NO_END = "it cannot find the last frame"

KINDS: tuple[Kind, ...] = (
    drawn(
        "long_gop.mp4",
        "one whole picture in 120, B-frames between",
        Read(5, 12.0, tuple(25 * half // 2 for half in range(24))),
        frames=lambda: media.clip(300),
        options={"g": "120", "bf": "3"},
    ),
    drawn(
        "long_gop.ts",
        "the same in a transport stream",
        Read(5, 12.0, tuple(25 * half // 2 for half in range(24))),
        frames=lambda: media.clip(300),
        container="mpegts",
        options={"g": "120", "bf": "3"},
        decord="it returns other frames than asked for",
    ),
    drawn(
        "open_gop.mp4",
        "pictures that lean on those before the next whole one (open GOP)",
        options={"x264-params": "keyint=24:min-keyint=24:bframes=3:open-gop=1:scenecut=0"},
    ),
    drawn("intra.mp4", "every picture whole", options={"g": "1"}),
    drawn("start10.mkv", "a clock that starts at ten seconds", times=[10 + t for t in _TICKS]),
    drawn(
        "start10.ts",
        "a broadcast whose clock starts at ten seconds",
        container="mpegts",
        times=[10 + t for t in _TICKS],
        decord=_NO_END,
    ),
    drawn(
        "epoch.mkv",
        "a clock that counts from 1970",
        times=[1.7e9 + t for t in _TICKS],
        decord="it ends by SIGABRT",
    ),
    drawn(
        "wraps.ts",
        "a broadcast whose clock overflows on the way",
        container="mpegts",
        times=[95_441.717 + t for t in _TICKS],
        decord=_NO_END,
    ),
    derived(
        "no_times.ts",
        "plain.ts",
        "a broadcast that does not say when anything is shown",
        WHOLE,
        surgery.without_times,
        decord="it cannot find the frame rate",
    ),
    drawn("plain.ts", "H.264 without B-frames", container="mpegts", options={"bf": "0"}),
    Kind(
        "restarts.ts",
        "two recordings in one file, the clock starting anew",
        Read(2, 4.8, WHOLE.numbers, DAMAGED),
        lambda s, p: surgery.two_broadcasts(p, 60, (320, 240), since=0.0),
        decord="it mixes the two recordings up",
    ),
    drawn(
        "jumps.ts",
        "a recording that stood still for a minute, which is left out",
        WHOLE,
        container="mpegts",
        times=[t + 60 * (t >= 2.4) for t in _TICKS],
        decord="it cannot find the frame rate",
    ),
    drawn(
        "late_picture.mp4",
        "sound a second before the pictures",
        Read(2, 5.8, (0, 0, *WHOLE.numbers)),
        times=[1 + t for t in _TICKS],
        sound=5.8,
        decord="it forgets that the sound begins first",
    ),
    drawn(
        "long_sound.mkv",
        "sound that goes on after the pictures",
        SHORT,
        frames=lambda: media.clip(30),
        sound=4.8,
    ),
    derived(
        "edit_list.mp4",
        "h264_silent.mp4",
        "the first second cut off by an edit list, as editors and phones do",
        Read(1, 3.8, (25, 37, 50, 62, 75, 87, 100, 112)),
        surgery.trimmed(1.0, 12_800),
        decord="it shows frames twice at the end",
    ),
    drawn("h264_silent.mp4", "H.264 without sound"),
    drawn(
        "before_zero.mp4",
        "two seconds that lie before zero",
        Read(1, 2.8, (50, 58, 67, 76, 85, 93, 102, 111)),
        times=[t - 2 for t in _TICKS],
        muxer={"avoid_negative_ts": "disabled"},
        decord="it shows frames twice at the end",
    ),
    drawn(
        "negative_offsets.mp4",
        "pictures that are shown before they are decoded (negative offsets)",
        muxer={"movflags": "negative_cts_offsets"},
        options={"bf": "3"},
    ),
    drawn(
        "vfr.mp4",
        "frames now and then, with a gap (variable frame rate)",
        replace(_THINNED, seconds=4.88),
        frames=lambda: [media.numbered(n) for n in _KEPT],
        times=[n / 25 for n in _KEPT],
    ),
    drawn(
        "vfr.webm",
        "the same in WebM",
        _THINNED,
        frames=lambda: [media.numbered(n) for n in _KEPT],
        times=[n / 25 for n in _KEPT],
        codec="libvpx-vp9",
        options=QUICK_VP9,
    ),
    drawn(
        "slides.mp4",
        "a picture every two seconds",
        Read(2, 6.0, (0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2)),
        frames=lambda: media.clip(3),
        times=[0, 2, 4],
        lasts=2,
        options={"bf": "0"},
    ),
    drawn(
        "one_fifth.mp4",
        "a picture every five seconds",
        Read(14, 30.0, tuple(half // 10 for half in range(60))),
        frames=lambda: media.clip(6),
        times=[0, 5, 10, 15, 20, 25],
        lasts=5,
        options={"bf": "0"},
    ),
    drawn(
        "fast240.mp4",
        "240 pictures a second",
        Read(1, 4.0, tuple(range(0, 960, 120))),
        frames=lambda: media.clip(960, 96, 64),
        times=[n / 240 for n in range(960)],
        lasts=1 / 240,
        options={"preset": "ultrafast"},
    ),
    drawn(
        "one_frame.mp4", "a single picture", Read(1, 0.04, (7,) * 8), lambda: [media.numbered(7)]
    ),
    drawn(
        "two_frames.mp4", "two pictures", Read(1, 0.08, (0,) * 4 + (1,) * 4), lambda: media.clip(2)
    ),
    drawn("short.mp4", "shorter than a window", SHORT, lambda: media.clip(30)),
    Kind(
        "same_time.mkv",
        "every picture at the same moment",
        Read(1, 0.0, None),
        lambda s, p: surgery.remuxed(s["mjpeg.avi"], p, lambda n: 0),
        decord="it cannot find the frame rate",
    ),
    derived(
        "endless_by_header.mp4",
        "fast.mp4",
        "a header that promises 46 hours for 4.8 s",
        WHOLE,
        surgery.patched(b"mdhd", 16, ">I", 2**31 - 1),
    ),
    derived(
        "timeless_by_header.mp4",
        "fast.mp4",
        "a header that promises no time at all",
        WHOLE,
        surgery.patched(b"mdhd", 16, ">I", 0),
    ),
    derived(
        "one_long_frame.mp4",
        "vfr.mp4",
        "a picture that stays for six and a half hours",
        Fails("too_long"),
        surgery.patched(b"stts", 12, ">I", 2**31 - 1),
    ),
    drawn(
        "seven_hours.mp4",
        "seven hours: longer than is accepted",
        Fails("too_long"),
        frames=lambda: media.clip(7),
        times=[3600 * n for n in range(7)],
        lasts=3600,
        options={"bf": "0"},
    ),
    drawn(
        "two_hours.mp4",
        "two hours",
        Read(3599, 7200.0, tuple(half // 20 for half in range(14_400))),
        frames=lambda: media.clip(720, 96, 64),
        times=[10 * n for n in range(720)],
        lasts=10,
        options={"bf": "0"},
        slow=True,
    ),
)
