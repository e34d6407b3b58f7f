"""GET /metrics over a real engine: it can be scraped, and it tells nobody's titles."""

from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from indexer.engine import Engine


def test_a_scraper_reads_what_the_library_holds(client: TestClient, engine: Engine) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    states = {s.labels["state"]: s.value for s in families["prismsearch_videos"].samples}
    assert states["done"] == len(engine.library.videos("done")) > 0
    (segments,) = families["prismsearch_segments"].samples
    assert segments.value == engine.store.count()


def test_no_title_and_no_path_is_told(client: TestClient, engine: Engine) -> None:
    text = client.get("/metrics").text
    for video in engine.library.videos():
        assert video.title not in text
        assert str(video.path.parent) not in text


def test_another_site_gets_nothing(client: TestClient) -> None:
    assert client.get("/metrics", headers={"host": "evil.example"}).status_code == 421
