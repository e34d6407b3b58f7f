"""Tools for assistants that speak the Model Context Protocol, over HTTP at /mcp.

Knows which questions an assistant may ask and how the answers look as JSON, with addresses of
pictures and clips. Changes nothing in the library. Does not know how moments are found, nor who may
reach the server: it stands behind the same guard as every other address.
https://modelcontextprotocol.io/specification
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from itertools import groupby, pairwise
from typing import Annotated, Any, ParamSpec, TypeVar

from fastapi import FastAPI
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from app import __version__
from app.access import searchable
from app.asking import LONGEST, MOST_TERMS, read
from app.errors import ApiError
from app.found import MomentOut, SearchOut
from app.schemas import ClassName
from app.searching import answer
from encoder.errors import EncoderError
from indexer.classes import ClassTimeline
from indexer.engine import Engine
from indexer.errors import IndexerError
from indexer.export.clips import checked
from indexer.export.names import clip_name

PATH = "/mcp"
INSTRUCTIONS = """\
Finds moments in a person's own videos by what can be seen in them; nothing is heard or read.
Describe a scene in plain English, as a caption would. Times are seconds. A moment's `top` says how
rare its score is: 0.5 means the best half percent of the library. If `weak` is true, nothing fits
well: say so rather than presenting a moment as found."""

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)

VideoId = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="a moment's video_id")]
Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
HowMany = Annotated[int, Field(ge=1, le=50, description="how many moments")]
Sights = Annotated[tuple[str, ...], Field(max_length=MOST_TERMS)]
P = ParamSpec("P")
T = TypeVar("T")


class Step(BaseModel):
    """What is to be seen at one moment, and what is not."""

    model_config = ConfigDict(extra="forbid")

    description: str
    without: Sights = ()


Steps = Annotated[tuple[Step | str, ...], Field(max_length=MOST_TERMS)]


class FoundMoment(BaseModel):
    """One moment: `start` to `end` in seconds, best at `peak`; `link` opens the page there."""

    video_id: str
    title: str
    start: float
    end: float
    peak: float
    rank: int
    top: float
    tags: list[str]
    poster: str
    link: str


class Found(BaseModel):
    """Moments, best first; `weak` says that nothing in the library fits well."""

    weak: bool
    moments: list[FoundMoment]


class Stretch(BaseModel):
    """A stretch in which one class is the likeliest, and how likely it is there (0 to 1)."""

    start: float
    end: float
    label: str
    probability: float


class Described(BaseModel):
    """What a video shows over time, in order."""

    title: str
    stretches: list[Stretch]


class ExportedClip(BaseModel):
    """Where a clip can be fetched (MP4), and under which name."""

    url: str
    name: str
    seconds: float


def install(app: FastAPI, engine: Engine) -> None:
    """Let assistants reach the tools at /mcp of this application while it runs."""
    server = tools(engine)
    spoken = server.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        # Hosts and origins are looked at by the guard around the whole application.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    app.router.routes.append(Route(PATH, _only_posted, methods=["GET", "DELETE"]))
    app.router.routes.extend(spoken.routes)
    whole = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(outer: FastAPI) -> AsyncIterator[Any]:
        async with server.session_manager.run(), whole(outer) as state:
            yield state

    app.router.lifespan_context = lifespan


async def _only_posted(request: Request) -> None:
    """Nothing is told unasked and no session is kept, so that no connection stays open."""
    raise HTTPException(405, "This address takes POST", {"Allow": "POST"})


def tools(engine: Engine) -> MCPServer:
    """Every tool, over one open engine."""
    server = MCPServer(
        "PrismSearch", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING"
    )
    offered = Tools(engine)
    for tool in (
        offered.search_moments,
        offered.similar_moments,
        offered.describe_video,
        offered.export_clip,
    ):
        server.add_tool(_told(tool), annotations=READS)
    return server


class Tools:
    """What an assistant can ask of one library."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def search_moments(
        self,
        context: Context,
        description: Annotated[str, Field(description="what is to be seen, in English")],
        then: Annotated[
            Steps,
            Field(
                description="what follows in the same video, in order: a description, or an object "
                "that also says what is not to be seen at that step"
            ),
        ] = (),
        without: Annotated[
            Sights, Field(description="what is not to be seen where `description` is")
        ] = (),
        video_ids: Annotated[tuple[VideoId, ...], Field(description="only these videos")] = (),
        folders: Annotated[tuple[str, ...], Field(description="only these folders")] = (),
        tags: Annotated[tuple[str, ...], Field(description="only what has one of these tags")] = (),
        limit: HowMany = 10,
    ) -> Found:
        """Find the moments that look like a description."""
        pairs = _said("q", "description", Step(description=description, without=without))
        for number, one in enumerate(then, 1):
            step = one if isinstance(one, Step) else Step(description=one)
            pairs += _said("then", f"then, {number}", step)
        narrowed = {"video": video_ids, "folder": folders, "tag": tags}
        pairs += [(name, value) for name, values in narrowed.items() for value in values]
        return self._find(context, pairs, limit)

    def similar_moments(
        self, context: Context, video_id: VideoId, start: Seconds, end: Seconds, limit: HowMany = 10
    ) -> Found:
        """Find moments that look like a stretch of a video, that stretch itself included."""
        return self._find(context, [("q", f"range:{video_id}:{start:f}-{end:f}")], limit)

    def describe_video(
        self,
        context: Context,
        video_id: VideoId,
        classes: Annotated[
            list[ClassName],
            Field(min_length=2, max_length=40, description="what to choose between"),
        ],
    ) -> Described:
        """Tell which of the named classes a video shows, stretch by stretch."""
        video = searchable(self._engine.library.need(video_id))
        timeline = self._engine.search.classify(video_id, classes)
        return Described(title=video.title, stretches=_stretches(timeline))

    def export_clip(
        self, context: Context, video_id: VideoId, start: Seconds, end: Seconds
    ) -> ExportedClip:
        """Give the address of a stretch of a video as an MP4 file; it is cut when it is fetched."""
        video = self._engine.library.need(video_id)
        cut = checked(video, start, end)
        path = f"api/v1/videos/{video_id}/clip?start={cut.begin:.3f}&end={cut.end:.3f}"
        return ExportedClip(
            url=f"{_base(context)}{path}",
            name=clip_name(video.title, cut.begin, cut.end),
            seconds=cut.end - cut.begin,
        )

    def _find(self, context: Context, pairs: list[tuple[str, str]], limit: int) -> Found:
        asked = read([*pairs, ("limit", str(limit))])
        found: SearchOut = answer(self._engine, self._engine.examples, asked)
        base = _base(context)
        return Found(weak=found.weak, moments=[_described(one, base) for one in found.moments])


def _said(role: str, name: str, step: Step) -> list[tuple[str, str]]:
    """A step in the language of questions. Raises ApiError, naming what is to be mended."""
    said = [(role, name, step.description), *(("not", "without", one) for one in step.without)]
    for _, argument, words in said:
        if not 1 <= len(words.strip()) <= LONGEST:
            raise ApiError(
                f"“{argument}” needs words: at least one, and {LONGEST} characters at most."
            )
    return [(role, f"1*words:{words}") for role, _, words in said]


def _stretches(timeline: ClassTimeline) -> list[Stretch]:
    """Segments in a row of which one class is the likeliest; they overlap, stretches do not."""
    best = timeline.probabilities.argmax(axis=1)
    found = []
    for label, run in groupby(range(len(best)), key=lambda at: int(best[at])):
        places = list(run)
        found.append(
            Stretch(
                start=timeline.starts[places[0]],
                end=timeline.ends[places[-1]],
                label=timeline.classes[label],
                probability=round(float(timeline.probabilities[places, label].mean()), 3),
            )
        )
    for one, other in pairwise(found):
        if other.start < one.end:
            one.end = other.start = (one.end + other.start) / 2
    return found


def _described(one: MomentOut, base: str) -> FoundMoment:
    return FoundMoment(
        **one.model_dump(include=set(FoundMoment.model_fields) - {"poster", "link"}),
        poster=f"{base.rstrip('/')}{one.poster}",
        link=f"{base}?v={one.video_id}&t={one.play_at:.1f}",
    )


def _base(context: Context) -> str:
    """The address that the assistant reached this server under."""
    request = context.request_context.request
    return str(request.base_url) if request is not None else "/"


def _told(tool: Callable[P, T]) -> Callable[P, T]:
    """The tool, with what goes wrong told in the sentences that are meant for people."""

    @wraps(tool)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        with _in_words():
            return tool(*args, **kwargs)

    return told


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except (ApiError, IndexerError, EncoderError) as error:
        raise ToolError(str(error)) from error
