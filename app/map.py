"""The map of the library under /api/v1: how far it is, and every point of it.

Knows JSON and how it is made small on its way. Does not know how segments are laid out.
"""

import gzip
import json
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from app.access import OpenEngine
from app.studied import MapOut
from indexer import map as mapping
from indexer.engine import Engine
from indexer.map import Shown

router = APIRouter(prefix="/api/v1")
SIZE = int(np.iinfo(np.uint16).max)
AskedPoints = Annotated[bool, Query(description="false: only how far it is")]
_QUICK = 1  # of gzip's levels: 100,000 points in a fifth of a second, twice the smallest size


@router.get("/map", response_model=MapOut)
def library_map(request: Request, engine: OpenEngine, points: AskedPoints = True) -> Response:
    """The map, or how far it is; one that lacks much of the library is made anew meanwhile."""
    shown = _look(engine)
    if shown.standing.state == "ready" and mapping.is_out_of_date(shown) and _is_idle(engine):
        engine.studies.ask("map")
    return _sent(request, shown, points)


@router.post("/map", status_code=202, response_model=MapOut)
def make_map(request: Request, engine: OpenEngine, points: AskedPoints = True) -> Response:
    """Make the map, unless the one there is holds all segments. May be asked for twice."""
    shown = _look(engine)
    if shown.standing.state == "none" or shown.stale:
        engine.studies.ask("map")
    return _sent(request, _look(engine), points, 202)


def _look(engine: Engine) -> Shown:
    return mapping.look(engine.studies, engine.library, engine.serving.store)


def _is_idle(engine: Engine) -> bool:
    """Whether nothing is being indexed: what comes next would be missing again."""
    return engine.worker.current is None


def _sent(request: Request, shown: Shown, points: bool, status: int = 200) -> Response:
    text = json.dumps(_described(shown, points), ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"vary": "accept-encoding", "cache-control": "no-store"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        text = gzip.compress(text, _QUICK)
        headers["content-encoding"] = "gzip"
    return Response(text, status, headers, "application/json")


def _described(shown: Shown, points: bool) -> dict[str, Any]:
    """As `MapOut` has it; not built as one, which would take seconds for 100,000 points."""
    standing, places = shown.standing, shown.places
    known = {
        "state": standing.state,
        "share": standing.share,
        "made_at": standing.made_at,
        "stale": shown.stale,
        "message": standing.message,
        "size": SIZE,
        "count": len(places),
    }
    if not points:
        return known
    return known | {
        "videos": [{"video_id": one, "title": title} for one, title in shown.videos],
        "x": shown.position[:, 0].tolist(),
        "y": shown.position[:, 1].tolist(),
        "video": places.video.tolist(),
        "index": places.index.tolist(),
        "start": _seconds(places.start),
        "end": _seconds(places.end),
        "group": shown.group.tolist(),
    }


def _seconds(times: np.ndarray) -> list[float]:
    rounded: list[float] = np.round(times.astype(np.float64), 3).tolist()
    return rounded
