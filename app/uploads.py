"""Videos that people send: into the library, or as an example to search with.

The body is the file itself; its name travels in the address. How much is taken is for the indexer
to say, which takes the bytes while the event loop stays free.
"""

from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from app.access import KnownExamples, OpenEngine
from app.bodies import body_chunks, whole_number
from app.describe import describe_video
from app.errors import ApiError, LengthRequiredError
from app.examples import Example
from app.schemas import QueryOut, VideoOut

router = APIRouter(prefix="/api/v1")
Title = Annotated[str, Query(max_length=300, description="the file's name")]


@router.post("/videos", status_code=202)
async def upload(request: Request, engine: OpenEngine, title: Title = "video.mp4") -> VideoOut:
    """Take one video into the library; it is indexed in the background."""
    length = declared_length(request)
    name = plain_name(title)
    video = await run_in_threadpool(engine.add_upload, body_chunks(request), name, length)
    return describe_video(video)


@router.post("/queries", status_code=201)
async def example(
    request: Request, engine: OpenEngine, examples: KnownExamples, title: Title = "example.mp4"
) -> QueryOut:
    """Take one video as a query; its file is deleted as soon as it has become a vector."""
    length = declared_length(request)
    query_id, vector = await run_in_threadpool(engine.embed_example, body_chunks(request), length)
    examples.remember(Example(query_id, plain_name(title), vector, engine.fingerprint.key))
    return QueryOut(kind="example", label=plain_name(title), query_id=query_id)


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
