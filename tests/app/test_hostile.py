"""Titles, tags, names, words and addresses that would like to be more than text stay text."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest
from drawn import HOSTILE, TURNED
from looking import chromium, looked_at, tab
from playwright.sync_api import Browser, Page, expect
from serving import CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="NO BROWSER: the page was NOT tested. Install Chromium (apt install chromium).",
    ),
]

# Each would change the page's title if anything ran it.
ATTACKS = [
    "<script>document.title='PWNED'</script>",
    "${document.title='PWNED'} `${document.title='PWNED'}`",
    "\"'><img src=x onerror=document.title='PWNED'>",
    "{{constructor.constructor('document.title=1')()}}{title}",
    "javascript:document.title='PWNED'//",
    "\u202e\u2066txt.exe \u05e9\u05dc\u05d5\u05dd",
]
# Text that holds something written from right to left, but is not set apart from what surrounds it.
MIXED = """[...document.querySelectorAll('.ps-part *')].filter((one) => one.checkVisibility())
  .filter((one) => [...one.childNodes].some((n) => /[\\u05d0-\\u05ea]/.test(n.data ?? '')))
  .filter((one) => !one.matches('[dir=auto], textarea') && !/\\u2068/.test(one.textContent))
  .map((one) => one.outerHTML.slice(0, 200))"""
RAN = """[document.title, document.querySelectorAll('.ps-part script, img[src="x"]').length]"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def is_text(page: Page) -> None:
    """Nothing ran, nothing became an element, nothing turned its surroundings around."""
    assert page.evaluate(RAN) == ["PrismSearch", 0]
    assert page.evaluate(MIXED) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.fixture
def tagged(served: str) -> Iterator[str]:
    """Where every video has every hostile tag, and searches are saved under each, for a while."""
    with httpx.Client(base_url=f"{served}/api/v1") as api:
        videos = api.get("/videos").json()["videos"]
        names = [quote(attack, safe="") for attack in ATTACKS]
        tags = [f"/videos/{video['video_id']}/tags/{name}" for video in videos for name in names]
        searches = [f"/searches/{name}" for name in names]
        for tag in tags:
            api.put(tag).raise_for_status()
        for attack, search in zip(ATTACKS, searches, strict=True):
            api.put(search, json={"question": urlencode({"q": attack})}).raise_for_status()
        yield served
        for path in (*tags, *searches):
            api.delete(path).raise_for_status()


@pytest.mark.parametrize("width", [1440, pytest.param(390, marks=pytest.mark.slow)])
def test_what_people_name_stays_text_on_every_tab(
    browser: Browser, tagged: str, tmp_path: Path, width: int
) -> None:
    with looked_at(browser, tagged, width, forgiven="status of 4") as page:
        page.locator("#ps-words").fill(ATTACKS[1])
        page.keyboard.press("Enter")
        page.locator(".ps-card").first.wait_for()
        is_text(page)
        page.get_by_role("button", name="Filters").click()
        expect(page.get_by_role("dialog", name="Filters")).to_contain_text(ATTACKS[0])
        is_text(page)
        page.get_by_role("checkbox", name=ATTACKS[2]).check()
        page.keyboard.press("Escape")
        expect(page.locator(".ps-card").first).to_be_visible()
        for title in (HOSTILE[:20], TURNED[1:5]):
            page.locator(".ps-card", has_text=title).first.click()
            page.wait_for_function("document.querySelector('video').readyState > 0")
            is_text(page)
        tab(page, "Classes")
        page.get_by_label("Classes, one a line").fill("\n".join(ATTACKS))
        page.get_by_role("button", name="Show over time").click()
        expect(page.locator(".ps-class-row")).to_have_count(len(ATTACKS))
        is_text(page)
        tab(page, "Library")
        film = tmp_path / "<img src=x onerror=document.title=1> ${1} \u05e9.mp4"
        film.write_bytes(b"no film")
        page.get_by_label("Videos to add").set_input_files(film)
        row = page.locator(".ps-videos li", has_text="${1}")
        expect(row).to_contain_text("Failed")
        is_text(page)
        row.get_by_role("button", name="What to do with").click()
        page.get_by_role("menuitem", name="Remove").click()
        is_text(page)
        page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
        expect(row).to_have_count(0)


def test_an_address_is_read_as_text(browser: Browser, served: str) -> None:
    names = ("video", "folder", "tag", "like", "within", "v", "t", "lang", "sort", "added", "gap")
    pairs = [(name, attack) for name in names for attack in ATTACKS]
    words = [("q", ATTACKS[0]), *(("and", attack) for attack in ATTACKS[1:4]), ("not", ATTACKS[4])]
    with looked_at(browser, served, forgiven="status of 4") as page:
        page.goto(f"/?{urlencode([*words, *pairs])}")
        page.wait_for_timeout(1500)  # a look at the library must not wipe what went wrong
        expect(page.get_by_role("heading", name="That did not work")).to_be_visible()
        is_text(page)
        page.goto(f"/?{urlencode({'tab': ATTACKS[0], 'lang': ATTACKS[1], 'theme': ATTACKS[2]})}")
        expect(page.get_by_role("tab", name="Search")).to_have_attribute("aria-selected", "true")
        is_text(page)


def test_ten_thousand_characters_are_refused_in_words(browser: Browser, served: str) -> None:
    long = "\u05d0x" * 5000
    with looked_at(browser, served, forgiven="status of 4") as page:
        page.goto(f"/?q={'x' * 10_000}")
        expect(page.get_by_text("500 characters at most").first).to_be_visible()
        is_text(page)
        page.locator("#ps-words").fill("a red circle")
        page.keyboard.press("Enter")
        page.locator(".ps-card").first.wait_for()
        tab(page, "Classes")
        page.get_by_label("Video", exact=True).select_option(label="red disc")
        page.get_by_label("Classes, one a line").fill(long)
        page.get_by_role("button", name="Show over time").click()
        expect(page.locator(".ps-class-timeline").get_by_role("alert")).to_be_visible()
        is_text(page)
        tab(page, "Library")
        page.get_by_label("Filter by title").fill(long)
        expect(page.get_by_text("No video is like that.")).to_be_visible()
        is_text(page)
