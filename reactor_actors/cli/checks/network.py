"""The network: a port for HTTP, and UDP for media."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable
from contextlib import closing

from reactor_actors.cli.checks.finding import Finding, Mark
from reactor_actors.core.errors import SetupError
from reactor_actors.transports.http.listening import listen
from reactor_actors.transports.webrtc.settings import bound_addresses, parse_ports

LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"
CONNECTIONS = 64
"""How many a server admits unless told otherwise; each takes a UDP port on every address."""

TRIES = 256
ANSWER_SECONDS = 2.0
_WORDS = b"reactor-actors check"


def http(host: str, port: int) -> Finding:
    """Open the port that HTTP would be served on, and close it again."""
    try:
        for opened in asyncio.run(listen(host, port)):
            opened.close()
    except SetupError as error:
        return Finding("http", error.message, Mark.BAD)
    return Finding("http", f"port {port} of {host} is free" if port else f"{host} has free ports")


def exchange(receiver: socket.socket, seconds: float = ANSWER_SECONDS) -> None:
    """Send a datagram to a socket and wait for it. Raises `OSError` when it does not come."""
    receiver.settimeout(seconds)
    with closing(socket.socket(receiver.family, socket.SOCK_DGRAM)) as sender:
        address, port = receiver.getsockname()[:2]
        sender.sendto(_WORDS, (LOOPBACK if address == EVERYWHERE else address, port))
        if receiver.recv(len(_WORDS)) != _WORDS:
            raise OSError("something else came in its place")


def udp(
    host: str, words: str, attempt: Callable[[socket.socket], None] = exchange
) -> list[Finding]:
    """Open a port of the range on the address of media, and send a datagram to it."""
    try:
        ports = parse_ports(words)
    except SetupError as error:
        return [Finding("udp", error.message, Mark.BAD)]
    [address] = bound_addresses(host) or (EVERYWHERE,)
    try:
        with closing(opened(address, ports)) as ours:
            attempt(ours)
    except OSError as error:
        return [blocked(error, ports)]
    findings = [Finding("udp", f"media gets through, {told_of(ports)}")]
    if ports is not None and (few := narrow(ports)) is not None:
        findings.append(few)
    return findings


def opened(address: str, ports: tuple[int, int] | None) -> socket.socket:
    """Open a UDP port of the range, or any. Raises `OSError`."""
    candidates = [0]
    if ports is not None:
        candidates = list(range(ports[0], ports[1] + 1))
        random.shuffle(candidates)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    trouble = OSError("no port was tried")
    for port in candidates[:TRIES]:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.bind((address, port))
        except OSError as error:
            sock.close()
            trouble = error
            continue
        return sock
    raise trouble


def blocked(error: OSError, ports: tuple[int, int] | None) -> Finding:
    """Judge what has kept a datagram from getting through."""
    return Finding(
        "udp",
        f"media cannot get through, {told_of(ports)}: {error.strerror or error}",
        Mark.BAD,
        "allow UDP in the sandbox or firewall; give --webrtc-port-range ports that are free",
    )


def narrow(ports: tuple[int, int]) -> Finding | None:
    """Judge the size of a range; None: it is large enough."""
    size = ports[1] - ports[0] + 1
    if size >= CONNECTIONS:
        return None
    return Finding(
        "udp",
        f"{told_of(ports)}: {size} ports are room for as many viewers at a time",
        Mark.WARNING,
        f"widen --webrtc-port-range to {CONNECTIONS}, or lower --max-connections",
    )


def told_of(ports: tuple[int, int] | None) -> str:
    """Return a range of ports in words."""
    return "on any port" if ports is None else f"on ports {ports[0]} to {ports[1]}"
