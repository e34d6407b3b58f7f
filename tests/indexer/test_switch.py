"""From one collection to the next: the old one answers until the new one is whole."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import untrained
from conftest import Draw
from placed import asking

from encoder.embedder import Embedder
from encoder.errors import CheckpointError
from indexer.collection import Collection
from indexer.engine import Engine
from indexer.errors import LibraryError, ReadOnly
from indexer.settings import Settings

PATIENCE = 120.0
MODELS = {f"untrained{seed}": seed for seed in (0, 1)}


def load(record: Collection) -> Embedder:
    """The model behind a collection, found by the weights that made it."""
    assert record.spec is not None
    return untrained.embedder(MODELS[record.spec.weights_id])


@pytest.fixture
def open_with(data_dir: Path) -> Callable[..., Engine]:
    def _open(seed: int, **settings: object) -> Engine:
        chosen = Settings(data_dir=data_dir, model="toy", **settings)  # type: ignore[arg-type]
        told = list[str]()
        engine = Engine(chosen, untrained.embedder(seed), told.append, load=load)
        engine.told = told  # type: ignore[attr-defined]
        return engine

    return _open


@pytest.fixture
def indexed(open_with: Callable[..., Engine], draw: Draw, tmp_path: Path) -> list[str]:
    """Two videos of 4 and 1 segments in the collection of the first model."""
    paths = [draw(tmp_path / "a.mp4", 9.7), draw(tmp_path / "b.mp4", 2, 1)]
    with open_with(0) as engine:
        added = engine.add_files(paths).videos
        finish(engine)
        assert engine.building is None
        return [video.video_id for video in added]


def finish(engine: Engine) -> None:
    engine.worker.start()
    assert engine.worker.wait(PATIENCE)


def hold(engine: Engine, after: int) -> tuple[threading.Event, threading.Event]:
    """Stop storing into what is being built after so many segments, until released."""
    reached, go_on = threading.Event(), threading.Event()
    assert engine.building is not None
    checkpoint = engine.building.queue.checkpoint

    def held(video_id: str, segments_done: int, seconds: float) -> None:
        checkpoint(video_id, segments_done, seconds)
        if segments_done == after:
            reached.set()
            go_on.wait(PATIENCE)

    engine.building.queue.checkpoint = held  # type: ignore[method-assign]
    return reached, go_on


def test_the_old_collection_answers_until_the_new_one_is_whole(
    open_with: Callable[..., Engine], indexed: list[str], data_dir: Path
) -> None:
    with open_with(1) as engine:
        old = engine.fingerprint.key
        assert engine.building is not None
        reached, go_on = hold(engine, after=2)
        engine.worker.start()
        assert reached.wait(PATIENCE)
        assert engine.store.count() == 5  # the old one, whole
        vector = engine.store.segments(indexed[0])[1].vector
        assert engine.search.ask(asking(vector)).moments[0].video_id == indexed[0]
        assert engine.library.counts() == {"done": 2}
        assert engine.poster(indexed[0], 3) is not None
        status = engine.status()
        assert status.switch is not None
        assert 0 < status.switch.progress.seconds_done < status.switch.progress.seconds
        assert (data_dir / "index" / "CURRENT").read_text() == old
        go_on.set()
        assert engine.worker.wait(PATIENCE)
        assert engine.building is None
        assert engine.embedder.weights_id == "untrained1"
        assert (data_dir / "index" / "CURRENT").read_text() == engine.fingerprint.key != old
        assert engine.store.count() == 5
        assert engine.library.counts() == {"done": 2}
        assert engine.poster(indexed[0], 3) is not None
        roles = [(one.fingerprint, one.role) for one in engine.collections()]
        assert roles == [(engine.fingerprint.key, "serving"), (old, "old")]
        new = engine.store.segments(indexed[0])
    assert not np.allclose(new[1].vector, vector, atol=0.05)
    with open_with(1) as again:
        assert again.building is None
        finish(again)
        assert again.store.count() == 5


def test_an_interrupted_switch_leaves_the_old_one_whole_and_goes_on(
    open_with: Callable[..., Engine], indexed: list[str]
) -> None:
    with open_with(1) as engine:
        reached, go_on = hold(engine, after=2)
        engine.worker.start()
        assert reached.wait(PATIENCE)
        go_on.set()
        engine.worker.stop()
    with open_with(1) as engine:
        assert engine.building is not None
        assert engine.store.count() == 5
        begun = engine.building.store.count()
        assert 0 < begun < 5
        finish(engine)
        assert engine.building is None
        assert engine.store.count() == 5


def test_an_index_that_lacks_what_the_old_one_has_does_not_take_over(
    open_with: Callable[..., Engine],
    indexed: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("indexer.worker.GLANCE", 0.1)
    (tmp_path / "a.mp4").rename(tmp_path / "unplugged.mp4")
    with open_with(1, keep_old=False) as engine:
        finish(engine)
        assert engine.building is not None
        assert engine.building.queue.counts() == {"done": 1, "failed": 1}
        assert (engine.embedder.weights_id, engine.store.count()) == ("untrained0", 5)
        assert "The new index lacks one video" in str(engine.status().waiting)
        (tmp_path / "unplugged.mp4").rename(tmp_path / "a.mp4")
        end = time.monotonic() + PATIENCE
        while engine.building is not None and time.monotonic() < end:
            time.sleep(0.05)
        assert (engine.embedder.weights_id, engine.store.count()) == ("untrained1", 5)
        assert engine.status().waiting is None


def test_bytes_that_are_wrong_hold_no_switch_up(
    open_with: Callable[..., Engine], indexed: list[str]
) -> None:
    with open_with(1) as engine:
        assert engine.building is not None
        engine.building.queue.mark_failed(indexed[1], "It is damaged.", "corrupt", "read")
        finish(engine)
        assert engine.building is None


def test_what_is_given_up_at_the_last_moment_does_not_take_over(
    open_with: Callable[..., Engine], indexed: list[str]
) -> None:
    with open_with(1) as engine:
        built = engine.building
        assert built is not None
        engine.remove_collection(built.key)
        engine._swap(built)
        assert engine.embedder.weights_id == "untrained0"
        assert engine.collections()[0].role == "serving"


def test_what_is_moved_to_the_front_of_a_switch_is_next(
    open_with: Callable[..., Engine], indexed: list[str]
) -> None:
    with open_with(1) as engine:
        reached, go_on = hold(engine, after=2)
        engine.worker.start()
        assert reached.wait(PATIENCE)
        assert engine.worker.current == indexed[0]
        mover = threading.Thread(target=engine.to_front, args=(indexed[1],))
        mover.start()
        go_on.set()
        mover.join(PATIENCE)
        old, new = engine.serving.queue, engine.building
        assert new is not None
        end = time.monotonic() + PATIENCE
        while (now := new.queue.get(indexed[1])) and now.state != "done":
            assert time.monotonic() < end
        first = new.queue.get(indexed[0])
        assert first is not None
        assert old.counts() == {"done": 2}
        assert engine.worker.wait(PATIENCE)


def test_who_asks_for_the_old_model_again_ends_the_switch(
    open_with: Callable[..., Engine], indexed: list[str]
) -> None:
    with open_with(1) as engine:
        reached, go_on = hold(engine, after=2)
        engine.worker.start()
        assert reached.wait(PATIENCE)
        go_on.set()
        engine.worker.stop()
    with open_with(0) as engine:
        assert engine.building is None
        finish(engine)
        assert [one.role for one in engine.collections()] == ["serving", "old"]
        assert (engine.store.count(), engine.status().switch) == (5, None)


@pytest.mark.parametrize(
    ("settings", "segments"),
    [({"hop": 4.0}, 4), ({"window": 8.0}, 3), ({"resize": "crop"}, 5)],
    ids=["hop", "window", "resize"],
)
def test_another_window_hop_or_resize_is_a_switch_as_well(
    open_with: Callable[..., Engine],
    indexed: list[str],
    settings: dict[str, object],
    segments: int,
) -> None:
    with open_with(0, **settings) as engine:
        assert engine.building is not None
        assert engine.building.embedder is engine.embedder  # one model serves both
        finish(engine)
        assert engine.building is None
        assert engine.store.count() == segments
        planned = sum(video.segments_planned for video in engine.library.videos())
        assert planned == segments


def test_what_comes_in_meanwhile_is_found_at_once_and_in_the_new_one(
    open_with: Callable[..., Engine], indexed: list[str], draw: Draw, tmp_path: Path
) -> None:
    with open_with(1) as engine:
        reached, go_on = hold(engine, after=1)
        engine.worker.start()
        assert reached.wait(PATIENCE)
        (new,) = engine.add_files([draw(tmp_path / "c.mp4", 2, 7)]).videos
        old_queue = engine.serving.queue
        go_on.set()
        assert engine.worker.wait(PATIENCE)
        assert old_queue.counts() == {"done": 3}
        assert engine.store.count(new.video_id) == 1
        assert engine.store.count() == 6


def test_a_video_removed_during_a_switch_is_gone_from_both(
    open_with: Callable[..., Engine], indexed: list[str]
) -> None:
    with open_with(1) as engine:
        reached, go_on = hold(engine, after=2)
        engine.worker.start()
        assert reached.wait(PATIENCE)
        remover = threading.Thread(target=engine.remove, args=(indexed[0],))
        remover.start()
        go_on.set()
        remover.join(PATIENCE)
        old = engine.serving.store
        assert engine.worker.wait(PATIENCE)
        assert (old.count(indexed[0]), engine.store.count(indexed[0])) == (0, 0)
        assert engine.store.count() == 1


def test_the_old_collection_is_removed_on_request(
    open_with: Callable[..., Engine], indexed: list[str], data_dir: Path
) -> None:
    with open_with(1) as engine:
        old = engine.fingerprint.key
        finish(engine)
        with pytest.raises(LibraryError, match="answers the searches"):
            engine.remove_collection(engine.fingerprint.key)
        for _ in range(2):
            engine.remove_collection(old)
        assert [one.role for one in engine.collections()] == ["serving"]
        assert not (data_dir / "index" / old).exists()
        assert not list((data_dir / "media").glob(f"*/posters/{old}"))
        assert engine.store.count() == 5
        assert engine.poster(indexed[0], 0) is not None


def test_the_old_collection_is_removed_by_a_setting(
    open_with: Callable[..., Engine], indexed: list[str], data_dir: Path
) -> None:
    with open_with(1, keep_old=False) as engine:
        finish(engine)
        assert [one.role for one in engine.collections()] == ["serving"]
        assert [path.name for path in (data_dir / "index").glob("*/")] == [engine.fingerprint.key]


def test_what_is_being_built_can_be_given_up(
    open_with: Callable[..., Engine], indexed: list[str], data_dir: Path
) -> None:
    with open_with(1) as engine:
        assert engine.building is not None
        key = engine.building.key
        reached, go_on = hold(engine, after=2)
        engine.worker.start()
        assert reached.wait(PATIENCE)
        go_on.set()
        engine.remove_collection(key)
        assert engine.worker.wait(PATIENCE)
        assert engine.building is None
        assert engine.store.count() == 5
        assert not (data_dir / "index" / key).exists()
        assert [one.role for one in engine.collections()] == ["serving"]


def test_a_read_only_installation_keeps_its_collections(
    open_with: Callable[..., Engine], indexed: list[str]
) -> None:
    with open_with(0, read_only=True) as engine, pytest.raises(ReadOnly):
        engine.remove_collection("f0")


def test_an_old_model_that_cannot_be_loaded_stops_nobody(
    data_dir: Path, indexed: list[str]
) -> None:
    def gone(record: Collection) -> Embedder:
        raise CheckpointError("The weights are gone.")

    told: list[str] = []
    settings = Settings(data_dir=data_dir, model="toy")
    with Engine(settings, untrained.embedder(1), told.append, load=gone) as engine:
        assert told == ["Until the new index is built, little is found: The weights are gone."]
        assert engine.building is None
        finish(engine)
        assert engine.store.count() == 5


def test_weights_that_changed_under_their_name_do_not_answer_for_the_old_ones(
    data_dir: Path, indexed: list[str]
) -> None:
    told: list[str] = []
    settings = Settings(data_dir=data_dir, model="toy")
    with Engine(
        settings, untrained.embedder(1), told.append, load=lambda record: untrained.embedder(7)
    ) as engine:
        assert engine.building is None
        assert "no longer those" in told[0]


def test_where_nothing_is_indexed_yet_there_is_nothing_to_switch_from(
    open_with: Callable[..., Engine], draw: Draw, tmp_path: Path
) -> None:
    with open_with(0) as engine:
        finish(engine)
    with open_with(1) as engine:
        assert engine.building is None
        engine.add_files([draw(tmp_path / "a.mp4", 2)])
        finish(engine)
        assert engine.store.count() == 1


def test_a_removed_video_leaves_old_collections_when_they_are_opened(
    open_with: Callable[..., Engine], indexed: list[str]
) -> None:
    with open_with(1) as engine:
        finish(engine)
        engine.remove(indexed[0])
    with open_with(0) as engine:  # back to the first: it is whole but for what was removed
        assert engine.building is not None
        assert engine.building.store.count() == 1
        finish(engine)
        assert (engine.store.count(), engine.embedder.weights_id) == (1, "untrained0")
