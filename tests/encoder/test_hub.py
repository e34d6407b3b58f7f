"""Downloads, against a hub of our own that can also misbehave."""

import time
from pathlib import Path

import pytest

from encoder import hub
from encoder.catalogue import get_card
from encoder.checkpoints import find_weights
from encoder.errors import CheckpointError, DownloadError

REPO = "google/some-model"


def fetch(fake_hub, said: list[str] | None = None, file: str = "weights.npz") -> Path:
    report = None if said is None else said.append
    return hub.fetch(REPO, file, cache_dir=fake_hub.cache, report=report)


def kept(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file() and path.read_bytes() == b"whole"]


def test_a_file_is_fetched_checked_once_and_kept(fake_hub) -> None:
    fake_hub.files[f"{REPO}/weights.npz"] = b"whole"
    said: list[str] = []

    first = fetch(fake_hub, said)
    asked = len(fake_hub.requests)
    second = fetch(fake_hub, said)

    assert first.read_bytes() == b"whole"
    assert second == first
    assert len(fake_hub.requests) == asked, "a kept file needs no hub"
    assert [line.split()[0] for line in said] == ["Fetching", "Checking"]


def test_a_file_that_changed_on_disk_is_checked_again(fake_hub) -> None:
    fake_hub.files[f"{REPO}/weights.npz"] = b"whole"
    fetch(fake_hub).resolve().write_bytes(b"rotten")

    with pytest.raises(DownloadError, match=r"weights\.npz arrived damaged and was removed"):
        fetch(fake_hub)
    assert fetch(fake_hub).read_bytes() == b"whole"


def test_wrong_content_is_refused_and_removed(fake_hub) -> None:
    fake_hub.files[f"{REPO}/weights.npz"] = b"whole"
    fake_hub.claimed_sha256 = "0" * 64

    with pytest.raises(DownloadError, match="damaged"):
        fetch(fake_hub)
    assert kept(fake_hub.cache) == []
    fake_hub.claimed_sha256 = None
    assert fetch(fake_hub).read_bytes() == b"whole"


def test_half_a_file_is_never_taken_for_whole(fake_hub) -> None:
    fake_hub.files[f"{REPO}/weights.npz"] = b"whole"
    fake_hub.claimed_size = 10

    with pytest.raises(DownloadError, match="size 10"):
        fetch(fake_hub)
    assert kept(fake_hub.cache) == []


def test_a_cache_that_may_only_be_read_still_serves(fake_hub) -> None:
    fake_hub.files[f"{REPO}/weights.npz"] = b"whole"
    path = fetch(fake_hub)
    stamps = path.resolve().parent.parent / "verified"
    next(stamps.iterdir()).unlink()
    stamps.rmdir()
    stamps.write_text("a file where the folder should be")

    assert fetch(fake_hub) == path


def test_a_missing_file_is_told_from_an_absent_hub(fake_hub) -> None:
    with pytest.raises(hub.MissingOnHubError, match=r"no weights\.npz of google/some-model"):
        fetch(fake_hub)


@pytest.mark.usefixtures("no_hub")
def test_an_unreachable_hub_ends_in_one_message_soon(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(DownloadError) as caught:
        find_weights(get_card("videoprism_lvt_public_v1_base"), cache_dir=tmp_path)

    assert time.monotonic() - started < 5
    for part in (
        "flax_lvt_base_f16r288_repeated.npz (0.99 GB)",
        "https://huggingface.co/google/videoprism-lvt-base-f16r288 ",
        "--weights FILE",
        "spiece.model from https://huggingface.co/google/siglip-base-patch16-224 ",
        "--tokenizer FILE",
        "`prismsearch demo` works",
    ):
        assert part in str(caught.value)


def test_a_silent_hub_is_given_up_on(fake_hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "TIMEOUT", 0.2)
    fake_hub.silent.set()
    started = time.monotonic()
    with pytest.raises(DownloadError, match="could not be fetched"):
        fetch(fake_hub)
    assert time.monotonic() - started < 2
    assert len(fake_hub.requests) == 1, "no retries"


def test_weights_given_bundled_or_nowhere(tmp_path: Path) -> None:
    base, toy = get_card("videoprism_lvt_public_v1_base"), get_card("toy")
    assert find_weights(base, weights=tmp_path / "mine.npz") == tmp_path / "mine.npz"
    assert find_weights(toy).parts[-3:] == ("assets", "toy", "toy_lvt.npz")
    with pytest.raises(
        CheckpointError, match=r"No weights of videoprism_v1_giant .* --weights FILE"
    ):
        find_weights(get_card("videoprism_v1_giant"))


def test_a_plain_url_appears_whole_or_not_at_all(fake_hub, tmp_path: Path) -> None:
    fake_hub.files["a/b/c.model"] = b"whole"
    target = tmp_path / "deep" / "c.model"
    with pytest.raises(DownloadError, match="404"):
        hub.fetch_url(f"{fake_hub.url}/a/b/resolve/main/other.model", target)
    assert list(tmp_path.rglob("*.model*")) == []

    url = f"{fake_hub.url}/a/b/resolve/main/c.model"
    assert hub.fetch_url(url, target).read_bytes() == b"whole"
    asked = len(fake_hub.requests)
    assert hub.fetch_url(url, target) == target
    assert len(fake_hub.requests) == asked


def test_an_answer_that_breaks_off_is_told_in_words(fake_hub, tmp_path: Path) -> None:
    fake_hub.files["a/b/c.model"] = b"whole"
    fake_hub.withheld = 10
    with pytest.raises(DownloadError, match=r"c\.model could not be fetched .*5 bytes read"):
        hub.fetch_url(f"{fake_hub.url}/a/b/resolve/main/c.model", tmp_path / "c.model")
    assert list(tmp_path.glob("c.model*")) == []


def test_a_forgotten_file_is_fetched_anew(fake_hub) -> None:
    fake_hub.files[f"{REPO}/weights.npz"] = b"wrong"
    path = fetch(fake_hub)
    fake_hub.files[f"{REPO}/weights.npz"] = b"whole"
    assert fetch(fake_hub).read_bytes() == b"wrong"
    hub.forget(path)
    hub.forget(path)  # what is not there needs no forgetting
    assert fetch(fake_hub).read_bytes() == b"whole"
