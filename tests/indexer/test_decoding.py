"""Messages between the two sides of decoding arrive as they were sent, or not at all."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import decoding
from indexer.decoding import Copy, Drawn, Limits, Request, Tally
from indexer.reader import unpack_sample


@settings(deadline=None)
@given(
    st.text(), st.integers(1, 512), st.integers(0, 10**6), st.none() | st.integers(0), st.booleans()
)
def test_requests_survive_the_command_line(
    path: str, pixels: int, first: int, last: int | None, thumbnails: bool
) -> None:
    copy = Copy(path, pixels, anew=thumbnails)
    limits = Limits(silence=2.5)
    request = Request(path, pixels, 3.5, "decord", first, last, thumbnails, "crop", limits, copy)
    assert request.to_text().isascii()
    assert Request.from_text(request.to_text()) == request


@pytest.mark.parametrize("thumbnail", [None, b"\xff\xd8jpeg"])
def test_samples_arrive_as_sent(thumbnail: bytes | None) -> None:
    pixels = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3)
    pipe = io.BytesIO()
    decoding.send_sample(pipe, Drawn(7, 3.5, pixels.tobytes(), thumbnail))
    decoding.send_fields(pipe, decoding.DONE, {"samples": 8})
    pipe.seek(0)

    message = decoding.receive(pipe)
    assert message is not None
    assert message[0] == decoding.SAMPLE
    sample = unpack_sample(message[1], 4)
    assert (sample.index, sample.time, sample.thumbnail) == (7, 3.5, thumbnail)
    np.testing.assert_array_equal(sample.pixels, pixels)
    assert decoding.receive(pipe) == (decoding.DONE, b'{"samples": 8}')
    assert decoding.receive(pipe) is None


def test_half_a_message_is_none() -> None:
    pipe = io.BytesIO()
    decoding.send(pipe, decoding.PROBE, b"0123456789")
    for size in range(len(pipe.getvalue())):
        assert decoding.receive(io.BytesIO(pipe.getvalue()[:size])) is None


def test_an_absurd_length_is_not_believed() -> None:
    assert decoding.receive(io.BytesIO(struct.pack("<cI", b"S", 2**32 - 1) + b"x" * 100)) is None


@pytest.mark.parametrize(
    ("tally", "note"),
    [
        (Tally(120, 0, 4.8), None),
        (Tally(40, 0, 1.6), "Only 1.6 of 4.8 s could be read."),
        (Tally(40, 3, 1.6), "Only 1.6 of 4.8 s could be read."),
        (Tally(120, 1, 4.8, 1), "The video is damaged in one place and may look wrong there."),
        (Tally(120, 9, 4.76, 3), "The video is damaged in 3 places and may look wrong there."),
        (
            Tally(60, 9, 4.76, 3, resumed=True),
            "The video is damaged in at least 3 places and may look wrong there.",
        ),
    ],
)
def test_a_summary_says_what_is_missing(tally: Tally, note: str | None) -> None:
    summary = tally.summary(4.8, 2.0)
    assert summary.note == note
    assert summary.errors == tally.errors


def test_damage_on_end_is_one_place() -> None:
    tally = Tally()
    for sound in (True, False, False, True, False):
        tally.look(sound)
    assert tally.damaged == 2
