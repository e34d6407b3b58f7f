"""What is served as it is, what is copied into another container, what is encoded anew."""

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.formats import Making, plays
from indexer.video.boxes import begins_with_its_index

MP4 = Making("mp4", "h264", "yuv420p", frozenset({"aac"}), interlaced=False, tidy=True)
WEBM = replace(MP4, container="webm", codec="vp9", sound=frozenset({"opus"}))


@pytest.mark.parametrize(
    ("file", "how"),
    [
        (MP4, "as_is"),
        (replace(MP4, sound=frozenset()), "as_is"),
        (replace(MP4, pixel_format="yuvj420p"), "as_is"),
        (replace(MP4, codec="av1"), "as_is"),
        (WEBM, "as_is"),
        (replace(WEBM, codec="vp8", pixel_format="yuva420p"), "as_is"),
        (replace(MP4, tidy=False), "remux"),
        (replace(MP4, sound=frozenset({"aac", "ac3"})), "remux"),
        (replace(MP4, container="mov"), "remux"),
        (replace(MP4, container="flv"), "remux"),
        (replace(WEBM, container="matroska"), "remux"),
        (replace(WEBM, tidy=False), "remux"),
        (replace(WEBM, codec="vp8", tidy=False), "transcode"),
        (replace(MP4, pixel_format="yuv420p10le"), "transcode"),
        (replace(MP4, pixel_format="yuv444p", container="matroska"), "transcode"),
        (replace(MP4, interlaced=True), "transcode"),
        (replace(MP4, codec="hevc"), "transcode"),
        (replace(MP4, container="avi", codec="mpeg4"), "transcode"),
        (replace(MP4, container="gif", codec="gif", pixel_format="bgra"), "transcode"),
    ],
)
def test_how_a_browser_plays_it(file: Making, how: str) -> None:
    assert plays(file) == how


def boxes(*names: str, large: bool = False) -> bytes:
    """Boxes of 100 bytes each, with 64-bit sizes if `large`."""
    size = b"\0\0\0\1" if large else b"\0\0\0\x64"
    rest = (100).to_bytes(8, "big") + bytes(84) if large else bytes(92)
    return b"".join(size + name.encode() + rest for name in names)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    ("names", "first"),
    [
        (("ftyp", "moov", "mdat"), True),
        (("ftyp", "free", "moov", "free", "mdat", "mdat"), True),
        (("ftyp", "mdat", "moov"), False),
        (("ftyp", "moov", "moof", "mdat"), False),
        (("ftyp", "moov", "sidx", "moof", "mdat", "moof", "mdat"), False),
        (("ftyp",), False),
    ],
)
def test_where_the_index_of_an_mp4_is(names: tuple[str, ...], first: bool, large: bool) -> None:
    assert begins_with_its_index(io.BytesIO(boxes(*names, large=large))) == first


@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_confuse_it(noise: bytes, where: int) -> None:
    whole = boxes("ftyp", "moov", "mdat")
    confused = whole[:where] + noise + whole[where:]
    assert not begins_with_its_index(io.BytesIO(confused)) or b"moov" in confused


def test_a_file_of_tiny_boxes_is_not_read_to_its_end() -> None:
    file = io.BytesIO(b"\0\0\0\x08free" * 100_000 + boxes("moov", "mdat"))
    assert not begins_with_its_index(file)
    assert file.tell() < 10_000
