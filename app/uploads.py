"""What people send: videos into the library, and videos or pictures to search with.

The body is the file itself; its name travels in the address. How much is taken is for the indexer
to say. A slow sender keeps no thread: each piece of its bytes is written by one once it is there.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool

from app.access import KnownExamples, OpenEngine
from app.bodies import body_pieces, whole_number
from app.describe import describe_video, example_url
from app.errors import ApiError, LengthRequiredError, NotFoundError
from app.media import CACHED
from app.schemas import ExampleOut, Identifier, VideoOut
from indexer.engine import Engine
from indexer.examples import Example
from indexer.uploads import Received

router = APIRouter(prefix="/api/v1")
EXAMPLE_POSTER = "/queries/{query_id}/poster.jpg"
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
    request: Request, engine: OpenEngine, examples: KnownExamples, title: Title = "example"
) -> ExampleOut:
    """Take one video or picture as a query; its file is deleted as soon as it is understood."""
    index, label = engine.serving, plain_name(title)
    async with received(request, engine, engine.settings.max_example_bytes) as file:
        seen = await run_in_threadpool(index.search.example, file.path)
    given = Example(file.sha256, label, seen.vectors, seen.poster)
    await run_in_threadpool(examples.remember, given, index.key)
    return ExampleOut(query_id=file.sha256, label=label, poster=example_url(file.sha256))


@router.head(EXAMPLE_POSTER, response_class=Response, include_in_schema=False)
@router.get(EXAMPLE_POSTER, response_class=Response)
def example_poster(query_id: Identifier, engine: OpenEngine, examples: KnownExamples) -> Response:
    """How an example looks, or the middle of one that moves (JPEG)."""
    known = examples.get(query_id, engine.serving.key)
    if known is None:
        raise NotFoundError("This example is no longer remembered. Please give it again.")
    return Response(known.poster, media_type="image/jpeg", headers=CACHED)


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
