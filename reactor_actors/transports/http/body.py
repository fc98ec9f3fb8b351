"""What comes in: a JSON object, bounded in size, depth and time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from reactor_actors.core.wire.strict import record
from reactor_actors.transports.http.replies import RefusedError

BODY_BYTES = 2**20


async def json_object(request: web.Request, seconds: float) -> dict[str, Any]:
    """Return the body as plain JSON; nothing at all means `{}`, whatever its type is said to be.

    Raises `RefusedError`: 413 beyond 1 MiB, 422 for what is no object or does not arrive in time.
    """
    try:
        async with asyncio.timeout(seconds):
            raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise RefusedError(413, f"A JSON body may have {BODY_BYTES} bytes.") from None
    except web.RequestPayloadError:
        raise RefusedError(422, "The body is cut off, or broken.") from None
    except TimeoutError:
        raise RefusedError(422, f"The body did not arrive within {seconds:g} s.") from None
    if not raw.strip():
        return {}
    try:
        return record(json.loads(raw))
    except (ValueError, RecursionError):
        raise RefusedError(422, "The body must be a JSON object.") from None


def text_of(body: dict[str, Any], key: str) -> str:
    """Return a text that has to be there and not empty."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise RefusedError(422, f"{key}: a text is required.")
    return value


def list_of(body: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return a list of objects; it may be left out."""
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RefusedError(422, f"{key}: a list of objects is expected.")
    return value
