"""Settings never change, and fingerprints change with everything that vectors depend on."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from encoder.catalogue import get_card
from indexer.settings import Fingerprint, Settings, hop_frames


def test_settings_are_frozen_and_know_no_other_fields(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(ValidationError, match="frozen"):
        settings.model = "toy"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        Settings(data_dir=tmp_path, modle="toy")  # type: ignore[call-arg]


def test_the_key_of_a_server_is_not_printed(tmp_path: Path) -> None:
    assert "secret" not in repr(Settings(data_dir=tmp_path, qdrant_api_key="secret"))


def test_window_and_hop_follow_from_the_model() -> None:
    base = Fingerprint.of(get_card("videoprism_lvt_public_v1_base"), "w")
    assert (base.window, base.hop, base.fps) == (8.0, 4.0, 2.0)
    assert (base.frames, base.pixels, base.dim) == (16, 288, 768)
    large = Fingerprint.of(get_card("videoprism_lvt_public_v1_large"), "w")
    assert (large.window, large.hop) == (large.frames / 2, large.frames / 4)


@pytest.mark.parametrize(("frames", "hop"), [(1, 1), (2, 1), (7, 3), (16, 8)])
def test_a_hop_is_half_a_window_and_never_nothing(frames: int, hop: int) -> None:
    assert hop_frames(frames) == hop


def test_every_field_changes_the_key() -> None:
    one = Fingerprint.of(get_card("toy"), "w0")
    others = {
        name: one.model_copy(update={name: "other" if isinstance(value, str) else value + 1})
        for name, value in one
    }
    keys = {one.key, *(other.key for other in others.values())}
    assert len(keys) == len(others) + 1
    assert Fingerprint.of(get_card("toy"), "w0").key == one.key
