"""A short text that a person gives something as its name: a tag, a saved search.

Knows what is fit to be read, and when two are the same. Knows not what bears the name.
"""

import unicodedata

from indexer.errors import BadLabel

# What turns the direction of text would show a name as another one.
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def unturned(text: str) -> str:
    """The text without the marks that turn its direction."""
    return "".join(c for c in text if c not in _TURNS)


def label(text: str, what: str, longest: int) -> str:
    """The text with single spaces, letters composed, unturned; `what` names it in an error.

    Raises BadLabel unless it has 1 to `longest` characters, one that can be seen among them.
    """
    name = unicodedata.normalize("NFC", " ".join(unturned(text).split()))
    kinds = {unicodedata.category(c) for c in name}
    if kinds & {"Cc", "Cs"}:
        raise BadLabel(f"{what} holds a character that cannot be shown. Nothing was changed.")
    # A name of dots alone would lead elsewhere in an address.
    if not name.strip(".") or all(kind[0] in "CZM" for kind in kinds):
        raise BadLabel(f"{what} needs at least one letter, digit or symbol. Nothing was changed.")
    if len(name) > longest:
        raise BadLabel(
            f"{what} has {len(name):,} characters; at most {longest} are kept. Nothing was changed."
        )
    return name


def folded(name: str) -> str:
    """What is the same for two names that differ in case only."""
    return unicodedata.normalize("NFC", name.casefold())
