"""Video files in, timed frames out: the only package that imports PyAV and decord.

Knows containers, codecs, timestamps, rotation and pixel aspect, and which of them are trusted.
Knows no process, no segment and no model. `inspect` and `read` run inside the decoding child
(`child.py`); nothing else should call them, since a hostile file may crash or stall a decoder.
"""

from indexer.video.probing import inspect
from indexer.video.reading import read
from indexer.video.writing import write_h264

__all__ = ["inspect", "read", "write_h264"]
