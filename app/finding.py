"""The command that asks: search.

Knows its options, and how they are said in the language of questions (asking.py). Does not know how
moments are found or shown (terminal.py).
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

import typer
from typer.core import TyperCommand

from app.options import DataDir, Model, QdrantKey, QdrantUrl, Tokenizer, Weights, settings_of

PAGE_ONLY = ("v", "t", "tab", "lang", "limit", "offset")
_ORDER = "the options in the order in which they were typed"


class InOrder(TyperCommand):
    """A command that tells its function in which order its options were typed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The same; values alone would come option by option."""
        _, _, typed = self.make_parser(ctx).parse_args(list(args))
        ctx.meta[_ORDER] = [one.name for one in typed]
        return super().parse_args(ctx, args)


class Sort(StrEnum):
    """What comes first."""

    best = "best"
    newest = "newest"
    oldest = "oldest"
    by_title = "title"  # `title` is a method of every text
    time = "time"


def _option(panel: str, text: str, metavar: str | None = None, *names: str, **more: Any) -> Any:
    return typer.Option(*names, metavar=metavar, help=text, rich_help_panel=panel, **more)


ASKED, NARROWED, SHOWN = "What to look for", "Which videos", "What is shown"
Several = list[str] | None
Words = Annotated[Several, typer.Argument(help="What to look for.", metavar="[WORDS]")]
And = Annotated[Several, _option(ASKED, "What is seen as well.", "WORDS", "--and")]
Not = Annotated[Several, _option(ASKED, "What is not to be seen.", "WORDS", "--not")]
Then = Annotated[Several, _option(ASKED, "What follows in the same video.", "WORDS")]
Gap = Annotated[float | None, _option(ASKED, "How long until that at most.", "SECONDS")]
Example = Annotated[
    list[Path] | None,
    _option(ASKED, "A video or a picture that it looks like.", exists=True, dir_okay=False),
]
Similar = Annotated[Several, _option(ASKED, "A moment that it looks like.", "VIDEO@TIME[-TIME]")]
Like = Annotated[Several, _option(ASKED, "More of such moments.", "VIDEO@TIME")]
Dislike = Annotated[Several, _option(ASKED, "Less of such moments.", "VIDEO@TIME")]
Link = Annotated[str | None, _option(ASKED, "What the page's address asks.", "ADDRESS")]
Video = Annotated[Several, _option(NARROWED, "This one: its title, its path, or its id.", "VIDEO")]
Folder = Annotated[Several, _option(NARROWED, "What lies in this folder.", "NAME")]
Tag = Annotated[Several, _option(NARROWED, "What has this tag.", "TAG")]
Duration = Annotated[str | None, _option(NARROWED, "How long it is.", "SECONDS-SECONDS")]
Part = Annotated[str | None, _option(NARROWED, "Where in it: 0.5-1 is the second half.", "FROM-TO")]
Added = Annotated[str | None, _option(NARROWED, "When it was added.", "DATE..DATE")]
Recorded = Annotated[str | None, _option(NARROWED, "When it was recorded.", "DATE..DATE")]
First = Annotated[Sort, _option(SHOWN, "What comes first.", None, "--sort")]
PerVideo = Annotated[int | None, _option(SHOWN, "How many of one video.", "N")]
ByVideo = Annotated[bool, _option(SHOWN, "Keep a video's moments together.", None, "--by-video")]
Least = Annotated[float | None, _option(SHOWN, "The best so many % of the library.", "PERCENT")]
Top = Annotated[int, _option(SHOWN, "How many moments.", "N", min=1, max=200)]
Json = Annotated[bool, _option(SHOWN, "Print JSON.", None, "--json")]


def search(
    context: typer.Context,
    words: Words = None,
    also: And = None,
    without: Not = None,
    then: Then = None,
    gap: Gap = None,
    example: Example = None,
    similar: Similar = None,
    like: Like = None,
    dislike: Dislike = None,
    link: Link = None,
    video: Video = None,
    folder: Folder = None,
    tag: Tag = None,
    duration: Duration = None,
    part: Part = None,
    added: Added = None,
    recorded: Recorded = None,
    first: First = Sort.best,
    per_video: PerVideo = None,
    by_video: ByVideo = False,
    least: Least = None,
    top: Top = 10,
    as_json: Json = False,
    model: Model = None,
    weights: Weights = None,
    tokenizer: Tokenizer = None,
    data_dir: DataDir = None,
    qdrant_url: QdrantUrl = None,
    qdrant_api_key: QdrantKey = None,
) -> None:
    """Find moments: by words, examples, what follows and what is missing, where you say.

    --and, --not, --similar and --example belong to the --then before them.

    While `serve` runs on the library, it is asked.
    """
    from app import terminal

    conditions = {
        "also": ("and", also),
        "without": ("not", without),
        "then": ("then", then),
        "similar": ("similar", similar),
        "example": ("example", example),
    }
    said = {
        "and": " ".join(words) if words else None,
        "gap": gap,
        "liked": like,
        "disliked": dislike,
        "titled": video,
        "folder": folder,
        "tag": tag,
        "duration": duration,
        "part": part,
        "added": added,
        "recorded": recorded,
        "sort": first.value,
        "per_video": per_video,
        "group": "video" if by_video else None,
        "least": least,
        "limit": top,
    }
    settings = settings_of(
        data_dir,
        only_search=True,
        model=model,
        weights=weights,
        tokenizer=tokenizer,
        qdrant_url=qdrant_url,
        qdrant_api_key=qdrant_api_key,
    )
    asked = [*linked(link), *_pairs(said), *_in_order(context.meta[_ORDER], conditions)]
    terminal.search(settings, asked, as_json)


def _pairs(said: dict[str, Any]) -> list[tuple[str, str]]:
    several = {name: one if isinstance(one, list) else [one] for name, one in said.items()}
    return [(name, str(v)) for name, values in several.items() for v in values if v is not None]


def _in_order(typed: list[str], said: dict[str, tuple[str, Any]]) -> list[tuple[str, str]]:
    """The conditions as they were typed, since their order says which step each belongs to."""
    left = {option: (name, iter(values or ())) for option, (name, values) in said.items()}
    of_each = [left[option] for option in typed if option in left]
    return [(name, str(next(values))) for name, values in of_each]


def linked(link: str | None) -> list[tuple[str, str]]:
    """What an address of the page asks, or only its part after the question mark."""
    if link is None:
        return []
    asked = parse_qsl(urlsplit(link).query or link.rpartition("?")[2], keep_blank_values=True)
    return [(name, value) for name, value in asked if name not in PAGE_ONLY]
