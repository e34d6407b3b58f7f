"""Files that are no videos, and videos in containers or codecs that are not accepted."""

import io

import av
import media
import numpy as np
from PIL import Image

from kinds import Fails, Kind, Read, content, drawn
from kinds.formats import B_FRAMES, QUICK_HEVC

_UNKNOWN = Fails("not_a_video")
_OTHER_FILE = Fails("container_not_allowed")
_OTHER_CODEC = Fails("codec_not_allowed")


def _picture(format: str, **how: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(media.numbered(1)).save(buffer, format, **how)
    return buffer.getvalue()


def _moving(format: str) -> bytes:
    second = Image.fromarray(media.numbered(2))
    return _picture(format, save_all=True, append_images=[second])


def _sound(codec: str, container: str) -> bytes:
    """A second of a tone."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, options=media.SAME) as output:
        track = output.add_stream(codec, rate=48_000)
        wave = (8000 * np.sin(np.arange(48_000) * 0.05)).astype(np.int16)
        tone = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        tone.sample_rate = 48_000
        size = track.codec_context.frame_size or 1152
        fit = av.AudioResampler(track.format.name, track.layout.name, 48_000, size)
        for frame in (*fit.resample(tone), *fit.resample(None)):
            output.mux(track.encode(frame))
        output.mux(track.encode(None))
    return buffer.getvalue()


def _codec(name: str, codec: str, pixels: str, width: int = 320, height: int = 240) -> Kind:
    return drawn(
        name,
        f"a codec that is not accepted: {codec}",
        _OTHER_CODEC,
        frames=lambda: media.clip(5, width, height),
        codec=codec,
        pixels=pixels,
    )


def _container(name: str, what: str, codec: str, container: str, **how: object) -> Kind:
    return drawn(name, what, _OTHER_FILE, codec=codec, container=container, **how)


KINDS: tuple[Kind, ...] = (
    content("empty.mp4", "no bytes at all", Fails("empty_file"), lambda s: b""),
    content("random.mp4", "random bytes", _UNKNOWN, lambda s: media.noise(100_000)),
    content("zeros.mp4", "zeros", _UNKNOWN, lambda s: bytes(100_000)),
    content("text.mp4", "plain text", _UNKNOWN, lambda s: "hello\n" * 1000),
    content(
        "page.mp4",
        "a web page, as failed downloads leave it",
        _UNKNOWN,
        lambda s: "<!doctype html><html><body>404 Not Found</body></html>",
    ),
    content("answer.webm", "JSON", _UNKNOWN, lambda s: '{"error": "not found"}'),
    content("archive.mp4", "a ZIP archive", _UNKNOWN, lambda s: b"PK\3\4" + media.noise(5000)),
    content("document.mp4", "a PDF", _UNKNOWN, lambda s: b"%PDF-1.7\n" + media.noise(5000)),
    content(
        "program.mp4",
        "a program",
        _UNKNOWN,
        lambda s: b"\x7fELF\2\1\1" + bytes(9) + media.noise(5000),
    ),
    content(
        "subtitles.mp4",
        "subtitles",
        _OTHER_FILE,
        lambda s: "1\n00:00:00,000 --> 00:00:03,000\nhello\n",
    ),
    content("picture.png", "a picture", _OTHER_FILE, lambda s: _picture("PNG")),
    content(
        "picture.mp4", "a JPEG by the name of a video", _OTHER_FILE, lambda s: _picture("JPEG")
    ),
    content("picture.tiff", "a TIFF", _OTHER_FILE, lambda s: _picture("TIFF")),
    content("moving.webp", "a WebP that moves", _OTHER_FILE, lambda s: _moving("WEBP")),
    content("moving.png", "a PNG that moves", _OTHER_FILE, lambda s: _moving("PNG")),
    Kind(
        "still.gif",
        "a GIF that does not move: a tenth of a second of video",
        Read(1, 0.1, (1,) * 8),
        lambda s, p: p.write_bytes(_picture("GIF")),
        decord="it cannot find the frame rate",
    ),
    content("music.mp3", "music", _OTHER_FILE, lambda s: _sound("libmp3lame", "mp3")),
    content("music.wav", "sound", _OTHER_FILE, lambda s: _sound("pcm_s16le", "wav")),
    content(
        "music.ogg", "sound in Ogg", Fails("no_video_stream"), lambda s: _sound("libopus", "ogg")
    ),
    _container("raw.h264", "H.264 in no container", "libx264", "h264"),
    _container("raw.hevc", "HEVC in no container", "libx265", "hevc", options=QUICK_HEVC),
    _container("raw.ivf", "VP8 in IVF", "libvpx", "ivf"),
    _container("camera.mxf", "MXF, of broadcasters", "mpeg2video", "mxf", options=B_FRAMES),
    _container("real.rm", "RealMedia", "rv10", "rm"),
    _container("flash.swf", "a Flash program", "flv", "swf"),
    _container("nut.nut", "NUT", "mpeg4", "nut"),
    _codec("magicyuv.avi", "magicyuv", "gbrp"),
    _codec("ffv1.mkv", "ffv1", "yuv420p"),
    _codec("huffyuv.avi", "huffyuv", "yuv422p"),
    _codec("uncompressed.avi", "rawvideo", "yuv420p"),
    _codec("png.mov", "png", "rgb24"),
    _codec("jpeg2000.mov", "jpeg2000", "yuv420p"),
    _codec("dv.avi", "dvvideo", "yuv420p", 720, 576),
    _codec("qtrle.mov", "qtrle", "rgb24"),
    _codec("snow.avi", "snow", "yuv420p"),
)
