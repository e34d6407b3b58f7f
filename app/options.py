"""Options that several commands take, and the settings they ask for.

Knows names, help and the environment variables behind them; nothing else reads the environment.
Does not know the commands.
"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import platformdirs
import typer

if TYPE_CHECKING:
    from indexer.settings import Settings

DEFAULT_MODEL = "videoprism_lvt_public_v1_base"

Folders = Annotated[
    list[Path] | None,
    typer.Argument(file_okay=False, help="Folders of videos to index and to follow."),
]
Paths = Annotated[
    list[Path], typer.Argument(exists=True, help="Videos, and folders of videos, to index.")
]
Model = Annotated[
    str | None,
    typer.Option(
        envvar="PRISMSEARCH_MODEL",
        help="A model's name, or its Hugging Face id; else the one that the library is indexed "
        f"with, and {DEFAULT_MODEL} for a new library.",
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(envvar="PRISMSEARCH_WEIGHTS", help="A weights file (.npz), instead of fetching."),
]
Tokenizer = Annotated[
    Path | None,
    typer.Option(envvar="PRISMSEARCH_TOKENIZER", help="A SentencePiece file, not fetching it."),
]
DataDir = Annotated[
    Path | None,
    typer.Option(envvar="PRISMSEARCH_DATA_DIR", help="Where the library and its index are kept."),
]
QdrantUrl = Annotated[
    str | None, typer.Option(envvar="QDRANT_URL", help="A Qdrant server; else one in process.")
]
QdrantKey = Annotated[
    str | None, typer.Option(envvar="QDRANT_API_KEY", help="The Qdrant server's key.")
]
Window = Annotated[
    float | None,
    typer.Option(help="Seconds in a segment; else the model's frames at 2 per second."),
]
Hop = Annotated[
    float | None,
    typer.Option(help="Seconds from one segment to the next; else half a window."),
]
Resize = Annotated[
    str | None,
    typer.Option(help="How a frame becomes a square: squash (nothing is lost) or crop."),
]
Reader = Annotated[
    str, typer.Option(envvar="PRISMSEARCH_READER", help="What decodes videos: pyav or decord.")
]
Decode = Annotated[
    str,
    typer.Option(
        envvar="PRISMSEARCH_DECODE",
        help="How pyav decodes: exact, or fast (blocks are not smoothed).",
    ),
]
Precision = Annotated[
    str,
    typer.Option(
        envvar="PRISMSEARCH_PRECISION",
        help="What a CPU computes videos in: float32, or bfloat16, which is quicker where the "
        "processor has it and needs the extra “cpu”.",
    ),
]
Host = Annotated[str, typer.Option(envvar="PRISMSEARCH_HOST", help="The address to listen on.")]
Port = Annotated[
    int | None,
    typer.Option(
        envvar="PRISMSEARCH_PORT", min=0, max=65535, help="The port; else the first free from 7860."
    ),
]


class LogLevel(StrEnum):
    """How much of what happens is written to the standard error, one line an event."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


Log = Annotated[
    LogLevel,
    typer.Option(
        envvar="PRISMSEARCH_LOG",
        help="What is logged: info tells every event; debug the names of your files as well.",
    ),
]
Names = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        envvar="PRISMSEARCH_ALLOW_HOST",
        help="A host name to answer to, besides localhost and plain addresses.",
    ),
]
MaxUpload = Annotated[
    float | None,
    typer.Option(
        envvar="PRISMSEARCH_MAX_UPLOAD",
        min=0.001,
        help="How large an uploaded video may be, in GiB; else 4.",
    ),
]
RemoveOld = Annotated[
    bool, typer.Option("--remove-old", help="Delete the old index once a new one is complete.")
]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Take no uploads and remove nothing.")]
Mcp = Annotated[
    bool,
    typer.Option(
        "--mcp",
        envvar="PRISMSEARCH_MCP",
        help="Offer tools to assistants that speak MCP, at /mcp; needs the extra “mcp”.",
    ),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open a browser tab.")]


def library_folder(data_dir: Path | None) -> Path:
    """Where a library is kept: as asked for, else the usual place of this person."""
    folder = data_dir or platformdirs.user_data_path("prismsearch", False) / "library"
    return folder.expanduser().absolute()


def settings_of(data_dir: Path | None, *, only_search: bool = False, **choices: Any) -> "Settings":
    """The settings that a command's options ask for; what cannot be is one message, and exit 1."""
    from pydantic import ValidationError

    from encoder.catalogue import get_card
    from indexer.settings import Settings

    folder = library_folder(data_dir)
    chosen = _with_a_model(folder, choices, only_search)
    get_card(chosen["model"])
    try:
        return Settings(data_dir=folder, **chosen)
    except ValidationError as error:
        first = error.errors()[0]
        fail(f"--{first['loc'][0]}: {first['msg']}.".replace("_", "-"))


def _with_a_model(folder: Path, choices: dict[str, Any], only_search: bool) -> dict[str, Any]:
    """The choices; where none names a model, as the library was indexed, or is being indexed."""
    from indexer.collection import remembered

    given = {name: value for name, value in choices.items() if value is not None}
    last = remembered(folder, only_search=only_search)
    if last is None:
        return {"model": DEFAULT_MODEL, **given}
    spec = last.spec
    made_as = spec.model_dump(include={"window", "hop", "resize"}) if spec else {}
    if "window" in given:
        made_as.pop("hop", None)  # it was chosen for another window
    if "model" in given:
        return {**(made_as if _same_model(given["model"], last.model) else {}), **given}
    weights = {"weights": last.weights, "tokenizer": last.tokenizer}
    return {"model": last.model, **weights, **made_as, **given}


def _same_model(name: str, other: str) -> bool:
    from encoder.catalogue import get_card

    return get_card(name).name == get_card(other).name


def in_bytes(gib: float | None) -> int | None:
    """A size in GiB as bytes; None stays what it is."""
    return None if gib is None else round(gib * 2**30)


def fail(message: str) -> NoReturn:
    """End the command with one message and exit code 1."""
    typer.secho(message, fg=typer.colors.RED, err=True)
    raise typer.Exit(1)
