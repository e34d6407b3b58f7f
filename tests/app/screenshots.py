"""Takes the README's pictures of the page: `python tests/app/screenshots.py`.

Starts the demo, and writes docs/images/{search,library}-{desktop,phone}-{light,dark}.png: a search
in it, and its library while files come in.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from playwright.sync_api import Browser, Page, expect, sync_playwright
from serving import CHROMIUM, SWITCHES, running_demo

from indexer.video import write_h264

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"
WORDS = "a red cross spins"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
Look = Literal["light", "dark"]
LOOKS: tuple[Look, ...] = ("light", "dark")


def main() -> None:
    """Take all eight pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(Path(folder) / "data") as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        shots = [(device, look) for device in SIZES for look in LOOKS]
        for device, look in shots:
            with opened(browser, address, device, look) as page:
                search(page)
                keep(page, f"search-{device}-{look}")
        with opened(browser, address, "desktop", "light") as page:
            fill(page, Path(folder))
        for device, look in shots:
            with opened(browser, address, device, look) as page:
                page.get_by_role("tab", name="Library").click()
                expect(page.locator(".ps-videos")).to_contain_text("realtime", timeout=60_000)
                page.wait_for_timeout(2000)  # the pictures come in
                keep(page, f"library-{device}-{look}")
        browser.close()


@contextmanager
def opened(browser: Browser, address: str, device: str, look: Look) -> Iterator[Page]:
    """The page in a window of its own."""
    width, height = SIZES[device]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=look, base_url=address
    )
    page = context.new_page()
    page.goto("/")
    yield page
    context.close()


def keep(page: Page, name: str) -> None:
    """Write what is seen."""
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def fill(page: Page, folder: Path) -> None:
    """Send files: some wait, one fails, and one takes so long that the pictures show it."""
    page.get_by_role("tab", name="Library").click()
    broken = folder / "Holiday, last day.mp4"
    broken.write_bytes(bytes(1000))
    page.get_by_label("Videos to add").set_input_files(broken)
    expect(page.locator(".ps-is-failed")).to_have_count(1, timeout=60_000)
    page.get_by_role("button", name="Pause").click()
    names = {"Harbour at dawn": 7200, "Choir rehearsal": 900, "Garden, time lapse": 600}
    for shade, (name, seconds) in enumerate(names.items()):
        film = folder / f"{name}.mp4"
        write_h264(film, dusk(seconds, 70 * shade), 1)
        page.get_by_label("Videos to add").set_input_files(film)
        expect(page.locator(".ps-videos")).to_contain_text(name, timeout=60_000)
    page.get_by_role("button", name="Resume").click()


def dusk(seconds: int, shift: int) -> np.ndarray:
    """Frames of a sky that darkens (uint8 [seconds, 90, 160, 3])."""
    height = np.linspace(0.2, 1, 90)[:, None, None]
    colour = np.roll([90, 120, 200], shift // 70)
    fading = np.linspace(1, 0.4, seconds)[:, None, None, None]
    return np.broadcast_to(fading * height * colour, (seconds, 90, 160, 3)).astype(np.uint8)


def search(page: Page) -> None:
    """Search, open the best moment, wait for pictures and heat, and rest where it begins."""
    page.fill("#ps-words", WORDS)
    page.keyboard.press("Enter")
    page.locator(".ps-card").first.click()
    page.wait_for_function("document.querySelector('video').readyState > 2")
    page.evaluate("document.querySelector('video').pause()")
    page.locator(".ps-jump").first.wait_for(state="attached")
    page.evaluate(
        "document.querySelector('video').currentTime ="
        " Number(document.querySelector('[aria-current=true]').closest('li').dataset.at)"
    )
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(4000)  # the browser's own controls fade


if __name__ == "__main__":
    main()
