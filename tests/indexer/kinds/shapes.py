"""Sizes, sides, pixel shapes and colours that are not the usual ones."""

from fractions import Fraction

import media
import numpy as np

from kinds import DAMAGED, SHORT, Fails, Kind, Read, derived, drawn, surgery
from kinds.formats import QUICK_HEVC, QUICK_VP9

_FIFTHS = [n / 5 for n in range(20)]
_FEW = Read(1, 4.0, (0, 2, 5, 7, 10, 12, 15, 17))
_LIMIT = Fails("bad_dimensions")


def _few(name: str, what: str, width: int = 320, height: int = 240, **how: object) -> Kind:
    """Twenty frames, five a second: one window."""
    return drawn(
        name,
        what,
        _FEW,
        frames=lambda: media.clip(20, width, height),
        times=_FIFTHS,
        lasts=0.2,
        **how,
    )


def _held(turns: int) -> list[media.Pixels]:
    """Frames as a phone stores them that was held so that they must be turned so often."""
    return [np.ascontiguousarray(np.rot90(frame, -turns)) for frame in media.clip(20)]


def _flipped(axis: int) -> list[media.Pixels]:
    return [np.ascontiguousarray(np.flip(frame, axis)) for frame in media.clip(20)]


def _hdr(transfer: str) -> dict[str, str]:
    colours = f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
    return {**QUICK_HEVC, "x265-params": f"log-level=none:{colours}"}


KINDS: tuple[Kind, ...] = (
    *(
        drawn(
            f"phone{turn}.mp4",
            f"stored lying, to be turned by {turn} degrees",
            _FEW,
            frames=lambda turn=turn: _held(turn // 90),
            times=_FIFTHS,
            lasts=0.2,
            rotation=turn,
        )
        for turn in (90, 180, 270)
    ),
    _few("tilted.mp4", "to be turned by 20 degrees, which no player does", rotation=20),
    Kind(
        "mirrored.mp4",
        "to be mirrored, as cameras on the screen's side write it",
        _FEW,
        lambda s, p: surgery.mirrored(p, _flipped(1), _FIFTHS, (-1, 1)),
        decord="it does not mirror",
    ),
    Kind(
        "upside_down.mp4",
        "to be mirrored top to bottom",
        _FEW,
        lambda s, p: surgery.mirrored(p, _flipped(0), _FIFTHS, (1, -1)),
        decord="it does not mirror",
    ),
    drawn(
        "wide_pixels.mp4",
        "pixels that are not square",
        SHORT,
        frames=lambda: media.clip(30, 360, 288),
        aspect=Fraction(16, 11),
    ),
    _few(
        "absurd_pixels.mp4", "pixels said to be 1000 times wider than high", aspect=Fraction(1000)
    ),
    drawn(
        "narrow.mp4",
        "48 x 480",
        SHORT,
        frames=lambda: media.clip(30, 48, 480),
    ),
    _few("narrow16.mp4", "16 x 1080", 16, 1080, options={"crf": "5"}),
    _few("flat.mp4", "4096 x 16", 4096, 16),
    _few(
        "smallest.mp4",
        "16 x 16, the smallest accepted",
        16,
        16,
        pixels="yuv444p",
        options={"crf": "1"},
    ),
    _few("odd.mp4", "321 x 241", 321, 241, pixels="yuv444p"),
    _few(
        "odd.webm",
        "321 x 241 with half the colour",
        321,
        241,
        codec="libvpx-vp9",
        options=QUICK_VP9,
    ),
    drawn(
        "two_by_two.avi",
        "2 x 2",
        _LIMIT,
        frames=lambda: media.clip(10, 2, 2),
        codec="mjpeg",
        pixels="yuvj420p",
    ),
    drawn("tiny.mp4", "8 x 8", _LIMIT, frames=lambda: media.clip(10, 8, 8), codec="mpeg4"),
    drawn(
        "eight_k.mp4",
        "7680 x 4320, one frame",
        Read(1, 0.04, (9,) * 8),
        frames=lambda: [media.numbered(9, 7680, 4320)],
        options={"preset": "ultrafast"},
    ),
    drawn(
        "huge.mov",
        "8400 x 16",
        _LIMIT,
        frames=lambda: [media.numbered(1, 8400, 16)],
        codec="mjpeg",
        pixels="yuvj420p",
    ),
    derived(
        "sixteen_k.mov",
        "mjpeg.mov",
        "a header and pictures that say 16,000 x 16,000",
        _LIMIT,
        lambda film: surgery.swollen_header(surgery.swollen_pictures(film, 16_000), 16_000),
    ),
    derived(
        "swollen.mov",
        "mjpeg.mov",
        "pictures that turn out to be 16,000 x 16,000",
        Fails("nothing_decodable"),
        lambda film: surgery.swollen_pictures(film, 16_000),
    ),
    derived(
        "swollen.webm",
        "vp8.webm",
        "VP8 whose pictures turn out to be 16,383 x 16,383",
        Fails("nothing_decodable"),
        surgery.swollen_vp8,
    ),
    derived(
        "swollen.gif",
        "animated.gif",
        "a GIF that says 65,535 x 65,535",
        Fails("nothing_decodable"),
        lambda film: film[:6] + b"\xff\xff\xff\xff" + film[10:],
    ),
    Kind(
        "grows.ts",
        "pictures that become larger on the way",
        Read(1, 4.0, (0, 12, 25, 37, 50, 62, 75, 87), DAMAGED),
        lambda s, p: surgery.two_broadcasts(p, 50, (640, 480), since=2.0),
        decord="it says nothing of damage",
    ),
    Kind(
        "shrinks.webm",
        "pictures that become smaller on the way",
        Read(2, 4.8, (0, 12, 25, 37, 50, 62, 75, 87, 100, 112)),
        lambda s, p: surgery.two_encodings(p, (160, 120), codec="libvpx", options={"b": "3M"}),
    ),
    drawn("interlaced.mp4", "interlaced", options={"x264-params": "interlaced=1:tff=1"}),
    drawn(
        "interlaced.ts",
        "interlaced MPEG-2, a broadcast",
        codec="mpeg2video",
        container="mpegts",
        options={"flags": "+ildct+ilme", "b": "3M"},
        decord="it never shows the first twelve frames",
    ),
    drawn(
        "hdr_pq.mp4",
        "HDR (PQ) with 10 bits: read as it is, without tone mapping",
        codec="libx265",
        pixels="yuv420p10le",
        options=_hdr("smpte2084"),
    ),
    drawn(
        "hdr_hlg.mp4",
        "HDR (HLG) with 10 bits",
        codec="libx265",
        pixels="yuv420p10le",
        options=_hdr("arib-std-b67"),
    ),
    drawn("full_range.mp4", "brightness over the full range", pixels="yuvj420p"),
    drawn(
        "alpha.webm",
        "VP9 that is partly transparent",
        codec="libvpx-vp9",
        pixels="yuva420p",
        options=QUICK_VP9,
    ),
    drawn(
        "alpha.mov",
        "ProRes that is partly transparent",
        SHORT,
        frames=lambda: media.clip(30),
        codec="prores_ks",
        pixels="yuva444p10le",
    ),
)
