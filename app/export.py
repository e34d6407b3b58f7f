"""Moments to take along under /api/v1: clips, many clips as a zip, lists, timelines for editors.

Knows addresses, headers, and who still waits for what. Does not know how a clip is cut or what a
list looks like.
"""

from collections.abc import AsyncGenerator
from typing import Annotated, Literal
from urllib.parse import quote

import anyio
from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import iterate_in_threadpool
from starlette.types import Receive, Scope, Send

from app import choosing
from app.access import KnownVideo, OpenEngine
from app.asking import read, stretch
from app.errors import ApiError, StoppingError
from app.schemas import Identifier
from app.searching import answer
from indexer.engine import Engine
from indexer.errors import IndexerError
from indexer.export import archive, tables, timelines
from indexer.export.archive import Archive, Packing
from indexer.export.clips import Clip, checked
from indexer.export.excerpts import Excerpt
from indexer.export.names import clip_name

router = APIRouter(prefix="/api/v1")
AT_A_TIME = 2  # clips; others wait for their turn
MOST = 200  # moments in a list
NEVER_KEPT = {"cache-control": "no-store"}
Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Format = Literal["csv", "json", "edl", "fcpxml", "zip"]
MomentName = Annotated[list[str], Query(description="<video_id>:<start>-<end>", max_length=MOST)]


class StretchIn(BaseModel):
    """A stretch of a video, in seconds."""

    video_id: Identifier
    start: Seconds
    end: Seconds


class ClipsIn(BaseModel):
    """The clips that are wanted, in their order."""

    moments: Annotated[list[StretchIn], Field(min_length=1, max_length=archive.MOST)]


@router.get("/videos/{video_id}/clip", response_class=FileResponse)
async def clip(
    request: Request, video: KnownVideo, engine: OpenEngine, start: Seconds, end: Seconds
) -> Response:
    """One moment as a video of its own (MP4), once it is cut."""
    wanted = await to_thread.run_sync(engine.clips.begin, video, start, end)
    try:
        await _while_waited_for(request, wanted)
        return _Sent(wanted, clip_name(video.title, start, end))
    except BaseException:
        wanted.remove()
        raise


@router.head("/videos/{video_id}/clip")
def clip_head(video: KnownVideo, start: Seconds, end: Seconds) -> Response:
    """Whether there can be such a clip; nothing is cut."""
    checked(video, start, end)
    headers = _attached(clip_name(video.title, start, end))
    answer = Response(headers=headers, media_type="video/mp4")
    del answer.headers["content-length"]  # only cutting would tell
    return answer


@router.post("/export/clips", response_class=StreamingResponse)
def clips(request: Request, engine: OpenEngine, wanted: ClipsIn) -> Response:
    """Many moments as clips in one zip, sent while they are cut, with a list of them."""
    named = [(one.video_id, one.start, one.end) for one in wanted.moments]
    return _zip(request, engine, choosing.named(engine.library, named))


@router.get("/export", response_class=Response)
def export(
    request: Request,
    engine: OpenEngine,
    format: Annotated[Format, Query(description="zip holds the clips themselves")],
    moment: MomentName = [],  # noqa: B006
) -> Response:
    """What a question finds, or the moments that are named, as a list or a timeline."""
    if moment:
        named = [stretch("moment", text) for text in moment]
        chosen = choosing.named(engine.library, named)
    else:
        found = answer(engine, engine.examples, read(request.query_params.multi_items()))
        chosen = choosing.chosen(engine.library, found)
    if format == "zip":
        return _zip(request, engine, chosen)
    write, kind = _WRITERS[format]
    return Response(write(chosen).encode(), headers=_attached(f"moments.{format}"), media_type=kind)


_WRITERS = {
    "csv": (tables.as_csv, "text/csv; charset=utf-8"),
    "json": (tables.as_json, "application/json"),
    "edl": (timelines.as_edl, "text/plain; charset=utf-8"),
    "fcpxml": (timelines.as_fcpxml, "application/xml"),
}


# How they are sent.


class _Sent(FileResponse):
    """A clip, gone once it is sent or nobody takes it any more."""

    def __init__(self, wanted: Clip, name: str) -> None:
        super().__init__(wanted.path, media_type="video/mp4", headers=_attached(name))
        self._clip = wanted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._clip.remove()


def _zip(request: Request, engine: Engine, chosen: list[Excerpt]) -> Response:
    if len(chosen) > archive.MOST:
        raise ApiError(f"One zip holds {archive.MOST} clips at most; choose fewer moments.")
    pieces = _pieces(engine, chosen, request.app.state.cutting)
    return StreamingResponse(pieces, headers=_attached("clips.zip"), media_type="application/zip")


async def _pieces(
    engine: Engine, chosen: list[Excerpt], turn: anyio.CapacityLimiter
) -> AsyncGenerator[bytes, None]:
    """A zip, piece by piece; a clip that fails is a line in its list."""
    zipped, packing = Archive(), Packing()
    for one in chosen:
        name, problem = packing.name(one), ""
        try:
            with await to_thread.run_sync(
                engine.clips.begin, one.video, one.start, one.end
            ) as made:
                await _make(made, turn)
                async for piece in iterate_in_threadpool(zipped.add(made.path, name)):
                    yield piece
        except IndexerError as error:
            problem = str(error)
        packing.note(one, name, problem)
    for piece in zipped.end(packing):
        yield piece


async def _while_waited_for(request: Request, wanted: Clip) -> None:
    """Cut a clip as long as somebody waits for it. Raises StoppingError if it was given up."""
    problem: IndexerError | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_stop_once_gone, request, wanted, tasks.cancel_scope)
        try:
            await _make(wanted, request.app.state.cutting)
        except IndexerError as error:
            problem = error
        tasks.cancel_scope.cancel()
    if wanted.stopped:
        raise StoppingError("The clip was given up: nobody waits for it, or the server is stopped.")
    if problem is not None:
        raise problem


async def _make(wanted: Clip, turn: anyio.CapacityLimiter) -> None:
    """Cut a clip when its turn comes; one that is not wanted any more is left to end by itself."""
    await to_thread.run_sync(wanted.make, limiter=turn, abandon_on_cancel=True)


async def _stop_once_gone(request: Request, wanted: Clip, waiting: anyio.CancelScope) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    wanted.stop()
    waiting.cancel()


def _attached(name: str) -> dict[str, str]:
    """Headers by which a browser saves a file under this name, whatever its letters (RFC 6266)."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    told = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {"content-disposition": told, **NEVER_KEPT}
