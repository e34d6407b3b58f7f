"""A picture of every kind becomes what a person sees; what is none is refused in words."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import media
import numpy as np
import pytest
from PIL import Image

from indexer.errors import VideoError
from indexer.reader import read_still

SIDE = 32
DRAWN = media.quarters(200, 120)
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
UPRIGHT = (RED, GREEN, BLUE, WHITE)
GREY = tuple((level,) * 3 for level in (76, 150, 29, 255))


def transparent() -> Image.Image:
    """The quarters, the red one gone, the blue one half."""
    alpha = np.full(DRAWN.shape[:2], 255, np.uint8)
    alpha[:60, :100], alpha[60:, :100] = 0, 128
    picture = Image.fromarray(DRAWN).convert("RGBA")
    picture.putalpha(Image.fromarray(alpha))
    return picture


def turned(orientation: int) -> Any:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def plain(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(DRAWN).convert(mode)


def deep() -> Image.Image:
    """16 bits of grey."""
    return Image.fromarray(np.asarray(plain("L")).astype(np.uint16) * 257)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def corners(path: Path, resize: Any = "squash") -> np.ndarray:
    """The colours of the four quarters of what the model gets."""
    sample = read_still(path, pixels=SIDE, resize=resize)
    assert sample is not None
    assert (sample.index, sample.time) == (0, 0.0)
    assert (sample.pixels.shape, sample.pixels.dtype) == ((SIDE, SIDE, 3), np.uint8)
    return sample.pixels[[6, 6, -6, -6], [6, -6, 6, -6]].astype(int)


HALF_BLUE = (127, 127, 255)
KINDS: dict[str, tuple[Callable[[], bytes], Any]] = {
    "PNG": (lambda: saved(plain(), "PNG"), UPRIGHT),
    "JPEG": (lambda: saved(plain(), "JPEG", quality=95), UPRIGHT),
    "WebP": (lambda: saved(plain(), "WEBP"), UPRIGHT),
    "BMP": (lambda: saved(plain(), "BMP"), UPRIGHT),
    "AVIF": (lambda: saved(plain(), "AVIF"), UPRIGHT),
    "CMYK": (lambda: saved(plain("CMYK"), "JPEG", quality=95), UPRIGHT),
    "palette": (lambda: saved(plain().quantize(8), "PNG"), UPRIGHT),
    "grey": (lambda: saved(plain("L"), "PNG"), GREY),
    "16 bits": (lambda: saved(deep(), "PNG"), GREY),
    "transparent": (lambda: saved(transparent(), "PNG"), (WHITE, GREEN, HALF_BLUE, WHITE)),
    "transparent WebP": (
        lambda: saved(transparent(), "WEBP", lossless=True),
        (WHITE, GREEN, HALF_BLUE, WHITE),
    ),
    "a palette with a hole": (
        lambda: saved(few := plain().quantize(8), "PNG", transparency=few.getpixel((5, 5))),
        (WHITE, GREEN, BLUE, WHITE),
    ),
    "turned": (
        lambda: saved(plain(), "JPEG", quality=95, exif=turned(6)),
        (BLUE, RED, WHITE, GREEN),
    ),
    "mirrored": (
        lambda: saved(plain(), "JPEG", quality=95, exif=turned(2)),
        (GREEN, RED, WHITE, BLUE),
    ),
    "several pictures": (
        lambda: saved(plain(), "WEBP", save_all=True, append_images=[plain("L").convert("RGB")]),
        UPRIGHT,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_every_kind_is_read_as_it_is_seen(tmp_path: Path, kind: str) -> None:
    make, colours = KINDS[kind]
    path = tmp_path / "query.mp4"  # a name says nothing
    path.write_bytes(make())
    assert np.abs(corners(path) - colours).max() <= 12


def test_a_picture_is_cropped_where_videos_are(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    frame = np.zeros((100, 300, 3), np.uint8)
    frame[:, 100:200] = media.quarters(100, 100)
    Image.fromarray(frame).save(path)
    assert np.abs(corners(path, "crop") - UPRIGHT).max() <= 12
    assert not np.abs(corners(path, "squash")).any()


def test_people_see_it_whole_and_in_its_true_aspect(tmp_path: Path) -> None:
    path = tmp_path / "tall.png"
    plain().rotate(90, expand=True).save(path)
    sample = read_still(path, pixels=SIDE, resize="crop")
    assert sample is not None
    poster = Image.open(BytesIO(sample.thumbnail or b""))
    assert (poster.format, poster.size) == ("JPEG", (320, 533))


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (5000, 2)])
def test_odd_shapes_are_pictures_too(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "odd.png"
    Image.new("RGB", size, RED).save(path)
    assert np.abs(corners(path) - RED).max() == 0


@pytest.mark.parametrize("kind", ["mp4", "gif"])
def test_what_moves_is_no_picture(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"query.{kind}"
    if kind == "gif":
        plain().save(path, save_all=True, append_images=[plain("L")])
    else:
        media.write(path, media.clip(5))
    assert read_still(path, pixels=SIDE) is None


def bomb(width: int, height: int) -> bytes:
    """A grey PNG of one row that claims to have `height`."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(1 + width), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb": (lambda: bomb(20_000, 20_000), "bad_dimensions"),
    "a long line": (lambda: bomb(70_000, 1), "bad_dimensions"),
    "cut JPEG": (lambda: saved(plain(), "JPEG")[:900], "picture_damaged"),
    "cut PNG": (lambda: saved(plain(), "PNG")[:60], "picture_damaged"),
    "cut WebP": (lambda: saved(plain(), "WEBP")[:60], "picture_damaged"),
    "cut AVIF": (lambda: saved(plain(), "AVIF")[:200], "picture_damaged"),
    "noise": (lambda: b"\x89PNG\r\n\x1a\n" + media.noise(5000), "picture_damaged"),
    "no more than a beginning": (lambda: b"\xff\xd8\xff", "picture_damaged"),
    "HEIC": (lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + media.noise(500), "picture_kind"),
    "TIFF": (lambda: saved(plain(), "TIFF"), "picture_kind"),
    "JPEG XL": (lambda: b"\xff\x0a" + media.noise(500), "picture_kind"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused_in_words(tmp_path: Path, kind: str) -> None:
    make, code = REFUSED[kind]
    path = tmp_path / "query.png"
    path.write_bytes(make())
    with pytest.raises(VideoError) as caught:
        read_still(path, pixels=SIDE)
    assert caught.value.code == code
