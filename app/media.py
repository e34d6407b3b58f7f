"""Videos and posters as bytes, under ids that tell nothing of the disk.

Knows how to answer GET and HEAD with Range for the one file that an id stands for. Does not know
any other path, and takes none.
"""

from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse

from app.access import KnownVideo, OpenEngine
from app.errors import NotFoundError

router = APIRouter(prefix="/media")
TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/webm",
    ".ogv": "video/ogg",
}
CACHED = {"cache-control": "private, max-age=3600"}


def _route(path: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return router.api_route(path, methods=["GET", "HEAD"], response_class=FileResponse)


@_route("/{video_id}/video")
def source(video: KnownVideo) -> FileResponse:
    """The video's own file; browsers seek in it by Range."""
    if not video.path.is_file():
        raise NotFoundError(f"The file of “{video.title}” is no longer where it was.")
    kind = TYPES.get(video.path.suffix.lower(), "application/octet-stream")
    return FileResponse(video.path, media_type=kind, headers=CACHED)


@_route("/{video_id}/poster/{index}.jpg")
def poster(
    video: KnownVideo, index: Annotated[int, Path(ge=0, le=10_000_000)], engine: OpenEngine
) -> FileResponse:
    """One segment's picture (JPEG)."""
    picture: FilePath | None = engine.poster(video.video_id, index)
    if picture is None:
        raise NotFoundError("There is no picture of this moment.")
    return FileResponse(picture, media_type="image/jpeg", headers=CACHED)
