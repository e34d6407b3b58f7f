"""Videos sent piece by piece: uploads that go on after a broken connection (tus 1.0.0).

Knows the protocol: its core, creation (with the first bytes, if one likes), expiration and
termination. Does not know where bytes are kept nor how much is taken: the indexer does.
https://tus.io/protocols/resumable-upload
"""

import time
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from email.utils import formatdate
from pathlib import Path
from typing import Annotated

import anyio
from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access import OpenEngine
from app.bodies import body_pieces, whole_number
from app.errors import ApiError, MediaTypeError, StoppingError, reply
from app.uploads import plain_name
from indexer.content import read_content
from indexer.engine import Engine
from indexer.errors import IndexerError
from indexer.partial import Partial

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,termination"
PREFIX = "/api/v1/uploads"
BODY = "application/offset+octet-stream"
Check = Callable[[], None]
LOOK = 3600.0  # seconds between two looks at what nobody asks about


@asynccontextmanager
async def looked_after(app: FastAPI) -> AsyncIterator[None]:
    """While the server runs, see now and then to the uploads that nobody asks about."""

    async def look_after() -> None:
        while True:
            # Left alone at the end: nobody waits for a disk.
            engine, waiting = app.state.engine, app.state.waiting
            await to_thread.run_sync(tidy, engine, waiting.check, abandon_on_cancel=True)
            await anyio.sleep(LOOK)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(look_after)
        yield
        tasks.cancel_scope.cancel()


def tidy(engine: Engine, check: Check) -> None:
    """Give up what is old, and take in what was complete when the process died."""
    with suppress(OSError):
        engine.uploads.sweep()
    with suppress(StoppingError):  # the next start goes on
        for upload_id in engine.uploads.complete():
            with suppress(IndexerError, OSError):  # tried again, and told to whoever asks about it
                hand_over(engine, upload_id, check)


router = APIRouter(prefix=PREFIX, lifespan=looked_after)


def _writable(engine: OpenEngine) -> Engine:
    engine.check_writable("takes no uploads")
    return engine


TakingEngine = Annotated[Engine, Depends(_writable)]


@router.options("")
async def describe(engine: OpenEngine) -> Response:
    """What of the protocol is spoken here, and how long a file may be."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(engine.settings.max_upload_bytes),
    }
    return Response(status_code=204, headers=headers)


@router.post("")
async def create(request: Request, engine: TakingEngine) -> Response:
    """Begin an upload; its length and name come first, so that it can be refused at once."""
    length = whole_number(request, "upload-length")
    if length == 0:
        raise ApiError("The file is empty.")
    metadata = request.headers.get("upload-metadata", "")
    name = plain_name(name_in(metadata))
    limit = engine.settings.max_upload_bytes
    upload = await run_in_threadpool(engine.uploads.open, name, length, limit, metadata)
    if request.headers.get("content-type") == BODY:
        await take(request, engine, upload, 0)
    return await answer(request, engine, upload, 201, Location=f"{PREFIX}/{upload.upload_id}")


@router.head("/{upload_id}")
async def look(upload_id: str, engine: TakingEngine) -> Response:
    """How far an upload got."""
    upload = engine.uploads.get(upload_id)
    headers = {"Upload-Length": str(upload.note.length), "Cache-Control": "no-store"}
    if upload.note.metadata:
        headers["Upload-Metadata"] = upload.note.metadata
    return Response(headers=headers | standing(upload))


@router.patch("/{upload_id}")
async def go_on(upload_id: str, request: Request, engine: TakingEngine) -> Response:
    """Take what follows. The answer to the last of it names the video; asking again is harmless."""
    if request.headers.get("content-type") != BODY:
        raise MediaTypeError(f"Send what follows as {BODY}.")
    offset = whole_number(request, "upload-offset")
    upload = engine.uploads.get(upload_id)
    await take(request, engine, upload, offset)
    return await answer(request, engine, upload, 204)


@router.delete("/{upload_id}", status_code=204)
def stop(upload_id: str, engine: TakingEngine) -> None:
    """Give an upload up; a video that it has become already stays."""
    engine.uploads.drop(upload_id)


async def take(request: Request, engine: Engine, upload: Partial, offset: int) -> None:
    """Write the body at `offset` as it comes; what has arrived stays, however this ends.

    Two senders of one upload cannot mix their bytes: each piece says where it belongs, and only
    the next one is taken. So a new connection never has to wait until a dead one is given up.
    """
    coming = whole_number(request, "content-length") if "content-length" in request.headers else 0
    await run_in_threadpool(engine.uploads.check, upload.upload_id, offset, coming)
    begun = offset
    async with aclosing(body_pieces(request)) as arriving:
        async for piece in arriving:
            offset = await run_in_threadpool(upload.append, offset, piece)
    if offset > begun:
        await run_in_threadpool(upload.settle)


async def answer(
    request: Request, engine: Engine, upload: Partial, status: int, **headers: str
) -> Response:
    """Where the upload stands now; a complete one is handed to the library first."""
    if not upload.missing:
        check = request.app.state.waiting.check
        await run_in_threadpool(hand_over, engine, upload.upload_id, check)
    return Response(status_code=status, headers=headers | standing(upload))


def hand_over(engine: Engine, upload_id: str, check: Check) -> None:
    """Have the library take a complete upload in; what it has taken in already stays as it is.

    What `check` raises ends it, and it can be asked again: to read a long file takes minutes.
    """

    def adopt(path: Path, name: str) -> str:
        engine.check_writable("takes no uploads")
        return engine.adopt(path, name, read_content(path, check).video_id).video_id

    engine.uploads.finish(upload_id, adopt)


def standing(upload: Partial) -> dict[str, str]:
    """How far it got, when it will be given up, and the video once it has become one."""
    headers = {
        "Upload-Offset": str(upload.arrived),
        "Upload-Expires": formatdate(time.time() + upload.patience, usegmt=True),
    }
    if upload.note.video_id:
        headers["Prismsearch-Video"] = upload.note.video_id
    return headers


def name_in(metadata: str) -> str:
    """The file's name in an Upload-Metadata header: pairs of a key and a value in base64."""
    found: dict[str, str] = {}
    for pair in metadata.split(",") if metadata else ():
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = b64decode(value, validate=True).decode("utf-8")
        except ValueError:
            raise ApiError(f"“{key}” in Upload-Metadata is not base64 of UTF-8.") from None
    name = found.get("filename", "")
    if len(name) > 300:
        raise ApiError("The file's name is too long.")
    return name


class Protocol:
    """ASGI middleware: what the protocol asks of every request and every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(f"{PREFIX}/"):
            await self.app(scope, receive, send)
            return
        headers, send = Headers(scope=scope), _versioned(send)
        if scope["method"] == "POST":  # some networks let nothing else pass
            scope["method"] = headers.get("x-http-method-override", "POST").upper()
        if scope["method"] != "OPTIONS" and headers.get("tus-resumable") != VERSION:
            refusal = reply(412, "unknown_version", f"Uploads speak tus {VERSION} here.")
            refusal.headers["Tus-Version"] = VERSION
            await refusal(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _versioned(send: Send) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Tus-Resumable"] = VERSION
        await send(message)

    return sender
