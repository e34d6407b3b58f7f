"""One decoded picture: how large it is shown, which side is up, and its pixels.

Knows pixel aspect, rotation and cropping; knows neither files nor times.
"""

import math
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from indexer.decoding import Resize

Pixels = NDArray[np.uint8]

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


def converted(picture: VideoFrame, width: int, height: int) -> Pixels:
    """RGB of that size as displayed: uint8 [height, width, 3]."""
    mirrored, turns = upright(picture)
    if turns % 2:
        width, height = height, width
    rgb = picture.reformat(width, height, "rgb24", interpolation="AREA").to_ndarray()
    return np.ascontiguousarray(np.rot90(np.fliplr(rgb) if mirrored else rgb, turns))


def shape(width: int, height: int, side: int, resize: Resize) -> tuple[int, int]:
    """Width and height to convert a displayed picture to, so that its `middle` is the square."""
    if resize == "squash":
        return side, side
    scale = side / min(width, height)
    longest = side * _MOST_STRETCHED
    return min(longest, round(width * scale)), min(longest, round(height * scale))


def middle(pixels: Pixels, side: int) -> Pixels:
    """The square in the centre of uint8 [height, width, 3]."""
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])
