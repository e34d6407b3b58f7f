"""The page in its two languages: how one is chosen, that it is whole, and that nothing is lost."""

import json
import re
from collections.abc import Iterator

import pytest
from looking import chromium, looked_at, tab
from playwright.sync_api import Browser, Page, expect
from serving import CHROMIUM
from test_words import words

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="NO BROWSER: the page was NOT tested. Install Chromium (apt install chromium).",
    ),
]

# Every text and every name that the page shows or speaks now.
SHOWN = """(() => {
  const all = [...document.querySelectorAll('.ps-part *')].filter((one) => one.checkVisibility());
  const own = (one) => [...one.childNodes].map((n) => n.nodeType === 3 ? n.data.trim() : '');
  const names = ['aria-label', 'title', 'placeholder'];
  const named = (one) => names.map((name) => one.getAttribute(name) ?? '');
  return [...new Set(all.flatMap((one) => [...own(one), ...named(one)]))].filter((text) => text);
})()"""
# The same in both languages, or typed by the person, or the name of a thing.
SAME = re.compile(
    r"PrismSearch|prismsearch|a red circle|red disc|PWNED|gpj|^[\W\d_]*$|^(EN|DE|toy)$|kB$"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def texts(page: Page) -> set[str]:
    page.wait_for_timeout(300)
    return {one for one in page.evaluate(SHOWN) if not SAME.search(one)}


def walk(page: Page) -> set[str]:
    """Everything that a short visit to every tab shows."""
    page.locator(".ps-moment-grid .ps-note h2").wait_for()
    seen = texts(page)
    page.fill("#ps-words", "a red circle")
    page.keyboard.press("Enter")
    page.locator(".ps-card").first.click()
    page.locator(".ps-neighbours li, .ps-neighbour").first.wait_for()
    seen |= texts(page)
    for name in ("classes", "map", "library"):
        page.locator(f"#ps-tab-{name}").click()
        page.wait_for_timeout(300)
        seen |= texts(page)
    page.locator(".ps-videos [aria-haspopup=menu]").first.click()
    page.get_by_role("menuitem").last.click()
    return seen | texts(page)


def test_no_english_is_left_on_the_german_page(browser: Browser, served: str) -> None:
    with looked_at(browser, served, locale="en-GB") as page:
        english = walk(page)
    with looked_at(browser, served, locale="de-AT") as page:
        german = walk(page)
        assert page.evaluate("document.documentElement.lang") == "de"
    # Words that both languages write alike stand alike in the catalogue.
    alike = {text for key, text in words("en").items() if words("de")[key] == text}
    assert english & german <= alike
    assert len(german) > 60


def test_the_language_is_chosen_kept_and_loses_nothing(browser: Browser, served: str) -> None:
    with looked_at(browser, served, locale="fr-FR") as page:
        page.fill("#ps-words", "a red circle")
        page.keyboard.press("Enter")
        page.locator(".ps-card").first.click()
        tab(page, "Classes")
        page.get_by_label("Classes, one a line").fill("a red circle")
        before = page.url
        page.get_by_role("button", name="Language: English").click()
        page.get_by_role("menuitem", name="Deutsch").click()
        expect(page.get_by_role("tab", name="Klassen")).to_have_attribute("aria-selected", "true")
        assert re.sub(r"t=[\d.]+", "", page.url) == re.sub(r"t=[\d.]+", "", before)
        expect(page.locator("#ps-classes")).to_have_value("a red circle")
        expect(page.get_by_role("heading", name="red disc")).to_be_visible()
        page.goto("/?lang=en")
        tab(page, "Search")
        page.goto("/")
        tab(page, "Suche")
        page.get_by_role("button", name="Sprache: Deutsch").click()
        page.get_by_role("menuitem", name="English").click()
        expect(page.get_by_role("tab", name="Search")).to_be_visible()


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "The file is empty."), ("de", "Die Datei ist leer.")],
)
def test_what_the_server_refuses_is_told_in_the_pages_language(
    browser: Browser, served: str, language: str, said: str
) -> None:
    refusal = {"error": {"code": "empty_file", "message": "The file is empty. Copy it again."}}
    forgiven = "status of 422"
    with looked_at(browser, served, forgiven=forgiven) as page:
        page.goto(f"/?lang={language}&tab=classes")
        page.route("**/classes", lambda r: r.fulfill(status=422, body=json.dumps(refusal)))
        page.select_option("#ps-class-video", label="red disc")
        page.fill("#ps-classes", "a red circle")
        page.locator(".ps-class-go button").click()
        expect(page.locator(".ps-class-timeline [role=alert]")).to_contain_text(said)


def test_numbers_times_and_sizes_are_written_as_people_do(browser: Browser, served: str) -> None:
    ask = """() => { const { number, percent, span, pace, bytes, amount } = window.prism; return [
      number(12345.6), percent(0.4199), percent(0.9999), span(5), span(130), span(7300),
      span(200000), pace(3.14159), pace(1234.5), bytes(2100), bytes(2.5 * 2 ** 30), bytes(1),
      amount(1, 'video'), amount(2000, 'video') ] }"""
    with looked_at(browser, served) as page:
        page.wait_for_function("window.prism")
        assert page.evaluate(ask) == [
            *("12,345.6", "41%", "99%", "5 sec", "2 min", "2 hr", "2 days"),
            *("3.1× realtime", "1,235× realtime", "2.1 kB", "2.5 GB", "1 kB"),
            *("1 video", "2,000 videos"),
        ]
        page.goto("/?lang=de")
        page.wait_for_function("window.prism")
        assert page.evaluate(ask) == [
            *("12.345,6", "41\u00a0%", "99\u00a0%", "5 Sek.", "2 Min.", "2 Std.", "2 Tage"),
            *("3,1× Echtzeit", "1.235× Echtzeit", "2,1 kB", "2,5\u00a0GB", "1 kB"),
            *("1 Video", "2.000 Videos"),
        ]
