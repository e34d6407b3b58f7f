"""One decoded picture: how large it is shown, which side is up, and its pixels.

Knows pixel aspect, rotation and cropping; knows neither files nor times.
"""

import numpy as np
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
    return (height, width) if quarter_turns(picture) % 2 else (width, height)


def quarter_turns(picture: VideoFrame) -> int:
    """How often to turn the stored picture by 90 degrees, counter-clockwise."""
    return round(picture.rotation / 90) % 4


def converted(picture: VideoFrame, width: int, height: int) -> Pixels:
    """RGB of that size as displayed: uint8 [height, width, 3]."""
    turns = quarter_turns(picture)
    if turns % 2:
        width, height = height, width
    rgb = picture.reformat(width, height, "rgb24", interpolation="AREA").to_ndarray()
    return np.ascontiguousarray(np.rot90(rgb, turns))


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
