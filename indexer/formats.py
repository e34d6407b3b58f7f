"""Which containers and codecs are accepted, and which of them browsers play as they are.

Tables and a rule over names; knows neither a file nor a decoder.
"""

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

SUPPORTED = frozenset(
    {".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts"}
    | {".mpg", ".mpeg", ".flv", ".wmv", ".asf", ".ogv", ".gif"}
)
"""Suffixes that folders are scanned for; an added file is judged by its content alone."""

_PICTURES = {"mp4": {"h264"}, "mov": {"h264"}, "webm": {"vp8", "vp9", "av1"}}
_SOUND = {"mp4": {"aac", "mp3"}, "mov": {"aac", "mp3"}, "webm": {"opus", "vorbis"}}
_PIXELS = frozenset({"yuv420p", "yuvj420p", "yuva420p"})


def browser_playable(container: str, codec: str, pixel_format: str, sound: set[str]) -> bool:
    """Whether the usual browsers play such a file unchanged: 8-bit 4:2:0 in a web container."""
    return (
        codec in _PICTURES.get(container, ())
        and pixel_format in _PIXELS
        and sound <= _SOUND[container]
    )
