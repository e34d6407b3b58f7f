"""Commands that look after a library that nobody uses meanwhile: doctor, backup, restore.

Knows their options, and how what they found or did looks on a terminal. Loads no model. Does not
know what is compared or saved.
"""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import __version__
from app.options import DataDir, QdrantKey, QdrantUrl, library_folder

if TYPE_CHECKING:
    from indexer.settings import Settings
    from indexer.upkeep.case import Finding
    from indexer.upkeep.doctor import Report

ALIKE = 10  # findings of one kind that are shown
MIB = 1 << 20


def doctor(
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be mended without loss.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
    qdrant_url: QdrantUrl = None,
    qdrant_api_key: QdrantKey = None,
) -> None:
    """Compare library, files and index; say every difference. Exit 1 if any remains."""
    from indexer.upkeep.doctor import examine

    report = examine(_settings(data_dir, qdrant_url, qdrant_api_key), repair)
    _say(_as_json(report) if as_json else "\n".join(_lines(report, repair)))
    raise typer.Exit(1 if report.differences else 0)


def backup(
    file: Annotated[Path, typer.Argument(help="A file that does not exist yet.")],
    data_dir: DataDir = None,
    qdrant_url: QdrantUrl = None,
    qdrant_api_key: QdrantKey = None,
) -> None:
    """Write the library, its index and uploaded videos into FILE; folders' videos are named."""
    from indexer.upkeep.backup import write_backup

    saved = write_backup(_settings(data_dir, qdrant_url, qdrant_api_key), file, __version__)
    for title in saved.lost:
        _say(f"Not in the backup, as its uploaded file is gone: {title}")
    _say(
        f"{saved.videos} videos, {saved.segments} segments and {saved.uploads} uploaded files in "
        f"{file} ({saved.size / MIB:.1f} MiB)"
    )


def restore(
    file: Annotated[Path, typer.Argument(help="What `prismsearch backup` wrote.")],
    data_dir: DataDir = None,
    qdrant_url: QdrantUrl = None,
    qdrant_api_key: QdrantKey = None,
) -> None:
    """Bring the library in FILE back, into an empty data folder."""
    from indexer.upkeep.restore import restore_backup

    settings = _settings(data_dir, qdrant_url, qdrant_api_key)
    restored = restore_backup(settings, file)
    _say(f"{restored.videos} videos and {restored.segments} segments in {settings.data_dir}")
    if restored.absent:
        _say(
            f"{restored.absent} videos are found, but do not play: their files lie in folders that "
            "are not on this machine."
        )


def _settings(data_dir: Path | None, qdrant_url: str | None, key: str | None) -> "Settings":
    from indexer.settings import Settings

    folder = library_folder(data_dir)
    return Settings(data_dir=folder, qdrant_url=qdrant_url, qdrant_api_key=key)


def _say(text: str) -> None:
    # Bytes of a file's name that are no text become escapes.
    print(text.encode("utf-8", "backslashreplace").decode())


def _as_json(report: "Report") -> str:
    told = {
        "videos": report.videos,
        "segments": report.segments,
        "clean": not report.differences,
        "findings": [_fields(finding) for finding in report.findings],
    }
    return json.dumps(told, ensure_ascii=False, indent=2)


def _fields(finding: "Finding") -> dict[str, Any]:
    return {
        "code": finding.code,
        "message": finding.message,
        "video_id": finding.video_id,
        "note": finding.note,
        "mendable": finding.mend is not None,
        "mended": finding.mended,
    }


def _lines(report: "Report", repair: bool) -> list[str]:
    shown: Counter[str] = Counter()
    lines = []
    for finding in report.findings:
        shown[finding.code] += 1
        if shown[finding.code] <= ALIKE:
            lines.append(" ".join(filter(None, (finding.message, finding.mended))))
    for code, number in shown.items():
        if number > ALIKE:
            lines.append(f"... and {number - ALIKE} more of the kind {code}")
    return [*lines, _summary(report, repair)]


def _summary(report: "Report", repair: bool) -> str:
    looked = f"{report.videos} videos, {report.segments} segments: "
    left = len(report.differences)
    if not left:
        return looked + "all is as it should be."
    mendable = sum(finding.mend is not None for finding in report.differences)
    if repair or not mendable:
        return looked + f"{left} to be mended by hand."
    return looked + f"{left} out of order; --repair mends {mendable} of them without loss."
