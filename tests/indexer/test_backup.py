"""A library into one file and back: the same answers, or nothing at all."""

import errno
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installed import FINGERPRINT, IN_PLACE, KEY, Installed, install, points, tree
from qdrant_stub import API_KEY, Stub, serving

from indexer.collection import Collection, Collections
from indexer.database import STEPS, Database
from indexer.demo import DEMO
from indexer.engine import Engine
from indexer.errors import (
    BackupRefused,
    DiskFull,
    LibraryError,
    StoreLocked,
    StoreUnavailable,
)
from indexer.library import Library
from indexer.moments import Moment
from indexer.ownership import LOCK
from indexer.points import Point
from indexer.saved import SavedSearches
from indexer.selections import Selections
from indexer.settings import Settings
from indexer.store import open_store, remove_collection, stored_fingerprint
from indexer.tags import Tags
from indexer.upkeep import restore
from indexer.upkeep.archive import FORMAT, HEAD, MANIFEST, Head, Writer, writing
from indexer.upkeep.backup import packed, write_backup
from indexer.upkeep.doctor import examine
from indexer.upkeep.moving import STAGING
from indexer.upkeep.restore import Restored, restore_backup

HERE = Path(__file__).parent
FILES = ["Red and blue afternoon.mp4", "Ring toss.mp4", "Stars at play.mp4"]
pytestmark = pytest.mark.filterwarnings(  # local mode, behind the stub, says what it ignores
    "ignore:Payload indexes have no effect", "ignore:Local mode performs exact"
)


@pytest.fixture
def made(data_dir: Path, tmp_path: Path) -> Installed:
    return install(data_dir, tmp_path / "videos")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of an installation that is still there, in the folder beside it."""
    root = tmp_path_factory.mktemp("saved")
    made = install(root / "data", root / "videos")
    write_backup(made.settings, root / "backup.tar", "1.2.3")
    return root / "backup.tar"


def at(folder: Path) -> Settings:
    return Settings(data_dir=folder, min_free_bytes=0)


def scanned(settings: Settings) -> list[tuple[object, ...]]:
    """Every stored point, in an order of its own."""
    store = open_store(settings, FINGERPRINT)
    rows = [(p.video_id, p.index, p.start, p.end, *p.vector.tolist()) for p in store.scan()]
    store.close()
    return sorted(rows)


def untouched(folder: Path) -> bool:
    """Whether nothing was made there but what shows who owns it."""
    return not folder.exists() or {path.name for path in folder.iterdir()} <= {LOCK}


# The whole way.


def pictures(engine: Engine, moments: list[Moment]) -> list[bytes]:
    """The posters and the strips of some moments."""
    found = (
        kind(one.video_id, one.index) for one in moments for kind in (engine.poster, engine.strip)
    )
    return [path.read_bytes() for path in found if path is not None]


def test_an_empty_machine_gives_the_same_answers(tmp_path: Path) -> None:
    for name in FILES[:2]:
        (tmp_path / "films").mkdir(exist_ok=True)
        shutil.copy(DEMO / name, tmp_path / "films" / name)
    upload = (DEMO / FILES[2]).read_bytes()
    films = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
    words = [event["caption"] for film in films for event in film["events"]][:20]
    before = Settings(data_dir=tmp_path / "before", model="toy")
    with Engine.open(before) as engine:
        engine.add_folder(tmp_path / "films")
        engine.add_upload([upload], FILES[2], len(upload))
        engine.worker.start()
        assert engine.worker.wait(120)
        embedder = engine.embedder
        answers = [engine.search.ask(engine.search.words(text)).moments for text in words]
        shown = pictures(engine, answers[0])
    write_backup(before, tmp_path / "backup.tar", "1")
    shutil.rmtree(before.data_dir)
    after = Settings(data_dir=tmp_path / "after", model="toy")
    restored = restore_backup(after, tmp_path / "backup.tar")
    assert (restored.videos, restored.absent) == (3, 0)
    with Engine(after, embedder) as engine:
        assert engine.store.count() == restored.segments > 0
        again = [engine.search.ask(engine.search.words(text)).moments for text in words]
        assert again == answers
        assert pictures(engine, answers[0]) == shown != []
        (uploaded,) = (video for video in engine.library.videos() if video.managed)
        assert uploaded.path.is_relative_to(after.data_dir)
        assert uploaded.path.read_bytes() == upload
        engine.worker.start()
        assert engine.worker.wait(60)
        assert engine.library.counts() == {"done": 3}
    assert examine(after).differences == []


def test_what_is_restored_is_what_was_there(made: Installed, tmp_path: Path) -> None:
    told = write_backup(made.settings, tmp_path / "backup.tar", "1")
    assert (told.videos, told.segments, told.uploads, told.lost) == (3, 12, 1, [])
    assert told.size == (tmp_path / "backup.tar").stat().st_size
    for name in IN_PLACE:
        (made.folder / f"{name}.mp4").unlink()
    assert restore_backup(at(tmp_path / "new"), tmp_path / "backup.tar") == Restored(3, 12, 2)
    assert scanned(at(tmp_path / "new")) == scanned(made.settings)
    old, new = tree(made.data_dir), tree(tmp_path / "new")
    assert old.keys() == new.keys()
    assert {name for name in old if old[name] != new[name]} == {"library.db"}


def test_what_people_said_comes_back(made: Installed, tmp_path: Path) -> None:
    database, library, _ = made.library()
    tags, red = Tags(database), made.ids["red"]
    tags.add(red, "Am Meer")
    mark = tags.mark(red, 1, 2.5, "jump")
    search = SavedSearches(database).save("Mine", "q=red&tag=jump")
    selection = Selections(database).keep({red: [(0, 4)]})
    folders = {video.title: video.folder for video in library.videos()}
    database.close()
    write_backup(made.settings, tmp_path / "backup.tar", "1")
    restore_backup(at(tmp_path / "new"), tmp_path / "backup.tar")
    database = Database(tmp_path / "new" / "library.db")
    library, tags = Library(database, KEY), Tags(database)
    assert (library.need(red).tags, tags.marks(red)) == (("Am Meer",), [mark])
    assert SavedSearches(database).all() == [search]
    assert Selections(database).get(selection) == {red: ((0.0, 4.0),)}
    assert {video.title: video.folder for video in library.videos()} == folders
    database.close()
    assert examine(at(tmp_path / "new")).findings == []


def test_only_the_index_that_serves_is_saved(made: Installed, tmp_path: Path) -> None:
    database, _, _ = made.library()
    other = FINGERPRINT.model_copy(update={"weights_id": "w1"})
    Collections(database).use(Collection(other.key, "toy", None, None, "building", other))
    database.close()
    store = open_store(made.settings, other)
    store.upsert(points(made.ids["red"], range(2)))
    store.close()
    write_backup(made.settings, tmp_path / "backup.tar", "1")
    restore_backup(at(tmp_path / "new"), tmp_path / "backup.tar")
    database = Database(tmp_path / "new" / "library.db")
    assert [one.fingerprint for one in Collections(database).all()] == [KEY]
    database.close()
    assert examine(at(tmp_path / "new")).findings == []


def test_a_library_without_an_index_is_saved_too(data_dir: Path, tmp_path: Path) -> None:
    made = install(data_dir, tmp_path / "videos")
    remove_collection(made.settings, KEY)
    assert write_backup(made.settings, tmp_path / "backup.tar", "1").segments == 0
    assert restore_backup(at(tmp_path / "new"), tmp_path / "backup.tar").segments == 0
    database = Database(tmp_path / "new" / "library.db")
    assert Library(database, KEY).counts() == {"queued": 3}
    database.close()


def test_an_upload_whose_file_is_gone_is_named(made: Installed, tmp_path: Path) -> None:
    (made.media("blue") / "source.mp4").unlink()
    assert write_backup(made.settings, tmp_path / "backup.tar", "1").lost == ["blue"]
    assert restore_backup(at(tmp_path / "new"), tmp_path / "backup.tar").segments == 12
    (finding,) = examine(at(tmp_path / "new")).findings
    assert finding.code == "file_gone"
    assert str(tmp_path / "new") in finding.message


# Embedded and server.


@pytest.mark.parametrize("ends", [(False, True), (True, False), (True, True)], ids=str)
def test_from_one_kind_of_store_to_another(
    data_dir: Path, tmp_path: Path, ends: tuple[bool, bool]
) -> None:
    with ExitStack() as served:
        urls = [served.enter_context(serving(Stub())).url if one else None for one in ends]
        made = install(data_dir, tmp_path / "videos", urls[0], API_KEY)
        write_backup(made.settings, tmp_path / "backup.tar", "1")
        new = at(tmp_path / "new").model_copy(
            update={"qdrant_url": urls[1], "qdrant_api_key": API_KEY}
        )
        assert restore_backup(new, tmp_path / "backup.tar").segments == 12
        before, after = scanned(made.settings), scanned(new)
        assert [row[:4] for row in after] == [row[:4] for row in before]
        vectors = [np.array([row[4:] for row in rows], dtype=float) for rows in (before, after)]
        np.testing.assert_allclose(*vectors, atol=1e-6 if ends == (True, True) else 1e-3)
        assert examine(new).findings == []


def test_another_librarys_segments_on_the_server_are_neither_saved_nor_mixed(
    data_dir: Path, tmp_path: Path
) -> None:
    with serving(Stub()) as stub:
        made = install(data_dir, tmp_path / "videos", stub.url, API_KEY)
        write_backup(made.settings, tmp_path / "alone.tar", "1")
        store = made.store()
        store.upsert(points("f" * 64, range(3)))
        store.close()
        assert write_backup(made.settings, tmp_path / "both.tar", "1").segments == 12
        new = made.settings.model_copy(update={"data_dir": tmp_path / "new"})
        with pytest.raises(BackupRefused, match="another library"):
            restore_backup(new, tmp_path / "alone.tar")
        assert untouched(tmp_path / "new")
        assert len(scanned(made.settings)) == 15


def test_a_failure_takes_back_what_it_put_on_the_server(saved: Path, tmp_path: Path) -> None:
    with serving(Stub()) as stub:
        new = Settings(data_dir=tmp_path / "new", qdrant_url=stub.url, qdrant_api_key=API_KEY)
        many = _with(saved, tmp_path, lambda backup: backup.add_bytes(*_strangers()))
        with pytest.raises(BackupRefused, match="does not name"):
            restore_backup(new, many)
        assert stored_fingerprint(new, KEY) is None
    with pytest.raises(StoreUnavailable):
        restore_backup(new, saved)
    assert untouched(tmp_path / "new")


# What is refused before anything is written.


def test_nothing_is_overwritten(made: Installed, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    file.write_text("dear")
    with pytest.raises(BackupRefused, match="exists already"):
        write_backup(made.settings, file, "1")
    assert file.read_text() == "dear"
    file.unlink()
    file.with_name("backup.tar.partial").write_text("left by a killed process")
    write_backup(made.settings, file, "1")
    before = tree(made.data_dir)
    with pytest.raises(BackupRefused, match="not empty"):
        restore_backup(made.settings, file)
    assert tree(made.data_dir) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.tar", "data", "videos"]


def test_a_library_in_use_is_left_alone(made: Installed, tmp_path: Path, saved: Path) -> None:
    with Engine.open(Settings(data_dir=tmp_path / "used", model="toy")) as engine:
        for act in (write_backup, restore_backup):
            with pytest.raises(StoreLocked, match="Another PrismSearch"):
                act(
                    engine.settings,
                    *([tmp_path / "b.tar", "1"] if act is write_backup else [saved]),
                )
    assert not (tmp_path / "b.tar").exists()


def test_places_that_cannot_be_are_named(made: Installed, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "no" / "b.tar", tmp_path / "file" / "b.tar"):
        with pytest.raises(BackupRefused, match="could not be written"):
            write_backup(made.settings, place, "1")
        with pytest.raises(BackupRefused, match="cannot be read"):
            restore_backup(at(tmp_path / "new"), place)
    with pytest.raises(LibraryError, match="no library"):
        write_backup(at(tmp_path / "new"), tmp_path / "b.tar", "1")
    assert not (tmp_path / "new").exists()


def test_a_damaged_library_is_not_saved(made: Installed, tmp_path: Path) -> None:
    path = made.data_dir / "library.db"
    content = bytearray(path.read_bytes())
    content[4096 * 2 : 4096 * 6] = os.urandom(4096 * 4)
    path.write_bytes(content)
    with pytest.raises(BackupRefused, match="library is damaged"):
        write_backup(made.settings, tmp_path / "b.tar", "1")
    assert not list(tmp_path.glob("b.tar*"))


# A file that is not what was written.


def _head(**change: object) -> bytes:
    head = Head(format=FORMAT, version="1", fingerprint=FINGERPRINT).model_dump()
    return json.dumps({**head, **change}, default=lambda one: one.model_dump()).encode()


def _strangers() -> tuple[str, bytes]:
    return "points/000009.npz", packed(points("f" * 64, range(3)))


def _entries(file: Path) -> list[tuple[str, bytes]]:
    with tarfile.open(file) as tar:
        return [(one.name, tar.extractfile(one).read()) for one in tar]  # type: ignore[union-attr]


def _with(saved: Path, tmp_path: Path, add: Callable[[Writer], None], head: bytes = b"") -> Path:
    """The same backup with something added, and a manifest that agrees."""
    file = tmp_path / "other.tar"
    with file.open("wb") as target, writing(target) as backup:
        for name, content in _entries(saved):
            if name != MANIFEST:
                backup.add_bytes(name, head if head and name == HEAD else content)
        add(backup)
    return file


def _rewritten(saved: Path, tmp_path: Path, entries: list[tuple[str, bytes]]) -> Path:
    """A tar of these entries, with whatever manifest is among them."""
    file = tmp_path / "other.tar"
    with tarfile.open(file, "w") as tar:
        for name, content in entries:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file


def refused(file: Path, folder: Path, match: str = "no whole backup") -> None:
    """Restoring is refused in words, and nothing is there afterwards."""
    with pytest.raises(LibraryError, match=match) as caught:
        restore_backup(at(folder), file)
    assert "Nothing was changed" in str(caught.value)
    assert untouched(folder)


def _kinds(saved: Path) -> list[int]:
    """The place of one member of each kind."""
    names = [name for name, _ in _entries(saved)]
    kinds = {
        "".join("#" if c.isdigit() else c for c in Path(name).name): i
        for i, name in enumerate(names)
    }
    return sorted(kinds.values())


def test_damage_anywhere_in_a_member_is_seen(saved: Path, tmp_path: Path) -> None:
    entries = _entries(saved)
    assert len(_kinds(saved)) == 6
    for place in _kinds(saved):
        name, content = entries[place]
        for changed in (
            bytes([content[0] ^ 1]) + content[1:],
            content[:-1] + bytes([content[-1] ^ 1]),
            content[:-1],
            content + b"\0",
            b"",
        ):
            other = [*entries[:place], (name, changed), *entries[place + 1 :]]
            refused(_rewritten(saved, tmp_path, other), tmp_path / "new")


def test_a_member_that_is_missing_doubled_or_elsewhere_is_seen(saved: Path, tmp_path: Path) -> None:
    entries = _entries(saved)
    for place in _kinds(saved):
        without = entries[:place] + entries[place + 1 :]
        moved = [entries[place], *without] if place else [*without, entries[place]]
        doubled = [*entries[: place + 1], entries[place], *entries[place + 1 :]]
        for other in (without, moved, doubled):
            refused(_rewritten(saved, tmp_path, other), tmp_path / "new")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(chance=st.data())
def test_any_cut_and_any_flipped_bit_is_refused_or_harmless(
    saved: Path, tmp_path_factory: pytest.TempPathFactory, chance: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("flipped")
    content = bytearray(saved.read_bytes())
    place = chance.draw(st.integers(0, len(content) - 1))
    if chance.draw(st.booleans()):
        content[place] ^= 1 << chance.draw(st.integers(0, 7))
    else:
        del content[place:]
    (root / "other.tar").write_bytes(content)
    try:
        restore_backup(at(root / "new"), root / "other.tar")
    except BackupRefused:
        assert untouched(root / "new")
    else:  # between the members, and after them, lies nothing
        assert scanned(at(root / "new")) == scanned(at(saved.parent / "data"))


@pytest.mark.parametrize("content", [b"", b"no tar", b"\0" * 10240], ids=["empty", "text", "zeros"])
def test_what_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.tar").write_bytes(content)
    refused(tmp_path / "b.tar", tmp_path / "new", "no whole backup")


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/tmp/evil",
        "media/../../evil",
        f"media/{'0' * 64}/../evil",
        f"media/{'0' * 64}/source.mp4/evil",
        f"media/{'0' * 64}/posters/{KEY}/../../x.jpg",
        "points/٠٠٠٠٠٠.npz",
        "owner.lock",
        "library.db-wal",
        "media",
    ],
)
def test_no_name_leads_elsewhere(saved: Path, tmp_path: Path, name: str) -> None:
    other = _with(saved, tmp_path, lambda backup: backup.add_bytes(name, b"evil"))
    refused(other, tmp_path / "new", "unexpected")
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_nothing_but_plain_files_is_taken(saved: Path, tmp_path: Path, kind: bytes) -> None:
    file = _rewritten(saved, tmp_path, _entries(saved)[:1])
    with tarfile.open(file, "a") as tar:
        member = tarfile.TarInfo("library.db")
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    refused(file, tmp_path / "new", "unexpected")


def test_a_newer_backup_is_refused_by_its_version(saved: Path, tmp_path: Path) -> None:
    newer = _head(format=FORMAT + 1, version="9.9", fingerprint={"of": "another shape"})
    other = _with(saved, tmp_path, lambda backup: None, newer)
    refused(other, tmp_path / "new", r"newer PrismSearch \(9\.9\)")


def test_a_newer_library_is_refused(made: Installed, tmp_path: Path) -> None:
    write_backup(made.settings, tmp_path / "backup.tar", "1")
    (tmp_path / "one").mkdir()
    entries = dict(_entries(tmp_path / "backup.tar"))
    path = tmp_path / "one" / "library.db"
    path.write_bytes(entries["library.db"])
    newer = bytearray(path.read_bytes())
    newer[60:64] = (len(STEPS) + 1).to_bytes(4, "big")  # where SQLite keeps user_version
    file = tmp_path / "newer.tar"
    with file.open("wb") as target, writing(target) as backup:
        for name, content in entries.items():
            if name != MANIFEST:
                backup.add_bytes(name, bytes(newer) if name == "library.db" else content)
    refused(file, tmp_path / "new", "newer PrismSearch")


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("points/000009.npz", b"no arrays", "damaged"),
        (*_strangers(), "does not name"),
        ("library.db", b"", "twice"),
    ],
    ids=["no points", "strangers", "two libraries"],
)
def test_members_that_make_no_sense_are_refused(
    saved: Path, tmp_path: Path, name: str, content: bytes, match: str
) -> None:
    other = _with(saved, tmp_path, lambda backup: backup.add_bytes(name, content))
    refused(other, tmp_path / "new", match)


def test_points_that_are_doubled_or_without_direction_are_refused(
    saved: Path, made: Installed, tmp_path: Path
) -> None:
    some = points(made.ids["red"], range(3))
    nowhere = [Point(p.video_id, p.index, p.start, p.end, p.vector * 0) for p in some]
    narrow = [Point(p.video_id, p.index, p.start, p.end, p.vector[:5]) for p in some]
    for bad, match in ((some, "twice"), (nowhere, "compared"), (narrow, "compared")):
        content = packed(bad)
        other = _with(saved, tmp_path, lambda b, c=content: b.add_bytes("points/000009.npz", c))
        refused(other, tmp_path / "new", match)


@pytest.mark.parametrize(
    ("head", "match"),
    [
        (b"{ not json", "damaged"),
        (b"[]", "damaged"),
        (_head(format="x"), "damaged"),
        (_head(fingerprint={"model": "toy"}), "damaged"),
        (_head(fingerprint=FINGERPRINT.model_copy(update={"dim": 8})), "belong together"),
    ],
)
def test_a_head_that_makes_no_sense_is_refused(
    saved: Path, tmp_path: Path, head: bytes, match: str
) -> None:
    refused(_with(saved, tmp_path, lambda backup: None, head), tmp_path / "new", match)


# Disks that are full, and processes that die.


def test_a_full_disk_leaves_no_part_of_a_backup(
    made: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Writer, name: str, path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = tree(made.data_dir)
    monkeypatch.setattr(Writer, "add_file", full)
    with pytest.raises(DiskFull, match="does not hold the backup"):
        write_backup(made.settings, tmp_path / "b.tar", "1")
    assert not list(tmp_path.glob("b.tar*"))
    assert tree(made.data_dir) == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_leaves_no_part_of_a_library(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    copy, copied = shutil.copyfileobj, iter(range(100))

    def failing(source: io.BytesIO, target: io.BytesIO) -> None:
        if next(copied) == 7:
            raise OSError(number, os.strerror(number))
        copy(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(restore.shutil, "copyfileobj", failing)
        with pytest.raises(DiskFull if number == errno.ENOSPC else BackupRefused):
            restore_backup(at(tmp_path / "new"), saved)
    assert untouched(tmp_path / "new")
    assert restore_backup(at(tmp_path / "new"), saved).segments == 12


def killed(folder: Path, saved: Path, number: int) -> int:
    """Restore in a process of its own that dies at an instant; how many there were, 0 if it did."""
    command = [sys.executable, str(HERE / "restoring.py"), str(folder), str(saved), str(number)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode in (0, -9), ended.stderr
    return int(ended.stdout or 0)


def check_killed(folder: Path, saved: Path, number: int) -> bool:
    """Whether the library was there after the kill; whole then, else a second try brings it."""
    assert killed(folder, saved, number) == 0
    there = (folder / "library.db").exists()
    if not there:
        restore_backup(at(folder), saved)
    report = examine(at(folder))
    assert (report.videos, report.segments, report.findings) == (3, 12, [])
    assert scanned(at(folder)) == scanned(at(saved.parent / "data"))
    assert not (folder / STAGING).exists()
    return there


@pytest.mark.timeout(300)
def test_a_kill_leaves_a_whole_library_or_none(saved: Path, tmp_path: Path) -> None:
    events = killed(tmp_path / "whole", saved, 0)
    instants = [events // 2, *(events - back for back in (5, 4, 2, 0))]  # last of all, it appears
    there = [check_killed(tmp_path / str(number), saved, number) for number in instants]
    assert there == [False, False, True, True, True]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_kill_at_any_instant_leaves_a_whole_library_or_none(saved: Path, tmp_path: Path) -> None:
    for number in range(1, killed(tmp_path / "whole", saved, 0) + 1):
        check_killed(tmp_path / str(number), saved, number)


def test_starting_anew_after_a_killed_restore_starts_empty(
    data_dir: Path, open_engine: Callable[..., Engine]
) -> None:
    (data_dir / STAGING / "media").mkdir(parents=True)
    with open_engine() as engine:
        assert engine.library.videos() == []
    assert not (data_dir / STAGING).exists()
    assert not (data_dir / "media").exists()
