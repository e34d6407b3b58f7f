"""What a device has no room for is cut in two, and the size that fits is remembered."""

from typing import Any

import jax
import numpy as np
import pytest
import small
from jax.errors import JaxRuntimeError

from encoder import embedder as module
from encoder.errors import EncoderError, NoRoom
from encoder.halving import Halving

FULL = "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 12884901888 bytes."


class Device:
    """Doubles rows, but of so many at most."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.asked: list[int] = []

    def __call__(self, rows: Any) -> Any:
        self.asked.append(len(rows))
        if len(rows) > self.room:
            raise JaxRuntimeError(FULL)
        return [2 * row for row in rows] if isinstance(rows, list) else rows * 2


@pytest.mark.parametrize("room", [1, 2, 3, 5, 8, 16])
def test_results_are_the_same_whatever_fits(room: int) -> None:
    rows = np.arange(24.0).reshape(8, 3)
    step = Halving(Device(room), 8)
    np.testing.assert_array_equal(step(rows), 2 * rows)
    assert step(list(rows[:, 0])) == list(2 * rows[:, 0])


def test_what_fits_is_remembered() -> None:
    device = Device(room=3)
    step = Halving(device, 8)
    step(np.ones(8))
    assert device.asked == [8, 4, 2, 2, 2, 2]
    step(np.ones(8))
    assert device.asked[6:] == [2, 2, 2, 2]


def test_a_unit_may_be_many_inputs() -> None:
    device = Device(room=8)
    np.testing.assert_array_equal(Halving(device, 4)(np.arange(16)), 2 * np.arange(16))
    assert device.asked == [16, 8, 8]  # four windows of four frames, then two and two


def test_nothing_fits() -> None:
    with pytest.raises(NoRoom, match=r"not even one window fits.*smaller model") as caught:
        Halving(Device(room=0), 4)(np.ones(4))
    assert isinstance(caught.value, EncoderError)


def test_other_failures_are_not_hidden() -> None:
    device = Device(room=8)

    def fail(rows: Any) -> Any:
        device(rows)
        raise JaxRuntimeError("INTERNAL: the driver went away")

    with pytest.raises(JaxRuntimeError, match="driver"):
        Halving(fail, 8)(np.ones(8))
    assert device.asked == [8]


def test_what_only_shows_when_awaited_is_met_too() -> None:
    asked = []

    def doubled(row: np.ndarray) -> np.ndarray:
        if len(row) > 2:
            raise JaxRuntimeError(FULL)
        return 2 * row

    def later(rows: np.ndarray) -> jax.Array:
        asked.append(len(rows))
        shape = jax.ShapeDtypeStruct(rows.shape, rows.dtype)
        return jax.jit(lambda x: jax.pure_callback(doubled, shape, x))(rows)

    rows = np.arange(4, dtype=np.float32)
    step = Halving(later, 4)
    np.testing.assert_array_equal(step(rows), 2 * rows)
    assert asked == [4, 2, 2]


def test_an_embedder_goes_on_with_less(monkeypatch: pytest.MonkeyPatch) -> None:
    clips = small.frames(24).reshape(6, 4, 24, 24, 3)
    expected = small.embedder().embed_clips(clips)
    rooms = {"_encode": 1, "_finish": 4}
    for name, room in rooms.items():
        step = getattr(module, name)

        def cramped(network: Any, weights: Any, inputs: Any, step: Any = step, room: int = room):
            if len(inputs) > room:
                raise JaxRuntimeError(FULL)
            return step(network, weights, inputs)

        monkeypatch.setattr(module, name, cramped)
    ours = small.embedder()
    assert small.relative_error(ours.embed_clips(clips), expected) < 1e-5
    assert ours.batch == 2  # a caller asks for as many as before
