"""All kinds of bad and odd input, and the shelf on which they are drawn when first asked for."""

from pathlib import Path

import media
from kinds import (
    Kind,
    Others,
    bombs,
    clocks,
    damage,
    drawn,
    formats,
    places,
    shapes,
    strangers,
    streams,
    traps,
)

THEMES: dict[str, tuple[Kind, ...]] = {
    "Videos as they should be": formats.KINDS,
    "Time": clocks.KINDS,
    "Shape and colour": shapes.KINDS,
    "What else is inside": streams.KINDS,
    "Damage": damage.KINDS,
    "Claims": bombs.KINDS,
    "No videos, or none that are accepted": strangers.KINDS,
    "Traps": traps.KINDS,
    "Names and places": places.KINDS,
}
KINDS = {kind.name: kind for kinds in THEMES.values() for kind in kinds}

# Of use to other tests, and nothing new here.
_SPARE = {
    f"turned{turn}.mp4": drawn(
        f"turned{turn}.mp4", "", frames=lambda: [media.quarters()] * 15, rotation=turn
    )
    for turn in (90, 180, 270)
}


class Shelf(Others):
    """Files by name, in one folder, each made once."""

    def __init__(self, folder: Path, url: str = "", canary: Path = Path("canary.ts")) -> None:
        self.folder = folder
        self.url = url
        self.canary = canary
        self._made: set[str] = set()

    def __getitem__(self, name: str) -> Path:
        path = self.folder / name
        if name not in self._made:
            self._made.add(name)
            (KINDS | _SPARE)[name].draw(self, path)
        return path


def playlist_of_url(folder: Path, url: str) -> Path:
    """A playlist that names a URL."""
    path = folder / "remote.m3u8"
    path.write_text(traps.hls(url))
    return path
