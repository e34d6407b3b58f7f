"""What comes back from a question, in a real browser: the cards, the player, and their keys."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlparse
from zipfile import ZipFile

import pytest
from looking import chromium, looked_at
from playwright.sync_api import Browser, Locator, Page, Route, expect
from serving import CHROMIUM, give_demo, running_demo
from test_browser import playing_within, seconds, truth

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="NO BROWSER: the page was NOT tested. Install Chromium (apt install chromium).",
    ),
]

STAR = "/?q=a+star&per_video=50"
SPINS = "/?q=a+red+cross+spins"
FRAME = "Math.floor(12 * document.querySelector('video').currentTime)"  # the demo's rate
ORDERED = "/?q=a+red+circle&then=a+blue+square"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a demo of its own serves, with all of its videos ready."""
    with running_demo(give_demo(tmp_path_factory.mktemp("demo"))) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with looked_at(browser, address, accept_downloads=True) as page:
        yield page
        page.unroute_all(behavior="ignoreErrors")


def card(page: Page, place: int = 0) -> Locator:
    return page.locator(".ps-card").nth(place)


def ask(page: Page, question: str) -> None:
    """Open the question's address and wait until it is answered and the best moment is shown."""
    page.goto(question)
    card(page).wait_for()
    page.locator(".ps-neighbour[aria-current]").wait_for()


def focused(page: Page) -> str:
    """The accessible name of what the keyboard is at."""
    return str(page.evaluate("document.activeElement.getAttribute('aria-label')"))


def tile(page: Page, place: int) -> str:
    """Which part of its strip a card shows; nothing while it shows its poster."""
    sheet = card(page, place).locator(".ps-frames")
    return str(sheet.evaluate("one => one.hidden ? '' : one.style.backgroundPosition"))


def many(route: Route) -> None:
    """Answer with as many moments as a large library has: those of the demo again and again."""
    asked = parse_qs(urlparse(route.request.url).query)
    offset, limit = int(asked.get("offset", ["0"])[0]), int(asked["limit"][0])
    answer = route.fetch(url=re.sub(r"&(limit|offset|like)=[^&]*", "", route.request.url))
    found = answer.json()
    real = found["moments"][:8]
    moments = [
        {**real[rank % 8], "rank": rank + 1, "index": 1000 + rank} if rank > 7 else real[rank]
        for rank in range(offset, min(1000, offset + limit))
    ]
    route.fulfill(
        response=answer, json={**found, "moments": moments, "more": offset + limit < 1000}
    )


def test_cards_scrub_their_own_frames_and_more_come_as_one_scrolls(page: Page) -> None:
    page.route("**/api/v1/search?*", many)
    ask(page, STAR)
    expect(page.locator(".ps-card")).to_have_count(24)
    expect(page.locator(".ps-moment-grid .ps-status")).to_contain_text("Best 24 moments")
    name = card(page).get_attribute("aria-label") or ""
    assert re.fullmatch(r".+, \d:\d\d to \d:\d\d, rank 1, top [\d.]+ %", name), name
    box = card(page, 1).locator(".ps-frame").bounding_box()
    assert box is not None
    left, right, middle = box["x"] + 5, box["x"] + box["width"] - 5, box["y"] + box["height"] / 2
    page.mouse.move(left, middle)
    expect(card(page, 1).locator(".ps-frames")).to_be_visible()
    assert tile(page, 1) == "0% 0%"
    page.mouse.move(right, middle)
    assert tile(page, 1) == "50% 100%"  # the eighth of eight frames, in three rows of three
    page.mouse.move(right, box["y"] - 60)
    assert tile(page, 1) == ""
    for shown in (72, 120, 168):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_function(f"document.querySelectorAll('.ps-card').length >= {shown}")
    names = page.locator(".ps-card").evaluate_all("all => all.map((one) => one.ariaLabel)")
    ranks = [int(re.findall(r"rank (\d+)", one)[0]) for one in names]
    assert ranks == list(range(1, len(names) + 1))
    # A thousand stay smooth: they are few elements each, and not laid out while out of sight.
    assert page.evaluate("document.querySelectorAll('.ps-item *').length") < 16 * len(names)
    last = page.locator(".ps-item").last
    assert last.evaluate("one => getComputedStyle(one).contentVisibility") == "auto"
    card(page, 3).focus()
    page.keyboard.press("l")
    expect(page).to_have_url(re.compile("like="))
    expect(page.locator(".ps-card")).to_have_count(len(names))
    expect(card(page, 3)).to_have_attribute("aria-label", re.compile("liked$"))
    assert focused(page) == card(page, 3).get_attribute("aria-label")


def test_a_moment_without_frames_keeps_its_poster(page: Page) -> None:
    page.route("**/media/*/strip/*", lambda route: route.fulfill(status=204))
    ask(page, STAR)
    card(page, 1).hover()
    page.wait_for_timeout(400)
    assert tile(page, 1) == ""
    expect(card(page, 1).locator("img")).to_be_visible()


def test_results_by_keys(page: Page) -> None:
    ask(page, STAR)
    first, second, below = (
        card(page, place).get_attribute("aria-label") or "" for place in (0, 1, 3)
    )
    card(page).focus()
    page.keyboard.press("ArrowRight")
    assert focused(page) == second
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    assert focused(page) == below
    page.keyboard.press("ArrowUp")
    assert focused(page) == first
    page.keyboard.press("ArrowUp")
    assert focused(page) == first
    page.keyboard.press("p")
    expect(card(page).locator(".ps-frames")).to_be_visible()
    begun = tile(page, 0)
    page.keyboard.press("p")
    expect(card(page).locator(".ps-frame-at")).not_to_have_attribute(
        "style", re.compile("left: 0%")
    )
    assert tile(page, 0) != begun
    page.keyboard.press("s")
    expect(page.locator(".ps-take")).to_have_text("Export 1 chosen")
    expect(card(page)).to_have_attribute("aria-label", re.compile("chosen$"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_function("!document.querySelector('video').paused")
    expect(card(page, 1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile(r"\?q=moment%3A[0-9a-f]{64}%3A\d+"))
    page.keyboard.press("/")
    page.keyboard.type("lxm?")
    expect(page.locator("#ps-words")).to_have_value(re.compile("lxm\\?$"))
    assert "like=" not in page.url


def test_help_tells_every_key_and_keeps_the_focus(page: Page) -> None:
    ask(page, SPINS)
    card(page).focus()
    page.keyboard.press("?")
    window = page.get_by_role("dialog", name="Keys")
    expect(window).to_be_visible()
    for words in ("Type a question", "Go through its frames", "Loop the moment", "One frame back"):
        expect(window).to_contain_text(words)
    for _ in range(8):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    page.keyboard.press("l")
    assert "like=" not in page.url  # keys rest while a window is open
    window.get_by_label("Use single keys").uncheck()
    page.keyboard.press("Escape")
    expect(window).to_have_count(0)
    assert focused(page) == card(page).get_attribute("aria-label")
    page.keyboard.press("l")
    page.wait_for_timeout(300)
    assert "like=" not in page.url
    page.get_by_role("button", name="Keys").click()
    window.get_by_label("Use single keys").check()
    page.keyboard.press("Escape")
    card(page).focus()
    page.keyboard.press("l")
    expect(page).to_have_url(re.compile("like="))


def test_liking_moves_the_ranking_and_can_be_taken_back(page: Page) -> None:
    ask(page, STAR)
    order = "[...document.querySelectorAll('.ps-item')].map((one) => one.dataset.key).join()"
    before = page.evaluate(order)
    key = page.locator(".ps-item").nth(7).get_attribute("data-key")
    liked = page.locator(f'.ps-item[data-key="{key}"] .ps-card')
    liked.hover()
    page.get_by_role("button", name="Like (l)", exact=True).click()
    expect(liked).to_have_attribute("aria-label", re.compile("liked$"))
    page.wait_for_function(f"before => {order} !== before", arg=before)
    liked.focus()
    page.keyboard.press("x")
    expect(page).to_have_url(re.compile("dislike="))
    assert "&like=" not in page.url
    page.wait_for_timeout(500)
    assert re.search(r"rank \d+", focused(page))  # if it is gone, the next one has the keyboard
    page.go_back()
    page.go_back()
    page.wait_for_function(f"before => {order} === before", arg=before)


def test_weak_and_empty_answers_say_so(page: Page) -> None:
    def weaken(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "weak": True})

    page.route("**/api/v1/search?*", weaken)
    ask(page, SPINS)
    expect(page.locator(".ps-weak")).to_contain_text("Nothing matches this well")
    expect(page.locator(".ps-cards")).to_have_class(re.compile("ps-faded"))
    page.unroute("**/api/v1/search?*")
    page.goto("/?q=a+star&duration=9000-")
    expect(page.locator(".ps-moment-grid .ps-note")).to_contain_text("Nothing found")
    page.get_by_role("button", name="Remove all filters").click()
    card(page).wait_for()
    assert "duration" not in page.url
    expect(page.locator(".ps-weak")).to_be_hidden()


def test_frames_go_one_by_one_before_any_was_played(page: Page) -> None:
    """How long one is shown is not known then, and found out."""
    ask(page, SPINS)
    card(page).focus()  # shows its moment, and plays nothing
    page.wait_for_function("document.querySelector('video')?.readyState >= 2")
    seek(page, 11.5 + 1 / 24)
    for key, frame in [(",", 137), (",", 136), (".", 137), (".", 138), (".", 139)]:
        page.keyboard.press(key)
        page.wait_for_function(f"frame => {FRAME} === frame", arg=frame)
    assert page.evaluate("document.querySelector('video').played.length") == 0


def test_the_moment_loops_and_goes_by_frames(page: Page) -> None:
    ask(page, SPINS)
    card(page).click()
    start, end = truth("First aid", "a large red cross spins")
    playing_within(page, start, end)
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('video').paused")
    seek(page, 11.5 + 1 / 24)
    for key, frame in [(".", 139), (".", 140), (",", 139), (",", 138)]:
        page.keyboard.press(key)
        page.wait_for_function(f"frame => {FRAME} === frame", arg=frame)
    page.keyboard.press("o")
    name = re.search(r"(\d):(\d\d) to (\d):(\d\d)", card(page).get_attribute("aria-label") or "")
    assert name is not None
    begin, last = (60 * int(name[i]) + int(name[i + 1]) for i in (1, 3))
    page.evaluate("at => { document.querySelector('video').currentTime = at }", last - 0.4)
    page.wait_for_function(
        "at => { const v = document.querySelector('video');"
        " return !v.paused && v.currentTime < at }",
        arg=last - 1,
    )
    assert seconds(page) >= begin - 0.1
    page.keyboard.press("o")
    loop = page.get_by_role("button", name="Loop this moment (o)")
    expect(loop).to_have_attribute("aria-pressed", "false")


def test_a_marked_range_is_kept_tagged_and_searched_by(page: Page) -> None:
    ask(page, SPINS)
    page.evaluate("document.activeElement.blur()")
    seek(page, 7)
    page.keyboard.press("[")
    seek(page, 12)
    page.keyboard.press("]")
    bar = page.get_by_role("group", name="Marked range")
    expect(bar).to_contain_text("0:07.0 – 0:12.0 · 5 s")
    handle = page.get_by_role("slider", name="Start of the marked range")
    handle.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuenow", "7.1")
    handle.press("ArrowLeft")
    with page.expect_download() as kept:
        bar.get_by_role("button", name="Save clip").click()
    assert re.fullmatch(r"First aid .*\.mp4", kept.value.suggested_filename)
    assert kept.value.path().read_bytes()[4:8] == b"ftyp"
    bar.get_by_role("button", name="Tag", exact=True).click()
    page.keyboard.type("turns")
    page.keyboard.press("Enter")
    tag = page.locator(".ps-tag", has_text="turns")
    expect(tag).to_contain_text("0:07")
    tag.get_by_role("button", name="Remove the tag turns").click()
    expect(tag).to_have_count(0)
    bar.get_by_role("button", name="Search by it").click()
    expect(page).to_have_url(re.compile(r"\?q=range%3A[0-9a-f]{64}%3A7\.00-12\.00"))
    expect(card(page)).to_contain_text("First aid")
    bar.get_by_role("button", name="Unmark the range").click()
    expect(bar).to_be_hidden()


def seek(page: Page, at: float) -> None:
    page.wait_for_function("document.querySelector('video').readyState > 0")
    page.evaluate("at => { document.querySelector('video').currentTime = at }", at)
    page.wait_for_function("!document.querySelector('video').seeking")


def test_the_line_shows_frames_and_a_drag_with_shift_marks(page: Page) -> None:
    ask(page, SPINS)
    box = page.locator(".ps-heat").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 20
    page.mouse.move(x, y)
    bubble = page.locator(".ps-bubble")
    expect(bubble).to_have_text("0:18")
    expect(bubble.locator(".ps-still")).to_have_attribute("style", re.compile("/strip/"))
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(x + box["width"] / 4, y, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.get_by_role("group", name="Marked range")).to_contain_text(
        re.compile(r"0:18\.[78] – 0:28\.1")
    )
    page.get_by_role("button", name="Go to 0:10").click()
    page.wait_for_function("document.querySelector('video').currentTime === 10")
    expect(page.locator(".ps-neighbour[aria-current]")).to_contain_text("0:10")


def test_a_list_is_taken_along(page: Page) -> None:
    ask(page, SPINS)
    for name, start in {
        "Table (CSV)": b'\xef\xbb\xbf"rank"',
        "Edit list (EDL)": b"TITLE",
    }.items():
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as kept:
            page.get_by_role("menuitem", name=name).click()
        assert kept.value.path().read_bytes().startswith(start), name
    card(page, 2).hover()
    page.get_by_role("button", name="Choose to take along (s)").click()
    page.get_by_role("button", name="Export 1 chosen").click()
    with page.expect_download() as kept:
        page.get_by_role("menuitem", name="Table (CSV)").click()
    assert len(kept.value.path().read_text(encoding="utf-8").splitlines()) == 2
    page.get_by_role("button", name="Export 1 chosen").click()
    with page.expect_download() as kept:
        page.get_by_role("menuitem", name="1 clip (zip)").click()
    with ZipFile(kept.value.path()) as archive:
        assert [name.endswith(".mp4") for name in archive.namelist()].count(True) == 1


# How many pixels of the line under the picture have each step's colour, by its place.
COLOURS = """() => {
  const canvas = document.querySelector('.ps-heat');
  const pen = canvas.getContext('2d');
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  const style = getComputedStyle(canvas);
  return [0, 1].map((step) => {
    const hex = style.getPropertyValue(`--ps-step-${step}`).trim().slice(1);
    const wanted = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      const near = wanted.every((one, j) => Math.abs(one - data[i + j]) < 12);
      if (near && data[i + 3] > 200) count += 1;
    }
    return count;
  });
}"""


def test_first_this_then_that_has_two_curves_and_two_pictures(page: Page) -> None:
    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look)
        ask(page, ORDERED)
        expect(card(page)).to_have_attribute("aria-label", re.compile(r" to \S+, then \d:\d\d to "))
        expect(card(page).locator("img")).to_have_count(2)
        expect(card(page).locator(".ps-letter")).to_have_text(["A", "B"])
        expect(page.locator(".ps-legend li")).to_have_text(["a red circle", "a blue square"])
        counts = page.evaluate(COLOURS)
        assert min(counts) > 60, (look, counts)


def test_by_video_each_one_has_its_title(page: Page) -> None:
    ask(page, "/?q=a+star&group=video&per_video=4")
    titles = page.locator(".ps-group h2").all_text_contents()
    assert len(titles) == len(set(titles)) > 3
    grouped: list[list[Any]] = page.locator(".ps-cards").evaluate(
        "list => [...list.children].map((one) => [one.className === 'ps-group',"
        " one.querySelector('h2, .ps-name').textContent])"
    )
    title = None
    for heads, name in grouped:
        title = name if heads else title
        assert name == title


def test_on_a_phone_the_player_has_the_tools(browser: Browser, address: str) -> None:
    long = ["W" * 10_000, "word " * 2_000, "\u202eשלום עולם " * 500]

    def rename(route: Route) -> None:
        answer = route.fetch()
        found = answer.json()
        for place, moment in enumerate(found["moments"]):
            moment["title"] = long[place % 3]
        route.fulfill(response=answer, json=found)

    with looked_at(browser, address, 390, has_touch=True, is_mobile=True) as page:
        page.route("**/api/v1/search?*", rename)
        page.goto(SPINS)
        card(page).wait_for()
        expect(card(page, 1).locator(".ps-name")).to_contain_text("word word")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        card(page, 1).tap()
        page.wait_for_function("!document.querySelector('video').paused")
        expect(page.locator(".ps-acts")).to_be_hidden()
        player = page.locator(".ps-moment-player section").bounding_box()
        assert player is not None
        assert player["height"] <= 0.4 * 900
        page.get_by_role("button", name="Like this moment (l)").tap()
        expect(page).to_have_url(re.compile("like="))
        more = page.get_by_role("button", name="More about this moment")
        more.tap()
        expect(page.locator(".ps-neighbour[aria-current]")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_keyboard_needs_no_focus_to_begin(page: Page) -> None:
    ask(page, STAR)
    first = card(page).get_attribute("aria-label")
    page.keyboard.press("Enter")  # nothing has the focus: the moment that is shown plays
    page.wait_for_function("!document.querySelector('video').paused")
    page.keyboard.press("Space")
    page.keyboard.press("x")
    page.wait_for_function("prism.journey.now.dislikes.length === 1")
    expect(card(page)).not_to_have_attribute("aria-label", str(first))
    page.keyboard.press("x")  # it still means that moment, and takes the verdict back
    page.wait_for_function("prism.journey.now.dislikes.length === 0")
    expect(card(page)).to_have_attribute("aria-label", str(first))
    page.keyboard.press("ArrowDown")
    assert focused(page) == first
    page.keyboard.press("/")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    assert focused(page) == first
    page.goto(STAR)
    card(page).wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the first stop skips all the others
    assert focused(page) == first


def test_what_nobody_asked_for_has_no_rank_share(page: Page) -> None:
    page.goto("/?duration=1-")
    card(page).wait_for()
    expect(card(page)).to_have_attribute("aria-label", re.compile(", number 1$"))
    expect(card(page).locator(".ps-score")).to_be_empty()
    order = page.get_by_role("button", name="Order and amount: Newest first")
    order.click()
    expect(page.get_by_role("button", name="Best first")).to_have_count(0)
    expect(page.get_by_role("button", name="Newest first", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("a star")
    page.keyboard.press("Enter")
    expect(card(page)).to_have_attribute("aria-label", re.compile(r"rank 1, top [\d.]+ %$"))
    expect(page.get_by_role("button", name="Order and amount: Best first")).to_be_visible()


def test_one_moment_has_one_time(page: Page) -> None:
    ask(page, STAR)
    time = card(page).locator(".ps-time").text_content() or ""
    page.get_by_role("button", name="Like this moment (l)").click()
    expect(page.locator(".ps-chip-like")).to_contain_text(re.compile(rf" {time}$"))
    page.reload()
    expect(page.locator(".ps-chip-like")).to_contain_text(re.compile(rf" {time}$"))
    top = page.locator(".ps-cards").bounding_box()
    page.get_by_role("button", name="Save search").click()
    expect(page.get_by_role("textbox", name="Save this search as")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".ps-notice")).to_contain_text("Saved as")
    assert page.locator(".ps-cards").bounding_box() == top  # what is said moves nothing


def gone(page: Page) -> str:
    """The id of the best moment's video."""
    return page.locator(".ps-item").first.get_attribute("data-video") or ""


def test_a_video_that_is_gone_takes_its_cards_and_tools_along(
    browser: Browser, address: str
) -> None:
    with looked_at(browser, address, forgiven="404") as page:
        ask(page, "/?q=a+star&group=video")
        expect(card(page).locator(".ps-name")).to_be_hidden()  # its heading has the title
        video = gone(page)
        unknown = {"error": {"code": "unknown_video", "message": "There is no such video."}}

        def fewer(route: Route) -> None:
            answer = route.fetch()
            body = answer.json()
            if "moments" in body:
                body["moments"] = [one for one in body["moments"] if one["video_id"] != video]
            else:
                body["videos"] -= 1
            route.fulfill(response=answer, json=body)

        for path in ("status", "search?*"):
            page.route(f"**/api/v1/{path}", fewer)
        page.route(
            f"**/api/v1/videos/{video}", lambda route: route.fulfill(status=404, json=unknown)
        )
        expect(page.locator(f"[data-video='{video}']")).to_have_count(0)
        player = page.get_by_role("region", name="Player")
        expect(player).to_have_text(re.compile("There is no such video"))
        expect(player.get_by_role("button")).to_have_count(1)
        assert "v=" not in page.url
        page.keyboard.press("l")
        page.wait_for_timeout(200)
        assert "like=" not in page.url
        card(page).click()
        expect(player.get_by_role("button", name="Like this moment (l)")).to_be_visible()
        page.goto(f"/?v={'a' * 64}")
        expect(player).to_have_text(re.compile("no such video"))
        expect(player.get_by_role("button")).to_have_count(1)
        player.get_by_role("button", name="Close the player").click()
        expect(player).to_be_hidden()


def test_on_a_phone_the_box_stands_above_the_player(browser: Browser, address: str) -> None:
    with looked_at(browser, address, 390, has_touch=True, is_mobile=True) as page:
        page.goto(SPINS)
        card(page, 1).tap()
        page.get_by_role("button", name="More about this moment").tap()
        tops = [
            (page.locator(part).bounding_box() or {"y": -1})["y"]
            for part in ("#ps-words", "#ps-side", ".ps-cards")
        ]
        assert 0 < tops[0] < tops[1] < tops[2]
        page.get_by_role("button", name="Recent and saved searches").tap()
        expect(page.locator(".ps-before")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".ps-before")).to_be_hidden()
