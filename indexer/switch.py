"""Which collection goes on answering while the one that the settings ask for is built.

Knows what a start finds: the collection that serves, whether it is the wanted one, and whether its
model can still be had. Opens no store and changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from encoder.catalogue import get_card
from encoder.embedder import Embedder
from encoder.errors import EncoderError
from indexer.collection import Collection, Collections, collections_of
from indexer.database import Database
from indexer.errors import NotIndexed
from indexer.queue import Queue
from indexer.settings import Fingerprint, Settings
from indexer.store import stored_fingerprint

Load = Callable[[Collection], Embedder]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Made:
    """A fingerprint and the model that makes its vectors."""

    embedder: Embedder
    fingerprint: Fingerprint


def wanted(settings: Settings, embedder: Embedder) -> Made:
    """What the settings ask for. Raises LibraryError where they do not fit the model."""
    fingerprint = Fingerprint.of(
        embedder.card, embedder.weights_id, settings.window, settings.hop, settings.resize
    )
    return Made(embedder, fingerprint)


def still_serving(
    settings: Settings, new: Made, database: Database, load: Load, tell: Tell
) -> Made | None:
    """The collection that should go on answering, if it is not the wanted one and can.

    `load` gets its model; `tell` hears, in a sentence, why it cannot answer.
    """
    record = Collections(database).of("serving")
    if record is None or record.fingerprint == new.fingerprint.key:
        return None
    if Queue(database, record.fingerprint).segments() == 0:
        return None
    made_as = record.spec or stored_fingerprint(settings, record.fingerprint)
    if made_as is None:
        return None
    if (made_as.model, made_as.weights_id) == (new.fingerprint.model, new.fingerprint.weights_id):
        return Made(new.embedder, made_as)
    return _loaded(record, made_as, load, tell)


def _loaded(record: Collection, made_as: Fingerprint, load: Load, tell: Tell) -> Made | None:
    try:
        embedder = load(record)
    except EncoderError as error:
        tell(f"Until the new index is built, little is found: {error}")
        return None
    if embedder.weights_id != made_as.weights_id:
        tell(
            f"The weights of {record.model} are no longer those that the index was made with, "
            "so little is found until the new index is built."
        )
        return None
    return Made(embedder, made_as)


def load_embedder(
    settings: Settings,
    model: str,
    weights: Path | None,
    tokenizer: Path | None,
    report: Tell | None,
    only_words: bool = False,
) -> Embedder:
    """A model, its compiled programs kept in the data folder. Raises EncoderError."""
    return Embedder.load(
        model,
        weights=weights,
        tokenizer=tokenizer,
        cache_dir=settings.data_dir / "models",
        report=report,
        only_words=only_words,
        precision=settings.precision,
    )


def check_indexed(settings: Settings, fingerprint: str | None = None) -> None:
    """Raise NotIndexed unless this model, in this very fingerprint if it is known, was used."""
    model = get_card(settings.model).name
    known = collections_of(settings.data_dir)
    if not known:
        raise NotIndexed("Nothing is indexed yet. Index a folder of videos first.")
    if not any(one.model == model and fingerprint in (None, one.fingerprint) for one in known):
        other = f", {known[0].weights}" if known[0].weights else ""
        raise NotIndexed(
            f"Nothing is indexed with {model} as asked for: this library is indexed with "
            f"{known[0].model}{other}. Search with that, or index the videos with this one first."
        )
