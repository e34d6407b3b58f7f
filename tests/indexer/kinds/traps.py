"""Files that would have a careless reader open other files, or ask the network.

None of them may reach the canary or the address, whatever becomes of the file itself.
"""

import io
import struct

import media
from PIL import Image

from kinds import WHOLE, Fails, Kind, content, surgery
from kinds.surgery import box

_UNKNOWN = Fails("not_a_video")
_REFUSED = Fails("container_not_allowed")
_NOTHING = Fails("nothing_decodable")


def hls(entry: object, before: str = "") -> str:
    """An HLS playlist of one entry."""
    return (
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n"
        f"{before}#EXTINF:5,\n{entry}\n#EXT-X-ENDLIST\n"
    )


def _dash(entry: object, before: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{before}<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
        ' mediaPresentationDuration="PT4S" minBufferTime="PT1S"'
        ' profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet'
        ' mimeType="video/mp4"><Representation id="1" bandwidth="1000">'
        f"<BaseURL>{entry}</BaseURL></Representation></AdaptationSet></Period></MPD>\n"
    )


def _joined(entry: object) -> str:
    return f"ffconcat version 1.0\nfile '{entry}'\n"


_SESSION = (
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
)


def _reference(url: str) -> bytes:
    """A QuickTime reference movie: no video, but a place to ask for one."""
    text = url.encode() + b"\0"
    place = box(b"rdrf", bytes(4), b"url ", struct.pack(">I", len(text)), text)
    index = box(b"moov", box(b"rmra", box(b"rmda", place)))
    return box(b"ftyp", b"qt  ", bytes(4), b"qt  ") + index


_DREF = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref")


def _elsewhere(film: bytes, kind: bytes, place: bytes) -> bytes:
    """A QuickTime file whose index says that its pictures lie elsewhere."""
    return surgery.with_body(film, _DREF, struct.pack(">II", 0, 1) + box(kind, bytes(4), place))


def _alias(target: str) -> bytes:
    """A Macintosh alias record, by which QuickTime names other files."""
    name, path = target.rsplit("/", 1)[-1].encode(), target.encode()
    record = struct.pack(">4xHHH", 150, 2, 0) + bytes([8]) + b"Macintos".ljust(27, b"\0")
    record += bytes(12) + bytes([len(name)]) + name.ljust(63, b"\0") + bytes(16)
    record += struct.pack(">hh16x", 1, 1)
    for kind, text in ((2, path.replace(b"/", b":")), (18, path)):
        record += struct.pack(">hH", kind, len(text)) + text + bytes(len(text) % 2)
    return record + struct.pack(">hH", -1, 0)


def _chunk(kind: bytes, *body: bytes) -> bytes:
    joined = b"".join(body)
    return kind + struct.pack("<I", len(joined)) + joined + bytes(len(joined) % 2)


def _track(kind: bytes, codec: bytes, width: int, height: int, format: bytes) -> bytes:
    header = struct.pack("<4s4s12xIIII", kind, codec, 1, media.FPS, 0, 120)
    header += struct.pack("<IIIHHHH", 10**6, 2**32 - 1, 0, 0, 0, width, height)
    return _chunk(b"LIST", b"strl", _chunk(b"strh", header), _chunk(b"strf", format))


def _gab2(subtitles: str) -> bytes:
    """An AVI of JPEGs with subtitles inside (GAB2): readers open those as a file of their own."""
    pictures = []
    for number in range(120):
        buffer = io.BytesIO()
        Image.fromarray(media.numbered(number)).save(buffer, "JPEG", quality=80)
        pictures.append(_chunk(b"00dc", buffer.getvalue()))
    main = struct.pack("<10I16x", 40_000, 10**6, 0, 0x10, 120, 0, 2, 10**6, 320, 240)
    format = struct.pack("<IiiHH4s20x", 40, 320, 240, 1, 24, b"MJPG")
    header = _chunk(
        b"LIST",
        b"hdrl",
        _chunk(b"avih", main),
        _track(b"vids", b"MJPG", 320, 240, format),
        _track(b"txts", bytes(4), 0, 0, b""),
    )
    name, text = "subtitles\0".encode("utf-16le"), subtitles.encode()
    words = b"GAB2\0" + struct.pack("<HI", 2, len(name)) + name + struct.pack("<HI", 4, len(text))
    film = _chunk(b"LIST", b"movi", _chunk(b"01tx", words + text), *pictures)
    return _chunk(b"RIFF", b"AVI ", header, film)


KINDS: tuple[Kind, ...] = (
    content("list.m3u8", "an HLS playlist of a file", _REFUSED, lambda s: hls(s.canary)),
    content("list.mp4", "the same by the name of a video", _REFUSED, lambda s: hls(s.canary)),
    content("remote.m3u8", "an HLS playlist of a URL", _REFUSED, lambda s: hls(s.url)),
    content("remote.mp4", "the same by the name of a video", _REFUSED, lambda s: hls(s.url)),
    content(
        "key.m3u8",
        "an HLS playlist whose key and header are asked for",
        _REFUSED,
        lambda s: hls(
            s.canary, f'#EXT-X-KEY:METHOD=AES-128,URI="{s.url}"\n#EXT-X-MAP:URI="{s.url}"\n'
        ),
    ),
    content(
        "glued.m3u8",
        "an HLS playlist that glues a secret to a video",
        _REFUSED,
        lambda s: hls(f"concat:/etc/passwd|{s.canary}"),
    ),
    content(
        "master.m3u8",
        "an HLS playlist of playlists",
        _REFUSED,
        lambda s: f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n{s.url}\n",
    ),
    content("dash.mpd", "a DASH manifest of a URL", _REFUSED, lambda s: _dash(s.url)),
    content("dash.mp4", "a DASH manifest of a file", _REFUSED, lambda s: _dash(s.canary)),
    content(
        "entity.mp4",
        "a DASH manifest with an entity that is a file",
        _REFUSED,
        lambda s: _dash("&x;", f'<!DOCTYPE MPD [<!ENTITY x SYSTEM "file://{s.canary}">]>'),
    ),
    content("session.sdp", "a session to listen to (SDP)", _REFUSED, lambda s: _SESSION),
    content("session.mp4", "the same by the name of a video", _REFUSED, lambda s: _SESSION + "\n"),
    content(
        "joined.mp4",
        "ffconcat of a file beside it",
        _REFUSED,
        lambda s: _joined(s["beside.dat"].name),
    ),
    content(
        "joined_absolute.mp4",
        "ffconcat of a file by its full path",
        _REFUSED,
        lambda s: _joined(s.canary),
    ),
    content("joined_remote.mp4", "ffconcat of a URL", _REFUSED, lambda s: _joined(s.url)),
    content(
        "playlist.asx",
        "a Windows Media playlist",
        _REFUSED,
        lambda s: f'<asx version="3.0"><entry><ref href="{s.url}"/></entry></asx>',
    ),
    content(
        "playlist.wmv",
        "a Windows Media redirection",
        _REFUSED,
        lambda s: f"[Reference]\nRef1={s.url}?MSWMExt=.asf\n",
    ),
    content(
        "playlist.pls",
        "a playlist of Internet radio",
        _REFUSED,
        lambda s: f"[playlist]\nFile1={s.url}\nNumberOfEntries=1\nVersion=2\n",
    ),
    content("stream.strm", "a media centre's link", _UNKNOWN, lambda s: f"{s.url}\n"),
    content(
        "real.mov", "a link to a stream (RTSPtext)", _REFUSED, lambda s: f"RTSPtext\r{s.url}\r"
    ),
    content(
        "vector.mp4",
        "a drawing (SVG) with a picture from a URL",
        _REFUSED,
        lambda s: f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{s.url}"/></svg>',
    ),
    content(
        "script.mp4",
        "a script that names a file (AviSynth)",
        _UNKNOWN,
        lambda s: f'DirectShowSource("{s.canary}")\n',
    ),
    content(
        "reference.mov", "a QuickTime reference to a URL", _NOTHING, lambda s: _reference(s.url)
    ),
    Kind(
        "alias.mov",
        "QuickTime whose pictures lie in another file (alias)",
        _NOTHING,
        lambda s, p: p.write_bytes(
            _elsewhere(s["h264.mov"].read_bytes(), b"alis", _alias(str(s.canary)))
        ),
    ),
    Kind(
        "url.mov",
        "QuickTime said to lie at a URL: its own pictures are read",
        WHOLE,
        lambda s, p: p.write_bytes(
            _elsewhere(s["h264.mov"].read_bytes(), b"url ", s.url.encode() + b"\0")
        ),
    ),
    content(
        "gab2.avi",
        "AVI whose subtitles are a playlist of a file",
        WHOLE,
        lambda s: _gab2(hls(s.canary)),
    ),
    content(
        "gab2_remote.avi",
        "AVI whose subtitles are a playlist of a URL",
        WHOLE,
        lambda s: _gab2(hls(s.url)),
    ),
    Kind(
        "linked.mkv",
        "Matroska whose title is full of addresses",
        WHOLE,
        lambda s, p: media.write(p, title=f'<img src="{s.url}"> file://{s.canary}'),
    ),
)
