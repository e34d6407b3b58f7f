"""However library, files and index part: it is told, and mended where nothing is lost."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Draw
from installed import KEY, Installed, install, points, tree
from qdrant_stub import API_KEY, Stub, serving

from indexer import ground
from indexer.collection import Collection, Collections
from indexer.engine import Engine
from indexer.errors import LibraryError, StoreLocked
from indexer.ownership import Ownership
from indexer.settings import Settings
from indexer.upkeep.case import Finding
from indexer.upkeep.doctor import examine

NOBODY = "0" * 64
OTHER = "0123456789abcdef"


@pytest.fixture
def made(data_dir: Path, tmp_path: Path) -> Installed:
    return install(data_dir, tmp_path / "videos")


def codes(settings: Settings, repair: bool = False) -> list[str]:
    return [finding.code for finding in examine(settings, repair).findings]


def test_an_installation_in_order_is_left_alone(made: Installed) -> None:
    before = tree(made.data_dir)
    report = examine(made.settings, repair=True)
    assert (report.videos, report.segments, report.findings) == (3, 12, [])
    assert tree(made.data_dir) == before


def test_an_installation_that_never_indexed_is_in_order(
    data_dir: Path, open_engine: Callable[..., Engine]
) -> None:
    open_engine().close()
    assert codes(Settings(data_dir=data_dir, min_free_bytes=0)) == []


# One damage each. Each names the video it is done to, in whose folder or index it is done.


def _index(made: Installed, title: str, indexes: range) -> None:
    store = made.store()
    store.delete_video(made.ids[title])
    store.upsert(points(made.ids[title], indexes))
    store.close()


def segments_missing(made: Installed) -> None:
    _index(made, "green", range(3))


def segments_surplus(made: Installed) -> None:
    _index(made, "green", range(7))


def segments_at_other_places(made: Installed) -> None:
    _index(made, "green", range(1, 6))


def index_folder_gone(made: Installed) -> None:
    shutil.rmtree(made.data_dir / "index")


def segments_of_failed(made: Installed) -> None:
    database, _, queue = made.library()
    queue.mark_failed(made.ids["green"], "It failed.", "corrupt", "read")
    database.close()
    shutil.rmtree(made.posters("green"))


def segments_of_nobody(made: Installed) -> None:
    store = made.store()
    store.upsert(points(NOBODY, range(2)))
    store.close()


def removal_interrupted(made: Installed) -> None:
    database, library, _ = made.library()
    library.begin_removal(made.ids["blue"])
    database.close()


def file_gone(made: Installed) -> None:
    (made.folder / "green.mp4").unlink()


def upload_gone(made: Installed) -> None:
    (made.media("blue") / "source.mp4").unlink()


def file_unreadable(made: Installed) -> None:
    file_gone(made)
    os.mkfifo(made.folder / "green.mp4")


def file_changed(made: Installed) -> None:
    (made.folder / "green.mp4").write_text("something else")


def file_touched(made: Installed) -> None:
    os.utime(made.folder / "green.mp4", (1, 1))


def folder_of_nobody(made: Installed) -> None:
    (made.data_dir / "media" / NOBODY / "posters" / KEY).mkdir(parents=True)


def upload_lost(made: Installed) -> None:
    database, library, _ = made.library()
    library.begin_removal(made.ids["blue"])
    library.finish_removal(made.ids["blue"])
    database.close()
    store = made.store()
    store.delete_video(made.ids["blue"])
    store.close()


def upload_dismissed(made: Installed) -> None:
    upload_lost(made)
    database, library, _ = made.library()
    library.dismiss(made.ids["blue"])
    database.close()


def posters_missing(made: Installed) -> None:
    (made.posters("green") / "2.jpg").unlink()


def posters_surplus(made: Installed) -> None:
    (made.posters("green") / "5.jpg").touch()


def posters_of_nobody(made: Installed) -> None:
    (made.media("green") / "posters" / OTHER).mkdir()


def strips_missing(made: Installed) -> None:
    (made.strips("green") / "2.jpg").unlink()


def strips_surplus(made: Installed) -> None:
    (made.strips("green") / "5.jpg").touch()


def strips_of_nobody(made: Installed) -> None:
    (made.media("green") / "strips" / OTHER).mkdir()


def strip_unfinished(made: Installed) -> None:
    (made.strips("green") / "2.partial").touch()


def index_of_nobody(made: Installed) -> None:
    (made.data_dir / "index" / OTHER / "shard").mkdir(parents=True)


def poster_unfinished(made: Installed) -> None:
    (made.posters("green") / "2.partial").touch()


def label_unfinished(made: Installed) -> None:
    (made.data_dir / "index" / "CURRENT.partial").touch()


def copy_unfinished(made: Installed) -> None:
    (made.data_dir / "library.partial").touch()


def upload_unfinished(made: Installed) -> None:
    (made.data_dir / "uploads").mkdir()
    (made.data_dir / "uploads" / "tmp1234").touch()


MENDED: dict[Callable[[Installed], None], list[str]] = {
    segments_missing: ["segments_missing"],
    segments_surplus: ["segments_surplus"],
    segments_at_other_places: ["segments_missing"],
    index_folder_gone: ["segments_missing"] * 3,
    segments_of_failed: ["segments_of_failed"],
    segments_of_nobody: ["segments_of_nobody"],
    removal_interrupted: ["removal_interrupted"],
    file_touched: ["file_touched"],
    folder_of_nobody: ["folder_of_nobody"],
    upload_lost: ["upload_lost"],
    upload_dismissed: ["folder_of_nobody"],
    posters_missing: ["posters_missing"],
    posters_surplus: ["posters_of_nobody"],
    posters_of_nobody: ["posters_of_nobody"],
    strips_missing: ["strips_missing"],
    strips_surplus: ["strips_of_nobody"],
    strips_of_nobody: ["strips_of_nobody"],
    strip_unfinished: ["unfinished_file"],
    index_of_nobody: ["index_of_nobody"],
    poster_unfinished: ["unfinished_file"],
    label_unfinished: ["unfinished_file"],
    copy_unfinished: ["unfinished_file"],
    upload_unfinished: ["unfinished_file"],
}
TOLD: dict[Callable[[Installed], None], str] = {
    file_gone: "file_gone",
    upload_gone: "file_gone",
    file_unreadable: "file_unreadable",
    file_changed: "file_changed",
}


@pytest.mark.parametrize("damage", MENDED, ids=lambda damage: damage.__name__)
def test_what_can_be_mended_without_loss_is_mended_on_request(
    made: Installed, damage: Callable[[Installed], None]
) -> None:
    damage(made)
    before = tree(made.data_dir)
    report = examine(made.settings)
    assert [finding.code for finding in report.findings] == MENDED[damage]
    assert report.differences == report.findings
    assert tree(made.data_dir) == before, "looking changes nothing"
    mended = examine(made.settings, repair=True)
    assert [finding.code for finding in mended.findings] == MENDED[damage]
    assert all(finding.mended for finding in mended.findings)
    assert mended.differences == []
    assert codes(made.settings) == []


@pytest.mark.parametrize("damage", TOLD, ids=lambda damage: damage.__name__)
def test_what_only_a_person_can_mend_is_told_again_and_again(
    made: Installed, damage: Callable[[Installed], None]
) -> None:
    damage(made)
    files = tree(made.folder) if damage is not file_unreadable else {}
    for repair in (False, True, False):
        report = examine(made.settings, repair)
        (finding,) = report.differences
        assert (finding.code, finding.mended) == (TOLD[damage], None)
        assert finding.video_id in made.ids.values()
    assert damage is file_unreadable or tree(made.folder) == files


# What mending means.


def states(made: Installed) -> dict[str, str]:
    database, library, _ = made.library()
    try:
        return {video.title: video.state for video in library.videos()}
    finally:
        database.close()


def stored(made: Installed) -> dict[str, int]:
    store = made.store()
    try:
        return store.videos()
    finally:
        store.close()


def test_a_video_with_holes_keeps_what_it_has_until_it_is_indexed_again(made: Installed) -> None:
    segments_missing(made)
    examine(made.settings, repair=True)
    assert states(made) == {"red": "done", "green": "queued", "blue": "done"}
    assert stored(made)[made.ids["green"]] == 3


def test_a_video_with_too_much_begins_anew(made: Installed) -> None:
    segments_surplus(made)
    examine(made.settings, repair=True)
    assert states(made)["green"] == "queued"
    assert made.ids["green"] not in stored(made)


def test_what_could_not_be_indexed_again_is_not_taken_away(made: Installed) -> None:
    segments_missing(made)
    posters_missing(made)
    file_gone(made)
    report = examine(made.settings, repair=True)
    assert [finding.code for finding in report.differences] == [
        "segments_missing",
        "file_gone",
        "posters_missing",
    ]
    assert states(made)["green"] == "done"
    assert stored(made)[made.ids["green"]] == 3


def test_an_upload_without_a_video_is_taken_in(made: Installed) -> None:
    upload_lost(made)
    (finding,) = examine(made.settings, repair=True).findings
    assert "taken in" in str(finding.mended)
    title = f"Upload {made.ids['blue'][:8]}"
    assert states(made) == {"red": "done", "green": "done", title: "queued"}
    assert (made.media("blue") / "source.mp4").is_file()


def test_an_upload_that_is_not_what_its_folder_says_is_left_alone(made: Installed) -> None:
    upload_lost(made)
    (made.media("blue") / "source.mp4").write_text("only a part")
    report = examine(made.settings, repair=True)
    assert [(finding.code, finding.mended) for finding in report.findings] == [
        ("upload_lost", None)
    ]
    assert (made.media("blue") / "source.mp4").is_file()


def test_what_is_not_named_by_us_stays(made: Installed) -> None:
    mine = [made.data_dir / "media" / "holiday", made.data_dir / "index" / "notes.txt"]
    for path in mine:
        path.write_text("mine")
    assert codes(made.settings, repair=True) == []
    assert all(path.exists() for path in mine)


def test_a_finished_removal_leaves_nothing(made: Installed) -> None:
    database, _, _ = made.library()
    Collections(database).use(Collection(OTHER, "other", None, None, "building"))
    database.close()
    removal_interrupted(made)
    examine(made.settings, repair=True)
    assert states(made) == {"red": "done", "green": "done"}
    assert made.ids["blue"] not in stored(made)
    assert not made.media("blue").exists()
    database, _, _ = made.library()
    assert Collections(database).leftovers(OTHER) == [made.ids["blue"]]
    assert Collections(database).leftovers(KEY) == []
    database.close()


def test_what_cannot_be_mended_now_is_said(
    made: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of_nobody(made)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "rmtree", refuse)
    (finding,) = examine(made.settings, repair=True).differences
    assert "could not be mended: [Errno 13]" in finding.message


# Notes: worth knowing, and no difference.


def note(settings: Settings) -> Finding:
    report = examine(settings, repair=True)
    (finding,) = report.findings
    assert report.differences == []
    return finding


def test_a_switch_under_way_is_told_and_not_touched(made: Installed) -> None:
    database, _, _ = made.library()
    Collections(database).use(Collection(OTHER, "toy", None, None, "building"))
    database.close()
    (made.data_dir / "index" / OTHER).mkdir()
    found = note(made.settings)
    assert found.code == "switch_unfinished"
    assert "0 of 3 videos" in found.message
    assert (made.data_dir / "index" / OTHER).is_dir()


def test_hidden_videos_are_named_and_their_files_not_missed(made: Installed) -> None:
    database, library, _ = made.library()
    library.set_missing(made.ids["green"], True)
    database.close()
    file_gone(made)
    assert "“green”" in note(made.settings).message


def test_a_full_disk_is_told(made: Installed) -> None:
    greedy = made.settings.model_copy(update={"min_free_bytes": 1 << 60})
    assert note(greedy).code == "disk_low"


def test_a_network_disk_is_told(made: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    table = made.folder / "mounts"
    table.write_text(f"server:/share {made.data_dir} nfs4 rw 0 0\n")
    monkeypatch.setattr(ground, "MOUNTS", table)
    assert "network disk (nfs4)" in note(made.settings).message


# Nothing to look at, or not now.


def test_no_library_is_no_reason_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no library"):
        examine(Settings(data_dir=tmp_path / "new"), repair=True)
    assert not (tmp_path / "new").exists()


def test_a_library_in_use_is_left_alone(made: Installed) -> None:
    owner = Ownership.of(made.data_dir)
    with pytest.raises(StoreLocked, match="Another PrismSearch"):
        examine(made.settings)
    owner.release()
    assert codes(made.settings) == []


def test_a_damaged_library_is_told_and_nothing_is_mended_by_it(made: Installed) -> None:
    path = made.data_dir / "library.db"
    content = bytearray(path.read_bytes())
    content[4096 * 2 : 4096 * 6] = os.urandom(4096 * 4)
    path.write_bytes(content)
    folder_of_nobody(made)
    report = examine(made.settings, repair=True)
    assert [finding.code for finding in report.differences] == ["library_damaged"]
    assert (made.data_dir / "media" / NOBODY).exists()


def test_an_index_that_cannot_be_opened_is_told_beside_the_rest(made: Installed) -> None:
    config = made.data_dir / "index" / KEY / "shard" / "edge_config.json"
    config.write_text("{ not json")
    poster_unfinished(made)
    assert codes(made.settings) == ["store_error", "unfinished_file"]


# A server.


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
def test_segments_on_a_server_may_be_anothers(data_dir: Path, tmp_path: Path) -> None:
    with serving(Stub()) as stub:
        made = install(data_dir, tmp_path / "videos", stub.url, API_KEY)
        segments_of_nobody(made)
        assert note(made.settings).code == "segments_of_others"
        assert stored(made)[NOBODY] == 2
    assert codes(made.settings) == ["store_unavailable"]


# With everything real.


def test_after_a_repair_the_videos_are_whole_again(
    data_dir: Path, tmp_path: Path, draw: Draw, open_engine: Callable[..., Engine]
) -> None:
    for seed, title in enumerate(("one", "two")):
        draw(tmp_path / "videos" / f"{title}.mp4", 9.7, seed)
    with open_engine() as engine:
        engine.add_folder(tmp_path / "videos")
        engine.worker.start()
        assert engine.worker.wait(60)
        one, two = (video.video_id for video in engine.library.videos())
        planned = engine.store.videos()
        whole = {found.index: found.vector for found in engine.store.segments(one)}
    settings = Settings(data_dir=data_dir, model="toy", min_free_bytes=0)
    assert codes(settings) == []
    with open_engine() as engine:
        some = [point for point in engine.store.scan() if (point.video_id, point.index) == (one, 1)]
        engine.store.delete_video(one)
        engine.store.upsert(some)
    (data_dir / "media" / two / "posters").rename(tmp_path / "posters")
    assert codes(settings, repair=True) == ["segments_missing", "posters_missing"]
    assert codes(settings) == []
    with open_engine() as engine:
        engine.worker.start()
        assert engine.worker.wait(60)
        assert engine.store.videos() == planned
        again = {found.index: found.vector for found in engine.store.segments(one)}
        assert again.keys() == whole.keys()
    assert codes(settings) == []
