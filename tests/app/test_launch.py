"""Where the server listens, and what it says when it cannot."""

import socket

import pytest

from app import launch


def test_a_taken_port_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with launch.listen("127.0.0.1", 0) as taken:
        monkeypatch.setattr(launch, "USUAL_PORT", taken.getsockname()[1])
        with launch.listen("127.0.0.1", None) as other:
            assert other.getsockname()[1] > taken.getsockname()[1]


def test_a_port_that_was_asked_for_is_that_or_none() -> None:
    with launch.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(launch.PortTakenError, match=f"port {port} of 127.0.0.1.*--port"):
            launch.listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")]
)
def test_the_address_can_be_typed(host: str, shown: str) -> None:
    if ":" in host and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with launch.listen(host, 0) as listener:
        port = listener.getsockname()[1]
        assert launch.address_of(listener) == f"http://{shown}:{port}"
