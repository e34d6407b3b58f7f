"""decord as a source of pictures, for trusted files on the systems that it exists for.

Knows that it turns pictures upright itself, reports neither damage nor pixel aspect, and loses a
damaged file whole.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

from PIL import Image

from indexer import thumbnails
from indexer.decoding import Probe, Request, Tally
from indexer.errors import VideoError
from indexer.sandbox import regular_file
from indexer.video.pictures import middle, shape

_ALIGNED = 32  # pixels: rows of another length come out sheared, or not at all


class DecordSource:
    """Every frame of the files that decord can read."""

    def __init__(
        self, request: Request, probe: Probe, tally: Tally, alive: Callable[[], None]
    ) -> None:
        self._request = request
        self._side = request.pixels or 0
        self._tally = tally
        self._shape = shape(probe.width, probe.height, self._side, request.resize)
        self._thumbnail = thumbnails.size(probe.width, probe.height) if request.thumbnails else None
        larger = tuple(map(max, self._shape, self._thumbnail or (0, 0)))
        with regular_file(request.path, request.limits) as file:
            self._reader = _decord_reader(file, *larger)

    def pictures(self) -> Iterator[tuple[float, float, int]]:
        """Frame numbers with their times; nothing is decoded yet."""
        spans = self._reader.get_frame_timestamp(range(len(self._reader))).tolist()
        for index, (begin, end) in enumerate(spans):
            time = begin - spans[0][0]
            if not 0 <= time <= end - spans[0][0] <= self._request.limits.seconds:
                raise VideoError("decoder_crashed", reason="decord reads times without sense")
            self._tally.packets += 1
            self._tally.readable = time + end - begin
            yield time, end - begin, index

    def render(self, picture: int) -> tuple[bytes, bytes | None]:
        """Decode one frame, already about as small as wanted, and shape the rest from that."""
        decoded = Image.fromarray(self._reader[picture].asnumpy())
        thumbnail = None
        if self._thumbnail is not None:
            thumbnail = thumbnails.jpeg(decoded.resize(self._thumbnail))
        shaped = decoded.resize(self._shape, Image.Resampling.BOX)
        return middle(shaped, self._side), thumbnail


def _decord_reader(file: Any, width: int, height: int) -> Any:
    """Open by descriptor, so that decord reads the very file that was checked."""
    try:
        import decord
    except ImportError as error:
        raise VideoError("decoder_crashed", reason="decord is not installed here") from error
    width = math.ceil(width / _ALIGNED) * _ALIGNED
    name = f"/proc/self/fd/{file.fileno()}"
    return decord.VideoReader(name, width=width, height=height, num_threads=1)
