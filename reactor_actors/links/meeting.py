"""How the two ends of a ring link find each other on one machine.

The clients' end listens under a name in Linux's abstract namespace, which is no file: there is
nothing to leave behind, whoever dies when, and no limit of path length. Each end asks the kernel
who the other is and accepts its own user only; the model's end also shows a secret.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import socket
import struct
from dataclasses import dataclass, field

from reactor_actors.core.errors import PeerGone

HELLO_SECONDS = 5.0
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a clients' end listens, and the secret that opens it. Hand it to one model."""

    name: str
    secret: bytes = field(repr=False)


class Listener:
    """Where the model's end is waited for. Close it once it has come."""

    def __init__(self) -> None:
        self.address = Address(f"reactor-actors-{secrets.token_hex(16)}", secrets.token_bytes(32))
        self._sock = socket.socket(socket.AF_UNIX)
        try:
            self._sock.setblocking(False)
            self._sock.bind(f"\0{self.address.name}")
            self._sock.listen()
        except BaseException:
            self._sock.close()
            raise

    async def accept(self) -> socket.socket:
        """Return the connection of the one who knows the secret. Others are turned away."""
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(self._sock)
            try:
                if same_user(connection) and await self._knows(connection):
                    return connection
            except BaseException:
                connection.close()
                raise
            connection.close()

    def close(self) -> None:
        """Listen no more."""
        self._sock.close()

    async def _knows(self, connection: socket.socket) -> bool:
        loop, said = asyncio.get_running_loop(), b""
        expected = self.address.secret
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                # Not a byte more: frames may follow.
                while len(said) < len(expected):
                    more = await loop.sock_recv(connection, len(expected) - len(said))
                    if not more:
                        return False
                    said += more
        except (TimeoutError, OSError):
            return False
        return hmac.compare_digest(said, expected)


def reach(address: Address) -> socket.socket:
    """Connect to a clients' end. Raises `PeerGone` when nobody of this user listens there."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(HELLO_SECONDS)
        connection.connect(f"\0{address.name}")
        if not same_user(connection):
            raise PeerGone(f"another user listens at {address.name}")
        connection.sendall(address.secret)
        connection.setblocking(False)
    except OSError as error:
        connection.close()
        raise PeerGone(f"nobody listens at {address.name}: {error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def same_user(connection: socket.socket) -> bool:
    """Whether the process at the other end is one of this user's."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(told)[1] == os.geteuid())
