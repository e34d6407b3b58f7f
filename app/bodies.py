"""The bytes of a request, as they come.

Knows senders that stop sending, and a server that stops waiting for them. Does not know what the
bytes are for.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress

import anyio
from fastapi import Request
from starlette.requests import ClientDisconnect

from app.errors import ApiError, StoppingError

PIECE = 1 << 19  # bytes that are gathered before a thread is asked to write them


class Waiting:
    """The requests that wait for bytes; a server that stops ends them, whoever their senders are.

    Belongs to one event loop, and tells threads whose work takes long that it is over.
    """

    def __init__(self) -> None:
        self._scopes: set[anyio.CancelScope] = set()
        self._over = False

    async def next(self, stream: AsyncIterator[bytes]) -> bytes:
        """What comes next of a body; nothing at its end, or when no more will come."""
        with suppress(ClientDisconnect), anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                if self._over:
                    return b""
                async for chunk in stream:
                    if chunk:
                        return chunk
            finally:
                self._scopes.remove(scope)
        return b""

    def check(self) -> None:
        """Raise StoppingError once the server stops; may be asked by any thread."""
        if self._over:
            raise StoppingError(
                "The server is being stopped. What has arrived is safe: go on once it is back."
            )

    def end(self) -> None:
        """No body goes on from now: each looks as if its sender had gone."""
        self._over = True
        for scope in self._scopes:
            scope.cancel()


async def body_pieces(request: Request) -> AsyncGenerator[bytes, None]:
    """The body in pieces worth a thread's time; it may end too soon.

    Gathered without a thread, so that many slow senders leave enough of them to others.
    """
    waiting, stream = request.app.state.waiting, request.stream()
    held = bytearray()
    while chunk := await waiting.next(stream):
        held += chunk
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def whole_number(request: Request, header: str) -> int:
    """A header that counts bytes."""
    text = request.headers.get(header, "")
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ApiError(f"The header {header} must be a whole number of bytes.")
    return int(text)
