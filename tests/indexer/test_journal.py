"""One line for each event, and no name that a person gave unless it is asked for."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Draw

from indexer.engine import Engine
from indexer.journal import keep, log


@pytest.fixture(autouse=True)
def back_to_normal() -> Iterator[None]:
    yield
    keep("warning", as_json=False)


def test_an_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    keep("info", as_json=True)
    log.info("video_done", video_id="abc", step="check", segments=7)
    log.debug("unseen")
    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "video_done",
        "level": "info",
        "video_id": "abc",
        "step": "check",
        "segments": 7,
    }


def test_for_a_person_it_is_one_line_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    keep("info", as_json=False)
    log.info("waiting", reason="The disk is full.\nMake room.")
    (line,) = capsys.readouterr().err.splitlines()
    assert 'level=info event=waiting reason="The disk is full.\\nMake room."' in line


def test_a_trace_stays_within_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    keep("info", as_json=True)
    try:
        raise RuntimeError("out of memory")
    except RuntimeError:
        log.exception("attempt_failed", video_id="abc")
    (line,) = capsys.readouterr().err.splitlines()
    assert "out of memory" in json.loads(line)["exception"]


@pytest.mark.parametrize(("level", "named"), [("info", False), ("debug", True)])
def test_names_are_told_only_where_they_are_asked_for(
    engine: Engine,
    draw: Draw,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    level: str,
    named: bool,
) -> None:
    keep(level, as_json=True)  # type: ignore[arg-type]
    content = draw(tmp_path / "secret.mp4", 2).read_bytes()
    (tmp_path / "secret broken.mp4").write_bytes(b"no video")
    video = engine.add_upload(iter([content]), "secret upload.mp4", len(content))
    engine.add_files(sorted(tmp_path.glob("*broken.mp4")))
    engine.worker.start()
    assert engine.worker.wait(120)
    engine.remove(video.video_id)
    told = capsys.readouterr().err
    assert ("secret" in told) is named
    events = [json.loads(line) for line in told.splitlines()]
    assert [(e["event"], e.get("step")) for e in events if "step" in e] == [
        ("video_begun", "open"),
        ("video_done", "check"),
        ("video_begun", "open"),
        ("video_failed", "open"),
    ]
    assert events[-1]["event"] == "video_removed"
    assert {e["video_id"] for e in events if e["event"] == "video_done"} == {video.video_id}


def test_a_quiet_level_keeps_only_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    keep("warning", as_json=True)
    log.info("video_done")
    log.warning("waiting", reason="no store")
    assert len(capsys.readouterr().err.splitlines()) == 1
