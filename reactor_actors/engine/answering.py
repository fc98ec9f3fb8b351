"""One answer per command, whatever the author's handler does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from reactor_actors.core.errors import ClientError
from reactor_actors.core.messages import Answered, CommandRequested

log = logging.getLogger("reactor_actors.model")

INTERNAL = "the model failed while handling this command"


async def answer(message: CommandRequested, work: Awaitable[Answered]) -> Answered:
    """Return what handling a command comes to. Raises only when the model is ending.

    A `ClientError` is told to the caller; any other exception is logged, and told as no more than
    a failure.
    """
    try:
        return await work
    except ClientError as error:
        # A code that is no text, an HTTP status or an Enum member, is sent as text.
        code = getattr(error.code, "value", error.code)
        return Answered(message.number, code=str(code), message=str(error.message))
    except asyncio.CancelledError:
        if is_ending():
            raise
        return _failed(message)
    except Exception:
        return _failed(message)


def is_ending() -> bool:
    """Whether a cancellation comes from the host, and not from a task the author awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _failed(message: CommandRequested) -> Answered:
    log.exception("the handler of %r failed; its caller is told so", message.name)
    return Answered(message.number, code="internal_error", message=INTERNAL)
