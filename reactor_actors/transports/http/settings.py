"""`HttpSettings`: everything about the HTTP side that a person can choose."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

from reactor_actors.core.errors import SetupError
from reactor_actors.transports.uploads import FILE_BYTES, SESSION_BYTES, Uploads

MEBIBYTE = 2**20
_ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[!-.0-~]+")
"""Printable and without a path: browsers compare it letter by letter."""


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server that clients are told to use."""

    uris: tuple[str, ...]
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How the server listens, whom it admits, and how long it waits. Raises `SetupError`.

    Attributes:
        host: The address to listen on; `localhost` means both 127.0.0.1 and ::1.
        port: The port to listen on; 0 takes a free one.
        token: What callers have to show; None admits everybody.
        tls_cert: A certificate chain in PEM form, which turns HTTPS on.
        tls_key: Its key; None if it is in the same file.
        allow_origin: The one origin whose pages browsers let read the answers; `*` means any.
        max_upload_mb: The size of the largest file, in MiB.
        ice_servers: What `/ice_servers` says.
        answer_seconds: How long the question for an SDP answer is held.
        closing_seconds: How long a start waits for the previous session to be wound down.
        comment_seconds: After how much silence the event stream shows that it lives.
        queue_seconds: The same, for the stream of a ticket.
        body_seconds: How long a JSON body may take to arrive.
        upload_seconds: How long the bytes of a file may take to arrive.
    """

    host: str = "0.0.0.0"
    port: int = 8080
    token: str | None = field(default=None, repr=False)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    allow_origin: str = "*"
    max_upload_mb: int = FILE_BYTES // MEBIBYTE
    ice_servers: tuple[IceServer, ...] = ()
    answer_seconds: float = 25.0
    closing_seconds: float = 5.0
    comment_seconds: float = 15.0
    queue_seconds: float = 10.0
    body_seconds: float = 30.0
    upload_seconds: float = 600.0

    def __post_init__(self) -> None:
        if not 0 <= self.port < 2**16:
            raise SetupError(f"port: expected a number from 0 to 65535; got {self.port}")
        if self.token is not None and not self.token.strip():
            raise SetupError("token: it is empty; leave it out to admit everybody")
        if self.tls_key is not None and self.tls_cert is None:
            raise SetupError("tls_key: a key needs its certificate; give tls_cert as well")
        origin = self.allow_origin
        if _ORIGIN.fullmatch(origin) is None:
            example = "'*' or one origin such as https://app.example"
            raise SetupError(f"allow_origin: expected {example}; got {origin!r}")
        if self.max_upload_mb < 1:
            raise SetupError(f"max_upload_mb: expected at least 1; got {self.max_upload_mb}")

    @property
    def scheme(self) -> str:
        """What the server's addresses begin with."""
        return "https" if self.tls_cert else "http"

    def uploads(self) -> Uploads:
        """Make a store for files as large as these settings allow."""
        file_bytes = self.max_upload_mb * MEBIBYTE
        return Uploads(file_bytes, max(SESSION_BYTES, 4 * file_bytes))


def webcam_warning(settings: HttpSettings) -> str | None:
    """Say for which viewers a browser will refuse webcam and microphone, if for any.

    Browsers hand them out to pages from https, or from the viewer's own machine, only.
    """
    if settings.tls_cert is not None or _loopback(settings.host):
        return None
    return (
        "viewers on other machines cannot send their webcam or microphone: browsers allow that "
        "only over https; give a certificate with --tls-cert and --tls-key, or use localhost"
    )


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
