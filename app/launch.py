"""A running server around one open engine, from a free port to a clean stop.

Knows sockets, signals and the browser. Does not know what is served, nor how an engine is opened.
"""

import socket
import threading
import webbrowser
from collections.abc import Sequence
from typing import TYPE_CHECKING

import uvicorn

from indexer.engine import Engine

if TYPE_CHECKING:
    from app.bodies import Waiting

USUAL_PORT = 7860
TRIED_PORTS = 20

# A client that asks again just as its idle connection is being closed gets an error in place of an
# answer. The usual 5 seconds are a person's pause; this is longer than proxies keep theirs.
_IDLE_SECONDS = 75


class PortTakenError(Exception):
    """Nothing can listen there; the text says what to do."""


class Server(uvicorn.Server):
    """A server that says where it is as soon as it answers, and ends without waiting for bytes."""

    def __init__(
        self, config: uvicorn.Config, waiting: "Waiting", address: str, show: bool
    ) -> None:
        super().__init__(config)
        self.waiting = waiting
        self.address = address
        self.show = show

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then tell the person and open a tab if one is wanted."""
        await super().startup(sockets)
        print(f"PrismSearch is at {self.address}  (Ctrl-C stops it)", flush=True)
        if self.show:
            threading.Thread(target=webbrowser.open, args=(self.address,), daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what waits for bytes, then all else that is under way."""
        self.waiting.end()
        await super().shutdown(sockets)


def serve(
    engine: Engine,
    listener: socket.socket,
    *,
    hosts: Sequence[str] = (),
    suggestions: Sequence[str] = (),
    assistants: bool = False,
    show: bool = False,
    ready: threading.Event | None = None,
) -> None:
    """Serve the page on an open socket until Ctrl-C or a terminate signal.

    assistants: offer tools to programs that speak MCP.
    ready: set when words can be searched, which should not wait for the page.
    show: open the address in the person's browser.
    """
    from app.server import create_app  # imports in which indexing goes on already

    app = create_app(
        engine, hosts=hosts, suggestions=suggestions, assistants=assistants, ready=ready
    )
    config = uvicorn.Config(
        app,
        log_level="warning",
        timeout_keep_alive=_IDLE_SECONDS,
        # Gradio keeps a stream open for every page that is looked at; they must not hold us up.
        timeout_graceful_shutdown=2,
    )
    address = address_of(listener)
    engine.announce(address)
    try:
        Server(config, app.state.waiting, address, show).run(sockets=[listener])
    except KeyboardInterrupt:  # uvicorn hands the signal on once it has stopped
        print("Stopped.", flush=True)


def listen(host: str, port: int | None) -> socket.socket:
    """A socket that is bound already, so that nobody can take its port while the page loads.

    port: None tries the usual port and a few after it. Raises PortTakenError.
    """
    usual = range(USUAL_PORT, USUAL_PORT + TRIED_PORTS)
    for candidate in usual if port is None else (port,):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen()
        except OSError as error:
            listener.close()
            reason = error.strerror
        else:
            return listener
    where = f"port {port}" if port is not None else f"ports {usual[0]} to {usual[-1]}"
    raise PortTakenError(f"Cannot listen on {where} of {host} ({reason}). Choose another --port.")


def address_of(listener: socket.socket) -> str:
    """The address to type into a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
