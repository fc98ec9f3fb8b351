"""What a deployment on a cluster has written: Ray keeps it in files, on whichever node it ran."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator

from ray.exceptions import RayError
from ray.util.state import get_log
from ray.util.state.exception import RayStateApiException

from reactor_actors.core.errors import SetupError

STREAMS = ("out", "err")
WAITING_LINES = 10_000
ANSWER_SECONDS = 30
MARKS = (":job_id:", ":actor_name:", ":task_name:")
"""How the lines begin that Ray writes for itself."""


def lines_of(
    actors: Iterable[tuple[str, str]], *, tail: int, follow: bool
) -> Iterator[tuple[str, str]]:
    """Yield the last lines of every actor, each with the actor's name; then go on, if asked to.

    Actors are pairs of a name for people and Ray's id. Raises `SetupError` where the cluster does
    not serve its logs.
    """
    wanted = [(name, actor, stream) for name, actor in actors for stream in STREAMS]
    if not follow:
        for name, actor, stream in wanted:
            for line in _read(actor, stream, tail, follow=False):
                yield name, line
        return
    lines: queue.Queue[tuple[str, str] | SetupError] = queue.Queue(WAITING_LINES)
    for name, actor, stream in wanted:
        threading.Thread(
            target=_follow, args=(lines, name, actor, stream, tail), daemon=True
        ).start()
    while True:
        news = lines.get()
        if isinstance(news, SetupError):
            raise news
        yield news


def _follow(
    lines: queue.Queue[tuple[str, str] | SetupError], name: str, actor: str, stream: str, tail: int
) -> None:
    try:
        for line in _read(actor, stream, tail, follow=True):
            lines.put((name, line))
    except SetupError as error:
        lines.put(error)


def _read(actor: str, stream: str, tail: int, *, follow: bool) -> Iterator[str]:
    rest = ""
    try:
        for piece in get_log(
            actor_id=actor,
            suffix=stream,
            tail=tail,
            follow=follow,
            timeout=ANSWER_SECONDS,
            errors="replace",
        ):
            *whole, rest = f"{rest}{piece}".split("\n")
            yield from (line for line in whole if not line.startswith(MARKS))
    except (RayStateApiException, RayError, ConnectionError, OSError) as error:
        text = str(error).strip().splitlines()
        raise SetupError(
            f"the logs cannot be read: {text[0] if text else type(error).__name__}; Ray serves "
            "them from its dashboard, which `ray start --head` starts"
        ) from None
    if rest:
        yield rest
