"""Every code of a video's failure has whole sentences, and survives the way between processes."""

import json

import pytest

from indexer.errors import VIDEO_CODES, IndexerError, VideoCode, VideoError

FACTS: dict[VideoCode, dict[str, object]] = {
    "not_a_file": {"kind": "a folder"},
    "codec_not_allowed": {"codec": "magicyuv"},
    "too_large": {"size": 5.25, "limit": 4.0},
    "too_long": {"hours": 7.0, "limit": 6.0},
    "bad_dimensions": {"width": 9000, "height": 8, "low": 16, "high": 8192, "megapixels": 33.2},
    "corrupt": {"errors": 30, "packets": 40},
    "decoder_crashed": {"reason": "ended by SIGSEGV"},
    "decoder_timeout": {"reason": "no sign of life for 30 s"},
    "io_error": {"reason": "Permission denied"},
}


@pytest.mark.parametrize("code", VIDEO_CODES)
def test_every_code_is_a_whole_text(code: VideoCode) -> None:
    facts = json.loads(json.dumps(FACTS.get(code, {})))
    error = VideoError(code, **facts)
    text = str(error)
    assert "{" not in text
    assert text.endswith(".")
    assert text.count("The file was not changed and the other videos go on.") == 1
    assert isinstance(error, IndexerError)
    assert str(VideoError(error.code, **error.facts)) == text


def test_the_facts_are_in_the_text() -> None:
    assert "5.2 GiB; at most 4.0 GiB" in str(VideoError("too_large", **FACTS["too_large"]))
    assert "30 of 40 pieces" in str(VideoError("corrupt", **FACTS["corrupt"]))


def test_only_the_machines_own_failures_are_worth_another_try() -> None:
    worth = {code for code in VIDEO_CODES if VideoError(code, **FACTS.get(code, {})).retryable}
    assert worth == {"io_error", "decoder_timeout", "decoder_crashed"}
