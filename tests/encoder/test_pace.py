"""How much a device is given follows from its memory and the model's size, within bounds."""

from types import SimpleNamespace
from typing import Any

import jax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoder import fused
from encoder.pace import CPU, MOST_WINDOWS, pace_for

BASE, LARGE = 248_000_000, 580_000_000


def card(memory: int | None, kind: str = "NVIDIA H100 80GB HBM3") -> Any:
    stats = None if memory is None else {"bytes_limit": memory}
    return SimpleNamespace(
        platform="gpu", device_kind=kind, compute_capability="9.0", memory_stats=lambda: stats
    )


@pytest.fixture(autouse=True)
def _the_kernel_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "_error", lambda device: 0.0)


@pytest.mark.parametrize(
    ("memory", "parameters", "batch"),
    [
        (64 << 30, BASE, 16),
        (64 << 30, LARGE, 8),
        (30 << 30, BASE, 8),
        (18 << 30, BASE, 4),
        (6 << 30, BASE, 2),
        (1 << 30, LARGE, 1),
        (None, BASE, 2),
    ],
)
def test_known_cards(memory: int | None, parameters: int, batch: int) -> None:
    pace = pace_for(card(memory), parameters)
    assert (pace.dtype, pace.batch, pace.chunk) == ("bfloat16", batch, 8 * batch)
    assert pace.fused
    assert pace.note == ""


@given(memory=st.integers(0, 1 << 40), parameters=st.integers(0, 1 << 34))
def test_any_card_and_any_model(memory: int, parameters: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused, "_error", lambda device: 0.0)
        batch = pace_for(card(memory), parameters).batch
        more = pace_for(card(2 * memory), parameters).batch
    assert 1 <= batch <= more <= MOST_WINDOWS
    assert batch & (batch - 1) == 0  # so that it can be halved


def test_a_card_without_the_kernel_attends_plainly_and_says_so() -> None:
    pace = pace_for(card(64 << 30, kind="AMD Instinct MI300X"), BASE)
    assert not pace.fused
    assert pace.note == ", attention not fused: it is not an NVIDIA card"


def test_a_cpu_is_paced_by_its_caches() -> None:
    assert pace_for(jax.devices()[0], BASE) is CPU
