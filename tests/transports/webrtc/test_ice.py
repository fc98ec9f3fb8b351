import asyncio
import socket

import pytest
from aiortc import RTCPeerConnection

from reactor_actors.core.errors import SetupError
from reactor_actors.transports.webrtc.ice import configuration, gathering
from reactor_actors.transports.webrtc.settings import (
    IceServer,
    IceSettings,
    parse_ports,
    parse_stun,
    parse_turn,
)


def test_without_servers_none_is_asked() -> None:
    assert configuration(IceSettings()).iceServers == []


def test_servers_and_policy_are_passed_on() -> None:
    made = configuration(IceSettings((IceServer("turn:a:1", "u", "p"),), relay_only=True))
    assert [(s.urls, s.username, s.credential) for s in made.iceServers] == [("turn:a:1", "u", "p")]
    assert made.iceTransportPolicy.value == "relay"
    assert made.bundlePolicy.value == "max-bundle"


@pytest.mark.parametrize("text", ["stun:host:3478", "host:3478", "stuns:host", "host"])
def test_a_stun_server_is_read_with_or_without_its_scheme(text: str) -> None:
    assert parse_stun(text).uri.endswith(text)
    assert parse_stun(text).uri.startswith("stun")


@pytest.mark.parametrize(
    "text",
    ["", "stun:", "two words", "a;b", "http://a", "turn:a", "stun:a:b", "stun:a:0", "a:70000"],
)
def test_a_bad_stun_server_names_its_flag(text: str) -> None:
    with pytest.raises(SetupError, match="--stun-server"):
        parse_stun(text)


@pytest.mark.parametrize(
    "uri", ["turn:host:3478", "turns:host", "host:3478", "turn:h?transport=tcp"]
)
def test_a_turn_server_is_read_with_its_credentials(uri: str) -> None:
    server = parse_turn(f"user;secret;{uri}")
    assert (server.username, server.password) == ("user", "secret")
    assert server.uri.removeprefix("turn:") == uri.removeprefix("turn:")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "turn:host",
        "a;b",
        "a;;turn:host",
        "a;b;two words",
        "a;b;turn:h:x",
        "a;b;stun:h",
        "a;b;turn:h?transport=tls",
    ],
)
def test_a_bad_turn_server_names_its_flag(text: str) -> None:
    with pytest.raises(SetupError, match="--turn-server"):
        parse_turn(text)


def test_an_error_about_a_turn_server_does_not_tell_its_secret() -> None:
    with pytest.raises(SetupError) as error:
        parse_turn("user;secret;turn:host;more")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "ports"),
    [("50000:50100", (50000, 50100)), (":2000", (1024, 2000)), ("60000:", (60000, 65535)),
     ("5:5", (5, 5)), (":", None)],
)  # fmt: skip
def test_port_ranges_are_read(text: str, ports: tuple[int, int] | None) -> None:
    assert parse_ports(text) == ports


@pytest.mark.parametrize("text", ["", "5", "a:b", "9:5", "0:5", "5:70000", "-1:5", "1:2:3"])
def test_a_bad_port_range_names_its_flag(text: str) -> None:
    with pytest.raises(SetupError, match="--webrtc-port-range"):
        parse_ports(text)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def gathered(settings: IceSettings) -> tuple[RTCPeerConnection, list[tuple[str, int]]]:
    pc = RTCPeerConnection(configuration(settings))
    pc.createDataChannel("data")
    with gathering(pc, settings):
        await pc.setLocalDescription(await pc.createOffer())
    lines = [x for x in pc.localDescription.sdp.split("\r\n") if x.startswith("a=candidate")]
    return pc, [(x.split()[4], int(x.split()[5])) for x in lines]


async def test_the_bound_addresses_and_the_port_range_are_obeyed() -> None:
    port = free_port()
    pc, at = await gathered(IceSettings(bind=("127.0.0.1",), ports=(port, port)))
    assert at == [("127.0.0.1", port)]
    await pc.close()


async def test_settings_of_one_peer_do_not_leak_into_another_at_the_same_time() -> None:
    port = free_port()
    narrow = IceSettings(bind=("127.0.0.1",), ports=(port, port))
    wide = IceSettings(bind=("127.0.0.1",))
    (first, narrowed), (second, free) = await asyncio.gather(gathered(narrow), gathered(wide))
    assert narrowed == [("127.0.0.1", port)]
    assert free[0][1] != port
    third, again = await gathered(wide)
    assert again[0][1] != port
    await asyncio.gather(*(pc.close() for pc in (first, second, third)))


async def test_an_exhausted_range_gathers_nothing() -> None:
    port = free_port()
    settings = IceSettings(bind=("127.0.0.1",), ports=(port, port))
    first, _ = await gathered(settings)
    second, none = await gathered(settings)
    assert none == []
    await asyncio.gather(first.close(), second.close())


async def test_a_port_that_another_process_has_taken_is_left_out() -> None:
    ports = range(*sorted((free_port(), free_port())))
    low, high = 0, 0
    for port in ports:
        if bindable(port) and bindable(port + 1):
            low, high = port, port + 1
            break
    assert low, "no two free ports next to each other"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", low))
        settings = IceSettings(bind=("127.0.0.1",), ports=(low, high))
        for _ in range(8):  # which of the two is tried first is drawn by lot
            pc, at = await gathered(settings)
            assert at == [("127.0.0.1", high)]
            await pc.close()


def bindable(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.mark.parametrize(
    ("here", "there"), [((), ()), (("127.0.0.1",), ("192.0.2.7",)), (("a", "b"), ("192.0.2.7",))]
)
def test_another_machine_binds_and_advertises_its_own_address(
    here: tuple[str, ...], there: tuple[str, ...]
) -> None:
    settings = IceSettings(bind=here, ports=(5000, 5100), public_address="203.0.113.7")
    moved = settings.on_another_machine("192.0.2.7")
    assert (moved.bind, moved.public_address, moved.ports) == (there, None, (5000, 5100))
