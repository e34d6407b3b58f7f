"""The web application: routes first, the page last.

Knows in which order things are put together. Does not know how an engine is opened, nor where the
server listens.
"""

import threading
from collections.abc import Sequence
from functools import partial

from anyio import CapacityLimiter
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from app import (
    api,
    duplicates,
    errors,
    export,
    facets,
    map,
    media,
    metrics,
    playable,
    reference,
    saved,
    searching,
    security,
    segments,
    steering,
    stubs,
    tags,
    tus,
    uploads,
)
from app.arriving import Arriving
from app.bodies import Waiting
from indexer.engine import Engine

ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(
    engine: Engine,
    *,
    hosts: Sequence[str] = (),
    suggestions: Sequence[str] = (),
    assistants: bool = False,
    ready: threading.Event | None = None,
) -> FastAPI:
    """The whole application over one open engine.

    hosts: names besides localhost and plain addresses that it answers to (`*.example.org` works).
    suggestions: queries that are known to find something, offered on an empty search page.
    assistants: whether programs that speak MCP get tools, which needs its package.
    ready: set when there is time to put the page together, though nobody asks for it; else at once.
    """
    page = Arriving(partial(_page, [str(engine.settings.data_dir)]), ready or _now())
    app = FastAPI(
        title="PrismSearch",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=page.alive,
    )
    app.state.engine = engine
    app.state.waiting = Waiting()
    app.state.asking = CapacityLimiter(searching.AT_A_TIME)
    app.state.cutting = CapacityLimiter(export.AT_A_TIME)
    app.state.suggestions = tuple(suggestions)
    errors.install(app)
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.add_middleware(tus.Protocol)
    app.add_middleware(security.Guard, hosts=hosts)
    app.head("/healthz", include_in_schema=False)(healthy)
    app.get("/healthz")(healthy)
    reference.install(app)
    rooms = (api, searching, segments, tags, facets, saved, steering, uploads, tus, media)
    for room in (*rooms, playable, export, map, duplicates, metrics):
        app.include_router(room.router)
    for prefix in ("/api", "/media"):
        app.api_route(f"{prefix}/{{rest:path}}", methods=ANY_METHOD, include_in_schema=False)(
            unknown
        )
    if assistants:
        from app import mcp  # its package is an extra

        mcp.install(app, engine)
    app.mount("/", page)  # last, for this swallows the rest
    return app


def _now() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def _page(blocked_paths: list[str]) -> FastAPI:
    stubs.leave_out()
    from app import page  # seconds of imports

    return page.application(blocked_paths)


def healthy() -> dict[str, str]:
    """Whether the server answers at all."""
    return {"status": "ok"}


def unknown(rest: str) -> None:
    """Everything below /api and /media that no route takes."""
    raise errors.NotFoundError("There is nothing at this address.")
