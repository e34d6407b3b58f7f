"""A segment's own frames side by side in one picture, to be looked through in place.

Knows how the tiles stand, how large they are, and the JPEG file that they make together. Knows not
where the frames come from or where the bytes go.
"""

import io
import math
from collections.abc import Sequence

from PIL import Image

_AREA = 160 * 90  # pixels of a tile, whatever its aspect: so strips of all videos weigh alike
_QUALITY = 70


def grid(frames: int) -> tuple[int, int]:
    """Columns and rows for so many tiles, row by row: as near to a square as they fill it."""
    columns = math.ceil(math.sqrt(frames))
    return columns, math.ceil(frames / columns)


def tile_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the tiles of pictures of this size; never larger than they are."""
    scale = min(1.0, math.sqrt(_AREA / (width * height)))
    return max(1, round(width * scale)), max(1, round(height * scale))


def strip(pictures: Sequence[bytes]) -> bytes:
    """The pictures (JPEG files, all of one size) as the tiles of one, in their order."""
    columns, rows = grid(len(pictures))
    width, height = tile_size(*Image.open(io.BytesIO(pictures[0])).size)
    sheet = Image.new("RGB", (columns * width, rows * height))
    for place, picture in enumerate(pictures):
        tile = _tile(picture, (width, height))
        sheet.paste(tile, (place % columns * width, place // columns * height))
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _tile(picture: bytes, size: tuple[int, int]) -> Image.Image:
    """The picture in that size; halving is done by the decoder, where it costs least."""
    opened = Image.open(io.BytesIO(picture))
    opened.draft("RGB", size)
    return opened if opened.size == size else opened.resize(size, Image.Resampling.BOX)
