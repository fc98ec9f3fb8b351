"""What goes out: JSON, and refusals with a status and one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from reactor_actors.core.errors import ClientError

_STATUS = {
    "malformed": 422,
    "negotiation_failed": 500,
    "too_large": 413,
    "unknown": 404,
    "filled": 409,
    "wrong_size": 400,
}


class RefusedError(Exception):
    """A request that is answered with an error; `retry_after` is in seconds.

    `more` stands in the answer beside `detail`.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        retry_after: int | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(status, detail, retry_after, more)
        self.status = status
        self.detail = detail
        self.retry_after = retry_after
        self.more = more or {}


def busy(detail: str, retry_after: int | None = 1) -> RefusedError:
    """Make the refusal of what cannot be done yet, or no more if `retry_after` is None."""
    return RefusedError(503, detail, retry_after)


def refused(error: ClientError) -> RefusedError:
    """Make a refusal of what one of the floors below would not do."""
    if error.code == "overloaded":
        return busy(error.message)
    return RefusedError(_STATUS.get(error.code, 500), error.message)


def reply(body: Mapping[str, Any], status: int = 200) -> web.Response:
    """Make an answer in JSON."""
    return web.Response(text=json.dumps(body), status=status, content_type="application/json")


def error_reply(error: RefusedError) -> web.Response:
    """Make the answer to a request that is refused."""
    response = reply({"detail": error.detail, **error.more}, error.status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response
