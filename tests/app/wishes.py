"""What a person wants of the running program: asked until it is answered, however often it dies."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

PIECE = 2000  # bytes of an upload in one request
TUS = {"Tus-Resumable": "1.0.0"}


@dataclass
class Wishes:
    """Remove one video, index another again, send a third, piece by piece.

    `granted` are the wishes that were answered: from then on they must hold.
    """

    remove: str
    reindex: str
    name: str
    content: bytes
    granted: set[str] = field(default_factory=set)
    begun: int = 0
    """Uploads that were asked for; the answer to all but one may have been lost."""
    _place: str | None = None
    _confirmed: int = 0

    @property
    def video_id(self) -> str:
        """What the upload will be known by."""
        return hashlib.sha256(self.content).hexdigest()

    def utter(self, address: str) -> None:
        """Ask for all that is not granted yet, until the program no longer answers."""
        wishes: dict[str, Callable[[httpx.Client], object]] = {
            "reindex": self._reindex,
            "upload": self._upload,
            "remove": self._remove,
        }
        try:
            with httpx.Client(base_url=address, timeout=60) as client:
                for name, wish in wishes.items():
                    if name not in self.granted:
                        wish(client)
                        self.granted.add(name)
        except httpx.TransportError:
            return

    def fulfilled(self, address: str) -> bool:
        """Whether all is granted, and nothing is left to do."""
        with httpx.Client(base_url=address, timeout=60) as client:
            counts = client.get("/api/v1/videos").raise_for_status().json()["counts"]
        return len(self.granted) == 3 and not counts["queued"] and not counts["indexing"]

    def _reindex(self, client: httpx.Client) -> None:
        client.post(f"/api/v1/videos/{self.reindex}/reindex").raise_for_status()

    def _remove(self, client: httpx.Client) -> None:
        client.delete(f"/api/v1/videos/{self.remove}").raise_for_status()

    def _upload(self, client: httpx.Client) -> None:
        offset = self._place and self._offset(client)
        while offset is None:
            self._begin(client)
            offset = self._offset(client)
        while offset < len(self.content):
            piece = self.content[offset : offset + PIECE]
            offset = self._confirmed = self._send(client, offset, piece)

    def _begin(self, client: httpx.Client) -> None:
        self.begun += 1
        answer = client.post(
            "/api/v1/uploads",
            headers={
                **TUS,
                "Upload-Length": str(len(self.content)),
                "Upload-Metadata": f"filename {b64encode(self.name.encode()).decode()}",
            },
        ).raise_for_status()
        self._place, self._confirmed = urlsplit(answer.headers["Location"]).path, 0

    def _offset(self, client: httpx.Client) -> int | None:
        """How far the upload got; None if it is not known, as it may be when it was complete."""
        assert self._place is not None
        answer = client.head(self._place, headers=TUS)
        if answer.status_code == 404:
            assert self._confirmed == 0 or self._confirmed + PIECE >= len(self.content)
            return None
        offset = int(answer.raise_for_status().headers["Upload-Offset"])
        assert offset >= self._confirmed, "bytes that were confirmed are lost"
        return offset

    def _send(self, client: httpx.Client, offset: int, piece: bytes) -> int:
        assert self._place is not None
        headers: dict[str, Any] = {
            **TUS,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }
        answer = client.patch(self._place, content=piece, headers=headers).raise_for_status()
        return int(answer.headers["Upload-Offset"])
