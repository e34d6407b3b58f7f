"""What a question can be narrowed to, and how much each choice would leave, under /api/v1.

Knows addresses and JSON. Does not know how anything is counted.
"""

import math
from calendar import monthrange
from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.access import OpenEngine
from app.asking import read
from app.labelled import (
    FacetsOut,
    FolderFacetOut,
    LengthFacetOut,
    MonthFacetOut,
    TagFacetOut,
    VideoFacetOut,
)
from indexer import facets as counting

router = APIRouter(prefix="/api/v1")
TitleWords = Annotated[str, Query(max_length=200, description="words in the titles of videos")]


@router.get("/facets")
def facets(request: Request, engine: OpenEngine, words: TitleWords = "") -> FacetsOut:
    """The values of every filter with numbers of videos, each counted under the other filters.

    Takes the parameters of a question; what is looked for does not matter.
    """
    filters = read(request.query_params.multi_items()).filters
    found = counting.facets(engine.library, filters, words)
    return FacetsOut(
        videos=[VideoFacetOut(video_id=one, title=title, count=1) for one, title in found.videos],
        folders=[FolderFacetOut(folder=name, count=n) for name, n in found.folders.items()],
        tags=[TagFacetOut(tag=t.tag, count=t.videos, moments=t.moments) for t in found.tags],
        durations=[_length(*one, count) for one, count in found.durations.items()],
        recorded=[_month(month, count) for month, count in found.recorded.items()],
        added=[_month(month, count) for month, count in found.added.items()],
    )


def _length(low: float, high: float, count: int) -> LengthFacetOut:
    return LengthFacetOut(first=low, last=None if math.isinf(high) else high, count=count)


def _month(month: str, count: int) -> MonthFacetOut:
    year, number = map(int, month.split("-"))
    last = monthrange(year, number)[1]
    return MonthFacetOut(first=f"{month}-01", last=f"{month}-{last}", count=count)
