"""A strip shows the segment's own frames, each once, in the order of time."""

import math
import shutil
from bisect import bisect_right
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import media
import numpy as np
import pytest
from conftest import Draw
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer import thumbnails
from indexer.decoding import Resize
from indexer.engine import Engine
from indexer.media import Media
from indexer.segments import grid_size, plan, rate_for
from indexer.strips import grid, strip, tile_size
from indexer.upkeep.doctor import examine

FRAMES, HOP = 8, 4  # of the model that these tests embed with


def tiles(file: BytesIO | Path, frames: int) -> list[np.ndarray]:
    """The tiles of a strip, in the order in which a page shows them."""
    columns, rows = grid(frames)
    sheet = np.asarray(Image.open(file))
    height, width = sheet.shape[0] // rows, sheet.shape[1] // columns
    assert sheet.shape == (rows * height, columns * width, 3)
    cut = [row.reshape(height, columns, width, 3) for row in np.split(sheet, rows)]
    return [row[:, column] for row in cut for column in range(columns)][:frames]


def shown(engine: Engine, video_id: str, index: int) -> list[int]:
    """The numbers of the frames that a segment's strip shows."""
    path = engine.strip(video_id, index)
    assert path is not None
    return [media.number_of(tile) for tile in tiles(path, FRAMES)]


def index(engine: Engine, path: Path) -> str:
    (video,) = engine.add_files([path]).videos
    engine.worker.start()
    assert engine.worker.wait(120)
    assert engine.library.need(video.video_id).state == "done"
    return video.video_id


def expected(times: Sequence[float], duration: float) -> list[list[int]]:
    """Which frame is on the screen at each point of each segment, by the frames' own times."""
    rate = rate_for(duration, FRAMES)
    segments = plan(grid_size(duration, rate), FRAMES, HOP, duration, rate)
    return [
        [max(0, bisect_right(times, point / rate + 1e-3) - 1) for point in segment.frames]
        for segment in segments
    ]


STEADY = [number / media.FPS for number in range(240)]
UNEVEN = [*(number / 10 for number in range(30)), *(5 + number / 5 for number in range(21))]


@pytest.mark.parametrize(
    ("times", "duration"),
    [(STEADY, 9.6), (STEADY[:30], 1.2), (STEADY[:2], 0.08), (UNEVEN, 9.2)],
    ids=["the last segment aligned to the end", "short", "two frames", "uneven"],
)
def test_every_strip_shows_the_frames_of_its_segment(
    engine: Engine, tmp_path: Path, times: Sequence[float], duration: float
) -> None:
    lasts = duration - times[-1]
    path = media.write(tmp_path / "a.mp4", media.clip(len(times)), times=times, lasts=lasts)
    video_id = index(engine, path)
    strips = expected(times, duration)
    assert [shown(engine, video_id, number) for number in range(len(strips))] == strips
    assert engine.strip(video_id, len(strips)) is None


@pytest.mark.parametrize("turn", [90, 180])
def test_frames_of_a_turned_video_stand_upright(engine: Engine, tmp_path: Path, turn: int) -> None:
    stored = [np.rot90(frame, -turn // 90) for frame in media.clip(50)]
    video_id = index(engine, media.write(tmp_path / "a.mp4", stored, rotation=turn))
    assert [shown(engine, video_id, 0)] == expected(STEADY[:50], 2.0)


@pytest.mark.parametrize("resize", ["squash", "crop"])
def test_frames_are_whole_however_the_model_sees_them(
    open_engine: Callable[..., Engine], tmp_path: Path, resize: Resize
) -> None:
    engine = open_engine(resize=resize)
    frames = [media.quarters(640, 160)] * 50
    path = engine.strip(index(engine, media.write(tmp_path / "wide.mp4", frames)), 0)
    assert path is not None
    first = tiles(path, FRAMES)[0]
    assert first.shape[1] / first.shape[0] == pytest.approx(4, rel=0.02)
    edges = first[[5, 5, -5, -5], [5, -5, 5, -5]].astype(int)
    assert np.abs(edges - [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]).max() < 60


@given(frames=st.integers(1, 400))
def test_the_grid_is_nearly_square_and_no_row_is_empty(frames: int) -> None:
    columns, rows = grid(frames)
    assert columns * (rows - 1) < frames <= columns * rows
    assert 0 <= columns - rows <= 1


@given(width=st.integers(16, 8192), height=st.integers(16, 8192))
def test_tiles_keep_their_aspect_and_weigh_alike(width: int, height: int) -> None:
    picture = thumbnails.size(width, height)
    tile = tile_size(*picture)
    assert tile <= picture
    assert 1 <= tile[0] * tile[1] <= 160 * 90 * 1.2
    if min(tile) > 20:
        assert tile[0] / tile[1] == pytest.approx(picture[0] / picture[1], rel=0.06)
        assert math.prod(tile) == pytest.approx(160 * 90, rel=0.06) or tile == picture


def test_the_usual_shapes_have_the_usual_tiles() -> None:
    sizes = {(1920, 1080): (160, 90), (1080, 1920): (90, 160), (500, 500): (120, 120)}
    assert {size: tile_size(*thumbnails.size(*size)) for size in sizes} == sizes


def test_what_is_left_of_the_grid_stays_black() -> None:
    white = thumbnails.jpeg(Image.new("RGB", (320, 180), "white"))
    sheet = np.asarray(Image.open(BytesIO(strip([white] * 8))))
    assert sheet.shape == (270, 480, 3)
    assert sheet[180:, 330:].max() < 10 < 245 < sheet[:, :315].min()


# Strips live as posters do.


def test_a_strip_is_there_before_its_segment_is_found(
    engine: Engine, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[bool] = []
    upsert = engine.store.upsert

    def watched(points: list) -> None:  # type: ignore[type-arg]
        there.extend(engine.strip(one.video_id, one.index) is not None for one in points)
        upsert(points)

    monkeypatch.setattr(engine.store, "upsert", watched)
    index(engine, draw(tmp_path / "a.mp4", 9.7))
    assert there == [True] * 4


def test_strips_go_with_their_video(engine: Engine, draw: Draw, tmp_path: Path) -> None:
    video_id = index(engine, draw(tmp_path / "a.mp4", 9.7))
    assert engine.serving.media.has_strips(video_id)
    engine.reindex(video_id)
    assert engine.worker.wait(120)
    assert engine.strip(video_id, 3) is not None
    engine.remove(video_id)
    assert not list((engine.settings.data_dir / "media").rglob("*"))


def test_strips_go_with_their_collection(data_dir: Path) -> None:
    kept, gone = Media(data_dir, "1" * 16), Media(data_dir, "2" * 16)
    for number in range(3):
        for one in (kept, gone):
            one.save_poster(f"{number:064}", 7, b"a poster")
            one.save_strip(f"{number:064}", 7, b"a strip")
    gone.remove_all_pictures()
    left = [path for path in data_dir.rglob("*") if path.is_file()]
    assert len(left) == 6
    assert all("1" * 16 in path.parts for path in left)


def test_nothing_is_said_of_strips_that_an_earlier_version_did_not_make(
    open_engine: Callable[..., Engine], draw: Draw, tmp_path: Path
) -> None:
    engine = open_engine()
    video_id = index(engine, draw(tmp_path / "a.mp4", 9.7))
    engine.serving.media.strip(video_id, 1).unlink()
    engine.close()
    (found,) = examine(engine.settings).differences
    assert found.code == "strips_missing"
    shutil.rmtree(engine.serving.media.strip(video_id, 0).parent)
    assert examine(engine.settings).differences == []
