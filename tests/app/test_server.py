"""The whole application: the page is there, and Gradio offers nothing beside it."""

import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from app.components.parts import FOLDER, head
from app.security import CONTENT_SECURITY_POLICY
from indexer.engine import Engine


def test_the_page_is_served_with_its_policy(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert "PrismSearch" in answer.text
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_gradio_has_no_events_and_no_api(client: TestClient) -> None:
    config = client.get("/config").json()
    assert config["dependencies"] == []
    assert config["analytics_enabled"] is False
    assert client.get("/gradio_api/info").json() == {
        "named_endpoints": {},
        "unnamed_endpoints": {},
    }


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/gradio_api/mcp/schema"])
def test_what_is_not_meant_for_people_is_not_there(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_gradio_serves_no_file_of_ours(client: TestClient, engine: Engine, folder: Path) -> None:
    data_dir = engine.settings.data_dir
    for path in (data_dir / "library.db", folder / "red disc.mp4", FOLDER / "parts.py"):
        assert path.exists()
        assert client.get(f"/gradio_api/file={path}").status_code in (403, 404)


def test_no_other_origin_is_trusted(client: TestClient) -> None:
    foreign = {"origin": "https://evil.example", "host": "127.0.0.1"}
    answer = client.get("/api/v1/info", headers=foreign)
    assert "access-control-allow-origin" not in answer.headers
    asked = {**foreign, "access-control-request-method": "DELETE"}
    assert client.options("/api/v1/videos/x", headers=asked).status_code == 400


def test_scripts_never_make_markup_of_data() -> None:
    for script in FOLDER.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in text, f"{script.name} uses {way}"


def test_every_script_and_style_is_used() -> None:
    shipped = {path.stem for path in FOLDER.glob("*.css")}
    text = head()
    assert all((FOLDER / f"{name}.css").read_text("utf-8") in text for name in shipped)


def test_building_the_page_writes_nothing_beside_the_source() -> None:
    assert not list(FOLDER.parent.rglob("*.pyi"))


def test_a_connection_outlasts_a_pause(served: str) -> None:
    connection = HTTPConnection(urlsplit(served).netloc)
    for pause in (6, 0):
        connection.request("GET", "/api/v1/info")
        assert connection.getresponse().read()  # it does not connect anew where it was hung up
        time.sleep(pause)
    connection.close()
