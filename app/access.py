"""What every route may reach: the open engine, the example queries, and videos by their id.

Knows where FastAPI keeps them and what to say when something is not there. Does not know what the
routes do with them. What only hands something on is `async`: else it would take a thread, and the
way there and back is longer than all that it does.
"""

from typing import Annotated

from fastapi import Depends, Request

from app.errors import NotReadyError
from app.schemas import Identifier
from indexer.engine import Engine
from indexer.examples import Examples
from indexer.library import Video
from indexer.tags import Tags


async def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


OpenEngine = Annotated[Engine, Depends(_engine)]


async def _examples(engine: OpenEngine) -> Examples:
    return engine.examples


KnownExamples = Annotated[Examples, Depends(_examples)]


def _video(video_id: Identifier, engine: OpenEngine) -> Video:
    return engine.library.need(video_id)


KnownVideo = Annotated[Video, Depends(_video)]


async def _tags(engine: OpenEngine) -> Tags:
    return Tags(engine.library.database)


def _writable_tags(engine: OpenEngine) -> Tags:
    engine.check_writable("keeps its tags as they are")
    return Tags(engine.library.database)


KnownTags = Annotated[Tags, Depends(_tags)]
WritableTags = Annotated[Tags, Depends(_writable_tags)]


def searchable(video: KnownVideo) -> Video:
    """The video, of which something can be shown. Raises NotReadyError."""
    if not video.segments_done:
        raise NotReadyError(f"“{video.title}” has not been indexed yet.")
    return video


SearchableVideo = Annotated[Video, Depends(searchable)]
