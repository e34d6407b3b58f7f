"""Commands that take moments along: export, clip.

Knows their options. Does not know how moments are found, cut or written (takeaway.py).
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.finding import Link, linked
from app.options import (
    DataDir,
    Model,
    QdrantKey,
    QdrantUrl,
    Tokenizer,
    Weights,
    fail,
    library_folder,
    settings_of,
)


class Format(StrEnum):
    """A list for a spreadsheet or a program, or a timeline for an editing program."""

    csv = "csv"
    json = "json"
    edl = "edl"
    fcpxml = "fcpxml"


def export(
    words: Annotated[list[str] | None, typer.Argument(help="What to look for.")] = None,
    link: Link = None,
    moment: Annotated[
        list[str] | None,
        typer.Option(metavar="ID:FROM-TO", help="A moment, in seconds, instead of a question."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many moments.")] = 24,
    format: Annotated[
        Format | None, typer.Option(help="How the list is written; else as OUT's name says.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="The list's new file; else it is printed.")
    ] = None,
    clips: Annotated[
        Path | None, typer.Option(help="A folder, or a .zip, for the moments as videos.")
    ] = None,
    model: Model = None,
    weights: Weights = None,
    tokenizer: Tokenizer = None,
    data_dir: DataDir = None,
    qdrant_url: QdrantUrl = None,
    qdrant_api_key: QdrantKey = None,
) -> None:
    """Write the moments that a question finds as a list, a timeline, or videos of their own.

    While `serve` runs on the library, it is asked.
    """
    from app import takeaway

    asked = [*linked(link), *([("and", " ".join(words))] if words else [])]
    if bool(asked) == bool(moment):
        fail("Say what to look for, or name moments with --moment.")
    takeaway.check(out, clips)
    if moment:
        chosen = takeaway.named(library_folder(data_dir), moment)
    else:
        settings = settings_of(
            data_dir,
            only_search=True,
            model=model,
            weights=weights,
            tokenizer=tokenizer,
            qdrant_url=qdrant_url,
            qdrant_api_key=qdrant_api_key,
        )
        chosen = takeaway.found(settings, [*asked, ("limit", str(limit))])
    if out is not None or clips is None:
        takeaway.write(chosen, (format or _by_name(out)).value, out)
    if clips is not None and not takeaway.cut(chosen, clips):
        raise typer.Exit(1)


def _by_name(out: Path | None) -> Format:
    suffix = "" if out is None else out.suffix.lower().lstrip(".")
    return Format(suffix) if suffix in set(Format) else Format.csv


def clip(
    video: Annotated[str, typer.Argument(help="Its title, its path, or the begin of its id.")],
    start: Annotated[str, typer.Argument(help="Seconds, or 1:02:03.5.")],
    end: Annotated[str, typer.Argument(help="Seconds, or 1:02:03.5.")],
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="A new .mp4; else named by its title.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Cut a stretch out of VIDEO, exactly and with its sound; a server may be running or not."""
    from app import takeaway

    takeaway.clip(library_folder(data_dir), video, start, end, out)
