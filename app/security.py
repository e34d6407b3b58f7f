"""What may reach the server and what every answer carries, as plain ASGI.

Knows hosts, origins and headers: refuses foreign names (DNS rebinding), changes asked for by other
sites, and those Gradio routes that would fetch other sites' content or echo a request's cookies.
Does not know who a person is: there are no accounts.
"""

import ipaddress
from collections.abc import Sequence
from fnmatch import fnmatch
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import reply

# 'unsafe-eval' because Gradio compiles its HTML components' scripts in the browser.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "connect-src 'self'",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "frame-ancestors 'self' https://huggingface.co",
        "base-uri 'self'",
        "object-src 'none'",
    )
)
ANSWER_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}
# Never ours to send back; Gradio's file route has echoed them from the request.
ECHOED_HEADERS = ("cookie", "authorization", "host")
CLOSED_PREFIXES = (
    "/gradio_api/file=http",
    "/gradio_api/file/",
    "/gradio_api/proxy=",
    "/gradio_api/upload",
    "/gradio_api/deep_link",
    "/gradio_api/vibe",
    "/monitoring",
)
READING_METHODS = {"GET", "HEAD", "OPTIONS"}


class Guard:
    """ASGI middleware around the whole application, Gradio's part included."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = ()) -> None:
        self.app = app
        self.hosts = tuple(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal:
            await reply(*refusal)(scope, receive, _with_headers(send))
        else:
            await self.app(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> tuple[int, str, str] | None:
        headers = Headers(scope=scope)
        if not known_host(headers.get("host", ""), self.hosts):
            return 421, "unknown_host", "This server does not answer to that host name."
        if scope["method"] not in READING_METHODS and not same_site(headers):
            return 403, "other_site", "Another site asked for this change; it was refused."
        if scope["path"].lower().startswith(CLOSED_PREFIXES):
            return 404, "not_found", "There is nothing here."
        return None


def known_host(host: str, allowed: Sequence[str]) -> bool:
    """Whether a Host header names this machine: by address, as localhost, or as configured.

    Addresses are safe because rebinding needs a name that the attacker's DNS answers for.
    """
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        named = name == "localhost" or any(fnmatch(name, pattern.lower()) for pattern in allowed)
        return named or bool(ipaddress.ip_address(name))
    except ValueError:  # neither a name of ours nor an address
        return False


def same_site(headers: Headers) -> bool:
    """Whether a change was asked for by our own page or by a program, not by another site."""
    fetched_by = headers.get("sec-fetch-site")
    if fetched_by:
        return fetched_by in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _with_headers(send: Send) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in ECHOED_HEADERS:
                del headers[name]
            headers.update(ANSWER_HEADERS)
        await send(message)

    return sender
