"""Cuts files open and sews them up as no program would write them.

Most functions take a file's bytes and return others; those with parameters return such a
function.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import av
import media

_VIDEO_PACKET = b"\0\0\1\xe0"  # begins a picture in a transport stream
_JPEG_SIZE = b"\xff\xc0\x00\x11"
_VP8_SIZE = b"\x9d\x01\x2a"
_SMALL = {"bf": "0", "g": "12"}  # groups of pictures


# --- bytes --------------------------------------------------------------------------------


def headless(size: int) -> media.Change:
    """All but the first `size` bytes."""
    return lambda film: film[size:]


def blank(since: float, until: float) -> media.Change:
    """Zeros between two places, given as shares of the whole."""

    def change(film: bytes) -> bytes:
        begin, end = int(len(film) * since), int(len(film) * until)
        return film[:begin] + bytes(end - begin) + film[end:]

    return change


def patched(box: bytes, offset: int, layout: str, *values: int) -> media.Change:
    """Other values at `offset` bytes into the body of an MP4 box."""

    def change(film: bytes) -> bytes:
        content = bytearray(film)
        struct.pack_into(layout, content, content.index(box) + len(box) + offset, *values)
        return bytes(content)

    return change


def retitled(title: bytes) -> media.Change:
    """A title that begins with other bytes: another file of the same video."""

    def change(film: bytes) -> bytes:
        begin = film.index(media.TITLE.encode())
        return film[:begin] + title + film[begin + len(title) :]

    return change


def trimmed(seconds: float, timescale: int) -> media.Change:
    """An MP4 whose edit list starts so much later, as editors trim videos."""

    def change(film: bytes) -> bytes:
        body = film.index(b"elst") + 4
        length, begin = struct.unpack_from(">Ii", film, body + 8)
        edit = (length - round(seconds * 1000), begin + round(seconds * timescale))
        return patched(b"elst", 8, ">Ii", *edit)(film)

    return change


def without_times(film: bytes) -> bytes:
    """A transport stream whose pictures no longer say when they are shown."""
    content = bytearray(film)
    for at in _places(film, _VIDEO_PACKET):
        length = content[at + 8]
        content[at + 7] &= 0x3F
        content[at + 9 : at + 9 + length] = b"\xff" * length
    return bytes(content)


def swollen_pictures(film: bytes, side: int) -> bytes:
    """JPEGs that say they are square and that large."""
    return _resized(film, _JPEG_SIZE, 5, ">HH", side)


def swollen_vp8(film: bytes) -> bytes:
    """VP8 pictures that say they are as large as VP8 can say."""
    return _resized(film, _VP8_SIZE, 3, "<HH", 16_383)


def swollen_header(film: bytes, side: int) -> bytes:
    """A QuickTime file of JPEGs whose header says that they are that large."""
    content = bytearray(film)
    at = content.index(b"jpeg", content.index(b"stsd"))
    struct.pack_into(">HH", content, at + 28, side, side)
    return bytes(content)


def _resized(film: bytes, mark: bytes, offset: int, layout: str, side: int) -> bytes:
    content = bytearray(film)
    for at in _places(film, mark):
        struct.pack_into(layout, content, at + offset, side, side)
    return bytes(content)


def _places(film: bytes, mark: bytes) -> Iterator[int]:
    at = film.find(mark)
    while at >= 0:
        yield at
        at = film.find(mark, at + 1)


# --- boxes of MP4 and QuickTime -----------------------------------------------------------


def box(kind: bytes, *body: bytes) -> bytes:
    """One box."""
    content = b"".join(body)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def places(film: bytes, *path: bytes) -> list[tuple[int, int]]:
    """Where the boxes on a path begin and end, the outermost first."""
    begin, end, found = 0, len(film), []
    for kind in path:
        begin, end = next((b, e) for k, b, e in _boxes(film, begin, end) if k == kind)
        found.append((begin, end))
        begin += 8
    return found


def _boxes(film: bytes, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while begin < end:
        size, kind = struct.unpack_from(">I4s", film, begin)
        yield kind, begin, begin + size
        begin += size


def with_body(film: bytes, path: Sequence[bytes], body: bytes) -> bytes:
    """Another body for one box, the others growing with it; the index must be at the end."""
    found = places(film, *path)
    begin, end = found[-1]
    content = bytearray(film)
    content[begin + 8 : end] = body
    for at, until in found:
        struct.pack_into(">I", content, at, until - at + len(content) - len(film))
    return bytes(content)


def many_tracks(count: int) -> media.Change:
    """An MP4 that has its track so many times."""

    def change(film: bytes) -> bytes:
        (begin, end), (first, last) = places(film, b"moov", b"trak")
        return with_body(film, [b"moov"], film[begin + 8 : end] + film[first:last] * (count - 1))

    return change


def endless_data(film: bytes) -> bytes:
    """An MP4 whose pictures are said to fill 4 EiB."""
    begin = film.index(b"free") - 4  # an empty box that writers leave for this very purpose
    return film[:begin] + struct.pack(">I4sQ", 1, b"mdat", 2**62) + film[begin + 16 :]


def nested(depth: int) -> bytes:
    """An MP4 of boxes in boxes."""
    boxes = b"".join(struct.pack(">I4s", 8 * level, b"moov") for level in range(depth, 0, -1))
    return box(b"ftyp", b"isom", bytes(4)) + boxes


def packed_index(size: int) -> bytes:
    """A QuickTime file whose index is packed zeros, said to unpack to 2 GiB."""
    packed = struct.pack(">I", 2**31 - 1) + zlib.compress(bytes(size), 9)
    index = box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", packed))
    return box(b"ftyp", b"qt  ", bytes(4), b"qt  ") + box(b"moov", index) + box(b"mdat", bytes(100))


def endless_segment(film: bytes) -> bytes:
    """A Matroska file that is said to be as long as can be said."""
    at = film.index(b"\x18\x53\x80\x67") + 4
    return film[:at] + b"\x01\xff\xff\xff\xff\xff\xff\xfe" + film[at + 8 :]


def endless_avi(film: bytes) -> bytes:
    """An AVI that claims as many pictures as can be said."""
    content = bytearray(film)
    for header, offset in ((b"avih", 24), (b"strh", 40)):
        struct.pack_into("<I", content, content.index(header) + offset, 2**32 - 1)
    return bytes(content)


# --- packets ------------------------------------------------------------------------------


def remuxed(source: Path, path: Path, stamp: Callable[[int], int]) -> None:
    """The same packets in another container, the n-th shown at `stamp(n)` ticks."""
    with av.open(str(path), "w", options=media.SAME) as output, av.open(str(source)) as film:
        stream = output.add_stream_from_template(film.streams.video[0])
        for number, packet in enumerate(film.demux(film.streams.video[0])):
            if packet.size:
                packet.pts = packet.dts = stamp(number)
                packet.stream = stream
                output.mux(packet)


def two_encodings(path: Path, size: tuple[int, int], **how: object) -> None:
    """Sixty frames, then sixty of another size, all under the header of the first."""
    offset, stream = 0, None
    with av.open(str(path), "w", options=media.SAME) as output:
        for begin, (width, height) in ((0, (320, 240)), (60, size)):
            part = path.with_suffix(f".{begin}{path.suffix}")
            frames = [media.numbered(n, width, height) for n in range(begin, begin + 60)]
            media.write(part, frames, **how)  # type: ignore[arg-type]
            with closing(av.open(str(part))) as film:
                stream = stream or output.add_stream_from_template(film.streams.video[0])
                for packet in film.demux(film.streams.video[0]):
                    if packet.size:
                        packet.pts += offset
                        packet.dts = packet.pts
                        packet.stream = stream
                        output.mux(packet)
                        end = packet.pts + packet.duration
            offset = end
            part.unlink()


def two_broadcasts(path: Path, count: int, size: tuple[int, int], since: float) -> None:
    """Two broadcasts of `count` frames in one file, the second of another size, from `since`."""
    parts = []
    for begin, start, (width, height) in ((0, 0.0, (320, 240)), (count, since, size)):
        part = path.with_suffix(f".{begin}.part")
        frames = [media.numbered(n, width, height) for n in range(begin, begin + count)]
        times = [start + n / 25 for n in range(count)]
        media.write(part, frames, container="mpegts", times=times, options=_SMALL)
        parts.append(part.read_bytes())
        part.unlink()
    path.write_bytes(b"".join(parts))


def mirrored(
    path: Path, frames: Sequence[media.Pixels], times: Sequence[float], signs: tuple[int, int]
) -> None:
    """An MP4 that asks to be mirrored: `signs` are those of the two axes, -1 for a flip."""
    media.write(path, frames, times=times, lasts=0.2, rotation=90)  # makes room for a matrix
    across, down = (sign << 16 for sign in signs)
    matrix = (across, 0, 0, 0, down, 0, 0, 0, 1 << 30)
    path.write_bytes(patched(b"tkhd", 40, ">9i", *matrix)(path.read_bytes()))


def sparse(path: Path, size: int) -> None:
    """A large file that takes no room."""
    with path.open("wb") as file:
        file.truncate(size)
