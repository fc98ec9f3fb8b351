from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from reactor_actors.cli.checks.finding import Mark
from reactor_actors.cli.checks.network import exchange, http, narrow, udp


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of 127.0.0.1 that is in use, for TCP as for UDP."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", port))
            yield port


def test_a_port_in_use_is_told_with_the_remedy(taken: int) -> None:
    found = http("127.0.0.1", taken)
    assert found.mark is Mark.BAD
    assert found.found.startswith(f"port {taken} of 127.0.0.1 is in use")
    assert "--port" in found.found


def test_a_free_port_is_left_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for _ in range(2):
        assert http("127.0.0.1", port).found == f"port {port} of 127.0.0.1 is free"
    assert http("localhost", 0).mark is Mark.GOOD
    assert http("not a host", 0).mark is Mark.BAD


def test_datagrams_get_through_on_any_port_and_on_a_range() -> None:
    for host in ("127.0.0.1", "127.0.0.5", "localhost", "::1"):
        assert [one.mark for one in udp(host, ":")] == [Mark.GOOD]
    assert [one.found for one in udp("0.0.0.0", "42000:42100")] == [
        "media gets through, on ports 42000 to 42100"
    ]


def test_a_range_without_a_free_port_is_told_with_the_remedy(taken: int) -> None:
    [found] = udp("127.0.0.1", f"{taken}:{taken}")
    assert found.mark is Mark.BAD
    assert "Address already in use" in found.found
    assert "--webrtc-port-range" in found.remedy


def test_a_range_that_is_none_is_told() -> None:
    [found] = udp("127.0.0.1", "9:5")
    assert (found.mark, "--webrtc-port-range" in found.found) == (Mark.BAD, True)


def test_a_range_smaller_than_the_connections_is_a_warning() -> None:
    found = narrow((50000, 50009))
    assert found is not None
    assert found.mark is Mark.WARNING
    assert "10 ports are room for as many viewers" in found.found
    assert narrow((50000, 50063)) is None


def test_udp_that_does_not_get_through_is_told_with_the_remedy() -> None:
    def deafened(sock: socket.socket) -> None:
        sock.connect(("127.0.0.1", 9))  # from now on it hears nobody else
        exchange(sock, seconds=0.05)

    [found] = udp("127.0.0.1", ":", deafened)
    assert found.mark is Mark.BAD
    assert found.found == "media cannot get through, on any port: timed out"
    assert found.remedy.startswith("allow UDP in the sandbox or firewall")
