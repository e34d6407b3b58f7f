"""Videos and pictures of them as bytes, under ids that tell nothing of the disk.

Knows how to answer GET and HEAD with Range for the one file that an id stands for: what a browser
plays. Does not know any other path, and takes none.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse

from app.access import KnownVideo, OpenEngine
from app.errors import CopyNeededError, NotFoundError
from app.schemas import SegmentIndex

router = APIRouter(prefix="/media")
WEBM = b"\x1a\x45\xdf\xa3"
CACHED = {"cache-control": "private, max-age=3600"}


def _route(path: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def routed(answer: Callable[..., Any]) -> Callable[..., Any]:
        # HEAD goes without saying, and has to be declared all the same.
        router.head(path, response_class=FileResponse, include_in_schema=False)(answer)
        return router.get(path, response_class=FileResponse)(answer)

    return routed


@_route("/{video_id}/video")
def played(
    video: KnownVideo,
    engine: OpenEngine,
    copy: Annotated[str | None, Query(description="the copy, even where the file would do")] = None,
) -> FileResponse:
    """The video's own file if browsers play it, else its copy; they seek in it by Range."""
    if copy is None and not video.path.is_file():
        raise NotFoundError(f"The file of “{video.title}” is no longer where it was.")
    file = engine.playable.file(video, copy is not None)
    if file is None:
        raise CopyNeededError(
            f"Browsers do not play “{video.title}” as it is, and there is no copy of it yet. "
            f"Ask for one: POST /api/v1/videos/{video.video_id}/playable."
        )
    return FileResponse(file, media_type=_kind(file), headers=CACHED)


def _kind(file: Path) -> str:
    """Of the two kinds that are sent; a name may say anything."""
    with file.open("rb") as content:
        return "video/webm" if content.read(4) == WEBM else "video/mp4"


@_route("/{video_id}/poster/{index}.jpg")
def poster(video: KnownVideo, index: SegmentIndex, engine: OpenEngine) -> FileResponse:
    """One segment's picture (JPEG)."""
    return _picture(engine.poster(video.video_id, index))


@_route("/{video_id}/strip/{index}.jpg")
def strip(video: KnownVideo, index: SegmentIndex, engine: OpenEngine) -> FileResponse:
    """One segment's frames, side by side in one picture (JPEG)."""
    return _picture(engine.strip(video.video_id, index))


def _picture(file: Path | None) -> FileResponse:
    if file is None:
        raise NotFoundError("There is no picture of this moment.")
    return FileResponse(file, media_type="image/jpeg", headers=CACHED)
