"""Texts that people gave, made fit for the places where an export puts them.

Knows lines, file names and the cells of a table, and what of a text could do harm there. Does not
know what is exported.
"""

import re
import unicodedata

LONGEST = 200  # characters of a text within a line
_LONGEST_NAME = 120  # bytes of a title within a file's name
_JOINERS = "\u200c\u200d"  # within words of some scripts, and within emoji
_FORBIDDEN = re.compile(r'[<>:"/\\|?*$%`]')  # by a system, or read by its shell
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)")
# A spreadsheet reads these as the begin of a formula, the wide ones too, and some of them behind
# blanks or behind what it takes for the end of a cell.
_FORMULA = re.compile(r"(^|[;,])(['\"\s]*)(?=[=+\-@＝＋－＠﹢﹣﹦﹫])")


def one_line(text: str, longest: int = LONGEST) -> str:
    """The text as a part of one line: what cannot be seen becomes a space or nothing."""
    shown = "".join(map(_shown, unicodedata.normalize("NFC", text[: 10 * longest])))
    line = " ".join(shown.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def cell(text: str) -> str:
    """The text as one cell of a table, which no spreadsheet takes for a formula."""
    return _FORMULA.sub(r"\1\2'", one_line(text))


def clip_name(title: str, start: float, end: float) -> str:
    """The name of a clip's file, whatever the title: `Title 0m05s-0m12s.mp4`."""
    safe = _FORBIDDEN.sub("_", one_line(title)).lstrip(" .-")
    safe = safe.encode()[:_LONGEST_NAME].decode(errors="ignore").rstrip(" .")
    if _RESERVED.match(safe):
        safe = f"_{safe}"
    return f"{safe or 'Clip'} {_time(start)}-{_time(end)}.mp4"


class Names:
    """Names within one folder: each is given once, by what any system holds for the same."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def unique(self, name: str) -> str:
        """The name, with a number before its suffix if it was given before."""
        stem, _, suffix = name.rpartition(".")
        found, number = name, 1
        while _same(found) in self._given:
            number += 1
            found = f"{stem} ({number}).{suffix}"
        self._given.add(_same(found))
        return found


def _same(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _shown(character: str) -> str:
    """A character as it may be shown: what turns or hides text is left out."""
    if character in _JOINERS:
        return character
    kind = unicodedata.category(character)
    if kind == "Cf":
        return ""
    return " " if kind in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") else character


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 1e-6), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m{rest:02}s" if hours else f"{minutes}m{rest:02}s"
