"""Small pictures for people: how large they are, and their JPEG bytes.

Knows pixels and aspect; knows not where the pixels come from or where the bytes go.
"""

import io

from PIL.Image import Image

WIDTH = 320
_TALLEST = 640


def size(width: int, height: int) -> tuple[int, int]:
    """320 px wide in the true aspect of `width` x `height`; narrower if that were very tall."""
    aspect = width / height
    narrowed = min(float(WIDTH), _TALLEST * aspect)
    return max(1, round(narrowed)), max(1, round(narrowed / aspect))


def jpeg(picture: Image) -> bytes:
    """The JPEG file of a picture in RGB."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
