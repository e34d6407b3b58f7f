"""What the API says of itself: OpenAPI, at /api/v1/openapi.json.

Knows the parameters of a question in words, which the routes take as they come because their order
counts. Does not know what the routes do.
https://spec.openapis.org/oas/v3.1.0
"""

from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app import __version__
from app.asking import Wishes

ADDRESS = "/api/v1/openapi.json"
SUMMARY = """\
Finds moments in videos. Times are seconds of the video, scores count the library's deviations above
its mean. What goes wrong is `{"error": {"code", "message"}}`, and the message is for people."""

_CONDITION = (
    "A condition: words; `clip:<query_id>`, an example that was sent to /queries; "
    "`moment:<video_id>:<index>`; or `range:<video_id>:<start>-<end>`. `0.5*` before it is its "
    "weight, `words:` marks words that would read as something else."
)
CONDITIONS = {
    "q": f"Begins the question. {_CONDITION}",
    "and": "What holds at the same moment as the condition before.",
    "not": "What the moment before is to be without.",
    "then": "What follows in the same video: begins the next step.",
    "like": "More of such moments: `<video_id>:<index>`.",
    "dislike": "Less of such moments: `<video_id>:<index>`.",
}
FILTERS = {
    "video": "Only these videos.",
    "folder": "Only videos in these folders, and in those below them.",
    "tag": "Only what has one of these tags: whole videos, or their marked stretches.",
    "duration": "How long the video is, in seconds: `10-60`, `10-`, `-60`.",
    "part": "Where in the video, as shares of it: `0.5-1` is the second half. Once.",
    "added": "When the video was added: `2026-01-01..2026-01-31`, either side may be open.",
    "recorded": "When the video was recorded, in the same way.",
    "within": "Only the stretches of a selection, by its id.",
}
WISHES = {
    "gap": "How many seconds may lie between a step's end and the next one's start.",
    "sort": "What comes first.",
    "per_video": "How many moments of one video.",
    "group": "Keep the moments of a video together.",
    "least": "Only moments among the best so many percent of the library's segments.",
    "limit": "How many moments.",
    "offset": "How many moments are passed over.",
}
_WORDS = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
}
REFUSED = {
    "description": "It could not be done; the message is a sentence for people.",
    "content": {
        "application/json": {"schema": {"type": "object", "properties": {"error": _WORDS}}}
    },
}
Taken = Literal["question", "filters"]
TAKERS: dict[str, Taken] = {
    "/api/v1/search": "question",
    "/api/v1/videos/{video_id}/heatmap": "question",
    "/api/v1/export": "question",
    "/api/v1/facets": "filters",
}


def install(app: FastAPI) -> None:
    """Serve the description of every route that the application has by then."""
    described: dict[str, Any] = {}

    @app.get(ADDRESS, include_in_schema=False)
    def reference() -> dict[str, Any]:
        if not described:
            described.update(describe(app))
        return described


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description of an application's API."""
    api = get_openapi(title=app.title, version=__version__, description=SUMMARY, routes=app.routes)
    for operations in api["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)  # FastAPI's own shape, which is never sent
            operation["responses"]["default"] = REFUSED
    for path, taken in TAKERS.items():
        api["paths"][path]["get"].setdefault("parameters", []).extend(parameters(taken))
    return api


def parameters(taken: Taken) -> list[dict[str, Any]]:
    """The parameters of a question, or of its filters alone, as OpenAPI has them."""
    text = {"type": "string"}
    several = {"type": "array", "items": text}
    filters = [
        _parameter(name, told, text if name == "part" else several)
        for name, told in FILTERS.items()
    ]
    if taken == "filters":
        return filters
    conditions = [
        _parameter(name, told, text if name == "q" else several)
        for name, told in CONDITIONS.items()
    ]
    schemas = Wishes.model_json_schema()["properties"]
    wishes = [_parameter(name, told, schemas[name]) for name, told in WISHES.items()]
    return [*conditions, *filters, *wishes]


def _parameter(name: str, told: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": told, "schema": schema}
