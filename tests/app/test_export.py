"""Moments to take along, over HTTP and on the command line."""

import asyncio
import io
import json
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import media
import pytest
from drawn import HOSTILE
from fastapi import FastAPI
from fastapi.testclient import TestClient
from patience import prompt
from serving import application
from test_api import NOBODY, refusal
from typed import Run

from indexer.engine import Engine
from indexer.settings import Settings


@pytest.fixture(scope="session")
def hostile_id(engine: Engine) -> str:
    return next(v.video_id for v in engine.library.videos() if v.title != "red disc")


def left(engine: Engine) -> list[Path]:
    """Files of clips that are still there."""
    return list((engine.settings.data_dir / "clips").glob("*"))


def test_a_clip_is_a_download(client: TestClient, engine: Engine, video_id: str) -> None:
    address = f"/api/v1/videos/{video_id}/clip?start=2&end=4.5"
    answer = client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    name = "red disc 0m02s-0m04s.mp4"
    told = f"attachment; filename=\"{name}\"; filename*=UTF-8''{name.replace(' ', '%20')}"
    assert answer.headers["content-disposition"] == told
    assert int(answer.headers["content-length"]) == len(answer.content)
    with av.open(io.BytesIO(answer.content)) as container:
        assert len(list(container.decode(video=0))) == 20  # 8 a second
    assert left(engine) == []
    head = client.head(address)
    assert (head.status_code, head.headers["content-disposition"]) == (200, told)
    assert "content-length" not in head.headers


def test_no_title_breaks_a_header(client: TestClient, hostile_id: str) -> None:
    answer = client.head(f"/api/v1/videos/{hostile_id}/clip?start=0&end=1")
    told = answer.headers["content-disposition"]
    assert re.fullmatch(r"attachment; filename=\"[^\"\\]+\"; filename\*=UTF-8''[\w.~%-]+", told)
    assert "${" not in told
    assert "`" not in told


@pytest.mark.parametrize(
    ("stretch", "status", "code"),
    [
        ("start=4&end=2", 400, "bad_stretch"),
        ("start=2&end=2", 400, "bad_stretch"),
        ("start=13&end=20", 400, "bad_stretch"),
        ("start=-1&end=2", 400, "bad_request"),
        ("start=nan&end=2", 400, "bad_request"),
        ("start=1", 400, "bad_request"),
    ],
)
def test_what_is_no_stretch_is_refused(
    client: TestClient, engine: Engine, video_id: str, stretch: str, status: int, code: str
) -> None:
    for ask in (client.get, client.head):
        answer = ask(f"/api/v1/videos/{video_id}/clip?{stretch}")
        assert answer.status_code == status
    assert refusal(client.get(f"/api/v1/videos/{video_id}/clip?{stretch}")) == (status, code)
    assert refusal(client.get(f"/api/v1/videos/{NOBODY}/clip?start=0&end=1"))[0] == 404
    assert left(engine) == []


def read(content: bytes) -> tuple[list[str], list[str]]:
    """The names in a zip and the lines of its list, once all of it is found to be sound."""
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert found.testzip() is None
        return found.namelist(), found.read("clips.csv").decode("utf-8-sig").splitlines()


def test_many_clips_come_as_one_zip(
    client: TestClient, engine: Engine, video_id: str, hostile_id: str
) -> None:
    wanted = [(video_id, 1.0, 2.0), (hostile_id, 1.0, 2.0), (video_id, 1.0, 2.0)]
    body = {"moments": [{"video_id": v, "start": s, "end": e} for v, s, e in wanted]}
    path = engine.library.need(hostile_id).path
    away = path.rename(path.with_suffix(".away"))
    try:
        answer = client.post("/api/v1/export/clips", json=body)
    finally:
        away.rename(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    names, lines = read(answer.content)
    one, other = "red disc 0m01s-0m02s.mp4", "red disc 0m01s-0m02s (2).mp4"
    assert names == [one, other, "clips.csv"]
    assert "The file is not there" in lines[2]
    moments = "&".join(f"moment={v}:{s}-{e}" for v, s, e in wanted[:1])
    same = client.get(f"/api/v1/export?format=zip&{moments}")
    assert read(same.content)[0] == [one, "clips.csv"]
    assert left(engine) == []
    body["moments"] *= 34
    assert refusal(client.post("/api/v1/export/clips", json=body)) == (400, "bad_request")
    wrong = {"moments": [{"video_id": video_id, "start": 3, "end": 50}]}
    assert refusal(client.post("/api/v1/export/clips", json=wrong)) == (400, "bad_stretch")


def test_lists_hold_what_a_question_finds(client: TestClient, folder: Path) -> None:
    asked = "q=a+red+circle&limit=2&per_video=1"
    found = client.get(f"/api/v1/search?{asked}").json()["moments"]
    answer = client.get(f"/api/v1/export?format=json&{asked}")
    assert "attachment" in answer.headers["content-disposition"]
    told = answer.json()["moments"]
    keys = ("rank", "title", "video_id", "start", "end")
    assert [[one[key] for key in keys] for one in told] == [
        [one[key] for key in keys] for one in found
    ]
    assert {one["file"] for one in told} == {"red disc.mp4", HOSTILE}
    for kind, begin in (("csv", "\ufeff"), ("edl", "TITLE: PrismSearch"), ("fcpxml", "<?xml")):
        text = client.get(f"/api/v1/export?format={kind}&{asked}").content.decode()
        assert text.startswith(begin)
        assert "red disc" in text
        assert str(folder) not in text


def test_lists_hold_the_moments_that_are_named(client: TestClient, video_id: str) -> None:
    named = f"moment={video_id}:3-4.5&moment={video_id}:0-1"
    told = client.get(f"/api/v1/export?format=json&{named}").json()["moments"]
    assert [one["rank"] for one in told] == [1, 2]
    assert [(one["start"], one["end"]) for one in told] == [(3.0, 4.5), (0.0, 1.0)]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("format=csv", 400, "bad_request"),
        ("format=doc&q=x", 400, "bad_request"),
        ("format=csv&moment=x", 400, "bad_request"),
        (f"format=csv&moment={NOBODY}:1-2", 404, "unknown_video"),
        ("format=edl&q=a+circle&added=1999-01-01..1999-01-02", 404, "nothing_found"),
    ],
)
def test_what_cannot_be_listed_is_refused(
    client: TestClient, asked: str, status: int, code: str
) -> None:
    assert refusal(client.get(f"/api/v1/export?{asked}")) == (status, code)


# --- who goes away ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, Engine]]:
    """An application with a video whose clips take seconds."""
    folder = tmp_path_factory.mktemp("films")
    frames = [media.numbered(n, 640, 480) for n in range(50)]
    media.write(folder / "long.avi", frames * 16, codec="mpeg4", options={"b": "2M"})
    with Engine.open(Settings(data_dir=tmp_path_factory.mktemp("data"), model="toy")) as engine:
        engine.add_folder(folder)
        yield application(engine), engine


async def ask_and_go(app: FastAPI, method: str, path: str, query: str, body: bytes) -> list[Any]:
    """Ask as a browser does that is closed half a second later; returns what was sent by then."""
    sent: list[Any] = []
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        try:
            return next(messages)
        except StopIteration:
            await asyncio.sleep(0.5)
            return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    await app(scope, receive, send)
    return sent


@pytest.mark.parametrize("many", [False, True])
def test_what_nobody_waits_for_is_given_up(slow: tuple[FastAPI, Engine], many: bool) -> None:
    app, engine = slow
    (video,) = engine.library.videos()
    moment = {"video_id": video.video_id, "start": 0.5, "end": 31.0}
    body = json.dumps({"moments": [moment] * 5}).encode() if many else b""
    path = "/api/v1/export/clips" if many else f"/api/v1/videos/{video.video_id}/clip"
    begun = time.monotonic()
    sent = asyncio.run(ask_and_go(app, "POST" if many else "GET", path, "start=0.5&end=31", body))
    assert time.monotonic() - begun < prompt()
    assert not any(message.get("body") for message in sent if message.get("status") == 200)
    deadline = time.monotonic() + 5
    while left(engine):
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- on the command line ---------------------------------------------------------------------


def test_a_clip_while_a_server_runs(
    run: Run, engine: Engine, video_id: str, tmp_path: Path
) -> None:
    library = ("--data-dir", str(engine.settings.data_dir))  # held by the engine
    path = engine.library.need(video_id).path
    for number, meant in enumerate(("Red Disc", video_id, video_id[:9], str(path))):
        out = tmp_path / f"{number}.mp4"
        done = run("clip", meant, "0:02", "4.5", "--out", str(out), *library)
        assert done.code == 0, done.err
        with av.open(str(out)) as container:
            assert len(list(container.decode(video=0))) == 20
    again = run("clip", "red disc", "2", "4", "--out", str(tmp_path / "0.mp4"), *library)
    assert (again.code, "is there already" in again.err) == (1, True)
    lost = run("clip", "red disc", "2", "4", "--out", "/nope/x.mp4", *library)
    assert (lost.code, "/nope is not a folder" in lost.err) == (1, True)
    for wrong in (("nobody", "1", "2"), ("red disc", "x", "2"), ("red disc", "2", "1")):
        assert run("clip", *wrong, "--out", str(tmp_path / "no.mp4"), *library).code == 1
    listed = run("export", "--moment", f"{video_id}:1-2", "--format", "json", *library)
    assert json.loads(listed.out)["moments"][0]["file"] == str(path)
    nowhere = run("export", "a red circle", "--out", "/nope/x.csv", *library)
    assert "/nope is not a folder" in nowhere.err  # before anything is looked for
    held = run("export", "a red circle", *library)
    assert (held.code, "Another PrismSearch is using" in held.err) == (1, True)
    assert len(list(tmp_path.iterdir())) == 4


def test_export_writes_lists_and_clips(run: Run, folder: Path, tmp_path: Path) -> None:
    library = ("--data-dir", str(tmp_path / "data"))
    assert run("index", str(folder / "red disc.mp4"), "--model", "toy", *library).code == 0
    asked = ("export", "a", "red", "circle", "--limit", "1")
    printed = run(*asked, *library)
    assert printed.out.splitlines()[1].startswith('1,"red disc"')
    edl, clips, zipped = (tmp_path / name for name in ("a.edl", "clips", "clips.zip"))
    assert run(*asked, "--out", str(edl), "--clips", str(clips), *library).code == 0
    assert (folder / "red disc.mp4").as_uri() in edl.read_text()
    (listed, clip) = sorted(clips.iterdir())
    assert clip.name.startswith("red disc 0m")
    assert listed.name == "clips.csv"
    assert run(*asked, "--clips", str(zipped), *library).code == 0
    assert read(zipped.read_bytes())[0] == ["clips.csv", clip.name]
    assert run(*asked, "--clips", str(zipped), *library).code == 1  # it is there already
    link = "http://localhost/?q=a+red+circle&not=a+square&tab=search"
    asked_by_link = run("export", "--link", link, "--limit", "1", "--format", "json", *library)
    assert json.loads(asked_by_link.out)["moments"][0]["title"] == "red disc"
    assert run("export", *library).code == 1
    written = edl.read_bytes()
    for place, problem in {
        ("--out", str(edl)): "is there already",
        ("--out", "/nope/x.csv"): "/nope is not a folder",
        ("--out", "/proc/x.csv"): "cannot be written",
        ("--clips", str(edl)): "is not a folder",
        ("--clips", f"{edl}/clips"): "is not a folder",
        ("--clips", "/nope/x.zip"): "/nope is not a folder",
        ("--clips", "/proc/clips"): "cannot be written",
    }.items():
        refused = run(*asked, *place, *library)
        assert (refused.code, problem in refused.err) == (1, True), refused.err
    assert edl.read_bytes() == written
    assert {path.name for path in tmp_path.iterdir()} == {"data", "a.edl", "clips", "clips.zip"}
