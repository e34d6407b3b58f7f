"""Every container and codec that is accepted and has an encoder here: nothing odd about them.

Theora, VC-1, Windows Media 9 and the first version of Microsoft's MPEG-4 are accepted too, but
nothing at hand writes them.
"""

import media

from kinds import Kind, Read, drawn

QUICK_VP9 = {"cpu-used": "8", "deadline": "realtime", "b": "1M"}
QUICK_HEVC = {"preset": "ultrafast", "x265-params": "log-level=none"}
QUICK_AV1 = {"preset": "11"}
B_FRAMES = {"bf": "2", "b": "3M"}
CLEAR = {"b": "3M"}

_NO_END = "it cannot find the last frame"
_NO_RATE = "it cannot find the frame rate"
_NO_AV1 = "it has no AV1 decoder"
_ABSURD = "it reads absurd timestamps"
_EARLIER = "it returns earlier frames than asked for"
_TWELVE = "it never shows the first twelve frames"

KINDS: tuple[Kind, ...] = (
    drawn("h264.mp4", "H.264 and AAC, the index at the end", sound=4.8),
    drawn(
        "fast.mp4",
        "H.264, the index at the front",
        muxer={"movflags": "faststart"},
        options={"g": "25"},
    ),
    drawn(
        "fragmented.mp4",
        "H.264 in fragments, as cameras and streams write it",
        options={"g": "25"},
        muxer={"movflags": "frag_keyframe+empty_moov"},
    ),
    drawn("h264.mov", "H.264 in QuickTime"),
    drawn("h264.3g2", "H.264 as early phones kept it"),
    drawn("h264.mkv", "H.264 in Matroska", sound=4.8),
    drawn("h264.ts", "H.264 in a transport stream", container="mpegts", decord=_NO_END),
    drawn(
        "h264.m2ts",
        "H.264 as discs and camcorders keep it",
        container="mpegts",
        muxer={"mpegts_m2ts_mode": "1"},
        decord=_NO_END,
    ),
    drawn("h264.flv", "H.264 in Flash"),
    drawn(
        "h264.avi",
        "H.264 with B-frames in AVI, which has no place for their times",
        options={"bf": "2", "b_strategy": "0"},
        decord=_ABSURD,
    ),
    drawn("ten_bit.mp4", "H.264 with 10 bits", pixels="yuv420p10le"),
    drawn("full_colour.mp4", "H.264 with colour at full resolution (4:4:4)", pixels="yuv444p"),
    drawn("grey.mp4", "H.264 without colour", pixels="gray"),
    drawn("hevc.mp4", "HEVC", codec="libx265", options=QUICK_HEVC),
    drawn("vp8.webm", "VP8", codec="libvpx", options=CLEAR),
    drawn("vp9.webm", "VP9 and Opus", codec="libvpx-vp9", options=QUICK_VP9, sound=4.8),
    drawn("vp9.mp4", "VP9 in MP4", codec="libvpx-vp9", options=QUICK_VP9),
    drawn("vp8.ogv", "VP8 in Ogg", codec="libvpx", container="ogg", options=CLEAR, decord=_NO_RATE),
    drawn("av1.webm", "AV1", codec="libsvtav1", options=QUICK_AV1, decord=_NO_AV1),
    drawn(
        "av1.mp4",
        "AV1 with 10 bits in MP4",
        codec="libsvtav1",
        pixels="yuv420p10le",
        options=QUICK_AV1,
        decord=_NO_AV1,
    ),
    drawn(
        "mpeg4_b.mp4",
        "MPEG-4 Part 2 with B-frames",
        codec="mpeg4",
        options=B_FRAMES,
        decord="it returns later frames than asked for",
    ),
    drawn(
        "mpeg4_b.avi",
        "MPEG-4 Part 2 with B-frames in AVI, as DivX",
        codec="mpeg4",
        options=B_FRAMES,
        decord=_ABSURD,
    ),
    drawn("msmpeg4v2.avi", "Microsoft's MPEG-4, version 2", codec="msmpeg4v2", options=CLEAR),
    drawn("msmpeg4v3.avi", "Microsoft's MPEG-4, version 3", codec="msmpeg4", options=CLEAR),
    drawn("wmv1.asf", "Windows Media 7", codec="wmv1", options=CLEAR, decord=_EARLIER),
    drawn(
        "wmv2.wmv",
        "Windows Media 8",
        codec="wmv2",
        container="asf",
        options=CLEAR,
        decord=_EARLIER,
    ),
    drawn(
        "h263.3gp",
        "H.263, of the first phones with a camera",
        frames=lambda: media.clip(120, 352, 288),
        codec="h263",
        options=CLEAR,
    ),
    drawn(
        "mpeg2.ts",
        "MPEG-2 with B-frames, a broadcast",
        codec="mpeg2video",
        container="mpegts",
        options=B_FRAMES,
        decord=_TWELVE,
    ),
    drawn(
        "mpeg2.mpg",
        "MPEG-2 with B-frames, as on DVD",
        codec="mpeg2video",
        container="vob",
        options=B_FRAMES,
        decord=_ABSURD,
    ),
    drawn("mpeg1.mpg", "MPEG-1", codec="mpeg1video", options=CLEAR, decord=_ABSURD),
    drawn("flv1.flv", "Sorenson, of the first web videos", codec="flv", options=CLEAR),
    drawn("mjpeg.avi", "pictures in a row (MJPEG)", codec="mjpeg", pixels="yuvj420p"),
    drawn("mjpeg.mov", "MJPEG in QuickTime", codec="mjpeg", pixels="yuvj422p"),
    drawn("prores.mov", "ProRes, of editing programs", codec="prores_ks", pixels="yuv422p10le"),
    drawn(
        "animated.gif",
        "a GIF that moves",
        Read(1, 2.0, (0, 6, 12, 18, 25, 31, 37, 43)),
        frames=lambda: media.clip(50, 160, 120),
        codec="gif",
        pixels="rgb8",
        decord=_NO_RATE,
    ),
)
