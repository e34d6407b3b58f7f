"""Takes the README's pictures of the page: `python tests/app/screenshots.py`.

Starts the demo, searches in it, and writes docs/images/search-{desktop,phone}-{light,dark}.png.
"""

import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright
from serving import CHROMIUM, SWITCHES, running_demo

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"
WORDS = "a red cross spins"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
Look = Literal["light", "dark"]
LOOKS: tuple[Look, ...] = ("light", "dark")


def main() -> None:
    """Take all four pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(Path(folder)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        for device in SIZES:
            for look in LOOKS:
                take(browser, address, device, look)
        browser.close()


def take(browser: Browser, address: str, device: str, look: Look) -> None:
    """Search, open the best moment, and take the picture."""
    width, height = SIZES[device]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=look, base_url=address
    )
    page = context.new_page()
    page.goto("/")
    page.fill("#ps-words", WORDS)
    page.keyboard.press("Enter")
    page.locator(".ps-card").first.click()
    settle(page)
    path = IMAGES / f"search-{device}-{look}.png"
    page.screenshot(path=path)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
    context.close()


def settle(page: Page) -> None:
    """Wait for the pictures and the heat, and rest where the moment begins."""
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
