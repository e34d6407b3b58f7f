"""The page, imported and put together while the API answers already.

Gradio alone takes longer to import than all else takes to start, no answer of the API needs it,
and every answer is slower while it is imported. Knows when the page is made and how a request
waits for it; what is on the page is page.py's.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send


class Arriving:
    """An application that another thread makes; whoever asks for it before waits for it."""

    def __init__(self, make: Callable[[], FastAPI], wanted: threading.Event) -> None:
        """It is made once `wanted` is set, which the first who asks for it does if need be."""
        self._make = make
        self._wanted = wanted
        self._over = False
        self._made: Future[FastAPI] = Future()
        self._first = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with what was made."""
        self._wanted.set()
        application = await self._arrived()
        await application(scope, receive, send)

    @asynccontextmanager
    async def alive(self, _: FastAPI) -> AsyncIterator[None]:
        """Make it when it is time, and keep it alive for as long as the server around it is.

        One that is being made at the end is waited for: it may still write where it was told to.
        """
        over = asyncio.Event()
        living = asyncio.create_task(self._live(over))
        try:
            yield
        finally:
            over.set()
            self._over = True
            self._wanted.set()
            with suppress(asyncio.CancelledError):
                await living

    async def _live(self, over: asyncio.Event) -> None:
        application = await self._arrived()
        async with application.router.lifespan_context(application):
            await over.wait()

    async def _arrived(self) -> FastAPI:
        if self._first.acquire(blocking=False):  # and is never released
            # No daemon: Python cannot end beside a thread that imports.
            threading.Thread(target=self._run, name="page").start()
        # Who stops waiting must not stop the making: others wait as well.
        return await asyncio.shield(asyncio.wrap_future(self._made))

    def _run(self) -> None:
        async def make() -> FastAPI:
            return self._make()

        self._wanted.wait()
        if self._over:
            self._made.cancel()
            return
        try:
            # Inside a loop, because Gradio otherwise makes loops of its own and never closes them.
            self._made.set_result(asyncio.run(make()))
        except BaseException as error:
            self._made.set_exception(error)
