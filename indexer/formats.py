"""Which containers and codecs are accepted, and which of them browsers play as they are.

Tables and a rule over names; knows neither a file nor a decoder.
"""

from dataclasses import dataclass
from typing import Literal

Plays = Literal["as_is", "remux", "transcode"]
"""How a browser plays a video: its own file, its pictures in a new file, or its pictures anew."""

# Containers that hold their own data. Playlists and scripts, which name other files, are not
# among them: without this list a decoder opens local files and asks URLs on their behalf.
CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,gif"

# A decoder is code that meets hostile bytes: only the common, well-tested ones.
CODECS = frozenset(
    {"h264", "hevc", "av1", "vp8", "vp9", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v1"}
    | {"msmpeg4v2", "msmpeg4v3", "h263", "mjpeg", "prores", "theora", "wmv1", "wmv2", "wmv3"}
    | {"vc1", "flv1", "gif"}
)

SOUND = frozenset(
    {"aac", "mp1", "mp2", "mp3", "ac3", "eac3", "opus", "vorbis", "flac", "alac", "wmav1", "wmav2"}
    | {"amrnb", "amrwb", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_swf", "nellymoser"}
    | {"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le", "pcm_u8"}
    | {"pcm_alaw", "pcm_mulaw", "pcm_bluray", "pcm_dvd"}
)
"""Sound that goes into a playable copy; a copy of a video with any other stays silent."""

SUPPORTED = frozenset(
    {".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts"}
    | {".mpg", ".mpeg", ".flv", ".wmv", ".asf", ".ogv", ".gif"}
)
"""Suffixes that folders are scanned for; an added file is judged by its content alone."""

# What the usual browsers play in which container; newer ones play AV1 and VP9 in MP4, too.
_PICTURES = {"mp4": {"h264", "vp9", "av1"}, "webm": {"vp8", "vp9", "av1"}}
_SOUND = {"mp4": {"aac", "mp3"}, "webm": {"opus", "vorbis"}}
_PIXELS = frozenset({"yuv420p", "yuvj420p", "yuva420p"})

COPIED_PICTURES = frozenset({"h264", "vp9", "av1"})
COPIED_SOUND = frozenset({"aac", "mp3"})
"""What goes into a playable copy (MP4) unchanged; everything else is encoded anew."""


@dataclass(frozen=True)
class Making:
    """How a file is made, as far as playing it is concerned.

    It is `tidy` if a browser can begin with its first bytes, its clock starts at 0, and it
    holds one video only.
    """

    container: str
    codec: str
    pixel_format: str
    sound: frozenset[str]
    interlaced: bool
    tidy: bool


def plays(file: Making) -> Plays:
    """How the usual browsers play such a file: 8-bit 4:2:0 pictures in a tidy web container."""
    if file.pixel_format not in _PIXELS or file.interlaced:
        return "transcode"
    at_home = file.codec in _PICTURES.get(file.container, ())
    if file.tidy and at_home and file.sound <= _SOUND[file.container]:
        return "as_is"
    return "remux" if file.codec in COPIED_PICTURES else "transcode"
