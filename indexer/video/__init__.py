"""Video files in, timed frames or playable copies out: the only part that uses PyAV and decord.

Knows containers, codecs, timestamps, rotation and pixel aspect, and which of them are trusted.
Knows no process, no segment and no model. `inspect`, `read`, `copy` and `cut` run inside the
decoding child (`child.py`); nothing else should call them, since a hostile file may crash or stall
a decoder.
"""

from indexer.video.copying import copy
from indexer.video.cutting import cut
from indexer.video.probing import inspect
from indexer.video.reading import read
from indexer.video.writing import write_h264

__all__ = ["copy", "cut", "inspect", "read", "write_h264"]
