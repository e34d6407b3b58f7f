"""Commands that look at a library from beside whoever uses it: status, collections.

Knows their options and what they print. Loads no model, and changes nothing unless an old index is
to be removed. Does not know how far anything is (progress.py has the words).
"""

import json
from typing import Annotated

import typer

from app.options import DataDir, QdrantKey, QdrantUrl, library_folder

ROLE_WORDS = {"serving": "answers", "building": "being built", "old": "can be removed"}


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Say how far indexing is; a server may be running or not."""
    from app import progress
    from app.terminal import NOTHING, printable, tell
    from indexer.ownership import owned
    from indexer.status import status_of

    folder = library_folder(data_dir)
    now, running = status_of(folder), owned(folder)
    if as_json:
        told = None if now is None else {"running": running, **progress.as_json(now)}
        print(json.dumps(told, ensure_ascii=False, indent=2))
    elif now is None:
        tell(NOTHING)
    else:
        print(printable("\n".join(progress.table(now, running))))


def collections(
    remove: Annotated[
        str | None, typer.Option(metavar="KEY", help="Delete the old index of this key.")
    ] = None,
    data_dir: DataDir = None,
    qdrant_url: QdrantUrl = None,
    qdrant_api_key: QdrantKey = None,
) -> None:
    """List the indexes of the library: the one that answers, one being built, old ones."""
    from indexer.collection import collections_of
    from indexer.retire import delete_unused_index
    from indexer.settings import Settings
    from indexer.store import size_on_disk

    settings = Settings(
        data_dir=library_folder(data_dir), qdrant_url=qdrant_url, qdrant_api_key=qdrant_api_key
    )
    if remove is not None:
        delete_unused_index(settings, remove)
    for one in collections_of(settings.data_dir):
        size = size_on_disk(settings, one.fingerprint)
        where = "on the server" if size is None else f"{size / 1e6:,.1f} MB"
        print(f"{one.fingerprint}  {ROLE_WORDS[one.role]:<14}  {where:>14}  {one.model}")
