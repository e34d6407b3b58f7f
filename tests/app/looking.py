"""A real Chromium that looks at the page, and what the page may never do meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from serving import CHROMIUM, SWITCHES

PATIENCE = 60_000  # milliseconds; machines that run tests may be busy


Look = Literal["light", "dark"]
OFTEN_LOOKED_AT = pytest.mark.parametrize(
    ("width", "look"),
    [
        (1440, "light"),
        (390, "dark"),
        pytest.param(1440, "dark", marks=pytest.mark.slow),
        pytest.param(390, "light", marks=pytest.mark.slow),
    ],
)
"""A desktop by day and a phone by night; the slow suite has the other two as well."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, closed at the end."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


@contextmanager
def looked_at(
    browser: Browser, address: str, width: int = 1440, forgiven: str = "getImageData", **more: Any
) -> Iterator[Page]:
    """The page, which may neither complain, nor ask another host, nor scroll sideways.

    forgiven: complaints that hold this text come from how the test itself goes about it.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 900}, base_url=address, **more
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(told(m)) if _unhappy(m, forgiven) else None)
    page.on("request", lambda r: complaints.append(r.url) if _foreign(r.url, address) else None)
    page.goto("/")
    yield page
    assert page.title() == "PrismSearch"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    context.close()


def told(message: ConsoleMessage) -> str:
    """What the console says, and of which address."""
    return f"{message.text} {message.location['url']}"


def _unhappy(message: ConsoleMessage, forgiven: str) -> bool:
    return message.type in ("error", "warning") and forgiven not in message.text


def _foreign(url: str, own: str) -> bool:
    return not url.startswith((f"{own}/", "data:", "blob:"))


def tab(page: Page, name: str) -> None:
    """Go to one of the page's tabs."""
    page.get_by_role("tab", name=name).click()


# Every visible text whose contrast to the nearest painted ground is below WCAG AA (4.5).
FAINT = """(() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = parts(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.7) return colour;
    }
    return [255, 255, 255];
  };
  const own = (node) => [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  const nodes = [...document.querySelectorAll('main *, .ps-menu *')];
  return nodes.filter((n) => own(n) && n.checkVisibility() && !n.disabled).map((node) => {
    const [a, b] = [light(parts(getComputedStyle(node).color)), light(ground(node))];
    return [node.textContent, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  }).filter(([, ratio]) => ratio < 4.5);
})()"""
