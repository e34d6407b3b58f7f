"""What is left undecoded is on the screen at no grid point; what is seen is the same to the bit."""

from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from indexer.decoding import Decode, Request, Tally
from indexer.segments import on_grid
from indexer.video import by_pyav, inspect, opening, read
from indexer.video.sparing import spared

RATE = 30


class Packed(NamedTuple):
    """As much of a packet as matters here."""

    pts: int | None
    time_base: Fraction = Fraction(1, 1000)


def by_display(lengths: list[int], reach: int) -> list[Packed]:
    """Pictures of these lengths, decoded up to `reach` places out of order."""
    stamps = np.cumsum([0, *lengths[:-1]]).tolist()
    groups = (stamps[at : at + reach] for at in range(0, len(stamps), reach))
    return [Packed(stamp) for group in groups for stamp in group[-1:] + group[:-1]]


@given(
    st.lists(st.integers(1, 900), min_size=1, max_size=150),
    st.integers(1, 16),
    st.sampled_from([0.4, 2.0, 7.3]),
    st.integers(0, 3000),
)
def test_no_picture_of_a_grid_point_is_spared(
    lengths: list[int], reach: int, fps: float, start: int
) -> None:
    packets = [Packed(packet.pts + start) for packet in by_display(lengths, reach)]  # type: ignore[operator]
    answers = list(spared(packets, start / 1000, fps))  # type: ignore[arg-type]
    assert [packet for packet, _ in answers] == packets
    left_out = {packet.pts for packet, needless in answers if needless}
    shown = sorted((packet.pts or 0) for packet in packets)
    times = zip(shown, lengths, strict=True)
    pictures = (((pts - start) / 1000, length / 1000, pts) for pts, length in times)
    assert left_out.isdisjoint(pts for _, pts in on_grid(pictures, fps))


def test_most_is_spared_where_pictures_are_many() -> None:
    answers = [needless for _, needless in spared(by_display([33] * 300, 4), 0.0, 2.0)]  # type: ignore[arg-type]
    assert sum(answers) > 0.8 * (300 - 32)
    assert not any(answers[-32:])  # they tell where the video ends


def test_nothing_is_spared_before_or_behind_a_packet_without_a_time() -> None:
    packets = by_display([33] * 200, 4)
    packets[100] = Packed(None)
    answers = [needless for _, needless in spared(packets, 0.0, 2.0)]  # type: ignore[arg-type]
    assert any(answers[:60])
    assert not any(answers[68:])


def grainy(path: Path, encoder: str) -> Path:
    """Six seconds of noise that moves, with B-frames."""
    rng = np.random.default_rng(0)
    ground = rng.integers(0, 256, (96 + 180, 128, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=RATE, options={"crf": "30"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.codec_context.max_b_frames = 3
        for index in range(180):
            picture = np.ascontiguousarray(ground[index : index + 96])
            container.mux(stream.encode(VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


class Decoded(NamedTuple):
    """What was read, and how many pictures came out of the decoder for it."""

    pixels: np.ndarray
    pictures: int


def decoded(path: Path, decode: Decode = "exact", thrifty: bool = True) -> Decoded:
    request = Request(str(path), 72, decode=decode, thumbnails=False)
    probe, tally, pictures = inspect(str(path), request.limits, lambda: None), Tally(), 0

    def counted(*given: Any) -> list[VideoFrame] | None:
        nonlocal pictures
        found = opening.decode(*given)
        pictures += len(found or ())
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(by_pyav, "decode", counted)
        if not thrifty:
            patch.setattr(by_pyav, "_KNOWS_ITS_NEED", frozenset())
        drawn = b"".join(sample.pixels for sample in read(request, probe, tally, lambda: None))
    summary = tally.summary(probe.duration, request.fps)
    assert (summary.samples, summary.note) == (12, None)
    return Decoded(np.frombuffer(drawn, np.uint8), pictures)


def test_what_is_seen_is_the_same_to_the_bit(tmp_path: Path) -> None:
    path = grainy(tmp_path / "a.mp4", "libx264")
    whole, some = decoded(path, thrifty=False), decoded(path)
    assert whole.pictures == 180 > 1.3 * some.pictures
    np.testing.assert_array_equal(some.pixels, whole.pixels)


def test_damage_is_told_in_full(tmp_path: Path) -> None:
    path = grainy(tmp_path / "a.mp4", "libx264")
    content = bytearray(path.read_bytes())
    middle = len(content) // 4
    content[middle : middle + 64] = bytes(64)
    path.write_bytes(content)
    request = Request(str(path), 72, thumbnails=False)
    probe, tally = inspect(str(path), request.limits, lambda: None), Tally()
    assert len(list(read(request, probe, tally, lambda: None))) == 12
    assert tally.damaged


@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_the_fast_way_gives_the_same_moments_a_little_rougher(tmp_path: Path, encoder: str) -> None:
    path = grainy(tmp_path / "a.mp4", encoder)
    exact, fast = decoded(path), decoded(path, "fast")
    assert fast.pictures < 140
    difference = np.abs(fast.pixels.astype(int) - exact.pixels)
    assert 0 < difference.mean() < 12
