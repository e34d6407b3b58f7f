"""What files carry beside one video: other videos, pictures, subtitles, far too many tracks."""

import io
from pathlib import Path
from typing import Any

import av
import media
from av.stream import Disposition
from PIL import Image

from kinds import WHOLE, Fails, Kind, derived, drawn, surgery

_SUBTITLES = "1\n00:00:00,000 --> 00:00:03,000\nhello\n"
_SOUND_ALONE = Fails("no_video_stream")


def _two_videos(path: Path) -> None:
    """A small black video first, the numbered frames second and preferred."""
    with av.open(str(path), "w", options=media.SAME) as output:
        decoy, real = _track(output, "libx264", 64), _track(output)
        decoy.disposition, real.disposition = Disposition(0), Disposition.default
        for frame in media.clip():
            _put(output, decoy, 0 * media.numbered(0, 64, 64))
            _put(output, real, frame)
        _end(output, decoy, real)


def _after_pictures(path: Path, count: int, side: int, covers: bool) -> None:
    """Tracks of one picture each, then the numbered frames."""
    with av.open(str(path), "w", options=media.SAME) as output:
        stills = [_track(output, "mjpeg", side) for _ in range(count)]
        real = _track(output)
        for still in stills:
            if covers:
                still.disposition = Disposition.attached_pic
            _put(output, still, media.numbered(77, side, side))
        for frame in media.clip():
            _put(output, real, frame)
        _end(output, *stills, real)


def _track(output: Any, codec: str = "libx264", side: int | None = None) -> Any:
    stream = output.add_stream(codec, rate=media.FPS, options=media.steady(codec))
    stream.width, stream.height = side or 320, side or 240
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    stream.codec_context.thread_count = 1
    return stream


def _put(output: Any, stream: Any, frame: media.Pixels) -> None:
    output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))


def _end(output: Any, *streams: Any) -> None:
    for stream in streams:
        output.mux(stream.encode(None))


def _copied(path: Path, *tracks: tuple[Path, str]) -> None:
    """A Matroska file of tracks of others, with a picture and a font attached."""
    picture = io.BytesIO()
    Image.fromarray(media.numbered(77)).save(picture, "PNG")
    with av.open(str(path), "w", options=media.SAME) as output:
        films = [av.open(str(source)) for source, _ in tracks]
        streams = [
            next(s for s in f.streams if s.type == t[1]) for f, t in zip(films, tracks, strict=True)
        ]
        copies = [output.add_stream_from_template(stream) for stream in streams]
        output.add_attachment("cover.png", "image/png", picture.getvalue())
        output.add_attachment("font.ttf", "application/x-truetype-font", bytes(1000))
        for film, stream, copy in zip(films, streams, copies, strict=True):
            for packet in film.demux(stream):
                if packet.size:
                    packet.stream = copy
                    output.mux(packet)
            film.close()


def _subtitles_first(path: Path, film: Path) -> None:
    words = path.with_suffix(".srt")
    words.write_text(_SUBTITLES)
    _copied(path, (words, "subtitle"), (film, "audio"), (film, "video"))
    words.unlink()


KINDS: tuple[Kind, ...] = (
    Kind(
        "two_videos.mp4",
        "two videos, the second preferred",
        WHOLE,
        lambda s, p: _two_videos(p),
    ),
    Kind(
        "cover_first.mp4",
        "a cover picture before the video",
        WHOLE,
        lambda s, p: _after_pictures(p, 1, 640, covers=True),
    ),
    Kind(
        "subtitles_first.mkv",
        "subtitles and sound before the video, a picture and a font attached",
        WHOLE,
        lambda s, p: _subtitles_first(p, s["h264.mkv"]),
    ),
    Kind(
        "forty_tracks.mkv",
        "forty videos of one small picture before the real one",
        WHOLE,
        lambda s, p: _after_pictures(p, 40, 16, covers=False),
    ),
    derived(
        "many_tracks.mp4",
        "h264.mov",
        "1,100 tracks",
        Fails("out_of_memory"),
        surgery.many_tracks(1100),
    ),
    Kind("sound.m4a", "sound alone", _SOUND_ALONE, lambda s, p: media.write_sound(p)),
    Kind(
        "sound.mp4",
        "sound alone, by the name of a video",
        _SOUND_ALONE,
        lambda s, p: p.write_bytes(s["sound.m4a"].read_bytes() + b"\0\0\0\x08free"),
    ),
    Kind(
        "cover.m4a",
        "music with a cover picture",
        _SOUND_ALONE,
        lambda s, p: media.write_sound(p, cover=True),
    ),
    Kind(
        "cover.mka",
        "music with a picture attached",
        _SOUND_ALONE,
        lambda s, p: _copied(p, (s["sound.m4a"], "audio")),
    ),
    derived(
        "script_in_title.mkv",
        "h264.mkv",
        "a title that is a script",
        WHOLE,
        surgery.retitled(b"<script>alert(1"),
    ),
    derived(
        "titled_in_no_text.mkv",
        "h264.mkv",
        "a title that is no text",
        WHOLE,
        surgery.retitled(b"\xff\xfe\xc3("),
    ),
    drawn("long_title.mkv", "a title of ten million letters", title="x" * 10_000_000),
)
