"""What is counted is what happened, in lines that Prometheus's own parser reads."""

import time
from pathlib import Path

from conftest import Draw
from prometheus_client.parser import text_string_to_metric_families

from indexer.engine import Engine


def values(engine: Engine) -> dict[str, float]:
    """Every sample by its name and labels."""
    families = text_string_to_metric_families(engine.meters.text().decode())
    return {
        sample.name.removeprefix("prismsearch_")
        + "".join(f" {v}" for v in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_what_happened_is_counted(engine: Engine, draw: Draw, tmp_path: Path) -> None:
    before = values(engine)
    assert (before["segments_indexed_total"], before["queue_length"]) == (0, 0)
    whole = draw(tmp_path / "whole.mp4", 9.7)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(draw(tmp_path / "long.avi", 30, 1).read_bytes()[:-3000])
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    engine.add_files([whole, cut, tmp_path / "bad.mp4"])
    assert values(engine)["queue_length"] == 3
    engine.worker.start()
    assert engine.worker.wait(120)
    now = values(engine)
    stored = engine.store.count()
    assert now["segments_indexed_total"] == now["segments"] == stored
    assert now["videos_settled_total done"] == 1
    assert now["videos_settled_total partly"] == 1
    assert now["videos_settled_total failed"] == 1
    assert now["failures_total not_a_video"] == 1
    assert (now["videos done"], now["videos failed"], now["queue_length"]) == (2, 1, 0)
    readable = 9.7 + max(
        s.end for s in engine.store.segments(engine.add_files([cut]).videos[0].video_id)
    )
    assert abs(now["video_seconds_indexed_total"] - readable) < 0.1
    for stage in ("open", "read", "embed", "store", "check"):
        assert now[f"stage_seconds_total {stage}"] > 0, stage
    assert (now["paused"], now["waiting"]) == (0, 0)


def test_queues_and_waits_are_told(engine: Engine, draw: Draw, tmp_path: Path) -> None:
    engine.add_files([draw(tmp_path / "a.mp4", 30)])
    begun = time.monotonic()
    engine.worker.start()
    assert engine.worker.wait(120)
    passed, now = time.monotonic() - begun, values(engine)
    for stage in ("read", "embed", "store"):
        assert 0 < now[f"waiting_seconds_total {stage}"] < passed, stage
    assert now["queue_filled_count frames"] == 60 + 1  # each sample, and the end
    assert now["queue_filled_count vectors"] == 14
    for queue in ("frames", "vectors"):
        assert 0 <= now[f"queue_filled_sum {queue}"] <= now[f"queue_filled_count {queue}"]


def test_what_stands_still_is_told(engine: Engine) -> None:
    engine.pause()
    engine.library.waiting = "The disk is full."
    assert (values(engine)["paused"], values(engine)["waiting"]) == (1, 1)


def test_no_name_is_told(engine: Engine, draw: Draw, tmp_path: Path) -> None:
    engine.add_files([draw(tmp_path / "very private.mp4", 2)])
    engine.worker.start()
    assert engine.worker.wait(120)
    assert b"private" not in engine.meters.text()
