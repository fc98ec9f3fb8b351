"""`HttpServer`: the application on its sockets, from before the model loads until the end."""

from __future__ import annotations

import logging
import ssl
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from reactor_actors.core.errors import SetupError
from reactor_actors.transports.http.app import build_app
from reactor_actors.transports.http.listening import listen
from reactor_actors.transports.http.record import Record
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.lobby import Lobby

log = logging.getLogger("reactor_actors.http")

IDLE_SECONDS = 75.0
"""How long a connection may stay without a complete request head."""

SHUTDOWN_SECONDS = 0.5


class HttpServer:
    """Serves a deployment over HTTP. `start` it before the model is loaded."""

    def __init__(
        self,
        lobby: Lobby,
        record: Record,
        settings: HttpSettings | None = None,
        *,
        model: str,
        version: str,
    ) -> None:
        self._settings = settings or HttpSettings()
        self._record = record
        self._app = build_app(lobby, record, self._settings, model=model, version=version)
        self._runner: web.AppRunner | None = None
        self._port = self._settings.port
        record.metrics.serving(model, version)

    @property
    def port(self) -> int:
        """The port that is listened on, once started."""
        return self._port

    @property
    def url(self) -> str:
        """An address at which this machine reaches the server."""
        host = self._settings.host
        if host in ("", "0.0.0.0", "::"):
            host = "localhost"
        shown = f"[{host}]" if ":" in host else host
        return f"{self._settings.scheme}://{shown}:{self._port}"

    async def start(self) -> None:
        """Listen. Raises `SetupError` for an address, port or certificate that cannot be used."""
        context = _tls_context(self._settings)
        sockets = await listen(self._settings.host, self._settings.port)
        self._port = sockets[0].getsockname()[1]
        self._runner = web.AppRunner(
            self._app,
            access_log=None,  # addresses may hold the token
            logger=_ConnectionLog(log),
            handler_cancellation=True,  # who hangs up is not waited for
            keepalive_timeout=IDLE_SECONDS,
            shutdown_timeout=SHUTDOWN_SECONDS,
            auto_decompress=False,  # a few bytes may not become gigabytes
        )
        await self._runner.setup()
        for sock in sockets:
            await web.SockSite(self._runner, sock, ssl_context=context).start()

    async def close(self) -> None:
        """Stop listening, and end what is still being answered."""
        self._record.journal.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


class _ConnectionLog(logging.LoggerAdapter[logging.Logger]):
    """What goes wrong below the application. Bytes that are no HTTP may hold the token."""

    def exception(self, msg: object, *args: object, exc_info: Any = True, **options: Any) -> None:
        """Log an error of ours in full, and what a client got wrong without its words."""
        if isinstance(exc_info, HttpProcessingError):
            self.info("a request was refused: %s", type(exc_info).__name__)
        else:
            super().exception(msg, *args, exc_info=exc_info, **options)


def _tls_context(settings: HttpSettings) -> ssl.SSLContext | None:
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # With an empty password an encrypted key is an error, not a question on the terminal.
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password="")
    except (OSError, ValueError) as error:
        files = " and ".join(str(f) for f in (settings.tls_cert, settings.tls_key) if f)
        raise SetupError(
            f"the certificate in {files} cannot be used: {error}; expected PEM files, "
            "with a key that has no password"
        ) from None
    return context
