"""Several children at one video: the same samples, the same summary, and nobody left behind."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import media
import numpy as np
import pytest
from awkward import Shelf

from indexer import relay
from indexer.decoding import Sample, Summary
from indexer.errors import VideoError
from indexer.reader import FrameReader, read_frames
from indexer.relay import Relay

PIXELS = 72
ASKED = list[tuple[int, int | None]]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("awkward"))


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of the length that a test's video has room for, and no child is quick enough."""
    monkeypatch.setattr(relay, "FIRST", 4)
    monkeypatch.setattr(relay, "EACH", 3)
    monkeypatch.setattr(relay, "TOO_SLOW", -1.0)
    monkeypatch.setattr(relay, "WORTH", 0.0)


def reading(path: Path, asked: ASKED | None = None, **rest: object) -> relay.Read:
    """Readers of a file, and what each is asked for."""

    def read(first: int, last: int | None) -> FrameReader:
        if asked is not None:
            asked.append((first, last))
        return read_frames(path, pixels=PIXELS, first=first, last=last, **rest)  # type: ignore[arg-type]

    return read


def alone(path: Path, first: int = 0) -> tuple[list[Sample], Summary | None, str | None]:
    return gathered(read_frames(path, pixels=PIXELS, first=first))


def gathered(
    reader: FrameReader | Relay,
) -> tuple[list[Sample], Summary | None, str | None]:
    """All samples, the summary, and the code of what ended the reading before its end."""
    samples: list[Sample] = []
    try:
        with reader as frames:
            samples.extend(frames)
    except VideoError as error:
        return samples, None, error.code
    return samples, reader.summary, None


def check_same(path: Path, asked: ASKED, first: int = 0) -> None:
    expected, summary, code = alone(path, first)
    samples, relayed, failed = gathered(Relay(reading(path, asked), first, 3))
    assert [one.index for one in samples] == [one.index for one in expected]
    for one, other in zip(samples, expected, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        assert one.thumbnail == other.thumbnail
    assert failed == code
    if summary is not None:  # errors on the way to a stretch count again
        assert relayed is not None
        assert replace(relayed, errors=summary.errors) == summary


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifteen seconds with a key picture every second."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return media.write(path, (media.numbered(n % 100) for n in range(375)), options={"g": "25"})


def test_stretches_follow_each_other_to_the_end(film: Path) -> None:
    asked: ASKED = []
    check_same(film, asked)
    assert asked[0] == (0, 4)
    assert sorted(asked[1:-1]) == [(first, first + 3) for first in range(4, 26, 3)]
    assert asked[-1] == (28, None)


@pytest.mark.parametrize("first", [11, 30])
def test_it_goes_on_where_indexing_was_left(film: Path, first: int) -> None:
    check_same(film, [], first)


KINDS = ["hevc.mp4", "vfr.mp4", "restarts.ts", "cut.mp4"]
MORE = [
    "long_gop.mp4",
    "vp9.webm",
    "slides.mp4",
    "open_gop.mp4",
    "h264.ts",
    "h264.flv",
    "mpeg2.ts",
    "wmv2.wmv",
    "fast240.mp4",
    "wraps.ts",
]
MORE += ["edit_list.mp4", "before_zero.mp4", "interlaced.ts", "cut.ts", "cut.mkv", "short.mp4"]


@pytest.mark.parametrize(
    "name", [*KINDS, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE)]
)
def test_every_kind_reads_as_by_one_child(shelf: Shelf, name: str) -> None:
    check_same(shelf[name], [])


@pytest.mark.parametrize("name", ["scratched.ts", "hole.mp4"])
def test_from_damage_on_one_child_reads_the_rest(shelf: Shelf, name: str) -> None:
    """What a decoder guesses may differ, and so may the count of it, but not that it is told."""
    asked: ASKED = []
    expected, summary, _ = alone(shelf[name])
    samples, relayed, _ = gathered(Relay(reading(shelf[name], asked), 0, 2))
    assert [one.index for one in samples] == [one.index for one in expected]
    assert summary is not None
    assert relayed is not None
    assert "damaged in" in (relayed.note or "")
    assert "damaged in" in (summary.note or "")
    assert asked[-1] == (4, None)


def test_what_harms_a_child_is_told_where_one_child_tells_it(film: Path, tmp_path: Path) -> None:
    """The second half is noise: as many samples, and the same words, as from one child."""
    path = tmp_path / "noisy.ts"
    media.write(path, (media.numbered(n % 100) for n in range(375)), options={"g": "25"})
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = os.urandom(len(content) - len(content) // 2)
    path.write_bytes(content)
    expected, summary, code = alone(path)
    samples, relayed, failed = gathered(Relay(reading(path), 0, 3))
    assert len(samples) == len(expected)
    assert failed == code
    assert (relayed and relayed.note) == (summary and summary.note)


def test_a_child_that_keeps_up_stays_alone(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "TOO_SLOW", 1.1)
    asked: ASKED = []
    check_same(film, asked)
    assert asked == [(0, 4), (4, None)]


def test_small_pictures_are_not_worth_several(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "WORTH", 6.0)
    asked: ASKED = []
    check_same(film, asked)
    assert asked == [(0, 4), (4, None)]


def test_where_only_one_may_run_nothing_is_cut(film: Path) -> None:
    asked: ASKED = []
    samples, _, _ = gathered(Relay(reading(film, asked), 0, 1))
    assert len(samples) == 30
    assert asked == [(0, None)]


def test_a_film_with_one_key_picture_is_not_gone_through_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "EACH", 6)
    path = tmp_path / "one.mp4"
    frames = (media.numbered(n % 100, 32, 32) for n in range(25 * 40))
    media.write(path, frames, options={"g": "9999", "sc_threshold": "0"})
    asked: ASKED = []
    check_same(path, asked)
    check_same(path, [], 60)  # where indexing was left, 30 s after it
    reached, last = asked[-1]
    assert last is None
    assert 40 <= reached <= 50  # 20 seconds from the only one
    assert max(first for first, _ in asked) <= reached + 3 * 6


@pytest.mark.parametrize("taken", [0, 5, 9])
def test_leaving_early_ends_every_child(film: Path, taken: int) -> None:
    readers: list[FrameReader] = []
    threads = threading.active_count()
    with Relay(kept(film, readers), 0, 3) as frames:
        assert len(list(islice(frames, taken))) == taken
    assert all(reader._child._process.poll() is not None for reader in readers)
    assert threading.active_count() <= threads + 1  # a timer may still be on its way out


def test_another_thread_may_end_it(film: Path) -> None:
    """As it is when a video is removed while its frames are read ahead."""
    readers: list[FrameReader] = []
    with Relay(kept(film, readers), 0, 3) as frames:
        next(frames)
        ending = threading.Timer(0.3, partial(frames.__exit__, None, None, None))
        ending.start()
        with pytest.raises(VideoError):
            for _ in frames:
                pass
        ending.join()
    assert all(reader._child._process.poll() is not None for reader in readers)


@pytest.mark.parametrize("last", [4, 7, 13, None])
def test_it_may_be_ended_just_as_a_stretch_begins(film: Path, last: int | None) -> None:
    """Before any other is begun, amid them, and when one child is to read the rest."""
    readers: list[FrameReader] = []

    def read(begin: int, end: int | None) -> FrameReader:
        reader = read_frames(film, pixels=PIXELS, first=begin, last=end)
        readers.append(reader)
        if end == last and begin:
            elsewhere(frames.__exit__, None, None, None)
        return reader

    with Relay(read, 0, 3) as frames:
        taken = [next(frames)]
        if last == 4:
            elsewhere(frames.__exit__, None, None, None)
        with pytest.raises(VideoError):
            taken.extend(frames)
    assert taken[-1].index < 29
    assert all(reader._child._process.poll() is not None for reader in readers)


def elsewhere(call: Callable[..., None], *given: object) -> None:
    """Call it in a thread of its own, and wait until it begins to wait or has returned."""
    thread = threading.Thread(target=call, args=given)
    thread.start()
    thread.join(0.2)


def test_a_closed_pool_is_an_error_of_the_video(film: Path) -> None:
    """What is asked for after the end: neither a stretch nor a child comes to be."""
    asked: ASKED = []
    with Relay(reading(film, asked), 0, 3) as frames:
        pass
    for ask in (frames._submit, partial(frames._begin, last=None)):
        with pytest.raises(VideoError, match="nobody wants it"):
            ask(4)
    assert asked == [(0, 4)]


def test_a_stretch_that_was_never_begun_is_read_by_nobody() -> None:
    never: Future[list[Sample] | None] = Future()
    never.cancel()
    assert relay._made(never) is None


def kept(path: Path, readers: list[FrameReader]) -> relay.Read:
    """Readers of large frames, which take a while, kept for a look at what became of them."""

    def read(first: int, last: int | None) -> FrameReader:
        reader = read_frames(path, pixels=1000, first=first, last=last)
        readers.append(reader)
        return reader

    return read


def test_no_more_run_at_once_than_may(film: Path) -> None:
    running: list[int] = []
    most = [0]

    class Counted(FrameReader):
        def __enter__(self) -> "Counted":
            running.append(1)
            most[0] = max(most[0], len(running))
            super().__enter__()
            return self

        def __exit__(self, *error: object) -> None:
            running.pop()
            super().__exit__(None, None, None)

    def read(first: int, last: int | None) -> FrameReader:
        return Counted(read_frames(film, pixels=PIXELS, first=first, last=last)._request)

    with Relay(read, 0, 2) as frames:
        assert len(list(frames)) == 30
    assert most == [2]
    assert not running
