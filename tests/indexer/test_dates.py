"""When a video was recorded: what containers say, and what of it cannot be true."""

from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from indexer.engine import Engine
from indexer.filters import Filters, Range
from indexer.reader import probe
from indexer.video.dates import recorded_at

NOW = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
MAY = datetime(2023, 5, 1, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2023-05-01T12:00:00.000000Z", MAY),
        ("2023-05-01T14:00:00+0200", MAY),
        ("2023-05-01 12:00:00", MAY),
        ("1904-01-01T00:00:00.000000Z", None),  # where QuickTime begins to count
        ("1970-01-01T00:00:00.000000Z", None),
        ("2031-01-01T00:00:00Z", None),
        ("2026-11-01T20:00:00Z", NOW + 20 * 3600),  # a camera in another time zone
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_what_a_container_says_is_believed_where_it_can_be(text: str, when: float | None) -> None:
    assert recorded_at([{"creation_time": text}], NOW) == when


def test_a_phones_own_clock_counts_more_and_what_is_impossible_nothing() -> None:
    phone = {"com.apple.quicktime.creationdate": "2023-05-01T14:00:00+0200"}
    other = {"creation_time": "2024-01-01T00:00:00Z"}
    assert recorded_at([other | phone], NOW) == MAY
    assert recorded_at([{"creation_time": "1904-01-01T00:00:00Z"}, phone], NOW) == MAY
    assert recorded_at([{}, {}], NOW) is None


def film(path: Path) -> Path:
    """A second of video that says when it was recorded."""
    with av.open(path, "w") as output:
        output.metadata["creation_time"] = "2023-05-01T12:00:00Z"
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for shade in range(10):
            picture = np.full((48, 64, 3), 20 * shade, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        output.mux(stream.encode())
    return path


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_a_look_at_a_file_tells_it(tmp_path: Path, suffix: str) -> None:
    assert probe(film(tmp_path / f"film.{suffix}")).recorded_at == MAY


def test_an_indexed_video_can_be_found_by_it(engine: Engine, tmp_path: Path) -> None:
    (video,) = engine.add_files([film(tmp_path / "film.mp4")]).videos
    assert video.recorded_at is None
    engine.worker.start()
    assert engine.worker.wait(60)
    assert engine.library.need(video.video_id).recorded_at == MAY
    found = Filters(recorded=(Range(MAY, MAY + 1),)).scope(engine.library)
    assert found.videos == {video.video_id}
