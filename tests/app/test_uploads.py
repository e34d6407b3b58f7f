"""Videos sent to the server: taken, searched with, refused, and never left lying about."""

import hashlib
import io
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
import pytest
from drawn import BLUE, GREEN, RED, Colour, draw
from fastapi.testclient import TestClient
from PIL import Image
from serving import application
from test_api import refusal

from app.uploads import plain_name
from indexer.engine import Engine


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return draw(tmp_path_factory.mktemp("clips") / "green.mp4", GREEN, 5).read_bytes()


def send(client: TestClient, where: str, body: bytes, title: str = "clip.mp4") -> object:
    return client.post(f"/api/v1/{where}", params={"title": title}, content=body)


def uploads_of(engine: Engine) -> list[Path]:
    """Files of uploads that are still under way."""
    return list((engine.settings.data_dir / "uploads").iterdir())


def test_an_upload_is_indexed_found_played_and_removed(
    client: TestClient, engine: Engine, clip: bytes
) -> None:
    answer = send(client, "videos", clip, "../a folder/green disc.mp4")
    video = answer.json()
    assert (answer.status_code, video["title"]) == (202, "green disc")
    assert video["video_id"] == hashlib.sha256(clip).hexdigest()
    assert engine.worker.wait(60)
    found = client.get("/api/v1/search", params={"q": "a green circle"}).json()["moments"]
    assert video["video_id"] in {one["video_id"] for one in found}
    assert client.get(f"/media/{video['video_id']}/video").content == clip
    assert uploads_of(engine) == []

    path = f"/api/v1/videos/{video['video_id']}"
    assert client.delete(path).status_code == 204
    assert refusal(client.get(path)) == (404, "unknown_video")
    assert client.delete(path).status_code == 204  # a second click does no harm
    assert refusal(client.get(f"/media/{video['video_id']}/video")) == (404, "unknown_video")


def test_a_file_that_is_no_video_fails_in_words(client: TestClient, engine: Engine) -> None:
    video = send(client, "videos", b"these are only words", "notes.mp4").json()
    assert engine.worker.wait(60)
    now = client.get(f"/api/v1/videos/{video['video_id']}").json()
    assert (now["state"], now["error_code"]) == ("failed", "not_a_video")
    assert "not a video" in now["note"]
    again = client.post(f"/api/v1/videos/{video['video_id']}/retry")
    assert (again.status_code, again.json()["state"]) == (202, "queued")
    assert engine.worker.wait(60)
    assert client.get(f"/api/v1/videos/{video['video_id']}").json()["state"] == "failed"
    client.delete(f"/api/v1/videos/{video['video_id']}")


def found_by(client: TestClient, query: dict[str, str], title: str) -> None:
    """An example finds the video of this title, is shown in the answer, and has a picture."""
    asked = {"q": f"clip:{query['query_id']}"}
    found = client.get("/api/v1/search", params=asked).json()
    (condition,) = found["conditions"]
    assert {name: condition[name] for name in ("kind", "label", "poster")} == {
        name: query[name] for name in ("kind", "label", "poster")
    }
    best = found["moments"][0]
    assert title in best["title"]
    heat = client.get(f"/api/v1/videos/{best['video_id']}/heatmap", params=asked)
    assert heat.status_code == 200
    picture = client.get(query["poster"])
    assert picture.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(picture.content)).width == 320
    assert client.head(query["poster"]).status_code == 200


def test_an_example_finds_its_like_and_is_not_kept(
    client: TestClient, engine: Engine, tmp_path: Path
) -> None:
    example = draw(tmp_path / "like.mp4", BLUE, 6).read_bytes()
    known = len(engine.library.videos())
    answer = send(client, "queries", example, "like.mp4")
    assert answer.status_code == 201
    assert answer.json()["label"] == "like.mp4"
    found_by(client, answer.json(), "tick")  # the blue disc, not the red one
    assert uploads_of(engine) == []
    assert len(engine.library.videos()) == known


@pytest.mark.parametrize(("colour", "title"), [(BLUE, "tick"), (RED, "red disc")])
def test_a_picture_finds_the_video_that_it_was_taken_from(
    client: TestClient, engine: Engine, tmp_path: Path, colour: Colour, title: str
) -> None:
    with av.open(str(draw(tmp_path / "a.mp4", colour, 3))) as film:
        frame = next(islice(film.decode(video=0), 12, None)).to_image()
    pasted = io.BytesIO()
    frame.save(pasted, "PNG")
    answer = send(client, "queries", pasted.getvalue(), "image.png")
    assert answer.status_code == 201
    found_by(client, answer.json(), title)
    assert uploads_of(engine) == []


def test_an_example_is_known_to_whoever_opens_the_library_next(
    client: TestClient, engine: Engine, clip: bytes
) -> None:
    query = send(client, "queries", clip, "x.mp4").json()
    with TestClient(application(engine), base_url="http://localhost") as other:
        assert other.get(query["poster"]).content == client.get(query["poster"]).content
    unknown = f"/api/v1/queries/{'0' * 64}/poster.jpg"
    assert refusal(client.get(unknown)) == (404, "not_found")


@pytest.mark.parametrize("where", ["videos", "queries"])
def test_lengths_are_checked_first(client: TestClient, engine: Engine, where: str) -> None:
    def endless() -> Iterator[bytes]:
        yield b"never asked for"

    assert refusal(send(client, where, b"")) == (400, "bad_request")
    assert refusal(client.post(f"/api/v1/{where}", content=endless())) == (411, "length_required")
    long = (1 << 20) + 1
    assert refusal(send(client, where, bytes(long))) == (413, "upload_refused")
    assert uploads_of(engine) == []


def test_an_example_that_cannot_be_read_fails_in_words(client: TestClient, engine: Engine) -> None:
    words = send(client, "queries", b"only words")
    assert refusal(words) == (422, "no_example")
    assert "neither a video nor a picture" in words.json()["error"]["message"]
    assert refusal(send(client, "queries", b"\x89PNG\r\n\x1a\n")) == (422, "picture_damaged")
    assert uploads_of(engine) == []


def test_read_only_takes_examples_but_no_videos(
    engine: Engine, clip: bytes, video_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = engine.settings.model_copy(update={"read_only": True})
    monkeypatch.setattr(engine, "settings", locked)
    with TestClient(application(engine), base_url="http://localhost") as client:
        assert client.get("/api/v1/info").json()["read_only"] is True
        assert refusal(send(client, "videos", clip)) == (403, "read_only")
        assert refusal(client.delete(f"/api/v1/videos/{video_id}")) == (403, "read_only")
        assert send(client, "queries", clip).status_code == 201


def test_words_are_answered_while_a_video_is_indexed(
    client: TestClient, engine: Engine, tmp_path: Path
) -> None:
    video = engine.add_files([draw(tmp_path / "long.mp4", GREEN, 90)]).videos[0]
    answered_meanwhile = 0
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        state = engine.library.need(video.video_id).state
        words = {"q": f"a red circle {answered_meanwhile}"}  # nothing remembered helps
        assert client.get("/api/v1/search", params=words).status_code == 200
        if state == "done":
            break
        answered_meanwhile += state == "indexing"
    assert answered_meanwhile >= 3
    engine.remove(video.video_id)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("a.mp4", "a.mp4"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\windows\\b.mp4", "b.mp4"),
        ("x\x00\ny.mp4", "xy.mp4"),
        ("", "video"),
        ("..", ".."),
        ("<b>${x}</b>", "b>"),
    ],
)
def test_a_name_loses_its_folders(title: str, name: str) -> None:
    assert plain_name(title) == name
