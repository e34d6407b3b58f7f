"""The demo as a person meets it: a real process, a real model, a real browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from drawn import GREEN, HOSTILE, cut, draw
from looking import FAINT, chromium, looked_at, tab
from playwright.sync_api import Browser, Page, expect
from serving import CHROMIUM, running_demo

from app.cli import DEMO, SUGGESTIONS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="NO BROWSER: the page was NOT tested. Install Chromium (apt install chromium).",
    ),
]


def truth(title: str, caption: str) -> tuple[float, float]:
    """From when to when, in seconds, the demo video of this title shows what the caption says."""
    videos = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
    events = next(video["events"] for video in videos if video["title"] == title)
    return next((e["start"], e["end"]) for e in events if e["caption"].startswith(caption))


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a demo serves, with all of its videos ready."""
    with running_demo(tmp_path_factory.mktemp("demo")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, indexed: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    with looked_at(browser, indexed, getattr(request, "param", 1440)) as page:
        yield page


def look_for(page: Page, words: str) -> None:
    """Type words as a person does, and wait for what is found."""
    page.locator("#ps-words").wait_for()
    page.keyboard.press("/")
    page.keyboard.type(words)
    with page.expect_response("**/api/v1/search?*"):
        page.keyboard.press("Enter")
    page.locator(".ps-card").first.wait_for()


def playing_within(page: Page, start: float, end: float) -> None:
    """Wait until the video plays between these seconds."""
    page.wait_for_function(
        "([a, b]) => { const v = document.querySelector('video');"
        " return !v.paused && v.currentTime > a && v.currentTime < b; }",
        arg=[start, end],
    )


def seconds(page: Page) -> float:
    """Where the player is."""
    return float(page.evaluate("document.querySelector('video').currentTime"))


def test_words_play_the_right_moment(page: Page) -> None:
    look_for(page, "a red cross spins")
    best = page.locator(".ps-card").first
    expect(best).to_contain_text("First aid")
    best.click()
    playing_within(page, *truth("First aid", "a large red cross spins"))
    expect(best).to_have_attribute("aria-current", "true")
    expect(page.locator(".ps-title")).to_have_text("First aid")
    assert "q=a+red+cross+spins&v=" in page.url


def test_the_heat_is_where_the_moment_is_and_seeks(page: Page) -> None:
    look_for(page, "a red cross spins")
    page.locator(".ps-card").first.click()
    start, end = truth("First aid", "a large red cross spins")
    playing_within(page, start, end)
    page.wait_for_function(HOTTEST + " >= 0")
    hottest = page.evaluate(HOTTEST) * 37.5
    assert start - 1 < hottest < end + 1
    page.evaluate("document.querySelector('video').pause()")
    line = page.locator(".ps-heat")
    box = line.bounding_box()
    assert box is not None
    line.click(position={"x": box["width"] * 0.8, "y": 20})
    assert seconds(page) == pytest.approx(0.8 * 37.5, abs=0.3)
    line.press("ArrowLeft")
    assert seconds(page) == pytest.approx(0.8 * 37.5 - 1, abs=0.3)
    expect(page).to_have_url(re.compile("t=29$"))


# The share of the width at which the painted column is highest, or -1 while nothing is painted;
# columns painted from top to bottom are the play-head.
HOTTEST = """(() => {
  const canvas = document.querySelector('.ps-heat');
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const heights = Array.from({ length: width }, (_, x) => {
    let count = 0;
    for (let y = 0; y < height; y += 1) if (data[4 * (y * width + x) + 3] > 0) count += 1;
    return count < height ? count : 0;
  });
  const best = Math.max(...heights);
  return best > 5 ? heights.indexOf(best) / width : -1;
})()"""


def test_every_suggestion_finds_its_moment(page: Page, indexed: str) -> None:
    shown = page.locator(".ps-suggestion")
    expect(shown).to_have_count(len(SUGGESTIONS))
    expected = {
        "a red cross spins": ("First aid", "a large red cross spins"),
        "three yellow triangles move right": ("Pyramids", "three small yellow triangles"),
        "a blue ring below a green star": ("Deep sea", "a blue ring below"),
        "a pink circle moves up then moves left": ("Lost balloons", "a large pink circle"),
        "a purple ring circles around": ("Ring toss", "a large purple ring circles"),
    }
    for words in SUGGESTIONS:
        answer = page.request.get("/api/v1/search", params={"q": words}).json()
        best = answer["moments"][0]
        start, end = truth(*expected[words])
        assert best["title"] == expected[words][0], words
        assert start <= best["peak"] <= end, words
    shown.first.click()
    expect(page.locator("#ps-words")).to_have_value(SUGGESTIONS[0])


def test_an_example_video_finds_its_like(page: Page, tmp_path: Path) -> None:
    start, end = truth("Ring toss", "two large purple rings")
    clip = cut(DEMO / "Ring toss.mp4", start + 0.5, end - 0.5, tmp_path / "two rings.mp4")
    page.get_by_label("Example clips or images").set_input_files(clip)
    best = page.locator(".ps-card").first
    expect(best).to_contain_text("Ring toss")
    expect(page.locator(".ps-chip")).to_contain_text("two rings.mp4")
    best.click()
    playing_within(page, start - 1, end + 1)
    page.wait_for_function(HOTTEST + " >= 0")
    page.get_by_role("button", name="Remove: two rings.mp4").click()
    expect(page.locator(".ps-card")).to_have_count(0)
    assert "clip" not in page.url


def test_classes_over_time(page: Page) -> None:
    tab(page, "Classes")
    page.get_by_label("Video", exact=True).select_option(label="First aid")
    page.get_by_label("Classes, one a line").fill("a red cross\na blue ring\na yellow star")
    page.get_by_role("button", name="Show over time").click()
    expect(page.locator(".ps-class-row")).to_have_count(3)
    expect(page.locator(".ps-class-row.ps-top")).to_contain_text("a red cross")
    track = page.locator(".ps-track").last
    box = track.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function("Math.abs(document.querySelector('video').currentTime - 18.75) < 0.4")


def test_uploads_good_and_bad(page: Page, tmp_path: Path) -> None:
    good = draw(tmp_path / HOSTILE, GREEN, 5)
    bad = tmp_path / "notes.mp4"
    bad.write_text("only words")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    tab(page, "Library")
    page.get_by_label("Videos to add").set_input_files([good, bad, empty])
    expect(page.locator(".ps-sending")).to_contain_text("“empty.mp4” is empty.")
    ready = page.locator(".ps-videos li", has_text="${document.title='PWNED'}")
    failed = page.locator(".ps-videos li", has_text="notes")
    expect(ready).to_contain_text("Ready")
    expect(ready).to_contain_text("<img src=x onerror=")
    expect(failed).to_contain_text("not a video")
    ready.locator(".ps-open-video").click()
    expect(page.locator(".ps-title")).to_contain_text("`tick` ${document.title=")
    assert page.locator("img[src=x]").count() == 0
    for row in (ready, failed):
        row.get_by_role("button", name="What to do with").click()
        page.get_by_role("menuitem", name="Remove").click()
        page.get_by_role("button", name="Remove", exact=True).click()
        expect(row).to_have_count(0)
    assert "v=" not in page.url  # the player let go of the video that is gone


def test_a_link_opens_the_moment_and_back_works(page: Page) -> None:
    look_for(page, "a purple ring circles around")
    best = page.locator(".ps-cards li").first
    video = best.get_attribute("data-video")
    page.goto(f"/?q=a+red+cross+spins&v={video}&t=20.5")
    page.wait_for_function("document.querySelector('video')?.readyState > 0")
    page.wait_for_function("Math.abs(document.querySelector('video').currentTime - 20.5) < 0.1")
    expect(page.locator("#ps-words")).to_have_value("a red cross spins")
    expect(page.locator(".ps-card").first).to_contain_text("First aid")
    expect(page.locator(".ps-title")).to_have_text("Ring toss")
    page.locator(".ps-card").first.click()
    playing_within(page, 6.5, 13)
    page.go_back()
    expect(page.locator(".ps-title")).to_have_text("Ring toss")
    page.wait_for_function("Math.abs(document.querySelector('video').currentTime - 20.5) < 0.5")


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(page: Page, look: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=look)
    page.reload()
    look_for(page, "a red cross spins")
    for name in ("Search", "Classes", "Library"):
        tab(page, name)
        page.wait_for_timeout(300)  # colours fade over
        assert page.evaluate(FAINT) == []


@pytest.mark.parametrize("page", [390], indirect=True)
def test_on_a_phone_the_player_is_on_top(page: Page) -> None:
    look_for(page, "a red cross spins")
    page.locator(".ps-card").nth(3).click()
    page.wait_for_function("!document.querySelector('video').paused")
    for name in ("Search", "Classes", "Library"):
        tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tab(page, "Search")
    page.locator(".ps-card").last.scroll_into_view_if_needed()
    player = page.locator("video").bounding_box()
    assert player is not None
    assert player["y"] == pytest.approx(0, abs=1)  # it stays in sight
    assert player["width"] == pytest.approx(390, abs=1)
