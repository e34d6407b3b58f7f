"""A picture file as the one frame that a model takes, and as a small picture for people.

Knows which files are pictures, and how they are brought to what a person sees: upright, opaque,
8 bits a colour. Runs inside the decoding child, but for telling by the first bytes; knows nothing
of video.
"""

from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from indexer import thumbnails
from indexer.decoding import Drawn, Limits, Request, Resize
from indexer.errors import VideoError
from indexer.sandbox import regular_file

LIMITS = Limits(bytes=2**30, min_side=1, max_side=65_535, max_pixels=120_000_000)
"""What phones and scanners make fits; a gigabyte of memory is what the largest takes."""

_READ = ("PNG", "JPEG", "WEBP", "BMP", "AVIF")  # the fewer decoders, the fewer mistakes in them
_HEADS = (b"\x89PNG", b"\xff\xd8\xff", b"BM")
_OTHERS = (b"II*\x00", b"MM\x00*", b"\xff\x0a", b"\x00\x00\x00\x0cJXL")  # TIFF, JPEG XL
_OTHER_BRANDS = (b"hei", b"hev", b"mif", b"msf")  # HEIC: pictures in the container of MP4
_HEAD = 12


def is_still(file: BinaryIO) -> bool:
    """Whether a file begins as pictures do, readable here or not; a GIF counts as a video."""
    head = file.read(_HEAD)
    other = head.startswith(_OTHERS) or (head[4:8] == b"ftyp" and head[8:11] in _OTHER_BRANDS)
    return other or _is_known(head)


def _is_known(head: bytes) -> bool:
    """Whether these are the first bytes of a kind that is read here."""
    known = head.startswith(_HEADS) or (head[:4], head[8:]) == (b"RIFF", b"WEBP")
    return known or head[4:11] == b"ftypavi"


def read(request: Request) -> Drawn:
    """The picture as a sample. Raises VideoError if it is no such picture, or damaged."""
    assert request.pixels is not None
    with regular_file(request.path, request.limits) as file:
        picture = _decoded(file, request.limits)
    square = _square(picture.size, request.resize)
    small = thumbnails.jpeg(_sized(picture, thumbnails.size(*picture.size)))
    shaped = _sized(picture, (request.pixels, request.pixels), square)
    return Drawn(0, 0.0, shaped.tobytes(), small)


def _decoded(file: BinaryIO, limits: Limits) -> Image.Image:
    """The whole picture, upright, in RGB or in RGB with its transparency multiplied in."""
    Image.MAX_IMAGE_PIXELS = None  # the limits say it, with a sentence
    try:
        picture: Image.Image = Image.open(file, formats=_READ)
        _check_size(*picture.size, limits)
        ImageOps.exif_transpose(picture, in_place=True)
        return _plain(picture)
    except (VideoError, MemoryError):
        raise
    except Exception as error:  # a decoder may raise anything
        if isinstance(error, OSError) and error.errno:
            raise
        file.seek(0)
        known = _is_known(file.read(_HEAD))
        raise VideoError("picture_damaged" if known else "picture_kind") from error


def _check_size(width: int, height: int, limits: Limits) -> None:
    if max(width, height) > limits.max_side or width * height > limits.max_pixels:
        raise VideoError(
            "bad_dimensions",
            width=width,
            height=height,
            low=limits.min_side,
            high=limits.max_side,
            megapixels=limits.max_pixels / 1e6,
        )


def _plain(picture: Image.Image) -> Image.Image:
    if picture.has_transparency_data:
        return _as(_as(picture, "RGBA"), "RGBa")
    if picture.mode.startswith("I"):  # 16 bits of grey, which Pillow would cut off at 255
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    return _as(picture, "RGB")


def _as(picture: Image.Image, mode: str) -> Image.Image:
    """The picture in that mode; a large one is not copied without need."""
    return picture if picture.mode == mode else picture.convert(mode)


def _square(size: tuple[int, int], resize: Resize) -> tuple[float, float, float, float]:
    """What of the picture becomes the square: left, top, right, bottom."""
    width, height = size
    if resize == "squash":
        return 0, 0, width, height
    side = min(size)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def _sized(
    picture: Image.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
) -> Image.Image:
    """A part of the picture, or all of it, in that size, in RGB on white."""
    shrinks = size[0] <= picture.width and size[1] <= picture.height
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    sized = picture.resize(size, method, box)
    if sized.mode == "RGB":
        return sized
    pixels = np.asarray(sized)
    on_white = np.minimum(pixels[..., :3].astype(np.uint16) + (255 - pixels[..., 3:]), 255)
    return Image.fromarray(on_white.astype(np.uint8))
