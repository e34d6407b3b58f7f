"""Tags, marks, saved searches, selections, facets and filtered searches over HTTP."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from drawn import BLUE, GREEN, RED, draw
from fastapi.testclient import TestClient
from serving import application

from indexer.engine import Engine
from indexer.settings import Settings

NOBODY = "0" * 64
HOSTILE = "<img src=x onerror=alert(1)> ${x} `a/b` ?#%"
TURNED = "\u202e" + HOSTILE + "\u2069"  # what steers the direction of writing is left out


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Three short videos in two folders, indexed."""
    folder = tmp_path_factory.mktemp("root") / "Films"
    (folder / "old").mkdir(parents=True)
    draw(folder / "red.mp4", RED, 12)
    draw(folder / "old" / "blue.mp4", BLUE, 9)
    draw(folder / "old" / "green.mp4", GREEN, 9)
    with Engine.open(Settings(data_dir=tmp_path_factory.mktemp("data"), model="toy")) as engine:
        engine.add_folder(folder)
        engine.worker.start()
        assert engine.worker.wait(120)
        yield engine


@pytest.fixture(scope="module")
def client(tagged: Engine) -> Iterator[TestClient]:
    with TestClient(application(tagged), base_url="http://localhost/api/v1") as client:
        yield client


@pytest.fixture
def api(client: TestClient, tagged: Engine) -> TestClient:
    """The videos without a word said of them."""
    for table in ("tags", "marks", "saved", "selections", "selected"):
        tagged.library.database.rows(f"DELETE FROM {table}")
    return client


@pytest.fixture
def ids(api: TestClient) -> dict[str, str]:
    videos = api.get("/videos").json()["videos"]
    return {one["title"]: one["video_id"] for one in videos}


def refused(answer: Any) -> tuple[int, str]:
    assert answer.json().keys() == {"error"}
    return answer.status_code, answer.json()["error"]["code"]


# Tags and marks.


def test_a_video_is_tagged_as_often_as_one_likes(api: TestClient, ids: dict[str, str]) -> None:
    place = f"/videos/{ids['red']}/tags"
    for tag in ("Am Meer", "am meer", TURNED):
        for _ in range(2):
            assert api.put(f"{place}/{quote(tag, safe='')}").status_code == 200
    told = {"tags": [HOSTILE, "am meer"]}
    assert api.get(place).json() == told
    video = api.get(f"/videos/{ids['red']}").json()
    assert (video["tags"], video["folder"], video["recorded_at"]) == (*told.values(), "Films", None)
    for _ in range(2):
        assert api.delete(f"{place}/{quote(HOSTILE, safe='')}").status_code == 204
    assert api.get("/tags").json() == {"tags": [{"tag": "am meer", "videos": 1, "moments": 0}]}


def test_a_stretch_is_marked_and_unmarked(api: TestClient, ids: dict[str, str]) -> None:
    asked = {"start": 2, "end": 4.5, "tag": HOSTILE}
    made = api.post(f"/videos/{ids['red']}/marks", json={**asked, "tag": TURNED})
    assert made.status_code == 201
    mark = made.json()
    assert {name: mark[name] for name in asked} == asked
    assert api.post(f"/videos/{ids['red']}/marks", json=asked).json() == mark
    assert api.get(f"/videos/{ids['red']}/marks").json() == {"marks": [mark]}
    assert api.get("/tags").json() == {"tags": [{"tag": HOSTILE, "videos": 1, "moments": 1}]}
    for _ in range(2):
        assert api.delete(f"/marks/{mark['mark_id']}").status_code == 204
    assert api.get(f"/videos/{ids['red']}/marks").json() == {"marks": []}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"start": 4, "end": 2, "tag": "a"}, "bad_stretch"),
        ({"start": 2, "end": 99, "tag": "a"}, "bad_stretch"),
        ({"start": 2, "end": 4, "tag": " "}, "bad_label"),
        ({"start": 2, "end": 4, "tag": "\u202e"}, "bad_label"),
        ({"start": 2, "end": 4, "tag": "x" * 61}, "bad_label"),
        ({"start": -1, "end": 4, "tag": "a"}, "bad_request"),
        ({"start": "soon", "end": 4, "tag": "a"}, "bad_request"),
        ({"start": 2, "end": 4, "tag": "x" * 10_000}, "bad_request"),
        ({"start": 2, "end": 4}, "bad_request"),
        ([], "bad_request"),
    ],
)
def test_what_is_no_mark_is_refused(
    api: TestClient, ids: dict[str, str], asked: object, code: str
) -> None:
    assert refused(api.post(f"/videos/{ids['red']}/marks", json=asked)) == (400, code)
    assert api.get("/tags").json() == {"tags": []}


def test_what_is_not_there_cannot_be_tagged(api: TestClient) -> None:
    mark = {"start": 0, "end": 1, "tag": "a"}
    assert refused(api.put(f"/videos/{NOBODY}/tags/a")) == (404, "unknown_video")
    assert refused(api.post(f"/videos/{NOBODY}/marks", json=mark)) == (404, "unknown_video")
    assert refused(api.get(f"/videos/{NOBODY}/tags")) == (404, "unknown_video")
    assert api.delete(f"/videos/{NOBODY}/tags/a").status_code == 204
    assert refused(api.delete("/marks/first")) == (400, "bad_request")


def test_a_read_only_library_refuses_all_but_selections(
    api: TestClient, ids: dict[str, str], tagged: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_only = tagged.settings.model_copy(update={"read_only": True})
    monkeypatch.setattr(tagged, "settings", read_only)
    changes: tuple[Callable[[], Any], ...] = (
        lambda: api.put(f"/videos/{ids['red']}/tags/a"),
        lambda: api.delete(f"/videos/{ids['red']}/tags/a"),
        lambda: api.post(f"/videos/{ids['red']}/marks", json={"start": 0, "end": 1, "tag": "a"}),
        lambda: api.delete("/marks/1"),
        lambda: api.put("/searches/a", json={"question": "q=a"}),
        lambda: api.delete("/searches/a"),
    )
    for change in changes:
        assert refused(change()) == (403, "read_only")
        assert "read-only" in change().json()["error"]["message"]
    chosen = {"videos": {ids["red"]: [[0, 1]]}}
    assert api.post("/selections", json=chosen).status_code == 201


# Saved searches and selections.


def test_a_search_is_saved_under_any_name(api: TestClient) -> None:
    place = f"/searches/{quote(TURNED, safe='')}"
    for question in ("q=red", "q=red&tag=a%26b&then=blue"):
        saved = api.put(place, json={"question": question}).json()
    assert (saved["name"], saved["question"]) == (HOSTILE, "q=red&tag=a%26b&then=blue")
    assert api.get("/searches").json() == {"searches": [saved]}
    for _ in range(2):
        assert api.delete(place).status_code == 204
    assert api.get("/searches").json() == {"searches": []}
    assert refused(api.put(place, json={"question": ""})) == (400, "bad_label")
    assert refused(api.put(place, json={})) == (400, "bad_request")


def test_a_selection_is_told_by_its_id(api: TestClient, ids: dict[str, str]) -> None:
    asked = {"videos": {ids["red"]: [[4, 6], [2, 5]], NOBODY: [[0, 1]]}}
    made = api.post("/selections", json=asked).json()
    assert api.get(f"/selections/{made['selection']}").json() == {
        **made,
        "videos": {ids["red"]: [[2.0, 6.0]]},
    }
    assert refused(api.get("/selections/none")) == (404, "not_found")
    for wrong in ({"videos": {"red": [[0, 1]]}}, {"videos": {ids["red"]: [[0]]}}, {}):
        assert refused(api.post("/selections", json=wrong)) == (400, "bad_request")
    for odd in ({}, {ids["red"]: []}, {ids["red"]: [[9, 3]]}, {ids["red"]: [[0, 1], [3, 3]]}):
        assert refused(api.post("/selections", json={"videos": odd})) == (400, "bad_stretch")


def test_a_selection_that_is_not_kept_is_told(api: TestClient) -> None:
    answer = api.get("/search?q=red&within=abc&within=4c88")
    assert refused(answer) == (404, "not_found")
    error = answer.json()["error"]
    assert "make it again on the map" in error["message"]
    assert error["gone"] == ["within=abc", "within=4c88"]
    assert refused(api.get("/export?format=csv&q=red&within=abc")) == (404, "not_found")


# Filters.


def found(api: TestClient, *question: tuple[str, str]) -> list[tuple[str, float, float]]:
    """Titles and stretches of everything that a question finds."""
    asked = [*question, ("limit", "200"), ("per_video", "50")]
    answer = api.get("/search", params=asked)
    assert answer.status_code == 200, answer.text
    return [(one["title"], one["start"], one["end"]) for one in answer.json()["moments"]]


@pytest.mark.parametrize("words", [(), (("q", "a red disc"),), (("q", "blue"), ("not", "red"))])
def test_nothing_outside_the_filters_is_found(
    api: TestClient, ids: dict[str, str], words: tuple[tuple[str, str], ...]
) -> None:
    api.put(f"/videos/{ids['blue']}/tags/sea")
    api.post(f"/videos/{ids['red']}/marks", json={"start": 4.5, "end": 5, "tag": "Sea"})
    chosen = api.post("/selections", json={"videos": {ids["red"]: [[0, 5]]}}).json()["selection"]

    def titles(*filters: tuple[str, str]) -> set[str]:
        return {title for title, _, _ in found(api, *words, *filters)}

    assert titles(("folder", "Films")) == {"red", "blue", "green"}
    assert titles(("folder", "Films/old")) == {"blue", "green"}
    assert titles(("tag", "SEA")) == {"blue", "red"}
    assert titles(("tag", "sea"), ("within", chosen)) == {"red"}
    assert titles(("tag", "sea"), ("folder", "Films/old")) == {"blue"}
    assert titles(("video", ids["green"]), ("video", ids["red"])) == {"green", "red"}
    assert titles(("duration", "10-")) == {"red"}
    assert titles(("tag", "none")) == set()
    assert titles(("tag", "sea"), ("video", ids["green"])) == set()
    assert titles(("recorded", "2000-01-01..")) == set()
    for title, start, end in found(api, *words, ("tag", "sea"), ("video", ids["red"])):
        assert title == "red"
        assert start < 5
        assert end > 4.5


def test_the_middle_of_a_segment_selects_that_segment_alone(
    api: TestClient, ids: dict[str, str]
) -> None:
    segments = api.get(f"/videos/{ids['red']}/segments").json()["segments"]
    for one in segments[:-1]:  # the last one may lie anywhere beside the one before
        quarter = (one["end"] - one["start"]) / 4
        stretch = [one["start"] + quarter, one["end"] - quarter]
        body = {"videos": {ids["red"]: [stretch]}}
        chosen = api.post("/selections", json=body).json()["selection"]
        whole = ("red", one["start"], one["end"])
        assert found(api, ("q", "a red disc"), ("within", chosen)) == [whole]


def test_facets_tell_what_each_choice_leaves(api: TestClient, ids: dict[str, str]) -> None:
    api.put(f"/videos/{ids['blue']}/tags/sea")
    api.post(f"/videos/{ids['red']}/marks", json={"start": 4, "end": 5, "tag": "Sea"})
    told = api.get("/facets", params={"folder": "Films/old"}).json()
    assert told["folders"] == [
        {"folder": "Films", "count": 3},
        {"folder": "Films/old", "count": 2},
    ]
    assert told["tags"] == [{"tag": "sea", "count": 1, "moments": 0}]
    assert told["videos"] == [
        {"video_id": ids[title], "title": title, "count": 1} for title in ("blue", "green")
    ]
    assert told["durations"][0] == {"from": 0.0, "to": 60.0, "count": 2}
    assert told["durations"][-1] == {"from": 3600.0, "to": None, "count": 0}
    assert told["recorded"] == []
    (month,) = told["added"]
    assert month["count"] == 2
    assert found(api, ("added", f"{month['from']}..{month['to']}"), ("folder", "Films/old"))
    assert [one["title"] for one in api.get("/facets?words=RE").json()["videos"]] == [
        "green",
        "red",
    ]
    assert refused(api.get("/facets?duration=9-1")) == (400, "bad_request")
