"""The library's page as a person lives with it: files come in, fail, are steered, and go."""

import hashlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from looking import FAINT, OFTEN_LOOKED_AT, Look, chromium, looked_at, tab
from playwright.sync_api import Browser, Locator, Page, Route, expect
from serving import CHROMIUM, running

from indexer.collection import Collection, Collections
from indexer.content import Content
from indexer.database import Database
from indexer.library import Library
from indexer.queue import Queue
from indexer.video import write_h264

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="NO BROWSER: the page was NOT tested. Install Chromium (apt install chromium).",
    ),
]

CHIP = ".ps-chip-state"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def slow(path: Path, shade: int, seconds: int = 300) -> Path:
    """A video that is drawn at once and takes a while to index."""
    write_h264(path, np.full((seconds, 64, 64, 3), shade, np.uint8), 1)
    return path


def free_port() -> str:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def line(page: Page, title: str) -> Locator:
    """A video's line in the table."""
    return page.locator(".ps-videos li", has=page.locator(".ps-name", has_text=title))


def titles(page: Page) -> list[str]:
    """What the table shows, from top to bottom."""
    return page.locator(".ps-videos .ps-name").all_inner_texts()


def ask(page: Page, title: str, choice: str) -> None:
    """Choose from the menu of a video's line, by keyboard alone."""
    more = line(page, title).get_by_role("button", name="What to do with")
    more.focus()
    page.keyboard.press("Enter")
    wanted = page.get_by_role("menuitem", name=choice)
    expect(wanted).to_be_visible()
    for _ in range(page.get_by_role("menuitem").count()):
        if wanted.evaluate("(item) => item === document.activeElement"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


def send(page: Page, *files: Path) -> None:
    page.get_by_label("Videos to add").set_input_files(list(files))


def headline(page: Page, words: str) -> None:
    expect(page.locator(".ps-library-state strong")).to_have_text(words)


# One server and one page from here on: each test goes on where the one before it ended.


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def page(browser: Browser, home: Path) -> Iterator[Page]:
    where = ("--data-dir", str(home), "--port", "0")
    with (
        running("serve", "--model", "toy", *where) as address,
        looked_at(browser, address, forgiven="status of 409") as page,  # one test refuses
    ):
        tab(page, "Library")
        yield page


def test_a_file_becomes_ready_before_the_persons_eyes(page: Page, tmp_path: Path) -> None:
    expect(page.locator(".ps-drop")).to_be_visible()
    expect(page.locator(".ps-library-state section")).to_be_hidden()  # nothing to tell yet
    page.evaluate(WATCH)
    send(page, slow(tmp_path / "first light.mp4", 40, 900))
    expect(line(page, "first light").locator(CHIP)).to_have_text("Ready")
    seen = page.evaluate("window.seen")
    assert any(re.search(r"^\w+ing · \d+% · [\d.]+× realtime", one) for one in seen), seen
    headline(page, "Ready")
    expect(page.locator(".ps-figures")).to_have_text("1 video · 15 min")


def test_a_broken_file_says_why_and_may_try_again(page: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_text("only words")
    send(page, broken)
    row = line(page, "broken")
    expect(row.locator(CHIP)).to_have_text("Failed while opening")
    expect(row).to_contain_text("The content is not a video")
    page.get_by_role("button", name="Pause").click()
    headline(page, "Paused")
    ask(page, "broken", "Try again")
    expect(row.locator(CHIP)).to_have_text("Waiting")
    page.get_by_role("button", name="Resume").click()
    expect(row.locator(CHIP)).to_have_text("Failed while opening")
    with page.expect_response("**/api/v1/retry") as answer:
        page.get_by_role("button", name="Try all failed again").click()
    assert answer.value.json() == {"videos": 1}
    expect(row.locator(CHIP)).to_have_text("Failed while opening")


def test_what_waits_is_steered_and_outlives_a_reload(page: Page, tmp_path: Path) -> None:
    page.get_by_role("button", name="Pause").click()
    headline(page, "Paused")
    names = ("one", "two", "three")
    send(page, *(slow(tmp_path / f"{name}.mp4", 60 + 30 * i, 40) for i, name in enumerate(names)))
    for name in names:
        expect(line(page, name).locator(CHIP)).to_have_text("Waiting")
    _, stopped, last = (title for title in titles(page) if title in names)
    ask(page, last, "Move to front")
    expect(page.locator(".ps-videos .ps-name").first).to_have_text(last)
    ask(page, stopped, "Stop")
    expect(line(page, stopped).locator(CHIP)).to_have_text("Stopped")
    before = titles(page)
    page.reload()
    tab(page, "Library")
    headline(page, "Paused")
    expect(page.locator(".ps-videos .ps-name").first).to_have_text(last)
    assert titles(page) == before
    page.get_by_role("button", name="Resume").click()
    for name in set(names) - {stopped}:
        expect(line(page, name).locator(CHIP)).to_have_text("Ready")
    expect(line(page, stopped).locator(CHIP)).to_have_text("Stopped")
    ask(page, stopped, "Try again")
    expect(line(page, stopped).locator(CHIP)).to_have_text("Ready")


def test_filters_show_a_part(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Failed")).click()
    expect(page.locator(".ps-videos li")).to_have_count(1)
    assert titles(page) == ["broken"]
    page.get_by_role("button", name=re.compile("^All")).click()
    page.get_by_label("Filter by title").fill("LIGHT")
    expect(page.locator(".ps-videos li")).to_have_count(1)
    page.get_by_label("Filter by title").fill("nowhere")
    expect(page.get_by_text("No video is like that.")).to_be_visible()
    page.get_by_label("Filter by title").fill("")
    expect(page.locator(".ps-videos li")).to_have_count(5)


def test_a_video_goes_while_it_is_being_indexed(page: Page, tmp_path: Path, home: Path) -> None:
    send(page, slow(tmp_path / "doomed.mp4", 200, 1800))
    row = line(page, "doomed")
    expect(row.locator(CHIP)).to_have_text("Indexing")
    video_id = row.get_attribute("data-video")
    ask(page, "doomed", "Remove")
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("Remove “doomed”?")
    expect(question).to_contain_text("Its file was uploaded here and is deleted.")
    page.keyboard.press("Escape")  # on second thoughts
    expect(question).to_be_hidden()
    expect(row.get_by_role("button", name="What to do with")).to_be_focused()
    ask(page, "doomed", "Remove")
    question.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    assert page.request.get(f"/api/v1/videos/{video_id}").status == 404
    assert not list(home.glob(f"media/{video_id}*"))
    headline(page, "Ready")


def test_a_refusal_is_told_where_it_happened(page: Page) -> None:
    page.route("**/reindex", lambda route: route.fulfill(status=409, json=REFUSAL))
    ask(page, "one", "Index again")
    expect(line(page, "one").get_by_role("alert")).to_have_text("Not now.")
    page.unroute("**/reindex")
    ask(page, "one", "Index again")
    expect(line(page, "one").get_by_role("alert")).to_be_hidden()


REFUSAL = {"error": {"code": "library_error", "message": "Not now."}}

# Every words that any line of the table shows from now on.
WATCH = """() => {
  window.seen = [];
  new MutationObserver(() => window.seen.push(...[...document.querySelectorAll(".ps-words")]
    .map((one) => one.textContent))).observe(document.querySelector(".ps-videos"),
    { childList: true, characterData: true, subtree: true });
}"""


def test_a_restart_in_the_middle_is_got_over(browser: Browser, tmp_path: Path) -> None:
    address = ("--port", free_port(), "--data-dir", str(tmp_path / "data"))
    lost = "ERR_CONNECTION_REFUSED"  # the browser itself complains of a server that is gone
    with running("serve", "--model", "toy", *address) as url:
        view = looked_at(browser, url, forgiven=lost)
        page = view.__enter__()
        tab(page, "Library")
        send(page, slow(tmp_path / "long.mp4", 90, 450))
        expect(line(page, "long").locator(CHIP)).to_have_text("Indexing")
        page.evaluate("window.same = true")
    expect(page.locator(".ps-figures")).to_have_text("The server does not answer; trying again.")
    expect(line(page, "long")).to_be_visible()  # what was seen stays
    with running("serve", "--model", "toy", *address):
        expect(line(page, "long").locator(CHIP)).to_have_text("Ready", timeout=120_000)
        headline(page, "Ready")
        assert page.evaluate("window.same")  # without a reload
        view.__exit__(None, None, None)


def test_another_index_is_built_beside_and_the_old_one_removed(
    browser: Browser, tmp_path: Path
) -> None:
    where = ("--model", "toy", "--data-dir", str(tmp_path / "data"), "--port", "0")
    folder = tmp_path / "folder"
    folder.mkdir()
    slow(folder / "long.mp4", 90, 120)
    with running("serve", str(folder), *where) as address, looked_at(browser, address) as page:
        tab(page, "Library")
        expect(line(page, "long").locator(CHIP)).to_have_text("Ready")
        page.get_by_role("button", name="Pause").click()
        headline(page, "Paused")
    with (
        running("serve", *where, "--window", "1") as address,
        looked_at(browser, address) as page,
    ):
        tab(page, "Library")
        building = page.locator(".ps-offer", has_text="Building")
        expect(building).to_contain_text("a new index for toy beside the current one")
        expect(building).to_contain_text("Search goes on with the current one.")
        assert page.request.get("/api/v1/search?q=a+red+circle").json()["moments"]
        page.get_by_role("button", name="Resume").click()
        old = page.locator(".ps-old li")
        expect(old).to_contain_text("The old index of toy")
        expect(building).to_be_hidden()
        old.get_by_role("button", name="Remove it").click()
        page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
        expect(old).to_have_count(0)
        assert len(page.request.get("/api/v1/collections").json()["collections"]) == 1


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where 250 videos are shown, in every state; none of them can be indexed, none is tried."""
    data_dir = tmp_path_factory.mktemp("many")
    database = Database(data_dir / "library.db")
    Collections(database).use(Collection("f" * 16, "toy", None, None))
    library, queue = Library(database, "f" * 16), Queue(database, "f" * 16)
    with database.together():
        for number in range(250):
            video_id = hashlib.sha256(bytes([number])).hexdigest()
            path = data_dir / f"{number}.mp4"
            library.add(path, f"Holiday {number:03}", False, Content(video_id, 1000 + number, 1))
            if number % 50 == 1:
                queue.mark_failed(video_id, "The content is not a video.", "not_a_video", "open")
            if number % 50 == 2:
                queue.cancel(video_id)
            if number % 50 == 3:
                library.set_missing(video_id, True)
    library.paused = True
    database.close()
    with running("serve", "--model", "toy", "--data-dir", str(data_dir), "--port", "0") as address:
        yield address


def test_a_large_library_is_shown_by_the_hundred(browser: Browser, many: str) -> None:
    with looked_at(browser, many) as page:
        tab(page, "Library")
        lines = page.locator(".ps-videos li")
        expect(lines).to_have_count(100)
        expect(page.get_by_role("button", name=re.compile("^All"))).to_contain_text("250")
        more = page.get_by_role("button", name="Show 100 more")
        more.click()
        expect(lines).to_have_count(200)
        expect(page.locator(".ps-further")).to_contain_text("200 of 250")
        more.click()
        expect(lines).to_have_count(250)
        expect(more).to_be_hidden()
        assert len(set(titles(page))) == 250
        lines.last.scroll_into_view_if_needed()
        page.wait_for_timeout(1500)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(2500)
        offsets = {found[1] for url in asked if (found := re.search(r"offset=(\d+)", url))}
        assert offsets == {"200"}  # only what is on the screen


def test_an_index_that_lacks_something_may_be_given_up(browser: Browser, many: str) -> None:
    def held(route: Route) -> None:
        told = route.fetch().json()
        built = {"key": "b" * 16, "model": "large", "share": 1, "left": None, "held": HELD}
        route.fulfill(json={**told, "waiting": HELD, "switch": built})

    with looked_at(browser, many) as page:
        page.route("**/api/v1/status", held)
        page.route("**/api/v1/collections/*", lambda route: route.fulfill(status=204))
        tab(page, "Library")
        expect(page.get_by_text(HELD)).to_have_count(1)
        with page.expect_response("**/api/v1/retry"):
            page.get_by_role("button", name="Try them again").click()
        page.get_by_role("button", name="Give it up").click()
        page.get_by_role("alertdialog").get_by_role("button", name="Keep").click()
        page.get_by_role("button", name="Give it up").click()
        with page.expect_request(f"**/api/v1/collections/{'b' * 16}") as asked:
            page.get_by_role("alertdialog").get_by_role("button", name="Give it up").click()
        assert asked.value.method == "DELETE"
        page.unroute_all(behavior="ignoreErrors")  # one may still be on its way


HELD = "The new index lacks one video that could be read before."


def test_nobody_is_asked_while_nobody_looks(browser: Browser, many: str) -> None:
    with looked_at(browser, many) as page:
        tab(page, "Library")
        expect(page.locator(".ps-videos li")).to_have_count(100)
        page.evaluate("Object.defineProperty(document, 'visibilityState', { value: 'hidden' })")
        page.wait_for_timeout(1500)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(2500)
        assert asked == []


@OFTEN_LOOKED_AT
def test_the_table_can_be_read(browser: Browser, many: str, look: Look, width: int) -> None:
    with looked_at(browser, many, width, color_scheme=look, has_touch=width == 390) as page:
        tab(page, "Library")
        for words in ("Holiday 001", "Holiday 002", "Holiday 003"):
            page.get_by_label("Filter by title").fill(words)
            expect(page.locator(".ps-videos li")).to_have_count(1)
            assert page.evaluate(FAINT) == []
        expect(line(page, "Holiday 003")).to_contain_text("Its file is gone; search leaves it out.")
        more = line(page, "Holiday 003").get_by_role("button", name="What to do with")
        more.tap() if width == 390 else more.click()
        page.get_by_role("menuitem", name="Remove").click()
        expect(page.get_by_role("alertdialog")).to_contain_text("Its file stays where it lies.")
        page.wait_for_timeout(300)  # colours fade over
        assert page.evaluate(FAINT) == []
        page.get_by_role("button", name="Keep").click()
        expect(page.get_by_role("alertdialog")).to_be_hidden()
