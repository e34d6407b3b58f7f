"""A whole session without a mouse: every stop of the Tab key can be seen, and all can be done."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from drawn import GREEN, draw
from looking import chromium, looked_at
from playwright.sync_api import Browser, Locator, Page, expect
from serving import CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="NO BROWSER: the page was NOT tested. Install Chromium (apt install chromium).",
    ),
]

# What is wrong with where the focus is: nothing shows it, or something else lies over it.
UNSEEN = """(() => {
  const one = document.activeElement;
  if (one === document.body) return null; // the browser's own buttons
  const ring = (node) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(node);
    return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
  };
  const near = [one, one.firstElementChild, one.parentElement, one.parentElement.parentElement];
  if (!near.filter(Boolean).some(ring)) return `no ring: ${one.outerHTML}`;
  const { left, right, top, bottom } = one.getBoundingClientRect();
  const middle = (from, to, end) => (Math.max(0, from) + Math.min(end, to)) / 2;
  const over = document.elementFromPoint(
    middle(left, right, innerWidth), middle(top, bottom, innerHeight));
  if (over && (one.contains(over) || over.contains(one))) return null;
  return `covered: ${one.outerHTML} by ${over?.outerHTML}`;
})()"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def reach(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press Tab until the target has the focus; each stop on the way must be seen."""
    expect(target).to_be_visible()
    for _ in range(90):
        press(page, key)
        assert page.evaluate(UNSEEN) is None
        if target.evaluate("(one) => one === document.activeElement"):
            return
    raise AssertionError(f"Tab does not get to {target}")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True).first


@pytest.mark.parametrize("width", [1440, pytest.param(390, marks=pytest.mark.slow)])
def test_a_session_without_a_mouse(
    browser: Browser, served: str, tmp_path: Path, width: int
) -> None:
    with looked_at(browser, served, width) as page:
        expect(page.get_by_text("Search inside 3 videos")).to_be_visible()
        press(page, "/")
        page.keyboard.type("a red circle")
        press(page, "Enter")
        page.locator(".ps-card").first.wait_for()
        reach(page, page.locator(".ps-card").first)
        press(page, "Enter")
        page.wait_for_function("document.querySelector('video').currentTime > 0")
        press(page, "l")
        page.wait_for_function("window.prism.journey.now.likes.length === 1")
        narrow(page)
        tag(page)
        export(page)
        send(page, draw(tmp_path / "green by keys.mp4", GREEN, 3))


def narrow(page: Page) -> None:
    """Only the red disc: chosen among the filters, which give the focus back."""
    reach(page, page.locator(".ps-tool", has_text="Filters"), "Shift+Tab")
    press(page, "Enter")
    reach(page, page.get_by_role("checkbox", name="red disc"))
    with page.expect_response("**/api/v1/search?*video=*"):
        press(page, "Space")
    press(page, "Escape")
    assert page.evaluate("document.activeElement.textContent").startswith("Filters")


def tag(page: Page) -> None:
    """A word for the video in the player, put on and taken off again."""
    more = button(page, "More about this moment")
    if more.is_visible():
        reach(page, more)
        press(page, "Enter")
    reach(page, page.get_by_role("combobox", name="Add a tag"))
    page.keyboard.type("by keys")
    press(page, "Enter")
    off = button(page, "Remove the tag by keys")
    reach(page, off, "Shift+Tab")
    press(page, "Enter")
    expect(off).to_have_count(0)


def export(page: Page) -> None:
    """The list of results as a table."""
    reach(page, button(page, "Export"))
    press(page, "Enter")
    expect(page.get_by_role("menuitem", name="Table (CSV)")).to_be_focused()
    with page.expect_download() as download:
        press(page, "Enter")
    assert "red disc" in Path(download.value.path()).read_text(encoding="utf-8-sig")


def send(page: Page, film: Path) -> None:
    """A file for the library, and away with it."""
    reach(page, page.get_by_role("tab", name="Search"), "Shift+Tab")
    press(page, "End")
    expect(page.get_by_role("tab", name="Library")).to_be_focused()
    reach(page, button(page, "Choose files"))
    page.get_by_label("Videos to add").set_input_files(film)  # as the system's own dialog does
    row = page.locator(".ps-videos li", has_text="green by keys")
    expect(row).to_contain_text("Ready")  # until then its menu changes under one's hands
    reach(page, button(page, "What to do with green by keys"))
    press(page, "Enter", "End", "Enter")
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("Remove “green by keys”?")
    press(page, "ArrowDown", "Enter")
    expect(page.locator(".ps-videos")).not_to_contain_text("green by keys")
