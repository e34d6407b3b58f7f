"""decord as a source of pictures, for trusted files on the systems that it exists for.

Knows that it turns pictures upright itself, reports neither damage nor pixel aspect, and loses a
damaged file whole.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image

from indexer import thumbnails
from indexer.decoding import Probe, Request, Tally
from indexer.errors import VideoError
from indexer.sandbox import regular_file
from indexer.video.opening import check_duration
from indexer.video.pictures import Pixels


class DecordSource:
    """Every frame of the files that decord can read."""

    def __init__(
        self, request: Request, probe: Probe, tally: Tally, alive: Callable[[], None]
    ) -> None:
        self._request = request
        self._side = request.pixels or 0
        self._tally = tally
        self._thumbnail = thumbnails.size(probe.width, probe.height) if request.thumbnails else None
        side = max(self._side, thumbnails.WIDTH if request.thumbnails else 0)
        with regular_file(request.path, request.limits) as file:
            self._reader = _decord_reader(file, side)

    def pictures(self) -> Iterator[tuple[float, float, int]]:
        """Frame numbers with their times; nothing is decoded yet."""
        spans = self._reader.get_frame_timestamp(range(len(self._reader))).tolist()
        for index, (begin, end) in enumerate(spans):
            time = begin - spans[0][0]
            check_duration(abs(time + end - begin), self._request.limits)
            self._tally.packets += 1
            self._tally.readable = time + end - begin
            yield time, end - begin, index

    def render(self, picture: int) -> tuple[Pixels, bytes | None]:
        """Decode one frame, already resized to a square, and shape the rest from that."""
        decoded = Image.fromarray(self._reader[picture].asnumpy())
        thumbnail = None
        if self._thumbnail is not None:
            thumbnail = thumbnails.jpeg(np.asarray(decoded.resize(self._thumbnail)))
        square = decoded.resize((self._side, self._side), Image.Resampling.BOX)
        return np.asarray(square), thumbnail


def _decord_reader(file: Any, side: int) -> Any:
    """Open by descriptor, so that decord reads the very file that was checked."""
    try:
        import decord
    except ImportError as error:
        raise VideoError("decoder_crashed", reason="decord is not installed here") from error
    name = f"/proc/self/fd/{file.fileno()}"
    return decord.VideoReader(name, width=side, height=side, num_threads=1)
