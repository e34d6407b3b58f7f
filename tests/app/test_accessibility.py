"""Everyone can use the page: what WCAG 2.2 AA asks for, on every tab and in every window of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from looking import OFTEN_LOOKED_AT, Look, chromium, looked_at, tab
from playwright.sync_api import Browser, Page, expect
from serving import CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="NO BROWSER: the page was NOT tested. Install Chromium (apt install chromium).",
    ),
]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What can be pressed but is smaller than 24 px in either direction; links in a sentence may be.
SMALL = """[...document.querySelectorAll('button, a[href], input, select, [role=slider]')]
  .filter((one) => one.checkVisibility() && !one.closest('p'))
  .filter((one) => !one.matches('.ps-skip:not(:focus)'))
  .map((one) => [one.outerHTML, (one.closest('label') ?? one).getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.width < 24 || box.height < 24)).map(([html]) => html)"""
BEYOND = """(() => {
  const scrolls = (node) => !node.matches('.ps-part')
    && (getComputedStyle(node).overflowX !== 'visible' || scrolls(node.parentElement));
  return [...document.querySelectorAll('.ps-part *')].filter((one) => one.checkVisibility())
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !scrolls(one))
    .map((one) => one.outerHTML);
})()"""
# What moves although the person asked for calm.
MOVING = "document.getAnimations().map((one) => `${one.animationName} ${one.playState}`)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def faults(page: Page) -> list[Any]:
    """What axe finds on the page as it is, as rule, severity and elements."""
    page.wait_for_timeout(250)  # colours fade over
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [(one["id"], one["impact"], [n["html"][:200] for n in one["nodes"]]) for one in found]


def is_sound(page: Page) -> None:
    """No rule is broken, nothing is too small to hit, and nothing lies beyond the window's edge."""
    assert faults(page) == []
    fits(page)


def look_for(page: Page, words: str) -> None:
    page.locator("#ps-words").wait_for()
    page.fill("#ps-words", words)
    page.keyboard.press("Enter")
    page.locator(".ps-card").first.wait_for()


@contextmanager
def popover(page: Page, name: str) -> Iterator[None]:
    """What a button opens, closed again by Escape, which gives the button its focus back."""
    button = page.get_by_role("button", name=name, exact=True).first
    button.click()
    expect(page.locator("[popover]:popover-open, dialog[open]").first).to_be_visible()
    yield
    page.keyboard.press("Escape")
    expect(page.locator("[popover]:popover-open, dialog[open]")).to_have_count(0)
    assert button.evaluate("(one) => one === document.activeElement")


def doubled(page: Page) -> None:
    """From now on the library says that two of its videos share ten seconds."""
    one, other = page.request.get("/api/v1/videos?limit=2").json()["videos"]
    ids = {"a": one["video_id"], "b": other["video_id"]}
    spans = {f"{side}_{end}": at for side in ids for end, at in (("start", 0), ("end", 9))}
    posters = {f"{side}_poster": f"/media/{ids[side]}/poster/0.jpg" for side in ids}
    videos = [{"video": one, "replaces": [ids["b"]]}, {"video": other, "replaces": []}]
    parts = [{**ids, **spans, **posters, "likeness": 0.99}]
    group = {"keep": ids["a"], "why": "longest", "videos": videos, "parts": parts}
    found = {"state": "ready", "share": 1, "made_at": 1, "stale": 0, "message": None}
    answer = {**found, "groups": [group]}
    page.route("**/api/v1/duplicates", lambda route: route.fulfill(json=answer))


@OFTEN_LOOKED_AT
def test_axe_finds_nothing_anywhere(browser: Browser, served: str, look: Look, width: int) -> None:
    calm = "reduce"
    with looked_at(browser, served, width, color_scheme=look, reduced_motion=calm) as page:
        page.get_by_text("Search inside 3 videos").wait_for()
        is_sound(page)
        look_for(page, "a red circle")
        is_sound(page)
        for name in ("Filters", "Export", "Keys"):
            with popover(page, name):
                is_sound(page)
        page.locator(".ps-card").first.click()
        page.wait_for_function("document.querySelector('video').readyState > 2")
        is_sound(page)
        assert page.evaluate(MOVING) == []
        tab(page, "Classes")
        page.get_by_label("Classes, one a line").fill("a red circle\na blue circle")
        page.get_by_role("button", name="Show over time").click()
        page.locator(".ps-class-row").first.wait_for()
        is_sound(page)
        tab(page, "Map")
        is_sound(page)
        make = page.get_by_role("button", name="Make the map")
        make.or_(page.locator(".ps-map-tools")).first.wait_for()
        if make.is_visible():
            make.click()
        page.locator(".ps-map-tools").wait_for()
        is_sound(page)
        tab(page, "Library")
        page.locator(".ps-videos li").first.wait_for()
        doubled(page)
        page.get_by_role("button", name="Show them").click()
        is_sound(page)
        with popover(page, "Keep this one"):
            is_sound(page)
        with popover(page, "What to do with red disc"):
            is_sound(page)
        with popover(page, "Language: English"):
            is_sound(page)


# 320 px is 1280 at 400 %, 720 is 1440 at 200 %; German words are the longer ones.
@pytest.mark.parametrize(("width", "height"), [(320, 256), (720, 450)])
def test_it_can_be_zoomed(browser: Browser, served: str, width: int, height: int) -> None:
    with looked_at(browser, served, width, locale="de-DE") as page:
        page.set_viewport_size({"width": width, "height": height})
        page.locator(".ps-moment-grid .ps-note h2").wait_for()
        fits(page)
        look_for(page, "a red circle")
        fits(page)
        page.locator(".ps-card").first.click()
        page.wait_for_function("document.querySelector('video').readyState > 2")
        fits(page)
        # A player that stayed would cover a window as low as these.
        expect(page.locator("#ps-side")).to_have_css("position", "static")
        for name in ("Klassen", "Karte", "Mediathek"):
            tab(page, name)
            page.wait_for_timeout(300)
            fits(page)


def fits(page: Page) -> None:
    """Nothing lies beyond the right edge, unless what holds it scrolls by itself."""
    assert page.evaluate(BEYOND) == []
    assert page.evaluate(SMALL) == []
