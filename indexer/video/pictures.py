"""One decoded picture: how large it is shown, which side is up, and its pixels.

Knows pixel aspect, rotation and cropping; knows neither files nor times.
"""

import math
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image
from PIL.Image import Transpose

from indexer.decoding import Resize

_TURNS = (None, Transpose.ROTATE_90, Transpose.ROTATE_180, Transpose.ROTATE_270)
_MOST_STRETCHED = 32  # how much longer than wide a picture is made before its middle is cut out


def displayed(stream: VideoStream, picture: VideoFrame) -> tuple[int, int]:
    """Width and height on the screen: pixels need not be square, and phones turn pictures."""
    aspect = float(stream.sample_aspect_ratio or 1)
    if not 1 / 16 <= aspect <= 16:
        aspect = 1.0
    width, height = round(picture.width * aspect), picture.height
    return (height, width) if upright(picture).turns % 2 else (width, height)


class Upright(NamedTuple):
    """What makes a stored picture stand as it should: mirror its sides first, then turn it.

    `turns` are quarter turns, counter-clockwise.
    """

    mirrored: bool
    turns: int


def upright(picture: VideoFrame) -> Upright:
    """How a picture is to be shown, by the matrix that cameras write."""
    # Asked for as `picture.side_data` it would hold on to its picture, and that to it: pictures
    # would pile up until Python next looks for such circles, gigabytes later.
    notes: Iterable[Any] = SideDataContainer(picture)  # type: ignore[call-arg]
    for note in notes:
        if note.type == Type.DISPLAYMATRIX:
            a, b, _, c, d = struct.unpack_from("=5i", bytes(note))
            mirrored = a * d - b * c < 0
            angle = math.atan2(b, -a) if mirrored else -math.atan2(b, a)
            return Upright(mirrored, round(angle / (math.pi / 2)) % 4)
    return Upright(False, 0)


def converted(picture: VideoFrame, width: int, height: int) -> Image.Image:
    """RGB of that size as displayed."""
    mirrored, turns = upright(picture)
    if turns % 2:
        width, height = height, width
    rows = picture.reformat(width, height, "rgb24", interpolation="AREA").planes[0]
    padded = (bytes(rows), "raw", "RGB", rows.line_size)  # to a length that suits the processor
    rgb = Image.frombytes("RGB", (width, height), *padded)
    if mirrored:
        rgb = rgb.transpose(Transpose.FLIP_LEFT_RIGHT)
    turn = _TURNS[turns]
    return rgb if turn is None else rgb.transpose(turn)


def shape(width: int, height: int, side: int, resize: Resize) -> tuple[int, int]:
    """Width and height to convert a displayed picture to, so that its `middle` is the square."""
    if resize == "squash":
        return side, side
    scale = side / min(width, height)
    longest = side * _MOST_STRETCHED
    return min(longest, round(width * scale)), min(longest, round(height * scale))


def middle(picture: Image.Image, side: int) -> bytes:
    """The square in the centre, uint8 RGB [side, side, 3]."""
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side)).tobytes()
