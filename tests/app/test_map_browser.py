"""The map and the duplicates as a person meets them: a real process, films, a real Chromium."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from drawn import cut
from looking import FAINT, chromium, looked_at, tab
from playwright.sync_api import Browser, Page, expect
from serving import CHROMIUM, running

from app.cli import DEMO

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="NO BROWSER: the page was NOT tested. Install Chromium (apt install chromium).",
    ),
]
FILMS = ("First aid", "Deep sea", "Night sky")
PATIENCE = 180


def asked(address: str, path: str, body: bytes | None = None) -> dict[str, object]:
    """What the API answers; a body is sent."""
    kind = {"Content-Type": "application/octet-stream"}
    with urlopen(Request(f"{address}/api/v1/{path}", body, kind)) as answer:
        found: dict[str, object] = json.load(answer)
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Where three films are shown and an uploaded copy of one of them; and where they lie."""
    folder = tmp_path_factory.mktemp("films")
    for film in FILMS:
        shutil.copy(DEMO / f"{film}.mp4", folder)
    copy = cut(DEMO / "First aid.mp4", 4, 30, folder.parent / "Sent copy.mp4")
    where = ("--model", "toy", "--data-dir", str(tmp_path_factory.mktemp("data")), "--port", "0")
    with running("serve", str(folder), *where) as address:
        asked(address, "videos?title=Sent+copy.mp4", copy.read_bytes())
        deadline = time.monotonic() + PATIENCE
        while asked(address, "status")["counts"]["done"] < 4:  # type: ignore[index]
            assert time.monotonic() < deadline
            time.sleep(0.3)
        yield address, folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def count(page: Page) -> int:
    """How many moments are chosen on the map."""
    words = page.locator(".ps-map-choice span").inner_text()
    return int(re.match(r"[\d,]+", words)[0].replace(",", ""))  # type: ignore[index]


def painted(page: Page) -> int:
    """How many colours the map's points have: a few grey ones, or many."""
    return int(page.evaluate(COLOURS))


COLOURS = """(() => {
  const canvas = document.querySelector('.ps-map canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Map();
  for (let i = 0; i < data.length; i += 4) {
    const key = data[i] * 65536 + data[i + 1] * 256 + data[i + 2];
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  return [...seen.values()].filter((many) => many > 30).length;
})()"""


def test_the_map_is_made_looked_at_and_searched_within(
    browser: Browser, served: tuple[str, Path]
) -> None:
    with looked_at(browser, served[0]) as page:
        tab(page, "Map")
        expect(page.get_by_text("See the whole library at a glance")).to_be_visible()
        page.get_by_role("button", name="Make the map").click()
        expect(page.get_by_role("progressbar", name="Making the map")).to_be_visible()
        canvas = page.locator(".ps-map canvas")
        expect(canvas).to_be_visible(timeout=PATIENCE * 1000)
        expect(canvas).to_have_attribute(
            "aria-label", re.compile(r"Map of 6\d moments of 4 videos")
        )
        expect(page.locator(".ps-map-state")).to_contain_text("moments of 4 videos.")
        assert page.evaluate(FAINT) == []

        # Groups stand for what is on it; going to one brings it under the pointer.
        page.get_by_role("button", name="Pictures").click()
        assert painted(page) > 4
        page.locator(".ps-map-groups button").first.click()
        page.wait_for_timeout(500)
        page.get_by_role("button", name="Choose what is in view").press("Enter")
        near = count(page)
        page.get_by_role("button", name="Choose nothing").press("Enter")
        page.get_by_role("button", name="Show all of it").press("Enter")
        page.wait_for_timeout(500)
        page.get_by_role("button", name="Choose what is in view").press("Enter")
        assert 0 < near < count(page) == int(asked(served[0], "map?points=false")["count"])  # type: ignore[call-overload]
        page.get_by_role("button", name="Choose nothing").click()

        # A point is hovered, and opens its moment in the player; by keys alone as well.
        x, y = page.evaluate(POINT)
        page.mouse.move(x, y)
        card = page.locator(".ps-map-card")
        expect(card).to_be_visible()
        title = card.locator("strong").inner_text()
        page.mouse.click(x, y)
        expect(page.locator(".ps-title")).to_have_text(title)
        assert "tab=map" in page.url
        page.get_by_role("button", name="Close").first.click()
        canvas.focus()
        for key in ("+", "+", "ArrowLeft", "-", "0"):
            canvas.press(key)

        # A line around some of them makes the scope of a search.
        box = canvas.bounding_box()
        assert box is not None
        page.get_by_role("button", name="Draw around moments").click()
        corners = [(0.02, 0.02), (0.55, 0.02), (0.55, 0.98), (0.02, 0.98), (0.02, 0.1)]
        places = [(box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in corners]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=4)
        page.mouse.up()
        drawn = count(page)
        assert drawn > 0
        with page.expect_response("**/api/v1/selections"):
            page.get_by_role("button", name="Search within these").click()
        expect(page).to_have_url(re.compile(r"within=[0-9a-f]{16}"))
        expect(page.locator(".ps-card").first).to_be_visible()

        # What answers a question stands out.
        page.goto("/?q=a+red+cross+spins&tab=map")
        expect(page.get_by_role("button", name="What answers the question")).to_be_visible()
        page.wait_for_function(f"({COLOURS}) > 1")
        with_question = painted(page)
        page.get_by_role("button", name="What answers the question").click()
        page.get_by_role("button", name="Pictures").click()
        page.wait_for_timeout(300)
        assert painted(page) != with_question


# Where a point of the map is on the screen: somewhere its colour is not the ground's.
POINT = """(() => {
  const canvas = document.querySelector('.ps-map canvas');
  const ratio = canvas.width / canvas.clientWidth;
  const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const ground = data.slice(0, 3).join();
  for (let i = width * 4 * 40; i < data.length; i += 4) {
    if (data.slice(i, i + 3).join() === ground) continue;
    const edge = canvas.getBoundingClientRect();
    const [x, y] = [(i / 4) % width, Math.floor(i / 4 / width)];
    return [edge.left + x / ratio, edge.top + y / ratio + 2];
  }
})()"""


@pytest.mark.parametrize("look", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_on_a_phone_the_map_moves_under_the_finger(
    browser: Browser, served: tuple[str, Path], look: str
) -> None:
    asked(served[0], "map", b"")
    with looked_at(browser, served[0], 390, has_touch=True, color_scheme=look) as page:
        page.goto("/?tab=map&lang=de")
        expect(page.locator(".ps-map canvas")).to_be_visible(timeout=PATIENCE * 1000)
        expect(page.get_by_role("button", name="Momente umranden")).to_be_visible()
        assert page.evaluate(FAINT) == []
        small = page.evaluate(
            "[...document.querySelectorAll('.ps-map button')].filter((b) => b.checkVisibility())"
            ".map((b) => b.getBoundingClientRect()).filter((b) => b.width < 24 || b.height < 24)"
        )
        assert small == []


def test_of_two_copies_one_stays(browser: Browser, served: tuple[str, Path]) -> None:
    address, folder = served
    with looked_at(browser, address) as page:
        tab(page, "Library")
        page.get_by_role("button", name="Look for duplicates").click()
        expect(page.locator("#ps-twice > li")).to_have_count(1, timeout=PATIENCE * 1000)
        group = page.locator("#ps-twice > li")
        expect(group).to_contain_text("2 videos show the same")
        titles = group.locator(".ps-name").all_inner_texts()
        assert titles == ["First aid", "Sent copy"]  # the longer one first, and suggested
        expect(group).to_contain_text("Suggested: the longest")
        assert page.evaluate(FAINT) == []
        part = group.get_by_role("button", name=re.compile("Play “First aid” from 0:0[3-6]"))
        part.press("Enter")
        expect(page.locator(".ps-title")).to_have_text("First aid")
        expect(page).to_have_url(re.compile(r"t=[3-6]"))
        keep = group.get_by_role("button", name="Keep this one")
        expect(keep).to_have_count(1)  # the longer one is in no other video
        keep.click()
        question = page.get_by_role("alertdialog")
        expect(question).to_contain_text("“Sent copy” was uploaded here: its file is deleted")
        question.get_by_role("button", name="Keep both").click()
        assert len(asked(address, "videos")["videos"]) == 4  # type: ignore[arg-type]
        keep.click()
        question.get_by_role("button", name="Delete it for good").click()
        expect(page.locator(".ps-duplicates")).to_contain_text("No video shows the same")
        expect(page.locator(".ps-videos")).not_to_contain_text("Sent copy")
    assert len(asked(address, "videos")["videos"]) == 3  # type: ignore[arg-type]
    assert sorted(path.stem for path in folder.iterdir()) == sorted(FILMS)
