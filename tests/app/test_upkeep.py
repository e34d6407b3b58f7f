"""doctor, backup and restore as a person types them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import BLUE, GREEN, RED, draw

from app import cli
from app.upkeep import ALIKE
from indexer.engine import Engine
from indexer.settings import Settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of two indexed videos."""
    root = tmp_path_factory.mktemp("upkeep")
    for name, colour in (("red", RED), ("blue", BLUE)):
        (root / "videos").mkdir(exist_ok=True)
        draw(root / "videos" / f"{name}.mp4", colour, 6)
    with Engine.open(Settings(data_dir=root / "data", model="toy")) as engine:
        engine.add_folder(root / "videos")
        engine.worker.start()
        assert engine.worker.wait(60)
    return root / "data"


@pytest.fixture
def data(indexed: Path, tmp_path: Path) -> Path:
    """A copy of it that may be damaged."""
    return shutil.copytree(indexed, tmp_path / "data")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `prismsearch` with arguments: exit code, standard output, standard error."""
    monkeypatch.delenv("QDRANT_URL", raising=False)

    def command(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main([str(one) for one in arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return int(ended.value.code or 0), out, err

    return command


def test_the_doctor_says_that_all_is_well(run: Run, data: Path) -> None:
    code, out, _ = run("doctor", "--data-dir", data)
    assert (code, out) == (0, "2 videos, 4 segments: all is as it should be.\n")


def test_the_doctor_tells_then_mends_then_has_nothing_to_tell(run: Run, data: Path) -> None:
    for number in range(ALIKE + 2):
        (data / "media" / f"{number:064x}").mkdir()
    code, out, _ = run("doctor", "--data-dir", data)
    lines = out.splitlines()
    assert code == 1
    assert len(lines) == ALIKE + 2
    assert "belongs to no video." in lines[0]
    assert lines[-2] == "... and 2 more of the kind folder_of_nobody"
    assert "12 out of order; --repair mends 12 of them" in lines[-1]
    code, out, _ = run("doctor", "--repair", "--data-dir", data)
    assert (code, out.splitlines()[0][-14:]) == (0, "It is deleted.")
    assert run("doctor", "--data-dir", data)[1].endswith(": all is as it should be.\n")


def test_what_is_left_to_a_person_is_counted(run: Run, data: Path, indexed: Path) -> None:
    file = indexed.parent / "videos" / "red.mp4"
    aside = file.rename(file.with_suffix(".aside"))
    try:
        for arguments in (("doctor",), ("doctor", "--repair")):
            code, out, _ = run(*arguments, "--data-dir", data)
            assert code == 1
            assert f"({file}) is gone. Put it back" in out
            assert out.endswith("1 to be mended by hand.\n")
    finally:
        aside.rename(file)


def test_programs_get_json(run: Run, data: Path) -> None:
    (data / "library.partial").touch()
    code, out, _ = run("doctor", "--json", "--data-dir", data)
    told = json.loads(out)
    assert (code, told["clean"], told["videos"], told["segments"]) == (1, False, 2, 4)
    (found,) = told["findings"]
    assert found == {
        "code": "unfinished_file",
        "message": f"The file {data / 'library.partial'} was never finished.",
        "video_id": None,
        "note": False,
        "mendable": True,
        "mended": None,
    }
    code, out, _ = run("doctor", "--json", "--repair", "--data-dir", data)
    told = json.loads(out)
    assert (code, told["clean"]) == (0, True)
    assert told["findings"][0]["mended"] == "It is deleted."


def test_a_backup_is_restored_and_answers(run: Run, data: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "backup.tar", tmp_path / "new"
    code, out, _ = run("backup", file, "--data-dir", data)
    size = file.stat().st_size / (1 << 20)
    assert code == 0
    assert out == f"2 videos, 4 segments and 0 uploaded files in {file} ({size:.1f} MiB)\n"
    code, out, _ = run("restore", file, "--data-dir", new)
    assert (code, out) == (0, f"2 videos and 4 segments in {new}\n")
    before, after = (
        json.loads(run("search", "red", "--json", "--data-dir", folder)[1])["moments"]
        for folder in (data, new)
    )
    assert before
    assert before == after


def test_a_restored_library_says_which_videos_do_not_play(
    run: Run, data: Path, indexed: Path, tmp_path: Path
) -> None:
    run("backup", tmp_path / "backup.tar", "--data-dir", data)
    videos = indexed.parent / "videos"
    aside = videos.rename(videos.with_name("aside"))
    try:
        _, out, _ = run("restore", tmp_path / "backup.tar", "--data-dir", tmp_path / "new")
    finally:
        aside.rename(videos)
    assert "2 videos are found, but do not play" in out


def test_every_refusal_is_one_sentence_and_a_status(run: Run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "words").write_text("only words")
    for arguments, told in (
        (("doctor", "--data-dir", tmp_path / "no"), "There is no library"),
        (("backup", tmp_path / "words", "--data-dir", data), "exists already"),
        (("restore", tmp_path / "words", "--data-dir", data), "not empty"),
        (("restore", tmp_path / "words", "--data-dir", tmp_path / "new"), "no whole backup"),
        (("restore", tmp_path / "no", "--data-dir", tmp_path / "new"), "cannot be read"),
    ):
        code, out, err = run(*arguments)
        assert (code, out) == (1, "")
        assert told in err


def test_a_library_in_use_is_left_alone(run: Run, indexed: Path, tmp_path: Path) -> None:
    with Engine.open(Settings(data_dir=indexed, model="toy"), only_search=True):
        for arguments in (("doctor",), ("backup", tmp_path / "b.tar"), ("restore", __file__)):
            code, _, err = run(*arguments, "--data-dir", indexed)
            assert code == 1
            assert "Another PrismSearch is using" in err


def test_the_lost_are_named(run: Run, data: Path, tmp_path: Path) -> None:
    upload = draw(tmp_path / "green.mp4", GREEN, 2).read_bytes()
    with Engine.open(Settings(data_dir=data, model="toy")) as engine:
        video = engine.add_upload([upload], "green.mp4", len(upload))
    video.path.unlink()
    code, out, _ = run("backup", tmp_path / "b.tar", "--data-dir", data)
    assert code == 0
    assert out.startswith("Not in the backup, as its uploaded file is gone: green\n")
