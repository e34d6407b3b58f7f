"""Every way to ask, in a real browser on the demo library, whose truth is known."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import av
import pytest
from drawn import HOSTILE, cut
from looking import chromium, looked_at
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from serving import CHROMIUM, give_demo, running_demo
from test_browser import truth

from app.cli import DEMO

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="NO BROWSER: the page was NOT tested. Install Chromium (apt install chromium).",
    ),
]

TRICK = "<img src=x onerror=document.title='PWNED'> `${document.title='PWNED'}` \u202eabc"


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
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    width = getattr(request, "param", 1440)
    with looked_at(browser, address, width, permissions=["clipboard-read"]) as page:
        box(page).wait_for()
        yield page


def box(page: Page) -> Locator:
    return page.locator("#ps-words")


def asked(page: Page) -> list[tuple[str, str]]:
    """The question in the address, without what is played."""
    pairs = parse_qsl(urlsplit(page.url).query)
    return [(name, value) for name, value in pairs if name not in ("v", "t", "tab", "lang")]


def is_asked(page: Page, *pairs: tuple[str, str]) -> None:
    """Wait until the address holds this question, and results are there for it."""
    page.wait_for_function(
        "pairs => window.prism?.journey && JSON.stringify("
        "[...new URLSearchParams(prism.journey.question())]) === JSON.stringify(pairs)",
        arg=[list(pair) for pair in pairs],
    )
    expect(page.locator(".ps-moment-grid[aria-busy]")).to_have_count(0)


def search(page: Page, words: str) -> None:
    box(page).fill(words)
    with page.expect_response("**/api/v1/search?*"):
        page.keyboard.press("Enter")
    page.locator(".ps-card").first.wait_for()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def more(page: Page, name: str, words: str) -> None:
    """Add a condition by the button of this name."""
    press(page, name)
    page.keyboard.type(words)
    with page.expect_response("**/api/v1/search?*"):
        page.keyboard.press("Enter")


def found(page: Page) -> list[dict[str, Any]]:
    """What the API answers to the question in the address."""
    answer = page.evaluate("prism.api(`search?${prism.journey.asked()}`)")
    return list(answer["moments"])


AND, THEN = "Add something to be seen at the same moment", "Add what happens then"
WITHOUT = "Add what is not to be seen"


def test_words_are_answered_as_one_types_and_back_undoes_them_at_once(page: Page) -> None:
    page.evaluate("performance.now = () => 1")  # every answer is fast
    search(page, "a blue ring")
    box(page).press("ControlOrMeta+a")
    page.keyboard.type("a red cross", delay=30)
    is_asked(page, ("q", "a red cross"))  # without Enter
    expect(box(page)).to_be_focused()
    expect(box(page)).to_have_value("a red cross")
    expect(page.locator(".ps-card").first).to_contain_text("First aid")
    expect(page.get_by_role("status").filter(has_text="moments")).to_contain_text(" ms")
    page.keyboard.press("Escape")
    expect(box(page)).not_to_be_focused()
    page.go_back()  # all letters were one step
    is_asked(page, ("q", "a blue ring"))
    expect(box(page)).to_have_value("a blue ring")
    page.go_back()
    is_asked(page)
    expect(page.locator(".ps-suggestion").first).to_be_visible()


SLOWLY = """() => {
  const real = window.fetch;
  window.fetch = async (path, how) => {
    if (path.includes("search?")) await new Promise((done) => setTimeout(done, 300));
    return real(path, how);
  };
}"""


def test_a_slow_machine_is_asked_at_enter_only(page: Page) -> None:
    page.evaluate(SLOWLY)
    search(page, "a blue ring")
    box(page).press("ControlOrMeta+a")
    page.keyboard.type("a red cross")
    page.wait_for_timeout(800)
    assert asked(page) == [("q", "a blue ring")]
    page.keyboard.press("Enter")
    is_asked(page, ("q", "a red cross"))


def test_steps_are_built_moved_weighed_and_taken_back(page: Page) -> None:
    search(page, "a large red circle")
    more(page, THEN, "a large blue square")
    is_asked(page, ("q", "a large red circle"), ("then", "a large blue square"))
    best = found(page)[0]
    (first, second) = best["steps"]
    assert best["title"] == "Red and blue afternoon"
    assert first["peak"] < second["peak"]
    page.get_by_label("Largest gap between the steps").select_option("15")
    press(page, "Move step 2 forward")
    is_asked(page, ("q", "a large blue square"), ("then", "a large red circle"), ("gap", "15"))
    expect(box(page)).to_have_value("a large blue square")
    swapped = [one for one in found(page) if one["video_id"] == best["video_id"]]
    assert not swapped or swapped[0]["score"] < best["score"]
    page.reload()
    is_asked(page, ("q", "a large blue square"), ("then", "a large red circle"), ("gap", "15"))
    words = page.get_by_role("textbox", name="Words")
    expect(words).to_have_value("a large red circle")
    words.fill("a pink star")  # in place
    words.press("Enter")
    is_asked(page, ("q", "a large blue square"), ("then", "a pink star"), ("gap", "15"))
    expect(words).to_be_focused()
    press(page, "Weight and role: a pink star")
    press(page, "Count more")
    is_asked(page, ("q", "a large blue square"), ("then", "1.5*a pink star"), ("gap", "15"))
    press(page, "without this")
    is_asked(page, ("q", "a large blue square"), ("not", "1.5*a pink star"))
    press(page, "Remove: a pink star")
    is_asked(page, ("q", "a large blue square"))
    for _ in range(3):
        page.go_back()
    is_asked(page, ("q", "a large blue square"), ("then", "a pink star"), ("gap", "15"))


def test_without_lowers_what_it_names_and_and_raises_it(page: Page) -> None:
    title = "Red and blue afternoon"
    alone = truth(title, "a large blue square")
    both = truth(title, "a red circle left of a blue square")

    def advantage() -> float:
        """By how much the square beside a circle is ahead of the square alone."""
        video = next(one["video_id"] for one in found(page) if one["title"] == title)
        heat = page.evaluate(
            "id => prism.api(`videos/${id}/heatmap?${prism.journey.asked()}`)", video
        )
        (curve,) = heat["curves"]
        segments = list(zip(heat["starts"], heat["ends"], curve["scores"], strict=True))

        def best(start: float, end: float) -> float:
            return float(max(score for a, b, score in segments if start <= a and b <= end + 0.5))

        return best(*both) - best(*alone)

    search(page, "a blue square")
    before = advantage()
    more(page, WITHOUT, "a red circle")
    is_asked(page, ("q", "a blue square"), ("not", "a red circle"))
    assert advantage() < before
    press(page, "Weight and role: a red circle")
    press(page, "at the same moment")
    is_asked(page, ("q", "a blue square"), ("and", "a red circle"))
    assert advantage() > before


def test_words_that_speak_of_two_steps_are_split_only_on_request(page: Page) -> None:
    search(page, "a pink circle moves up then moves left")
    is_asked(page, ("q", "a pink circle moves up then moves left"))
    page.get_by_role("button", name="Two steps?").click()
    is_asked(page, ("q", "a pink circle moves up"), ("then", "moves left"))
    expect(page.get_by_role("button", name="Two steps?")).to_have_count(0)


def picture(path: Path, video: str, seconds: float) -> Path:
    """One frame of a demo video as a file."""
    with av.open(str(DEMO / f"{video}.mp4")) as container:
        frame = next(f for f in container.decode(video=0) if f.time >= seconds)
    Image.fromarray(frame.to_ndarray(format="rgb24")).save(path)
    return path


PASTE = """async ([url, name]) => {
  const blob = await (await fetch(url)).blob();
  const data = new DataTransfer();
  data.items.add(new File([blob], name, { type: "image/jpeg" }));
  const how = { clipboardData: data, bubbles: true, cancelable: true };
  document.body.dispatchEvent(new ClipboardEvent("paste", how));
}"""


def test_examples_are_chosen_several_at_once_pasted_and_dragged(page: Page, tmp_path: Path) -> None:
    start, end = truth("Ring toss", "two large purple rings")
    clip = cut(DEMO / "Ring toss.mp4", start + 0.5, end - 0.5, tmp_path / f"{HOSTILE[:-4]} 2.mp4")
    image = picture(tmp_path / "cross.png", "First aid", 10)
    notes = tmp_path / "notes.txt"
    notes.write_text("only words")
    page.get_by_label("Example clips or images").set_input_files([image])
    expect(page.locator(".ps-card").first).to_contain_text("First aid")
    expect(page.locator(".ps-chip")).to_contain_text("cross.png")
    expect(page.locator(".ps-chip img")).to_have_js_property("complete", True)
    page.get_by_label("Example clips or images").set_input_files([clip, notes])
    expect(page.locator(".ps-error")).to_contain_text(["neither a video nor an image"])
    expect(page.locator(".ps-chip")).to_contain_text(["cross.png", "${document.title='PWNED'}"])
    press(page, "Remove: cross.png")
    expect(page.locator(".ps-card").first).to_contain_text("Ring toss")
    poster = found(page)[0]["poster"]
    page.evaluate(PASTE, [poster, "pasted.jpg"])
    expect(page.locator(".ps-steps .ps-chip")).to_contain_text(["PWNED", "pasted.jpg"])
    page.locator(".ps-card").first.drag_to(page.locator(".ps-search-bar"))
    expect(page.locator(".ps-steps .ps-chip")).to_have_count(3)
    kinds = [(name, value.partition(":")[0]) for name, value in asked(page)]
    assert kinds == [("q", "clip"), ("and", "clip"), ("and", "moment")]
    page.reload()  # examples outlive the page
    expect(page.locator(".ps-chip")).to_contain_text(["PWNED", "pasted.jpg", "Ring toss"])
    box(page).fill("purple")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?q=purple&and=clip"))


def test_an_example_can_be_stopped_on_its_way(page: Page, tmp_path: Path) -> None:
    page.route("**/api/v1/queries?*", lambda route: None)  # never answered
    image = picture(tmp_path / "cross.png", "First aid", 10)
    page.get_by_label("Example clips or images").set_input_files([image])
    expect(page.get_by_role("progressbar", name="Sending cross.png")).to_be_visible()
    press(page, "Stop sending cross.png")
    expect(page.locator(".ps-chip")).to_have_count(0)
    expect(page.locator(".ps-search-bar .ps-error")).to_be_hidden()
    assert asked(page) == []


def test_likes_and_dislikes_are_chips_to_be_undone(page: Page) -> None:
    search(page, "a red cross spins")
    moments = [f"{one['video_id']}:{one['index']}" for one in found(page)]
    likes = page.locator(".ps-narrowed .ps-chip")
    page.evaluate("id => prism.journey.like(id)", moments[0])
    page.evaluate("id => prism.journey.dislike(id)", moments[3])
    expect(likes).to_have_count(2)
    is_asked(page, ("q", "a red cross spins"), ("like", moments[0]), ("dislike", moments[3]))
    assert f"{found(page)[0]['video_id']}:{found(page)[0]['index']}" == moments[0]
    page.reload()
    expect(likes.first).to_contain_text("First aid 0:")
    expect(likes.first.locator("img")).to_have_js_property("complete", True)
    page.evaluate("id => prism.journey.like(id)", moments[3])  # no longer disliked
    is_asked(page, ("q", "a red cross spins"), ("like", moments[0]), ("like", moments[3]))
    likes.first.get_by_role("button").click()
    is_asked(page, ("q", "a red cross spins"), ("like", moments[3]))
    page.go_back()
    press(page, "Clear all")
    is_asked(page, ("q", "a red cross spins"))


def test_filters_show_counts_and_nothing_else_is_found(page: Page) -> None:
    page.evaluate(
        "prism.api('videos?limit=50').then((a) => Promise.all(a.videos.slice(0, 3).map("
        "(v) => prism.api(`videos/${v.video_id}/tags/chosen`, {method: 'PUT'}))))"
    )
    search(page, "a star")
    page.get_by_role("button", name=re.compile("^Filters")).click()
    panel = page.get_by_role("dialog", name="Filters")
    chosen = panel.get_by_role("checkbox", name="chosen")
    expect(panel.locator(".ps-choice", has_text="chosen")).to_contain_text("3")
    chosen.check()
    expect(chosen).to_be_focused()
    expect(panel.locator(".ps-choice", has_text="demo")).to_contain_text("3")
    panel.get_by_role("checkbox", name="At the end").check()
    panel.get_by_label("Shortest length").fill("0:30")
    press(page, "Add this length")
    is_asked(page, ("q", "a star"), ("tag", "chosen"), ("duration", "30-"), ("part", "0.667-1"))
    panel.get_by_label("Find a video").fill("no such title")
    expect(panel).to_contain_text("No title has these words.")
    press(page, "Done")
    expect(panel).to_have_count(0)
    moments = page.evaluate("prism.api(`search?${prism.journey.asked()}&per_video=50&limit=200`)")
    assert {one["tags"][0] for one in moments["moments"]} == {"chosen"}
    for one in moments["moments"]:
        length = page.evaluate("id => prism.api(`videos/${id}`)", one["video_id"])["duration"]
        assert one["end"] > 0.667 * length
    chips = page.locator(".ps-narrowed .ps-chip")
    expect(chips).to_contain_text(["chosen", "from 30 sec", "At the end"])
    press(page, "Remove: chosen")
    is_asked(page, ("q", "a star"), ("duration", "30-"), ("part", "0.667-1"))
    page.evaluate("prism.history.add('q=a+star', 'a star', false)")  # as if one had stayed
    press(page, "Clear the words")  # what filters leave can be looked through
    is_asked(page, ("duration", "30-"), ("part", "0.667-1"))
    expect(page.locator(".ps-before")).to_be_hidden()
    expect(page.locator(".ps-card").first).to_be_visible()
    press(page, "Clear all")
    is_asked(page)


def test_order_amount_and_the_best_of_the_library(page: Page) -> None:
    search(page, "a star")
    page.get_by_role("button", name=re.compile("^Order and amount")).click()
    press(page, "By title")
    press(page, "Fewer")
    press(page, "Best 10 %")
    press(page, "By video")
    view = [("sort", "title"), ("per_video", "2"), ("group", "video"), ("least", "10")]
    is_asked(page, ("q", "a star"), *view)
    expect(page.get_by_role("button", name="By video", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    moments = found(page)
    titles = [one["title"] for one in moments]
    assert titles == sorted(titles)
    assert max(map(titles.count, titles)) <= 2
    assert max(one["top"] for one in moments) <= 10
    page.reload()
    is_asked(page, ("q", "a star"), *view)
    expect(page.get_by_role("button", name="Order and amount: By title")).to_be_visible()
    press(page, "Remove: Best 10 % of the library")
    is_asked(page, ("q", "a star"), *view[:3])


def test_what_was_asked_before_comes_back_by_keys_alone(page: Page) -> None:
    for words in ("a red cross", "a green star"):
        search(page, words)
        page.wait_for_function("w => prism.history.recent()[0]?.name === w", arg=words)
    press(page, "Save search")
    expect(page.get_by_role("textbox", name="Save this search as")).to_be_focused()
    page.get_by_role("textbox", name="Save this search as").fill(TRICK)
    page.keyboard.press("Enter")
    expect(page.locator(".ps-notice")).to_contain_text("Saved as")
    page.goto("/")
    box(page).wait_for()
    page.keyboard.press("/")
    lines = page.locator(".ps-before-ask")
    expect(lines).to_have_count(3)
    page.keyboard.press("ArrowDown")
    expect(lines.first).to_be_focused()
    expect(lines.first).to_contain_text("<img src=x")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    is_asked(page, ("q", "a red cross"))
    press(page, "Clear the words")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Forget: <img").click()
    expect(lines.filter(has_text="<img")).to_have_count(0)
    press(page, "Clear")
    expect(lines).to_have_count(0)
    page.evaluate("localStorage.setItem('prismsearch.history', '{\"a\": [1')")
    assert page.evaluate("prism.history.recent()") == []


def test_what_is_gone_is_told_and_left_out(browser: Browser, address: str) -> None:
    gone = f"{'0' * 64}:1"
    with looked_at(browser, address, forgiven="status of 4") as page:
        page.goto(f"/?q=a+star&like={gone}")
        expect(page.locator(".ps-moment-grid .ps-status")).to_contain_text("1 rating is left out")
        page.goto(f"/?q=a+star&and=moment:{gone}&within=abc&lang=de")
        press(page, "Ohne das fragen")
        press(page, "Ohne das fragen")
        page.locator(".ps-cards .ps-card").first.wait_for()
        is_asked(page, ("q", "a star"))


def test_the_same_words_with_a_filter_are_another_search(page: Page) -> None:
    """While one types, what goes on from the last words takes their place; a filter does not."""

    def add(question: str, typed: bool = True) -> list[str]:
        page.evaluate("([one, typed]) => prism.history.add(one, one, typed)", [question, typed])
        kept: list[str] = page.evaluate("prism.history.recent().map((one) => one.question)")
        return kept

    assert add("q=a+red") == ["q=a+red"]
    assert add("q=a+red+cross") == ["q=a+red+cross"]
    narrowed = "q=a+red+cross&duration=1-"
    assert add(narrowed) == [narrowed, "q=a+red+cross"]
    assert add("q=a+red+cross+spins", False)[:2] == ["q=a+red+cross+spins", narrowed]


def test_a_link_carries_everything(page: Page) -> None:
    search(page, "a red cross spins")
    more(page, AND, "a white circle")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press(page, "Copy link")
    expect(page.locator(".ps-notice")).to_have_text("Link copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    page.goto("/")
    page.goto(link)
    is_asked(page, ("q", "a red cross spins"), ("and", "a white circle"))
    assert link == page.url


def test_no_question_can_break_the_page(browser: Browser, address: str) -> None:
    with looked_at(browser, address, forgiven="status of 4") as page:
        search(page, TRICK)
        more(page, THEN, TRICK)
        page.wait_for_function("prism.history.recent().length > 0")
        page.goto(f"/?tag={'x' * 3000}&folder=%3Cscript%3E&video=nonsense&part=9&gap=-3")
        expect(page.locator(".ps-moment-grid")).to_contain_text("Nothing found")
        page.goto("/?q=9*&and=clip:&then=moment:1:2&like=%E2%80%AE&least=0&lang=%3Cb%3E&sort=no")
        expect(page.locator(".ps-moment-grid")).to_contain_text("not usable")
        page.goto(f"/?q={'%C3%A4' * 3000}")
        expect(page.locator(".ps-moment-grid")).to_contain_text("500 characters at most")
        press(page, "Clear the words")
        is_asked(page)


@pytest.mark.parametrize("page", [390], indirect=True)
def test_a_phone_shows_it_all_without_scrolling_sideways(page: Page) -> None:
    page.goto("/?lang=de")
    search(page, "a large red circle moves left on a grey background")
    more(
        page,
        "Hinzufügen, was danach geschieht",
        "a large blue square moves right on a grey background",
    )
    more(page, "Hinzufügen, was nicht zu sehen sein soll", "green")
    page.get_by_role("button", name="Filter", exact=True).click()
    panel = page.get_by_role("dialog", name="Filter")
    panel.get_by_role("checkbox", name="Red and blue afternoon").check()
    edge = panel.bounding_box()
    assert edge is not None
    assert (edge["x"], edge["width"]) == (0, 390)
    assert round(edge["y"] + edge["height"]) == 900
    press(page, "Fertig")
    right = page.locator(".ps-search-bar *").evaluate_all(
        "all => Math.max(...all.filter((one) => one.checkVisibility())"
        ".map((one) => one.getBoundingClientRect().right))"
    )
    assert right <= 390
