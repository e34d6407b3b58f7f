"""Videos that people send: into the library, or as an example to search with.

The body is the file itself; its name travels in the address. How much is taken is for the indexer
to say. A slow sender keeps no thread: each piece of its bytes is written by one once it is there.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool

from app.access import KnownExamples, OpenEngine
from app.bodies import body_pieces, whole_number
from app.describe import describe_video
from app.errors import ApiError, LengthRequiredError
from app.examples import Example
from app.schemas import QueryOut, VideoOut
from indexer.engine import Engine
from indexer.uploads import Received

router = APIRouter(prefix="/api/v1")
Title = Annotated[str, Query(max_length=300, description="the file's name")]


@router.post("/videos", status_code=202)
async def upload(request: Request, engine: OpenEngine, title: Title = "video.mp4") -> VideoOut:
    """Take one video into the library; it is indexed in the background."""
    engine.check_writable("takes no uploads")
    name = plain_name(title)
    async with received(request, engine, engine.settings.max_upload_bytes) as file:
        video = await run_in_threadpool(engine.adopt, file.path, name, file.sha256)
    return describe_video(video)


@router.post("/queries", status_code=201)
async def example(
    request: Request, engine: OpenEngine, examples: KnownExamples, title: Title = "example.mp4"
) -> QueryOut:
    """Take one video as a query; its file is deleted as soon as it has become a vector."""
    index = engine.serving
    async with received(request, engine, engine.settings.max_example_bytes) as file:
        vector = await run_in_threadpool(index.search.video_vectors, file.path)
    examples.remember(Example(file.sha256, plain_name(title), vector, index.key))
    return QueryOut(kind="example", label=plain_name(title), query_id=file.sha256)


@asynccontextmanager
async def received(request: Request, engine: Engine, limit: int) -> AsyncIterator[Received]:
    """The body as a file, which is deleted at the end of the block unless it was moved."""
    room = engine.uploads.arriving(declared_length(request), limit)
    async with contextmanager_in_threadpool(room) as arriving:
        async with aclosing(body_pieces(request)) as pieces:
            async for piece in pieces:
                await run_in_threadpool(arriving.take, piece)
        yield await run_in_threadpool(arriving.whole)


def declared_length(request: Request) -> int:
    """The length that a request announces, in bytes."""
    if "content-length" not in request.headers:
        raise LengthRequiredError("Say how long the file is (Content-Length) before sending it.")
    length = whole_number(request, "content-length")
    if length == 0:
        raise ApiError("The file is empty.")
    return length


def plain_name(title: str) -> str:
    """A file's name without folders or control characters, fit for showing."""
    name = PurePath(title.replace("\\", "/")).name
    return "".join(c for c in name if c.isprintable()).strip() or "video"
