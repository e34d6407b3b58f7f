"""The command line: `prismsearch demo | serve | index | search | status | ...`.

Knows the commands and what each one starts; those that look at a library, look after one, or take
moments along are in overview.py, upkeep.py and taking.py. Everything heavy is imported when a
command runs, so that `--help` answers at once. Does not know how anything is indexed, searched or
served.
"""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import platformdirs
import typer

from app import ending, finding, overview, taking, upkeep
from app.options import (
    DataDir,
    Decode,
    Folders,
    Hop,
    Host,
    Log,
    LogLevel,
    MaxUpload,
    Mcp,
    Model,
    Names,
    NoBrowser,
    Paths,
    Port,
    Precision,
    QdrantKey,
    QdrantUrl,
    Reader,
    ReadOnly,
    RemoveOld,
    Resize,
    Tokenizer,
    Weights,
    Window,
    fail,
    in_bytes,
    settings_of,
)
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

cli = typer.Typer(
    help="Finds the moment you mean in your own videos.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.callback()
def keep_journal(log: Log = LogLevel.warning) -> None:
    """Finds the moment you mean in your own videos."""
    from indexer import journal

    journal.keep(log.value, as_json=not sys.stderr.isatty())


@cli.command()
def demo(
    data_dir: Annotated[
        Path | None, typer.Option(help="Where the demo's library is kept; never your own one.")
    ] = None,
    host: Host = "127.0.0.1",
    port: Port = None,
    allow_host: Names = None,
    read_only: ReadOnly = False,
    mcp: Mcp = False,
    no_browser: NoBrowser = False,
) -> None:
    """Show a small library of drawn videos, with the toy model that ships along."""
    settings = settings_of(
        data_dir=data_dir or platformdirs.user_data_path("prismsearch", False) / "demo",
        model="toy",
        read_only=read_only,
    )
    _serve(settings, [DEMO], host, port, allow_host, mcp, not no_browser, SUGGESTIONS)


@cli.command()
def serve(
    folders: Folders = None,
    model: Model = None,
    weights: Weights = None,
    tokenizer: Tokenizer = None,
    window: Window = None,
    hop: Hop = None,
    resize: Resize = None,
    data_dir: DataDir = None,
    qdrant_url: QdrantUrl = None,
    qdrant_api_key: QdrantKey = None,
    reader: Reader = "pyav",
    precision: Precision = "float32",
    decode: Decode = "exact",
    host: Host = "127.0.0.1",
    port: Port = None,
    allow_host: Names = None,
    max_upload: MaxUpload = None,
    remove_old: RemoveOld = False,
    read_only: ReadOnly = False,
    mcp: Mcp = False,
    no_browser: NoBrowser = False,
) -> None:
    """Serve the page, index FOLDERS in the background, and follow what changes in them."""
    settings = settings_of(
        data_dir=data_dir,
        model=model,
        weights=weights,
        tokenizer=tokenizer,
        window=window,
        hop=hop,
        resize=resize,
        qdrant_url=qdrant_url,
        qdrant_api_key=qdrant_api_key,
        reader=reader,
        precision=precision,
        decode=decode,
        max_upload_bytes=in_bytes(max_upload),
        keep_old=not remove_old,
        read_only=read_only,
    )
    _serve(settings, folders or [], host, port, allow_host, mcp, not no_browser)


@cli.command()
def index(
    paths: Paths,
    model: Model = None,
    weights: Weights = None,
    tokenizer: Tokenizer = None,
    window: Window = None,
    hop: Hop = None,
    resize: Resize = None,
    data_dir: DataDir = None,
    qdrant_url: QdrantUrl = None,
    qdrant_api_key: QdrantKey = None,
    reader: Reader = "pyav",
    precision: Precision = "float32",
    decode: Decode = "exact",
    remove_old: RemoveOld = False,
) -> None:
    """Index PATHS, files and folders, and stop; what is indexed already is skipped."""
    from app import indexing

    settings = settings_of(
        data_dir=data_dir,
        model=model,
        weights=weights,
        tokenizer=tokenizer,
        window=window,
        hop=hop,
        resize=resize,
        qdrant_url=qdrant_url,
        qdrant_api_key=qdrant_api_key,
        reader=reader,
        precision=precision,
        decode=decode,
        keep_old=not remove_old,
    )
    raise typer.Exit(0 if indexing.index(settings, paths) else 1)


@cli.command()
def info(
    model: Model = None,
    data_dir: DataDir = None,
    qdrant_url: QdrantUrl = None,
) -> None:
    """Say what is installed and indexed, and where."""
    from app import terminal

    terminal.info(settings_of(data_dir, only_search=True, model=model, qdrant_url=qdrant_url))


cli.command(cls=finding.InOrder)(finding.search)
for command in (
    overview.status,
    overview.collections,
    upkeep.doctor,
    upkeep.backup,
    upkeep.restore,
    taking.export,
    taking.clip,
):
    cli.command()(command)


def _serve(
    settings: "Settings",
    folders: list[Path],
    host: str,
    port: int | None,
    hosts: list[str] | None,
    assistants: bool,
    show: bool,
    suggestions: Sequence[str] = (),
) -> None:
    from app import launch, terminal

    if assistants and find_spec("mcp") is None:
        fail('--mcp needs a package more: pip install -c constraints.txt -e ".[mcp]"')
    terminal.check_folders(settings, folders)
    # Gradio's own folder would be one in the system's temporary folder that all users share.
    os.environ.setdefault("GRADIO_TEMP_DIR", str(settings.data_dir / "gradio"))
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    try:
        listener = launch.listen(host, port)
    except launch.PortTakenError as error:
        fail(str(error))
    with listener, terminal.opened(settings) as engine:
        engine.worker.start()
        with terminal.warming_up(engine) as ready:
            for folder in folders:
                engine.watch(folder)
            launch.serve(
                engine,
                listener,
                hosts=hosts or (),
                suggestions=suggestions,
                assistants=assistants,
                show=show and sys.stdout.isatty(),
                ready=ready,
            )


def main(arguments: Sequence[str] | None = None) -> None:
    """What the console command does; what can go wrong is one message, not a trace.

    arguments: instead of those of the process.
    """
    # NumPy multiplies little here, and threads for it wait for cores that the model has taken.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # A container that is stopped ends as Ctrl-C does: the work under way is handed back.
    ending.listen_for_the_end()
    try:
        cli(arguments)
    except (EncoderError, IndexerError) as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        sys.exit(1)


def run() -> NoReturn:
    """The same as a process, which ends with it."""
    try:
        main()
    except SystemExit as ended:
        ending.leave(int(ended.code or 0))
    ending.leave(0)


if __name__ == "__main__":
    run()
