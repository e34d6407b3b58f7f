"""The command line: `prismsearch demo | serve | index | search | info`.

Knows options and the environment, and nothing else reads them. Everything heavy is imported when a
command runs, so that `--help` answers at once.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import platformdirs
import typer

from encoder.errors import EncoderError
from indexer.errors import IndexerError

if TYPE_CHECKING:
    from indexer.settings import Settings

DEMO = Path(__file__).parent.parent / "assets" / "demo"
SUGGESTIONS = (  # each happens once in the demo's library
    "a red cross spins",
    "three yellow triangles move right",
    "a blue ring below a green star",
    "a pink circle moves up then moves left",
    "a purple ring circles around",
)
DEFAULT_MODEL = "videoprism_lvt_public_v1_base"

cli = typer.Typer(
    help="Finds the moment you mean in your own videos.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

FOLDERS = typer.Argument(exists=True, file_okay=False, help="Folders of videos to index.")
Folders = Annotated[list[Path] | None, FOLDERS]
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
Reader = Annotated[
    str, typer.Option(envvar="PRISMSEARCH_READER", help="What decodes videos: pyav or decord.")
]
Host = Annotated[str, typer.Option(envvar="PRISMSEARCH_HOST", help="The address to listen on.")]
Port = Annotated[
    int | None,
    typer.Option(
        envvar="PRISMSEARCH_PORT", min=0, max=65535, help="The port; else the first free from 7860."
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
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Take no uploads and remove nothing.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open a browser tab.")]


@cli.command()
def demo(
    data_dir: Annotated[
        Path | None, typer.Option(help="Where the demo's library is kept; never your own one.")
    ] = None,
    host: Host = "127.0.0.1",
    port: Port = None,
    allow_host: Names = None,
    read_only: ReadOnly = False,
    no_browser: NoBrowser = False,
) -> None:
    """Show a small library of drawn videos, with the toy model that ships along."""
    settings = _settings(
        data_dir=data_dir or platformdirs.user_data_path("prismsearch", False) / "demo",
        model="toy",
        read_only=read_only,
    )
    _serve(settings, [DEMO], host, port, allow_host, not no_browser, SUGGESTIONS)


@cli.command()
def serve(
    folders: Folders = None,
    model: Model = None,
    weights: Weights = None,
    tokenizer: Tokenizer = None,
    data_dir: DataDir = None,
    qdrant_url: QdrantUrl = None,
    qdrant_api_key: QdrantKey = None,
    reader: Reader = "pyav",
    host: Host = "127.0.0.1",
    port: Port = None,
    allow_host: Names = None,
    read_only: ReadOnly = False,
    no_browser: NoBrowser = False,
) -> None:
    """Serve the page, and index FOLDERS in the background."""
    settings = _settings(
        data_dir=data_dir,
        model=model,
        weights=weights,
        tokenizer=tokenizer,
        qdrant_url=qdrant_url,
        qdrant_api_key=qdrant_api_key,
        reader=reader,
        read_only=read_only,
    )
    _serve(settings, folders or [], host, port, allow_host, not no_browser)


@cli.command()
def index(
    folders: Annotated[list[Path], FOLDERS],
    model: Model = None,
    weights: Weights = None,
    tokenizer: Tokenizer = None,
    data_dir: DataDir = None,
    qdrant_url: QdrantUrl = None,
    qdrant_api_key: QdrantKey = None,
    reader: Reader = "pyav",
) -> None:
    """Index FOLDERS and stop; what is indexed already is skipped."""
    from app import terminal

    settings = _settings(
        data_dir=data_dir,
        model=model,
        weights=weights,
        tokenizer=tokenizer,
        qdrant_url=qdrant_url,
        qdrant_api_key=qdrant_api_key,
        reader=reader,
    )
    raise typer.Exit(0 if terminal.index(settings, folders) else 1)


@cli.command()
def search(
    words: Annotated[str, typer.Argument(help="What to look for.")],
    top: Annotated[int, typer.Option(min=1, max=200, help="How many moments.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    model: Model = None,
    weights: Weights = None,
    tokenizer: Tokenizer = None,
    data_dir: DataDir = None,
    qdrant_url: QdrantUrl = None,
    qdrant_api_key: QdrantKey = None,
) -> None:
    """Find the moments that fit WORDS best."""
    from app import terminal

    settings = _settings(
        data_dir=data_dir,
        model=model,
        weights=weights,
        tokenizer=tokenizer,
        qdrant_url=qdrant_url,
        qdrant_api_key=qdrant_api_key,
    )
    terminal.search(settings, words, top, as_json)


@cli.command()
def info(
    model: Model = None,
    data_dir: DataDir = None,
    qdrant_url: QdrantUrl = None,
) -> None:
    """Say what is installed and indexed, and where."""
    from app import terminal

    terminal.info(_settings(data_dir=data_dir, model=model, qdrant_url=qdrant_url))


def _settings(data_dir: Path | None, **choices: Any) -> "Settings":
    from pydantic import ValidationError

    from encoder.catalogue import get_card
    from indexer.settings import Settings

    folder = data_dir or platformdirs.user_data_path("prismsearch", False) / "library"
    folder = folder.expanduser().absolute()
    chosen = _with_a_model(folder, choices)
    get_card(chosen["model"])
    try:
        return Settings(data_dir=folder, **chosen)
    except ValidationError as error:
        first = error.errors()[0]
        _fail(f"--{first['loc'][0]}: {first['msg']}.".replace("_", "-"))


def _with_a_model(folder: Path, choices: dict[str, Any]) -> dict[str, Any]:
    """The choices; where no model is named, with the one that was used there last."""
    from indexer.library import collections_of

    if choices["model"] is not None:
        return choices
    given = {name: value for name, value in choices.items() if value is not None}
    known = collections_of(folder)
    if not known:
        return {"model": DEFAULT_MODEL, **given}
    last = known[0]
    return {"model": last.model, "weights": last.weights, "tokenizer": last.tokenizer, **given}


def _serve(
    settings: "Settings",
    folders: list[Path],
    host: str,
    port: int | None,
    hosts: list[str] | None,
    show: bool,
    suggestions: Sequence[str] = (),
) -> None:
    from app import launch, terminal

    # Gradio's own folder would be one in the system's temporary folder that all users share.
    os.environ.setdefault("GRADIO_TEMP_DIR", str(settings.data_dir / "gradio"))
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    try:
        listener = launch.listen(host, port)
    except launch.PortTakenError as error:
        _fail(str(error))
    with listener, terminal.opened(settings) as engine:
        engine.worker.start()
        terminal.prepare_meanwhile(engine, folders)
        launch.serve(
            engine,
            listener,
            hosts=hosts or (),
            suggestions=suggestions,
            show=show and sys.stdout.isatty(),
        )


def _fail(message: str) -> NoReturn:
    typer.secho(message, fg=typer.colors.RED, err=True)
    raise typer.Exit(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console command; what can go wrong is one message, not a trace.

    arguments: instead of those of the process.
    """
    # A container that is stopped ends as Ctrl-C does: the work under way is handed back.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cli(arguments)
    except (EncoderError, IndexerError) as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
