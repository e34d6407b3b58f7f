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

SELDOM = frozenset(
    """
    h264.3g2 vp9.mp4 av1.mp4 wmv1.asf msmpeg4v2.avi mjpeg.mov grey.mp4 long_gop.ts intra.mp4
    start10.mkv plain.ts negative_offsets.mp4 vfr.webm two_frames.mp4 long_sound.mkv
    timeless_by_header.mp4 h264_silent.mp4 one_long_frame.mp4 phone180.mp4 phone270.mp4 tilted.mp4
    upside_down.mp4 absurd_pixels.mp4 narrow.mp4 flat.mp4 odd.mp4 two_by_two.avi huge.mov
    swollen.mov hdr_hlg.mp4 full_range.mp4 alpha.mov interlaced.ts forty_tracks.mkv cover.mka
    sound.mp4 script_in_title.mkv long_title.mkv cut_late.mp4 cut_fragments.mp4 cut.mov
    cut_early.mkv cut_h264.ts cut.mpg cut.ogv cut.gif one_byte.mp4 headless.mpg headless.mkv
    scratched_h264.ts scratched_vp8.webm scratched_av1.webm scratched.avi scratched.flv
    scratched_badly.mp4 hole.mp4 noise_after.mkv page_after.mp4 twice.mp4 clusters.mkv sizes.mp4
    endless_data_first.mp4 places.mp4 endless.mkv answer.webm document.mp4 program.mp4 picture.tiff
    moving.png music.wav music.ogg raw.hevc raw.ivf nut.nut flash.swf real.rm huffyuv.avi
    uncompressed.avi png.mov jpeg2000.mov qtrle.mov snow.avi LOUD.MOV two.avi.mp4 frame%03d.mp4
    h264.mov h264.m2ts h264.flv h264.avi vp8.ogv msmpeg4v3.avi h263.3gp mpeg2.mpg full_colour.mp4
    open_gop.mp4 epoch.mkv no_times.ts slides.mp4 mirrored.mp4 narrow16.mp4 swollen.webm
    sixteen_k.mov shrinks.webm subtitles_first.mkv cover.m4a cut_early.mp4 half_index.mp4 cut.flv
    cut.wmv headless.ts scratched.webm scratched.wmv hole.mkv noise_before.ts packed_index.mov
    zeros.mp4 subtitles.mp4 picture.mp4 music.mp3 dv.avi camera.mxf
    """.split()  # noqa: SIM905
)
"""Much like others, and therefore left to the slow suite."""

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
