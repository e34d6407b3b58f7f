"""What this installation is, and which of some classes a video shows.

Knows addresses and JSON. Routes are plain functions, so they run in the server's thread pool and
answer while videos are being indexed.
"""

from fastapi import APIRouter, Request

from app import __version__
from app.access import OpenEngine, SearchableVideo
from app.schemas import ClassesIn, ClassesOut, FolderOut, InfoOut, ModelOut
from indexer.formats import SUPPORTED

router = APIRouter(prefix="/api/v1")


@router.get("/info")
def info(request: Request, engine: OpenEngine) -> InfoOut:
    """What this installation is and holds."""
    settings, card = engine.settings, engine.embedder.card
    held = engine.status().progress
    return InfoOut(
        version=__version__,
        model=ModelOut(
            name=card.name,
            description=card.description,
            frames=card.frames,
            pixels=card.pixels,
            dim=card.dim,
            toy=card.tokenizer == "toy",
            reads_words=card.kind == "clip",
        ),
        device=engine.embedder.device,
        read_only=settings.read_only,
        max_upload_bytes=settings.max_upload_bytes,
        max_example_bytes=settings.max_example_bytes,
        suffixes=sorted(SUPPORTED),
        suggestions=list(request.app.state.suggestions),
        videos=held.videos,
        videos_done=held.counts.get("done", 0),
        segments=held.segments,
        folders=[FolderOut(name=path.name, there=there) for path, there in engine.watched.items()],
    )


@router.post("/videos/{video_id}/classes")
def classes(video: SearchableVideo, engine: OpenEngine, asked: ClassesIn) -> ClassesOut:
    """Which of the named classes each segment of one video shows."""
    timeline = engine.search.classify(video.video_id, asked.classes)
    return ClassesOut(
        classes=asked.classes,
        starts=list(timeline.starts),
        ends=list(timeline.ends),
        probabilities=[[float(p) for p in row] for row in timeline.probabilities],
    )
