"""An example is embedded as the collection's segments are, and shown by its middle."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import media
import numpy as np
import pytest
from PIL import Image

from encoder.embedder import Embedder
from indexer.decoding import Resize
from indexer.engine import Engine
from indexer.reader import read_frames


def shown(poster: bytes) -> int:
    """The number of the frame that a poster shows."""
    picture = Image.open(BytesIO(poster))
    assert picture.format == "JPEG"
    assert picture.width == 320
    return media.number_of(np.asarray(picture))


@pytest.mark.parametrize("resize", ["squash", "crop"])
def test_a_picture_is_a_clip_that_stands_still(
    open_engine: Callable[..., Engine], embedder: Embedder, tmp_path: Path, resize: Resize
) -> None:
    frame = media.numbered(77, 640, 360)
    Image.fromarray(frame).save(tmp_path / "frame.png")
    film = media.write(tmp_path / "still.mp4", [frame] * 60, options={"crf": "5"})
    found = open_engine(resize=resize).search.example(tmp_path / "frame.png")
    assert found.vectors.shape == (1, embedder.dim)
    assert np.linalg.norm(found.vectors) == pytest.approx(1, abs=1e-5)
    assert shown(found.poster) == 77
    with read_frames(film, pixels=72, resize=resize) as frames:
        first = next(frames).pixels
    still = embedder.embed_clips([np.stack([first] * 8)])
    assert float((still @ found.vectors.T).item()) > 0.99


def test_a_video_is_shown_by_its_middle(engine: Engine, tmp_path: Path) -> None:
    film = media.write(tmp_path / "a.mp4", media.clip(200))
    found = engine.search.example(film)
    assert len(found.vectors) == 3
    assert shown(found.poster) == 100


def test_a_video_that_ends_early_is_shown_by_its_last_picture(
    engine: Engine, tmp_path: Path
) -> None:
    film = media.write(tmp_path / "a.mp4", media.clip(250), muxer={"movflags": "+faststart"})
    whole = film.read_bytes()
    film.write_bytes(whole[: len(whole) * 2 // 5])
    assert 50 < shown(engine.search.example(film).poster) < 125


@pytest.mark.parametrize("frames", [1, 3])
def test_a_gif_is_a_video_however_short(engine: Engine, tmp_path: Path, frames: int) -> None:
    first, *others = [Image.fromarray(frame) for frame in media.clip(frames)]
    first.save(tmp_path / "a.gif", save_all=True, append_images=others, duration=500)
    found = engine.search.example(tmp_path / "a.gif")
    assert found.vectors.shape[0] == 1
    assert shown(found.poster) == frames // 2
