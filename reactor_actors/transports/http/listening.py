"""Sockets to listen on, and one line for a person when there is none to be had."""

from __future__ import annotations

import asyncio
import errno
import socket

from reactor_actors.core.errors import SetupError

BACKLOG = 128
_LOCALHOST = ("127.0.0.1", "::1")
_NO_SUCH_FAMILY = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}


async def listen(host: str, port: int) -> list[socket.socket]:
    """Open a socket for every address of a host, all on one port; port 0 takes a free one.

    `localhost` is 127.0.0.1 and, where there is IPv6, ::1. Raises `SetupError`.
    """
    addresses = list(_LOCALHOST) if host == "localhost" else await _addresses(host)
    opened: list[socket.socket] = []
    try:
        for address in addresses:
            try:
                opened.append(_open(address, port))
            except OSError as error:
                if host == "localhost" and error.errno in _NO_SUCH_FAMILY:
                    continue
                raise SetupError(_explain(error, address, port)) from None
            port = opened[0].getsockname()[1]
    except SetupError:
        for sock in opened:
            sock.close()
        raise
    if not opened:
        raise SetupError("host localhost: this machine has neither 127.0.0.1 nor ::1")
    return opened


async def _addresses(host: str) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(
            host or None, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):
        raise SetupError(
            f"host {host!r} is no address of this machine; use 127.0.0.1 for this machine only, "
            "0.0.0.0 for every network"
        ) from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _open(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.create_server((address, port), family=family, backlog=BACKLOG)
    sock.setblocking(False)
    return sock


def _explain(error: OSError, address: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"port {port} of {address} is in use: stop the other server, or choose another "
                "port with --port (0 takes a free one)"
            )
        case errno.EACCES:
            return f"port {port} may not be opened by this user: choose one above 1023 with --port"
        case errno.EADDRNOTAVAIL:
            return f"host {address} is no address of this machine: choose another with --host"
        case _:
            return f"cannot listen on {address} port {port}: {error.strerror}"
