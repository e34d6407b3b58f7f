"""Files from the Hugging Face hub: fetched with progress, verified once, kept in its cache.

Knows repositories, revisions and checksums, not what the files mean. Everything that goes wrong
is a DownloadError, soon rather than after minutes of retries.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from hashlib import file_digest
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.errors import (
    EntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from encoder.catalogue import HUB, ModelCard, get_tokenizer_card
from encoder.errors import DownloadError

Report = Callable[[str], None]

TIMEOUT = 5.0
"""Seconds in which a hub must answer; the download itself may take as long as it needs."""

MEANWHILE = "Meanwhile `prismsearch demo` works without any download."


class MissingOnHubError(DownloadError):
    """The hub answered, and has no such file."""


def fetch(
    hub_id: str,
    file: str,
    *,
    revision: str | None = None,
    cache_dir: Path | None = None,
    report: Report | None = None,
) -> Path:
    """Path of a hub's file in the local cache, downloaded and verified if need be.

    A file that is there and verified is given without asking the hub.

    Raises DownloadError, MissingOnHubError among them.
    """
    cached = huggingface_hub.try_to_load_from_cache(hub_id, file, cache_dir, revision)
    if isinstance(cached, str):
        path = Path(cached)
    else:
        path = _download(hub_id, file, revision, cache_dir, report)
    _verify(path, report)
    return path


def by_hand(card: ModelCard) -> str:
    """What to download where, and how to pass it on, when the hub cannot be reached from here."""
    size = f" ({card.weights_bytes / 1e9:.2f} GB)" if card.weights_bytes else ""
    text = f"Download {card.weights_file}{size} from {card.page} and pass it with --weights FILE"
    if card.kind == "clip":
        text += f"; {tokenizer_by_hand(card.tokenizer)}"
    return f"{text}. {MEANWHILE}"


def tokenizer_by_hand(name: str) -> str:
    """Where a person finds a tokenizer, and how to pass it on."""
    source = get_tokenizer_card(name).sources[-1]
    return f"download {source.file} from {HUB}/{source.hub_id} and pass it with --tokenizer FILE"


def cache_folder(cache_dir: Path | None) -> Path:
    """Folder for files that come from elsewhere than a hub's repository."""
    return Path(cache_dir or constants.HF_HUB_CACHE) / "prismsearch"


def fetch_url(url: str, target: Path) -> Path:
    """Download a small file to `target` unless it is there; it appears only when whole.

    Raises DownloadError.
    """
    if target.is_file():
        return target
    unfinished = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with urlopen(url, timeout=TIMEOUT) as answer:
            unfinished.write_bytes(answer.read())
    except (OSError, HTTPException) as error:  # the latter for an answer that breaks off
        raise DownloadError(f"{url} could not be fetched ({error}).") from error
    return unfinished.replace(target)


def forget(path: Path) -> None:
    """Take a file that is not what it should be from the cache: it is fetched anew next time."""
    with suppress(OSError):  # a cache that may only be read
        path.unlink()


def _download(
    hub_id: str, file: str, revision: str | None, cache_dir: Path | None, report: Report | None
) -> Path:
    where = f"{file} of {hub_id}"
    try:
        # The client retries for minutes where nothing answers; one question first tells soon.
        url = huggingface_hub.hf_hub_url(hub_id, file, revision=revision)
        facts = huggingface_hub.get_hf_file_metadata(url, timeout=TIMEOUT)
        if report:
            report(f"Fetching {where} ({(facts.size or 0) / 1e6:,.0f} MB) ...")
        return Path(
            huggingface_hub.hf_hub_download(
                hub_id, file, revision=revision, cache_dir=cache_dir, etag_timeout=TIMEOUT
            )
        )
    except (EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise MissingOnHubError(f"The hub has no {where}.") from error
    except Exception as error:  # whatever its HTTP client raises, the advice is the same
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DownloadError(f"{where} could not be fetched from the hub ({reason}).") from error


def _verify(path: Path, report: Report | None) -> None:
    """Compare a large file with the SHA-256 that the cache names it by, once."""
    blob = path.resolve()
    if not re.fullmatch("[0-9a-f]{64}", blob.name):
        return
    facts = blob.stat()
    state = f"{facts.st_size} {facts.st_mtime_ns}"
    stamp = blob.parent.parent / "verified" / blob.name
    if stamp.is_file() and stamp.read_text() == state:
        return
    if report:
        report(f"Checking {path.name} ...")
    with blob.open("rb") as stream:
        intact = file_digest(stream, "sha256").hexdigest() == blob.name
    if not intact:
        path.unlink()
        blob.unlink(missing_ok=True)
        raise DownloadError(f"{path.name} arrived damaged and was removed: start again.")
    _write_stamp(stamp, state)


def _write_stamp(stamp: Path, state: str) -> None:
    try:
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(state)
    except OSError:
        return  # a cache that may only be read: the file is checked again next time
