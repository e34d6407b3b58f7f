"""Writes drawn frames as a small video; knows no other file.

Used for the demo's library and by tests; copies of people's videos are made elsewhere.
"""

import math
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.video.frame import VideoFrame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def write_h264(path: Path, frames: Iterable["NDArray[np.uint8]"], fps: float) -> None:
    """Write uint8 RGB frames [H, W, 3], H and W even, as a small MP4 that starts at once.

    The same frames give the same bytes with the same libraries.
    """
    rate = Fraction(fps).limit_denominator(1001)
    with av.open(
        str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
    ) as container:
        # With mbtree the encoder decides otherwise once in a while.
        stream = container.add_stream("libx264", rate=rate, options={"crf": "30", "mbtree": "0"})
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1  # more threads may cut the frames differently
        stream.codec_context.gop_size = math.ceil(2 * fps)  # a player seeks within 2 s
        for index, pixels in enumerate(frames):
            if index == 0:
                stream.height, stream.width = pixels.shape[:2]
            container.mux(stream.encode(VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
