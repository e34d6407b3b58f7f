"""One suite for every store: Edge in a folder, the client's memory mode, a server over HTTP.

A real server takes part whenever QDRANT_URL names one (QDRANT_API_KEY its key).
"""

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qdrant_client import QdrantClient
from qdrant_stub import API_KEY, LockedClient, Stub, serving

from indexer import edge
from indexer.edge import EdgeStore
from indexer.errors import (
    BadVector,
    DiskFull,
    StoreError,
    StoreLocked,
    StoreMismatch,
    StoreUnavailable,
)
from indexer.points import Point, Scope, Store, Timed, point_id
from indexer.rows import BATCH
from indexer.server import LIVE, QdrantStore, name_of
from indexer.settings import Fingerprint, Settings
from indexer.store import open_store, remove_collection, stored_fingerprint

DIM = 8
ENGINES = ["edge", "memory", "http", *(["server"] if "QDRANT_URL" in os.environ else [])]
pytestmark = [  # local mode says what it ignores
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]


def fingerprint(weights: str = "w0") -> Fingerprint:
    return Fingerprint(
        model="toy", weights_id=weights, frames=8, pixels=72, dim=DIM, fps=2, window=4, hop=2
    )


def server_settings(data_dir: Path, url: str, key: str | None = API_KEY) -> Settings:
    return Settings(data_dir=data_dir, qdrant_url=url, qdrant_api_key=key)


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from OPENERS[request.param](tmp_path)


def _edge(folder: Path) -> Iterator[Store]:
    store = EdgeStore.open(folder, fingerprint())
    yield store
    store.close()


def _memory(folder: Path) -> Iterator[Store]:
    yield QdrantStore(LockedClient(QdrantClient(":memory:")), fingerprint())  # type: ignore[arg-type]


def _http(folder: Path) -> Iterator[Store]:
    with serving(Stub()) as stub:
        store = open_store(server_settings(folder, stub.url), fingerprint())
        yield store
        store.close()


def _server(folder: Path) -> Iterator[Store]:
    url, key = os.environ["QDRANT_URL"], os.environ.get("QDRANT_API_KEY")
    own = fingerprint(uuid.uuid4().hex)
    store = open_store(server_settings(folder, url, key), own)
    yield store
    store.close()
    client = QdrantClient(url=url, api_key=key)
    client.delete_collection(name_of(own.key))
    client.close()


OPENERS: dict[str, Callable[[Path], Iterator[Store]]] = {
    "edge": _edge,
    "memory": _memory,
    "http": _http,
    "server": _server,
}


def unit(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=DIM).astype(np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def points(video: str, count: int, seed: int = 0) -> list[Point]:
    """Segments of 4 s, a new one every 2 s."""
    return [Point(video, i, 2.0 * i, 2.0 * i + 4, unit(1000 * seed + i)) for i in range(count)]


# What goes in comes out.


def test_what_was_stored_comes_back(store: Store) -> None:
    given = points("a", 5)
    store.upsert(given)
    segments = store.segments("a")
    assert [(s.index, s.start, s.end) for s in segments] == [
        (p.index, p.start, p.end) for p in given
    ]
    assert all(s.vector.dtype == np.float32 for s in segments)
    np.testing.assert_allclose([s.vector for s in segments], [p.vector for p in given], atol=1e-3)
    assert store.outline("a") == [Timed(i, 2.0 * i, 2.0 * i + 4) for i in range(5)]
    assert store.outline("b") == []


def test_nearest_comes_first_with_its_cosine(store: Store) -> None:
    given = points("a", 20)
    store.upsert(given)
    hits = store.nearest(given[7].vector, 3)
    cosines = sorted((float(p.vector @ given[7].vector) for p in given), reverse=True)
    assert (hits[0].video_id, hits[0].index, hits[0].start, hits[0].end) == ("a", 7, 14.0, 18.0)
    np.testing.assert_allclose([hit.score for hit in hits], cosines[:3], atol=2e-3)


def test_nearest_of_a_least_cosine(store: Store) -> None:
    given = points("a", 20)
    store.upsert(given)
    scores = [hit.score for hit in store.nearest(given[7].vector, 20)]
    least = (scores[4] + scores[5]) / 2
    found = [hit.score for hit in store.nearest(given[7].vector, 20, least=least)]
    np.testing.assert_allclose(found, scores[:5], atol=2e-3)
    assert store.nearest(given[7].vector, 20, least=1.5) == []


def test_scores_are_products_less_an_offset(store: Store) -> None:
    store.upsert(points("a", 20) + points("b", 3, seed=1))
    plain = store.nearest(unit(3), 8)
    longer = store.nearest(5 * unit(3), 8, offset=0.5)
    assert [hit[:4] for hit in longer] == [hit[:4] for hit in plain]
    expected = [5 * hit.score - 0.5 for hit in plain]
    np.testing.assert_allclose([hit.score for hit in longer], expected, atol=1e-4)
    least = (expected[3] + expected[4]) / 2
    assert len(store.nearest(5 * unit(3), 8, least=least, offset=0.5)) == 4


def test_leading_tells_the_videos_of_the_nearest(store: Store) -> None:
    store.upsert(points("a", 20) + points("b", 20, seed=1))
    for scope in (Scope(), Scope(frozenset({"b"}))):
        hits = store.nearest(3 * unit(3), 9, scope)
        leading = store.leading(3 * unit(3), 9, scope)
        assert [video for video, _ in leading] == [hit.video_id for hit in hits]
        np.testing.assert_allclose([p for _, p in leading], [hit.score for hit in hits], atol=1e-4)


def test_one_segment_alone(store: Store) -> None:
    given = points("a", 4) + points("b", 4, seed=1)
    store.upsert(given)
    (one,) = store.segments("b", 2)
    assert (one.index, one.start) == (2, 4.0)
    np.testing.assert_allclose(one.vector, given[6].vector, atol=1e-3)
    assert store.segments("b", 4) == []


def test_about_follows_what_comes_and_goes(store: Store) -> None:
    assert store.about() == 0
    store.upsert(points("a", 40) + points("b", 7))
    assert store.about() == 47
    store.delete_video("a")
    assert store.about() == 7


def test_the_same_place_is_stored_once(store: Store) -> None:
    store.upsert(points("a", 4))
    store.upsert(points("a", 4, seed=1))
    assert store.count() == store.count("a") == 4
    np.testing.assert_allclose(store.segments("a")[2].vector, unit(1002), atol=1e-3)


def test_a_video_longer_than_a_batch_and_a_page(store: Store) -> None:
    many = 1000 + BATCH + 3
    store.upsert(points("a", many))
    assert store.count("a") == many
    assert [s.index for s in store.outline("a")] == list(range(many))
    assert [s.index for s in store.segments("a")] == list(range(many))


def test_an_empty_store_answers(store: Store) -> None:
    assert store.count() == 0
    assert store.nearest(unit(0), 5) == []
    assert store.segments("a") == []
    store.upsert([])
    store.delete_video("a")


def test_deleting_takes_one_video_and_all_of_it(store: Store) -> None:
    store.upsert(points("a", 6) + points("b", 3, seed=1))
    store.delete_video("a")
    assert (store.count("a"), store.count("b"), store.count()) == (0, 3, 3)
    assert {hit.video_id for hit in store.nearest(unit(0), 10)} == {"b"}


# The whole of it.


def test_every_video_is_counted(store: Store) -> None:
    assert store.videos() == {}
    store.upsert(points("a", 3) + points("b", 1, seed=1) + points("gone", 2, seed=2))
    store.upsert([Point(f"one of {i}", 0, 0.0, 4.0, unit(i)) for i in range(20)])
    store.delete_video("gone")
    assert store.videos() == {"a": 3, "b": 1, **{f"one of {i}": 1 for i in range(20)}}


def test_a_scan_brings_every_point_as_it_was_stored(store: Store) -> None:
    store.upsert(points("a", BATCH + 3) + points("b", 2, seed=1))
    found = {(one.video_id, one.index): one for one in store.scan()}
    assert len(found) == store.count() == BATCH + 5
    for video in ("a", "b"):
        for segment in store.segments(video):
            one = found[video, segment.index]
            assert (one.start, one.end) == (segment.start, segment.end)
            np.testing.assert_array_equal(one.vector, segment.vector)


# Scope is a promise.


def test_nothing_outside_the_scope_is_found(store: Store) -> None:
    store.upsert(points("a", 6) + points("b", 6, seed=1) + points("c", 6, seed=2))
    scope = Scope(videos=frozenset({"a", "c"}))
    hits = store.nearest(unit(1001), 50, scope)
    assert {(hit.video_id, hit.index) for hit in hits} == {
        (video, index) for video in "ac" for index in range(6)
    }


def test_a_scope_of_no_videos_is_not_a_scope_of_all(store: Store) -> None:
    store.upsert(points("a", 3))
    assert store.nearest(unit(0), 5, Scope(videos=frozenset())) == []


def test_the_limit_holds_within_a_scope(store: Store) -> None:
    store.upsert(points("a", 9) + points("b", 9, seed=1))
    hits = store.nearest(unit(3), 4, Scope(videos=frozenset({"b"})))
    assert [hit.video_id for hit in hits] == ["b"] * 4


# What has no direction is refused, and nothing of its batch is half stored.


@pytest.mark.parametrize(
    "vector",
    [np.full(DIM, np.nan), np.array([np.inf] + [0] * (DIM - 1)), np.zeros(DIM), np.ones(DIM + 1)],
    ids=["nan", "infinite", "zero", "too wide"],
)
def test_vectors_without_direction_are_refused(store: Store, vector: np.ndarray) -> None:
    with pytest.raises(BadVector):
        store.upsert([*points("a", 2), Point("a", 2, 4.0, 8.0, vector.astype(np.float32))])
    assert store.count() == 0
    with pytest.raises(BadVector):
        store.nearest(vector, 3)


# Several threads.


def test_searches_while_videos_come_and_go(store: Store) -> None:
    store.upsert(points("base", 100))
    errors: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                assert len(store.nearest(unit(5), 10, Scope(videos=frozenset({"base"})))) == 10
        except BaseException as error:
            errors.append(error)

    def write(video: str) -> None:
        try:
            for round_ in range(3):
                store.upsert(points(video, 40, seed=round_))
            store.delete_video(video if video == "gone" else "nothing")
        except BaseException as error:
            errors.append(error)

    searchers = [threading.Thread(target=search) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(video,)) for video in ("x", "y", "gone")]
    for thread in searchers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in searchers:
        thread.join()
    assert errors == []
    assert [store.count(video) for video in ("base", "x", "y", "gone")] == [100, 40, 40, 0]


# A collection as one thing, by its key.


@pytest.fixture(params=["edge", "http"])
def settings(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[Settings]:
    if request.param == "edge":
        yield Settings(data_dir=data_dir)
        return
    with serving(Stub()) as stub:
        yield server_settings(data_dir, stub.url)


def test_a_collection_tells_what_made_it(settings: Settings) -> None:
    assert stored_fingerprint(settings, fingerprint().key) is None
    open_store(settings, fingerprint()).close()
    assert stored_fingerprint(settings, fingerprint().key) == fingerprint()
    assert stored_fingerprint(settings, fingerprint("w1").key) is None


def test_a_removed_collection_is_gone_and_the_others_stay(settings: Settings) -> None:
    for weights in ("w0", "w1"):
        store = open_store(settings, fingerprint(weights))
        store.upsert(points("a", 3))
        store.close()
    for _ in range(2):  # again is harmless
        remove_collection(settings, fingerprint("w0").key)
    assert stored_fingerprint(settings, fingerprint("w0").key) is None
    for weights, count in (("w0", 0), ("w1", 3)):
        store = open_store(settings, fingerprint(weights))
        assert store.count() == count
        store.close()


def test_a_collection_in_use_is_not_removed(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    store = open_store(settings, fingerprint())
    store.upsert(points("a", 3))
    with pytest.raises(StoreLocked):
        remove_collection(settings, fingerprint().key)
    assert store.count() == 3
    store.close()
    remove_collection(settings, fingerprint().key)
    assert list((data_dir / "index").iterdir()) == []


def test_a_removal_that_is_killed_half_way_leaves_nothing_that_counts(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(folder: Path, **rest: object) -> None:
        (folder / "edge_config.json").unlink()
        raise KeyboardInterrupt

    settings = Settings(data_dir=data_dir)
    store = open_store(settings, fingerprint())
    store.upsert(points("a", 3))
    store.close()
    with monkeypatch.context() as patched:
        patched.setattr(edge.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            remove_collection(settings, fingerprint().key)
    assert stored_fingerprint(settings, fingerprint().key) is None
    store = open_store(settings, fingerprint())
    assert store.count() == 0
    store.close()


@pytest.mark.parametrize("text", ["{ not json", "{}", '{"model": "toy"}'])
def test_a_damaged_label_tells_nothing(data_dir: Path, text: str) -> None:
    settings = Settings(data_dir=data_dir)
    open_store(settings, fingerprint()).close()
    (data_dir / "index" / fingerprint().key / "fingerprint.json").write_text(text)
    assert stored_fingerprint(settings, fingerprint().key) is None


# The embedded store on the disk.


def test_edge_keeps_everything_over_a_restart(tmp_path: Path) -> None:
    for expected in (0, 3):
        store = EdgeStore.open(tmp_path, fingerprint())
        assert store.count() == expected
        store.upsert(points("a", 3))
        store.flush()
        store.close()


def test_edge_serves_what_was_promoted_last(tmp_path: Path) -> None:
    for weights, serving_then in (("w0", None), ("w1", "w0")):
        store = EdgeStore.open(tmp_path, fingerprint(weights))
        current = tmp_path / "CURRENT"
        before = current.read_text() if current.exists() else None
        assert before == (serving_then and fingerprint(serving_then).key)
        store.promote()
        assert current.read_text() == fingerprint(weights).key
        store.close()


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def update(self, operation: object) -> None:
            raise Exception("Service internal error: No space left on device (os error 28)")

    store = EdgeStore.open(tmp_path, fingerprint())
    with monkeypatch.context() as patched:
        patched.setattr(store, "_shard", Full())
        with pytest.raises(DiskFull, match="make room"):
            store.upsert(points("a", 1))
    store.close()


def test_what_was_scanned_can_be_stored_again_unchanged(tmp_path: Path) -> None:
    # Norms that float16 has rounded are rounded back: true of every width that a model has.
    wide = fingerprint().model_copy(update={"dim": 64})
    vectors = np.random.default_rng(0).normal(size=(500, 64)).astype(np.float32)
    store = EdgeStore.open(tmp_path, wide)
    store.upsert([Point("a", i, 2.0 * i, 2.0 * i + 4, one) for i, one in enumerate(vectors)])
    before = list(store.scan())
    store.delete_video("a")
    store.upsert(before)
    after = [one.vector for one in store.scan()]
    np.testing.assert_array_equal(after, [one.vector for one in before])
    store.close()


def test_more_than_ten_thousand_videos_are_all_counted(tmp_path: Path) -> None:
    store = EdgeStore.open(tmp_path, fingerprint())
    vector = unit(0)
    store.upsert([Point(f"video {i}", 0, 0.0, 4.0, vector) for i in range(10_001)])
    assert store.videos() == {f"video {i}": 1 for i in range(10_001)}
    store.close()


def test_a_second_owner_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    first = EdgeStore.open(tmp_path, fingerprint())
    first.upsert(points("a", 3))
    first.flush()
    with pytest.raises(StoreLocked, match="Another PrismSearch"):
        EdgeStore.open(tmp_path, fingerprint())
    first.upsert(points("b", 3))
    first.flush()  # what the engine's own refusal would have broken
    assert first.count() == 6
    first.close()
    second = EdgeStore.open(tmp_path, fingerprint())
    assert second.count() == 6
    second.close()


def test_edge_loses_nothing_that_was_acknowledged_before_a_kill(tmp_path: Path) -> None:
    script = (
        "import sys, os, signal; sys.path[:0] = sys.argv[1:3]\n"
        "from pathlib import Path; import test_store as t\n"
        "store = t.EdgeStore.open(Path(sys.argv[3]), t.fingerprint())\n"
        "store.upsert(t.points('a', 700)); store.flush(); store.upsert(t.points('b', 300))\n"
        "print('stored', flush=True); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    here = Path(__file__).parent
    command = [sys.executable, "-c", script, str(here.parent.parent), str(here), str(tmp_path)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.stdout == "stored\n", killed.stderr
    store = EdgeStore.open(tmp_path, fingerprint())
    assert (store.count("a"), store.count("b"), store.count()) == (700, 300, 1000)
    assert [s.index for s in store.outline("b")] == list(range(300))
    store.close()


def test_vectors_of_another_model_are_never_mixed_in(tmp_path: Path) -> None:
    EdgeStore.open(tmp_path, fingerprint()).close()
    written = tmp_path / fingerprint().key / "fingerprint.json"
    fields = json.loads(written.read_text())
    for damaged in (json.dumps({**fields, "weights_id": "other"}), "{ not json"):
        written.write_text(damaged)
        with pytest.raises(StoreMismatch, match="another model"):
            EdgeStore.open(tmp_path, fingerprint())


def test_two_models_lie_side_by_side(tmp_path: Path) -> None:
    for weights, count in (("w0", 3), ("w1", 5)):
        store = EdgeStore.open(tmp_path, fingerprint(weights))
        assert store.count() == 0
        store.upsert(points("a", count))
        store.close()
    again = EdgeStore.open(tmp_path, fingerprint("w0"))
    assert again.count() == 3
    again.close()


def test_a_shard_whose_making_was_interrupted_is_made_anew(tmp_path: Path) -> None:
    store = EdgeStore.open(tmp_path, fingerprint())
    store.upsert(points("a", 1))
    store.close()
    (tmp_path / fingerprint().key / "fingerprint.json").unlink()  # it is written last
    store = EdgeStore.open(tmp_path, fingerprint())
    assert store.count() == 0
    store.close()


def test_edges_own_errors_become_ours(tmp_path: Path) -> None:
    store = EdgeStore.open(tmp_path, fingerprint())
    store.close()
    for verb in (store.count, store.flush, lambda: store.nearest(unit(0), 1)):
        with pytest.raises(StoreError, match="Your videos are safe"):
            verb()
    (tmp_path / fingerprint().key / "shard" / "edge_config.json").write_text("{ not json")
    with pytest.raises(StoreError, match="could not be opened"):
        EdgeStore.open(tmp_path, fingerprint())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        EdgeStore.open(tmp_path / "file", fingerprint())


# The server.


def test_indexes_come_before_data_and_the_alias_moves(tmp_path: Path) -> None:
    with serving(Stub()) as stub:
        for weights in ("w0", "w1", "w1"):
            store = open_store(server_settings(tmp_path, stub.url), fingerprint(weights))
            name = name_of(fingerprint(weights).key)
            assert set(stub.indexed[name]) == {"video_id"}
            store.promote()
            (alias,) = stub.client.get_aliases().aliases
            assert (alias.alias_name, alias.collection_name) == (LIVE, name)
            store.close()
        assert stub.indexed_before_data


def test_a_collection_of_another_model_is_refused(tmp_path: Path) -> None:
    with serving(Stub()) as stub:
        open_store(server_settings(tmp_path, stub.url), fingerprint()).close()
        name = name_of(fingerprint().key)
        stub.client.delete_collection(name)
        stub.client.create_collection(name, vectors_config={}, metadata={"model": "other"})
        with pytest.raises(StoreMismatch, match="another model"):
            open_store(server_settings(tmp_path, stub.url), fingerprint())


def test_a_server_that_is_down_is_named_in_words(tmp_path: Path) -> None:
    with serving(Stub()) as stub:
        store = open_store(server_settings(tmp_path, stub.url), fingerprint())
        for status in (500, 503, 429):
            stub.broken = status
            with pytest.raises(StoreUnavailable, match="does not answer"):
                store.upsert(points("a", 1))
        stub.broken = 404
        with pytest.raises(StoreError, match="no longer has this library's collection"):
            store.count()
    with pytest.raises(StoreUnavailable, match="does not answer"):
        store.nearest(unit(0), 1)
    with pytest.raises(StoreUnavailable, match="does not answer"):
        open_store(server_settings(tmp_path, stub.url), fingerprint())


def test_a_wrong_key_is_named_in_words(tmp_path: Path) -> None:
    with serving(Stub()) as stub, pytest.raises(StoreError, match="refused the API key"):
        open_store(server_settings(tmp_path, stub.url, key="wrong"), fingerprint())


def test_a_server_may_come_up_late(tmp_path: Path) -> None:
    stub, said = Stub(broken=503), list[str]()

    def mend(text: str) -> None:
        said.append(text)
        stub.broken = None

    with serving(stub):
        settings = server_settings(tmp_path, stub.url)
        store = open_store(settings, fingerprint(), wait=20, report=mend)
        assert store.count() == 0
    assert said == ["Waiting for the Qdrant server ..."]


# Ids.


@given(
    st.text(st.characters(codec="ascii"), max_size=8),
    st.text(st.characters(codec="ascii"), max_size=8),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)
def test_ids_are_steady_and_apart(video: str, other: str, start: int, later: int) -> None:
    key = fingerprint().key
    assert point_id(video, key, start / 2) == point_id(video, key, start / 2)
    same = (video, start) == (other, later)
    assert (point_id(video, key, start / 2) == point_id(other, key, later / 2)) == same
    assert point_id(video, key, 0.0) != point_id(video, "another", 0.0)
