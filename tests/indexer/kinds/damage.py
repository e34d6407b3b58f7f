"""Files that are cut off, scratched, overwritten, or have something else before or behind."""

import media

from kinds import WHOLE, Cut, Fails, Kind, Scratched, derived, surgery

_LOST = "it loses a damaged file whole"
_NO_RATE = "it cannot find the frame rate"
_NO_END = "it cannot find the last frame"
_ABSURD = "it reads absurd timestamps"
_TWELVE = "it never shows the first twelve frames"
_HALF = surgery.cut(0.5)

KINDS: tuple[Kind, ...] = (
    derived("cut.mp4", "fast.mp4", "cut in the middle", Cut(4.8), _HALF, _LOST),
    derived("cut_late.mp4", "fast.mp4", "cut near the end", Scratched(), surgery.cut(0.95), _LOST),
    derived(
        "cut_early.mp4",
        "fast.mp4",
        "cut within the first picture",
        Fails("nothing_decodable"),
        lambda film: film[: film.index(b"mdat") + 100],
    ),
    derived(
        "cut_fragments.mp4",
        "fragmented.mp4",
        "fragments, cut in the middle",
        Scratched(),
        _HALF,
        _LOST,
    ),
    derived("no_index.mp4", "h264.mp4", "cut before the index", Fails("truncated"), _HALF),
    derived(
        "half_index.mp4",
        "h264.mp4",
        "cut within the index, behind the pictures' part of it",
        WHOLE,
        lambda film: film[: film.rindex(b"trak") + 60],
    ),
    derived("cut.mov", "h264.mov", "QuickTime, cut before the index", Fails("truncated"), _HALF),
    derived("cut.mkv", "h264.mkv", "Matroska, cut in the middle", Cut(4.8), _HALF),
    derived(
        "cut_early.mkv", "h264.mkv", "Matroska, cut near the beginning", Cut(4.8), surgery.cut(0.05)
    ),
    derived("cut.webm", "vp9.webm", "WebM, cut in the middle", Cut(4.8), _HALF),
    derived("cut.avi", "mjpeg.avi", "AVI, cut in the middle", Cut(4.8), _HALF),
    derived("cut.flv", "flv1.flv", "Flash, cut in the middle", Cut(4.8), _HALF),
    derived(
        "cut.ts",
        "mpeg2.ts",
        "a broadcast, cut: it never says how long it will be",
        Cut(None),
        _HALF,
        _TWELVE,
    ),
    derived("cut_h264.ts", "h264.ts", "a broadcast of H.264, cut", Cut(None), _HALF, _NO_END),
    derived("cut.mpg", "mpeg1.mpg", "MPEG-1, cut", Cut(None), _HALF, _ABSURD),
    derived("cut.wmv", "wmv2.wmv", "Windows Media, cut", Cut(None), _HALF, _NO_RATE),
    derived("cut.ogv", "vp8.ogv", "Ogg, cut", Cut(None), _HALF, _NO_RATE),
    derived(
        "cut.gif",
        "animated.gif",
        "a GIF, cut",
        Cut(None),
        _HALF,
        _NO_RATE,
    ),
    derived(
        "forty_bytes.mp4",
        "fast.mp4",
        "the first forty bytes",
        Fails("nothing_decodable"),
        lambda film: film[:40],
    ),
    derived(
        "one_byte.mp4", "fast.mp4", "the first byte", Fails("not_a_video"), lambda film: film[:1]
    ),
    derived(
        "headless.ts",
        "mpeg2.ts",
        "a broadcast tuned in late",
        Scratched(48, silent=True),
        surgery.headless(188 * 200),
    ),
    derived(
        "headless.mpg",
        "mpeg1.mpg",
        "MPEG-1 without its beginning",
        Scratched(48, silent=True),
        surgery.headless(30_000),
        _ABSURD,
    ),
    derived(
        "headless.mkv",
        "h264.mkv",
        "Matroska without its beginning",
        Fails("not_a_video"),
        surgery.headless(30_000),
    ),
    derived(
        "scratched.mp4",
        "fast.mp4",
        "wrong bits in H.264",
        Scratched(),
        surgery.scratched(2000),
        _LOST,
    ),
    derived(
        "scratched.ts",
        "mpeg2.ts",
        "wrong bits in a broadcast of MPEG-2",
        Scratched(),
        surgery.scratched(3000, 2000),
        _LOST,
    ),
    derived(
        "scratched_h264.ts",
        "h264.ts",
        "wrong bits in a broadcast of H.264",
        Scratched(),
        surgery.scratched(3000, 2000),
        _LOST,
    ),
    derived(
        "scratched_hevc.mp4",
        "hevc.mp4",
        "wrong bits in HEVC",
        Scratched(),
        surgery.scratched(2000),
        _LOST,
    ),
    derived(
        "scratched.webm",
        "vp9.webm",
        "wrong bits in VP9",
        Scratched(),
        surgery.scratched(2000, 2000),
        _LOST,
    ),
    derived(
        "scratched_vp8.webm",
        "vp8.webm",
        "wrong bits in VP8, which nobody notices",
        Scratched(silent=True),
        surgery.scratched(2000, 2000),
    ),
    derived(
        "scratched_av1.webm",
        "av1.webm",
        "wrong bits in AV1",
        Scratched(),
        surgery.scratched(2000),
        "it has no AV1 decoder",
    ),
    derived(
        "scratched.avi",
        "mjpeg.avi",
        "wrong bits in MJPEG",
        Scratched(),
        surgery.scratched(2000),
        _LOST,
    ),
    derived(
        "scratched.wmv",
        "wmv2.wmv",
        "wrong bits in Windows Media",
        Scratched(),
        surgery.scratched(3000),
    ),
    derived(
        "scratched.flv", "flv1.flv", "wrong bits in Flash", Scratched(), surgery.scratched(3000)
    ),
    derived(
        "scratched_badly.mp4",
        "fast.mp4",
        "a wrong bit in twenty bytes",
        Scratched(),
        surgery.scratched(20),
        _LOST,
    ),
    derived(
        "scratched_index.mp4",
        "fast.mp4",
        "wrong bits in the index",
        Scratched(None),
        surgery.scratched(97, 200, 3000),
        _LOST,
    ),
    derived(
        "mostly_damaged.mp4",
        "fast.mp4",
        "noise in place of most pictures",
        Fails("corrupt"),
        surgery.noise_after(0.15),
        _LOST,
    ),
    derived(
        "all_damaged.mp4",
        "fast.mp4",
        "noise in place of all pictures",
        Fails("nothing_decodable"),
        surgery.noise_after(0.0),
    ),
    derived(
        "hole.mp4", "fast.mp4", "zeros in the middle", Scratched(), surgery.blank(0.4, 0.6), _LOST
    ),
    derived(
        "hole.ts",
        "h264.ts",
        "zeros in the middle of a broadcast",
        Scratched(),
        surgery.blank(0.4, 0.6),
        _LOST,
    ),
    derived(
        "hole.mkv",
        "h264.mkv",
        "zeros in the middle of Matroska, which is not read beyond them",
        Cut(4.8),
        surgery.blank(0.4, 0.6),
    ),
    Kind(
        "first_header.mkv",
        "two recordings joined under the header of the first",
        Scratched(),
        lambda s, p: surgery.two_encodings(p, (640, 480), options={"bf": "0"}),
    ),
    derived(
        "no_header.mp4",
        "fast.mp4",
        "a decoder's header that is noise",
        Fails("nothing_decodable"),
        lambda film: film.replace(film[film.index(b"avcC") + 4 :][:40], media.noise(40)),
    ),
    derived(
        "noise_before.mp4",
        "fast.mp4",
        "noise before MP4",
        Fails("not_a_video"),
        lambda film: media.noise(1000) + film,
    ),
    derived(
        "noise_before.ts",
        "plain.ts",
        "noise before a broadcast",
        WHOLE,
        lambda film: media.noise(1000) + film,
    ),
    derived(
        "noise_after.mp4",
        "h264.mp4",
        "noise behind MP4",
        WHOLE,
        lambda film: film + media.noise(50_000),
    ),
    derived(
        "noise_after.mkv",
        "h264.mkv",
        "noise behind Matroska",
        WHOLE,
        lambda film: film + media.noise(50_000),
    ),
    derived(
        "page_after.mp4",
        "h264.mp4",
        "a web page behind MP4",
        WHOLE,
        lambda film: film + b"<html>" * 1000,
    ),
    derived(
        "twice.mp4",
        "fast.mp4",
        "one file twice over: its first half counts",
        WHOLE,
        lambda film: film + film,
    ),
)
