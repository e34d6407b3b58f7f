"""Videos that browsers do not play as they are, over HTTP and in a real browser."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import media
import pytest
from drawn import RED, draw
from fastapi.testclient import TestClient
from looking import chromium, looked_at
from playwright.sync_api import Browser, Page, Route, expect
from serving import CHROMIUM, application, running
from test_api import NOBODY, refusal

from indexer.engine import Engine
from indexer.settings import Settings

in_browser = pytest.mark.skipif(
    CHROMIUM is None,
    reason="NO BROWSER: playing was NOT tested. Install Chromium (apt install chromium).",
)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that plays as it is, one in another container, one of long ago, one that is none."""
    folder = tmp_path_factory.mktemp("films")
    draw(folder / "good.mp4", RED, 5)
    media.write(folder / "packed.mkv", media.clip(125))
    media.write(folder / "old.avi", media.clip(125), codec="mpeg4", options={"b": "2M"})
    long = [media.numbered(n, 640, 480) for n in range(100)] * 15
    media.write(folder / "long.avi", long, codec="mpeg4", options={"b": "2M"})
    (folder / "none.avi").write_text("only words")
    return folder


@pytest.fixture(scope="module")
def films_client(
    films: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[TestClient, dict[str, str]]]:
    """A client of a read-only library in which nothing was looked at yet, and its ids by title."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), model="toy", read_only=True)
    with Engine.open(settings) as engine:
        engine.add_folder(films)
        ids = {one.title: one.video_id for one in engine.library.videos()}
        with TestClient(application(engine), base_url="http://localhost") as client:
            yield client, ids


def until_ready(client: TestClient, address: str) -> dict[str, object]:
    deadline = time.monotonic() + 60
    while (now := client.get(address).json())["state"] != "ready":
        assert now["state"] in ("waiting", "making"), now
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return dict(now)


def test_a_good_file_is_ready(films_client: tuple[TestClient, dict[str, str]], films: Path) -> None:
    client, ids = films_client
    found = client.get(f"/api/v1/videos/{ids['good']}/playable").json()
    address = f"/media/{ids['good']}/video"
    assert found == {
        "state": "ready", "how": "as_is", "share": 1.0, "message": None, "address": address,
    }  # fmt: skip
    assert client.get(address).content == (films / "good.mp4").read_bytes()
    made = client.post(f"/api/v1/videos/{ids['good']}/playable")
    assert (made.status_code, made.json()) == (202, found)


@pytest.mark.parametrize(("title", "how"), [("packed", "remux"), ("old", "transcode")])
def test_others_get_a_copy(
    films_client: tuple[TestClient, dict[str, str]], title: str, how: str
) -> None:
    client, ids = films_client
    playable, plain = f"/api/v1/videos/{ids[title]}/playable", f"/media/{ids[title]}/video"
    now = client.get(playable).json()
    assert (now["state"], now["how"], now["address"]) == ("needed", how, None)
    refused = refusal(client.get(plain))
    assert refused == (409, "copy_needed")
    assert "Ask for one: POST" in client.get(plain).json()["error"]["message"]
    assert client.post(playable).status_code == 202
    address = str(until_ready(client, playable)["address"])
    assert address.startswith(f"{plain}?copy=")
    answer = client.get(address, headers={"range": "bytes=4-7"})
    assert (answer.status_code, answer.content) == (206, b"ftyp")
    assert answer.headers["content-type"] == "video/mp4"
    assert client.head(plain).status_code == 200


def test_a_browser_may_say_that_it_failed(
    films_client: tuple[TestClient, dict[str, str]], films: Path
) -> None:
    client, ids = films_client
    playable = f"/api/v1/videos/{ids['good']}/playable"
    assert client.get(f"{playable}?failed=true").json()["state"] == "needed"
    client.post(f"{playable}?failed=true")
    address = str(until_ready(client, f"{playable}?failed=true")["address"])
    assert "?copy=" in address
    original = (films / "good.mp4").read_bytes()
    assert client.get(address).content != original
    assert client.get(f"/media/{ids['good']}/video").content == original


def test_what_is_no_video_fails_with_a_sentence(
    films_client: tuple[TestClient, dict[str, str]],
) -> None:
    client, ids = films_client
    for answer in (client.get, client.post):
        now = answer(f"/api/v1/videos/{ids['none']}/playable").json()
        assert (now["state"], now["how"], now["address"]) == ("failed", None, None)
        assert "is not a video" in now["message"]


def test_nobody_plays(films_client: tuple[TestClient, dict[str, str]]) -> None:
    client, _ = films_client
    assert refusal(client.get(f"/api/v1/videos/{NOBODY}/playable")) == (404, "unknown_video")
    assert refusal(client.post("/api/v1/videos/abc/playable")) == (400, "bad_request")


# --- in the browser ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the films are served, all of them indexed."""
    data = str(tmp_path_factory.mktemp("data"))
    options = ("--model", "toy", "--port", "0", "--data-dir", data)
    with running("serve", str(films), *options) as address:
        deadline = time.monotonic() + 120
        while True:
            videos = httpx.get(f"{address}/api/v1/videos").json()["videos"]
            if len(videos) == 5 and all(one["state"] in ("done", "failed") for one in videos):
                break
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with looked_at(browser, address) as page:
        yield page


def id_of(page: Page, title: str) -> str:
    videos = page.request.get("/api/v1/videos").json()["videos"]
    return str(next(one["video_id"] for one in videos if one["title"] == title))


def choose(page: Page, title: str, seconds: float) -> None:
    """What a click on a moment does."""
    page.locator(".ps-moment-player video").wait_for(state="attached")
    page.evaluate("([id, at]) => window.prism.journey.open(id, at)", [id_of(page, title), seconds])


def plays_from(page: Page, seconds: float) -> None:
    page.wait_for_function(
        "at => { const v = document.querySelector('video');"
        " return !v.paused && v.currentTime > at && v.currentTime < at + 3; }",
        arg=seconds,
    )


@pytest.mark.browser
@in_browser
def test_the_player_waits_for_a_copy_and_plays_its_moment(page: Page) -> None:
    video = id_of(page, "long")
    page.goto(f"/?v={video}&t=31.5")
    veil = page.locator(".ps-veil")
    expect(veil).to_contain_text("Your browser needs a copy of this video to play it.")
    expect(page.locator(".ps-now")).to_contain_text("0:31 / 1:00")
    veil.get_by_role("button", name="Prepare it").click()
    expect(veil).to_contain_text("Preparing a copy that your browser can play,")
    expect(veil.locator("progress")).to_be_visible()
    expect(veil).to_contain_text("%")
    plays_from(page, 31.5)
    expect(veil).to_be_hidden()
    assert page.locator("video").get_attribute("src").startswith(f"/media/{video}/video?copy=")


@pytest.mark.browser
@in_browser
def test_a_chosen_moment_needs_no_second_click(page: Page) -> None:
    choose(page, "old", 2)
    plays_from(page, 2)
    choose(page, "packed", 1)
    plays_from(page, 1)
    choose(page, "good", 3)
    plays_from(page, 3)


@pytest.mark.browser
@in_browser
def test_a_file_that_fails_in_this_browser_gets_a_copy_once(browser: Browser, address: str) -> None:
    with looked_at(browser, address, forgiven="ERR_") as page:
        asked: list[str] = []

        def spoil(route: Route) -> None:
            asked.append(route.request.url)
            if "?copy=" in route.request.url:
                route.continue_()
            else:
                route.fulfill(body=b"\0" * 5000, content_type="video/mp4")

        page.route("**/media/*/video*", spoil)
        choose(page, "good", 2)
        plays_from(page, 2)
        assert [("?copy=" in url) for url in asked[:2]] == [False, True]
        page.unroute("**/media/*/video*")
        page.route("**/media/*/video*", lambda route: route.abort())
        choose(page, "old", 2)
        expect(page.locator(".ps-moment-player .ps-error")).to_contain_text(
            "cannot play this video"
        )


@pytest.mark.browser
@in_browser
def test_a_file_that_is_no_video_says_so(page: Page) -> None:
    choose(page, "none", 0)
    trouble = page.locator(".ps-moment-player .ps-error")
    expect(trouble).to_contain_text("The content is not a video")
    trouble.get_by_role("button", name="Try again").click()
    expect(trouble).to_contain_text("The content is not a video")
    choose(page, "good", 1)
    expect(trouble).to_be_hidden()
    plays_from(page, 1)
