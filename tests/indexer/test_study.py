"""The map and the duplicates of a real library: made in a child, kept, given up, cleaned away."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Draw
from patience import prompt

from indexer import duplicates, map, study
from indexer.duplicates import Shared, check_keeping, groups
from indexer.engine import Engine
from indexer.errors import FilesWouldGo, LibraryError, UnknownVideo
from indexer.library import Video
from indexer.points import Point
from indexer.study import Name, Standing
from indexer.upkeep.doctor import examine

PATIENCE = 120.0


def settled(engine: Engine, name: Name) -> Standing:
    """How the study stands once nothing is being made any more."""
    deadline = time.monotonic() + PATIENCE
    while (standing := engine.studies.look(name)).state == "making":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return standing


def filled(engine: Engine, draw: Draw, folder: Path) -> dict[str, str]:
    """Index two videos, one of them twice as good as the other's copy; ids by title."""
    draw(folder / "one.mp4", 20, 1)
    draw(folder / "two.mp4", 14, 2)
    engine.add_folder(folder)
    engine.worker.start()
    assert engine.worker.wait(PATIENCE)
    return {video.title: video.video_id for video in engine.library.videos()}


@contextmanager
def child_of(engine: Engine, name: Name) -> Iterator[int]:
    """The process that makes the study, once it runs."""
    engine.studies.ask(name)
    deadline = time.monotonic() + PATIENCE
    while (job := engine.studies._current) is None or job.child is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    yield job.child._process.pid


def partials(engine: Engine) -> list[Path]:
    return list((engine.settings.data_dir / "studies").rglob("*.partial"))


def test_a_library_is_mapped_and_stays_mapped(engine: Engine, draw: Draw, tmp_path: Path) -> None:
    ids = filled(engine, draw, tmp_path / "videos")
    assert engine.studies.look("map").state == "none"
    engine.studies.ask("map")
    engine.studies.ask("map")  # a second click changes nothing
    assert engine.studies.look("map").state == "making"
    assert settled(engine, "map").state == "ready"
    shown = map.look(engine.studies, engine.library, engine.store)
    assert len(shown.places) == engine.store.count()
    assert dict(shown.videos) == {video_id: title for title, video_id in ids.items()}
    assert not shown.stale
    assert partials(engine) == []
    segment = engine.store.segments(ids["two"])[2]
    row = next(
        i
        for i in range(len(shown.places))
        if shown.videos[shown.places.video[i]][1] == "two" and shown.places.index[i] == 2
    )
    assert shown.places.start[row] == pytest.approx(segment.start)

    engine.store.upsert([Point("f" * 64, i, i, i + 4.0, np.ones(64)) for i in range(60)])
    later = map.look(engine.studies, engine.library, engine.store)
    assert later.stale == 60
    assert map.is_out_of_date(later)
    engine.remove(ids["one"])
    left = map.look(engine.studies, engine.library, engine.store)
    assert [title for _, title in left.videos] == ["two"]  # a removed video is never shown
    assert set(left.places.video.tolist()) == {0}


def test_a_killed_child_harms_nothing(engine: Engine, draw: Draw, tmp_path: Path) -> None:
    filled(engine, draw, tmp_path / "videos")
    with child_of(engine, "map") as pid:
        os.kill(pid, signal.SIGKILL)
    standing = settled(engine, "map")
    assert standing.state == "none"
    assert "The library is as it was" in (standing.message or "")
    assert partials(engine) == []
    engine.studies.ask("map")
    again = settled(engine, "map")
    assert (again.state, again.message) == ("ready", None)


def test_closing_gives_up_at_once(engine: Engine, draw: Draw, tmp_path: Path) -> None:
    filled(engine, draw, tmp_path / "videos")
    with child_of(engine, "map") as pid:
        engine.studies.ask("duplicates")  # it waits, and is forgotten
        begun = time.monotonic()
        engine.studies.close()
        assert time.monotonic() - begun < prompt()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert list((engine.settings.data_dir / "studies").rglob("*.*")) == []
    engine.studies.ask("map")
    assert engine.studies.look("map").state == "none"


def test_an_empty_library_says_so(engine: Engine) -> None:
    engine.studies.ask("map")
    assert "Nothing is indexed yet" in (settled(engine, "map").message or "")


@pytest.mark.parametrize("content", [b"", b"PK no archive", None])
def test_a_damaged_result_is_none(
    engine: Engine, draw: Draw, tmp_path: Path, content: bytes | None
) -> None:
    filled(engine, draw, tmp_path / "videos")
    engine.studies.ask("duplicates")
    assert settled(engine, "duplicates").state == "ready"
    path = engine.settings.data_dir / "studies" / engine.serving.key / "duplicates.npz"
    if content is None:  # of another version
        np.savez(path, format=np.array(study.FORMAT + 1))
    else:
        path.write_bytes(content)
    assert engine.studies.look("duplicates").state == "none"
    found = duplicates.look(engine.studies, engine.library, engine.store)
    assert (found.groups, found.stale) == ([], 0)


def test_what_nobody_needs_is_found_and_goes_with_its_index(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    filled(engine, draw, tmp_path / "videos")
    studies = engine.settings.data_dir / "studies"
    for name in ("0123456789abcdef", engine.serving.key):
        (studies / name / "segments.partial").mkdir(parents=True)
    (studies / "notes").mkdir()
    engine.close()
    codes = [finding.code for finding in examine(engine.settings, repair=True).findings]
    assert sorted(codes) == ["study_of_nobody", "unfinished_file"]
    assert sorted(path.name for path in studies.rglob("*")) == sorted(["notes", engine.serving.key])
    study.forget(engine.settings.data_dir, engine.serving.key)
    assert [path.name for path in studies.iterdir()] == ["notes"]


# Groups, and what may go.

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


def video(
    video_id: str, duration: float, width: int = 640, added: float = 0, **more: object
) -> Video:
    known = {
        "title": video_id[0].upper(),
        "path": Path(__file__),
        "managed": False,
        "size": 1,
        "height": width,
        "recorded_at": None,
        "folder": None,
        "tags": (),
        "plays": None,
        "missing": False,
        "state": "done",
        "step": None,
        "note": None,
        "error_code": None,
        "segments_planned": 1,
        "segments_done": 1,
        "attempts": 0,
        "spent": 0.0,
        "front": 0,
        "redo": False,
    }
    return Video(video_id, duration=duration, width=width, added_at=added, **{**known, **more})  # type: ignore[arg-type]


def shared(a: str, b: str, *times: float) -> Shared:
    return Shared(a, b, 0, 0, *times, 0.99)


def test_copies_make_one_group_and_a_shared_part_a_pair_of_its_own() -> None:
    videos = {v.video_id: v for v in (video(A, 60), video(B, 62), video(C, 40), video(D, 300))}
    parts = [
        shared(A, B, 0, 60, 2, 62),
        shared(B, C, 2, 42, 0, 40),
        shared(A, D, 10, 30, 100, 120),
        shared(B, D, 12, 34, 100, 122),
    ]
    copies, pair = groups(parts, videos)
    assert [one.video_id for one in copies.videos] == [B, A, C]
    assert (copies.keep, copies.why) == (B, "longest")
    assert copies.replaced_by(B) == [A, C]
    assert copies.replaced_by(A) == [B]
    assert copies.replaced_by(C) == []
    assert {one.video_id for one in pair.videos} == {B, D}  # the one that shares more speaks
    assert (pair.keep, pair.why) == (None, None)
    gone = {key: one for key, one in videos.items() if key != B}
    assert [{v.video_id for v in group.videos} for group in groups(parts, gone)] == [{A, D}]


@pytest.mark.parametrize(
    ("one", "other", "keep", "why"),
    [
        (video(A, 60, 640), video(B, 60.3, 1280), B, "largest"),
        (video(A, 60, 640, 5), video(B, 60, 640, 4), B, "oldest"),
        (video(A, 66, 320), video(B, 60, 1280), A, "longest"),
    ],
)
def test_the_better_one_is_suggested(one: Video, other: Video, keep: str, why: str) -> None:
    part = shared(A, B, 0, 60, 0, 60)
    (group,) = groups([part], {A: one, B: other})
    assert (group.keep, group.why) == (keep, why)


def test_only_what_agrees_may_go_and_our_files_only_if_said(
    engine: Engine, draw: Draw, tmp_path: Path
) -> None:
    ids = filled(engine, draw, tmp_path / "videos")
    one, two = ids["one"], ids["two"]
    known = engine.library.need
    parts = [shared(one, two, 0, 14, 0, 14)]
    found = duplicates.Found(
        engine.studies.look("duplicates"), 0, groups(parts, {one: known(one), two: known(two)})
    )
    check_keeping(found, engine.library, one, [two], False)
    for remove in ([one], []):
        with pytest.raises(LibraryError, match="Name one video to keep"):
            check_keeping(found, engine.library, one, remove, True)
    with pytest.raises(UnknownVideo):
        check_keeping(found, engine.library, one, [A], True)
    with pytest.raises(LibraryError, match="is not known to agree"):
        check_keeping(replace(found, groups=[]), engine.library, one, [two], True)
    engine.library._change(two, managed=1)
    with pytest.raises(FilesWouldGo, match="“two”"):
        check_keeping(found, engine.library, one, [two], False)
    check_keeping(found, engine.library, one, [two], True)
    (tmp_path / "videos" / "one.mp4").unlink()
    with pytest.raises(LibraryError, match="which is to be kept, is not there"):
        check_keeping(found, engine.library, one, [two], True)
