"""A question that this process answers itself, with an open engine.

Knows the engine. Does not know how people name what they ask for (choosing.py).
"""

from pathlib import Path

from app.asking import read
from app.found import SearchOut
from app.searching import answer
from indexer.content import read_content
from indexer.engine import Engine
from indexer.examples import Example


class Here:
    """One that can be asked: this process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.library = engine.library

    def segment_at(self, video_id: str, seconds: float) -> int:
        """The index of the segment around a time."""
        return self._engine.search.segment_at(video_id, seconds)

    def remember(self, path: Path) -> str:
        """The id of an example, a video or a picture, given as a file. Raises VideoError."""
        index, content = self._engine.serving, read_content(path)
        seen = index.search.example(path)
        given = Example(content.video_id, path.name, seen.vectors, seen.poster)
        self._engine.examples.remember(given, index.key)
        return content.video_id

    def answer(self, question: list[tuple[str, str]]) -> SearchOut:
        """What a question finds. Raises ApiError, IndexerError, EncoderError."""
        return answer(self._engine, self._engine.examples, read(question))
