"""A clip in a real browser: it plays, from its first picture."""

import time
from collections.abc import Iterator

import httpx
import media
import pytest
from looking import chromium, looked_at
from playwright.sync_api import Page
from serving import CHROMIUM, running

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="NO BROWSER: clips were NOT tested. Install Chromium (apt install chromium).",
    ),
]
# Plays an address from its first picture to its end; gives the pictures' squares on the way.
PLAY = """address => new Promise((found, failed) => {
  const video = document.createElement('video');
  const paper = new OffscreenCanvas(320, 240).getContext('2d', { willReadFrequently: true });
  const row = () => {
    paper.drawImage(video, 0, 0, 320, 240);
    const { data } = paper.getImageData(0, 20, 320, 1);
    return [...Array(12).keys()].map((n) => data[4 * Math.floor((2 * n + 1) * 320 / 24)] > 128);
  };
  const told = {};
  Object.assign(video, { muted: true, preload: 'auto' });
  video.onerror = () => failed(new Error(video.error.message));
  video.requestVideoFrameCallback((_, { mediaTime }) => {
    Object.assign(told, { first: row(), at: mediaTime });
    video.play();
  });
  video.onended = () => {
    video.remove();
    found({ ...told, last: row(), lasts: video.duration });
  };
  video.src = address;
  document.body.append(video);
})"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page of a library with one video per way of cutting."""
    folder = tmp_path_factory.mktemp("films")
    media.write(folder / "old.avi", media.clip(125), codec="mpeg4", options={"b": "2M"})
    params = {"x264-params": "keyint=25:min-keyint=25:scenecut=0"}
    media.write(folder / "keys.mkv", media.clip(125), options=params, sound=5.0)
    data = ("--model", "toy", "--port", "0", "--data-dir", str(tmp_path_factory.mktemp("data")))
    with (
        running("serve", str(folder), *data) as address,
        chromium() as browser,
        looked_at(browser, address) as page,
    ):
        deadline = time.monotonic() + 120
        while len(httpx.get(f"{address}/api/v1/videos").json()["videos"]) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield page


def number(bits: list[bool]) -> int:
    return sum(bit << place for place, bit in enumerate(bits))


def test_clips_play_from_their_first_picture(page: Page) -> None:
    videos = page.request.get("/api/v1/videos").json()["videos"]
    ids = {video["title"]: video["video_id"] for video in videos}
    for title, start, end in (("old", 1.52, 2.6), ("keys", 2.0, 4.0), ("keys", 2.2, 3.0)):
        told = page.evaluate(PLAY, f"/api/v1/videos/{ids[title]}/clip?start={start}&end={end}")
        assert (number(told["first"]), told["at"]) == (round(25 * start), 0)
        assert number(told["last"]) == round(25 * end) - 1
        assert told["lasts"] == pytest.approx(end - start, abs=0.05)
