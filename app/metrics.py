"""What is counted, for whoever watches over this installation: GET /metrics.

Knows an address and Prometheus's type of text. Does not know what is counted.
"""

from fastapi import APIRouter
from fastapi.responses import Response

from app.access import OpenEngine
from indexer.meters import CONTENT_TYPE

router = APIRouter()


@router.get("/metrics", response_class=Response)
def metrics(engine: OpenEngine) -> Response:
    """Counters since the start, and the state of this moment; no title and no path is in it."""
    return Response(engine.meters.text(), media_type=CONTENT_TYPE)
