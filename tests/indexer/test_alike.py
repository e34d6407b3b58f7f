"""What is the same by content, and what only looks so: in vectors alone, no file is decoded."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tracks import DIM, HOP, film, library, name_of, segments, still, unit

from indexer.alike import LEAST, Part, _threshold, parts


def found(*videos: np.ndarray) -> dict[tuple[int, int], list[Part]]:
    """The parts that these videos share, by their numbers (the smaller first)."""
    with tempfile.TemporaryDirectory() as folder:
        gathered = library(Path(folder), videos)
        told: list[float] = []
        result: dict[tuple[int, int], list[Part]] = {}
        number = {name_of(i): i for i in range(len(videos))}
        for part in parts(gathered, told.append):
            a, b = (number[gathered.places.ids[one]] for one in (part.a, part.b))
            turned = (part.b_index, part.a_index, part.b_start, part.b_end)
            if a > b:
                part = Part(b, a, *turned, part.a_start, part.a_end, part.likeness)
                a, b = b, a
            result.setdefault((a, b), []).append(part)
        assert told == sorted(told)
        del gathered  # a file that is mapped cannot be deleted everywhere
    return result


def others(count: int = 3) -> list[np.ndarray]:
    return [segments(film(60, 100 + i)) for i in range(count)]


def test_a_copy_with_other_noise_is_found_from_end_to_end() -> None:
    seen = film(60, 1)
    shared = found(segments(seen), *others(), segments(seen, noise=0.03, seed=5))
    ((pair, (part,)),) = shared.items()
    assert pair == (0, 4)
    assert (part.a_start, part.b_start) == (0, 0)
    assert (part.a_end, part.b_end) == (60, 60)
    assert part.a_index == part.b_index
    assert part.likeness > 0.9


@settings(max_examples=25, deadline=None)
@given(
    begin=st.integers(0, 300),
    length=st.integers(200, 300),
    lead=st.integers(0, 150),
    seed=st.integers(0, 50),
)
def test_a_cut_is_found_at_its_offset(begin: int, length: int, lead: int, seed: int) -> None:
    seen = film(60, seed)
    cut = np.concatenate([still(lead / 10, 7), seen[begin : begin + length]])
    shared = found(segments(seen), segments(cut, noise=0.02), *others(2))
    assert set(shared) == {(0, 1)}
    offsets = [part.b_start - part.a_start for part in shared[0, 1]]
    assert offsets == pytest.approx([(lead - begin) / 10] * len(offsets), abs=HOP)
    held = sum(part.a_end - part.a_start for part in shared[0, 1])
    assert held > length / 10 - 2 * HOP - 4


def test_a_stretch_cut_into_another_video_is_all_that_agrees() -> None:
    seen, guest = film(60, 1), film(60, 2)
    mixed = np.concatenate([seen[:200], guest[100:350], seen[200:]])
    shared = found(segments(guest), segments(mixed), segments(film(40, 3)))
    ((_, (part,)),) = shared.items()
    assert part.a_start == pytest.approx(10, abs=HOP)
    assert part.a_end == pytest.approx(35, abs=2 * HOP)
    assert part.b_start == pytest.approx(20, abs=HOP)


@pytest.mark.parametrize("seconds", [8, 30])
def test_the_same_still_picture_is_no_evidence(seconds: float) -> None:
    black = still(seconds, 0)
    assert found(*(segments(np.concatenate([black, film(40, i)])) for i in range(3))) == {}
    assert found(*(segments(still(20 + 5 * i, 0)) for i in range(3))) == {}


def test_still_pictures_in_another_order_are_no_evidence() -> None:
    shows = [
        np.concatenate([still(12, seed) for seed in order]) for order in ((1, 2, 3), (3, 2, 1))
    ]
    assert found(*map(segments, shows)) == {}


def test_what_many_videos_begin_with_is_no_evidence() -> None:
    title = film(24, 9)
    videos = [segments(np.concatenate([title, film(40, 20 + i)])) for i in range(9)]
    assert found(*videos) == {}
    assert len(found(*videos[:2])) == 1  # which it is where only two share it


def test_beside_what_many_share_two_may_share_more() -> None:
    title, more = film(24, 9), film(30, 8)
    first = segments(np.concatenate([title, more, film(20, 1)]))
    second = segments(np.concatenate([title, film(20, 2), more]))
    rest = [segments(np.concatenate([title, film(40, 20 + i)])) for i in range(7)]
    shared = found(first, second, *rest)
    assert set(shared) == {(0, 1)}
    assert min(part.a_start for part in shared[0, 1]) >= 20  # the title is no part of it


def test_many_copies_of_one_video_are_found_all_the_same() -> None:
    seen = film(40, 1)
    copies = [segments(seen, noise=0.02, seed=i) for i in range(9)]
    assert len(found(*copies, *others())) == 9 * 8 / 2


def test_the_same_kind_of_scene_is_not_the_same() -> None:
    """Everything alike, as in one room filmed for hours, and nothing the same."""
    room = unit(np.random.default_rng(0).normal(size=DIM))
    videos = [segments(unit(film(60, i) * 0.35 + room)) for i in range(8)]
    assert np.mean(videos[0] @ videos[1].T) > 0.8
    assert found(*videos) == {}


def test_the_bar_rises_where_much_is_alike(tmp_path: Path) -> None:
    room = unit(np.random.default_rng(0).normal(size=DIM))
    alike = [segments(unit(film(60, i) * 0.25 + room)) for i in range(8)]
    assert _threshold(library(tmp_path / "alike", alike)) > 0.9
    assert _threshold(library(tmp_path / "apart", others(8))) == LEAST


def test_short_videos_agree_only_as_a_whole() -> None:
    seen = film(7, 1)
    assert len(seen) == 70
    assert list(found(segments(seen), segments(seen, noise=0.005), *others())) == [(0, 1)]
    assert found(segments(seen), segments(film(7, 2)), *others()) == {}
    similar = segments(seen, noise=0.07)
    assert np.sum(similar * segments(seen), axis=1).min() > LEAST
    assert found(segments(seen), similar, *others()) == {}
    longer = np.concatenate([seen, film(7, 3)])
    assert found(segments(seen), segments(longer), *others()) == {}


def test_little_is_no_trouble() -> None:
    assert found(segments(film(4, 1))) == {}
    assert found(segments(film(4, 1)), segments(film(4, 2))) == {}
