"""What the index sampled at a time is what a real browser shows at that time, to the frame.

The awkward files show the numbers of their frames. Each is taken into a real installation, its own
file or its copy is fetched over HTTP, and Chromium seeks to every time that was sampled.
"""

import base64
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import media
import numpy as np
import pytest
import uvicorn
from awkward import KINDS, Shelf
from kinds import Cut, Kind, Read, Scratched
from looking import PATIENCE, chromium
from playwright.sync_api import Page
from serving import CHROMIUM, application

from app.launch import address_of, listen
from indexer.decoding import Sample
from indexer.engine import Engine
from indexer.reader import read_frames
from indexer.segments import rate_for
from indexer.settings import Settings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="NO BROWSER: times were NOT compared. Install Chromium (apt install chromium).",
    ),
]

SIDE = 96  # pixels of the compared pictures
MOST = 30  # times to look at
FRAMES = 8  # of a window, as the toy model has them: shorter videos are sampled more densely
ALIKE = 25.0  # of 255, on the average, that two decodings of damaged data may be apart

OFTEN = [
    "vfr.webm",
    "edit_list.mp4",
    "start10.ts",
    "cut.mp4",
    "two_videos.mp4",
    "fast240.mp4",
    "interlaced.ts",
    "phone90.mp4",
]
UNREADABLE = "flat.mp4"  # of its 16 rows a copy keeps four: too few to read a number from
PLAYED = [
    name
    for name, kind in KINDS.items()
    if isinstance(kind.fate, Read | Cut | Scratched) and "/" not in name and name != UNREADABLE
]


class Site(NamedTuple):
    """A served installation, the files that are put into it, and a page to look at them."""

    engine: Engine
    address: str
    shelf: Shelf
    page: Page


@contextmanager
def served(engine: Engine) -> Iterator[str]:
    """The application over an engine, answering at an address."""
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(application(engine), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield address_of(listener)
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), model="toy")
    with (
        Engine.open(settings) as engine,
        served(engine) as address,
        chromium() as browser,
    ):
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/healthz")  # a place of the same origin, where nothing else goes on
        yield Site(engine, address, Shelf(tmp_path_factory.mktemp("awkward")), page)


# Seeks to each time, waits until that frame is on the screen, and gives back its pixels.
LOOK = """async ([address, times, side]) => {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, preload: "auto", src: address });
  document.body.replaceChildren(video);
  const failed = new Promise((_, no) => {
    video.onerror = () => no(new Error(video.error.message));
  });
  const event = (name) => new Promise((yes) => video.addEventListener(name, yes, { once: true }));
  const canvas = new OffscreenCanvas(side, side);
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  brush.imageSmoothingEnabled = false;
  const shown = [];
  try {
    await Promise.race([event("loadeddata"), failed]);
    for (const time of times) {
      const presented = new Promise((yes) => {
        video.requestVideoFrameCallback(yes);
        setTimeout(yes, 3000); // a seek to where it is already may present nothing new
      });
      const sought = event("seeked");
      video.currentTime = time;
      await Promise.race([Promise.all([sought, presented]), failed]);
      brush.drawImage(video, 0, 0, side, side);
      const { data } = brush.getImageData(0, 0, side, side);
      shown.push(btoa(String.fromCharCode(...data.filter((_, place) => place % 4 < 3))));
    }
  } catch (error) {
    return { error: error.message };
  }
  return { shown };
}"""


def sampled(path: Path) -> list[Sample]:
    """What the index would see: the frames on the grid, closer together in a short video."""
    with read_frames(path, pixels=SIDE, thumbnails=False) as frames:
        rate = rate_for(frames.probe.duration, FRAMES)
    with read_frames(path, pixels=SIDE, fps=rate, thumbnails=False) as frames:
        return [sample for sample, _ in zip(frames, range(MOST), strict=False)]


def playable(site: Site, video_id: str, failed: bool) -> str:
    """The address that the page would give to its player, after waiting as it does."""
    path = f"{site.address}/api/v1/videos/{video_id}/playable?failed={str(failed).lower()}"
    now = httpx.post(path, timeout=60).json()
    deadline = time.monotonic() + 120
    while now["state"] in ("waiting", "making"):
        assert time.monotonic() < deadline, now
        time.sleep(0.05)
        now = httpx.get(path, timeout=60).json()
    assert now["state"] == "ready", now
    return str(site.address + now["address"])


def compare(site: Site, samples: list[Sample], address: str, fate: object) -> str | None:
    """Look at every sampled time; returns the browser's complaint if it cannot play that."""
    times = [sample.time for sample in samples]
    seen: dict[str, Any] = site.page.evaluate(LOOK, [address, times, SIDE])
    if "error" in seen:
        return str(seen["error"])
    pictures = [
        np.frombuffer(base64.b64decode(text), np.uint8).reshape(SIDE, SIDE, 3)
        for text in seen["shown"]
    ]
    if isinstance(fate, Scratched):  # both make something else of wrong bits, but the same else
        apart = [
            np.abs(s.pixels.astype(int) - p).mean() for s, p in zip(samples, pictures, strict=True)
        ]
        assert np.median(apart) < ALIKE
    else:
        numbers = [media.number_of(picture) for picture in pictures]
        assert numbers == [media.number_of(sample.pixels) for sample in samples]
    return None


def check(site: Site, kind: Kind) -> None:
    """Play the file as the page would, and the copy that is made if a browser fails on it."""
    path = site.shelf[kind.name]
    (video,) = site.engine.add_files([path]).videos
    samples = sampled(path)
    compare(site, samples, playable(site, video.video_id, failed=False), kind.fate)
    assert compare(site, samples, playable(site, video.video_id, failed=True), kind.fate) is None


@pytest.mark.parametrize("name", OFTEN)
def test_a_browser_shows_what_was_found(site: Site, name: str) -> None:
    check(site, KINDS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PLAYED if name not in OFTEN])
def test_a_browser_shows_what_was_found_in_any_file(site: Site, name: str) -> None:
    check(site, KINDS[name])
