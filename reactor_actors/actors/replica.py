"""`RayReplica`: a model's process that is a Ray actor, and how an actor is started at all."""

from __future__ import annotations

import asyncio
from typing import Any

import ray
from ray.exceptions import RayError

from reactor_actors.actors.logs import LogSettings
from reactor_actors.actors.model import ModelActor
from reactor_actors.actors.ports import Loaded
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.loader import ModelSource

CALLS = 8
"""Calls a model's actor takes at a time: the long `run`, and the short ones beside it."""


STACK_SECONDS = 2.0


class RayReplica:
    """A `Replica` that is a Ray actor. Ray's errors become those they stand for."""

    def __init__(
        self, source: ModelSource, options: dict[str, Any], logs: LogSettings, replica: str
    ) -> None:
        options = {**options, "max_concurrency": CALLS}
        self.actor = actor(ModelActor, options, source, logs, replica)

    @property
    def id(self) -> str:
        """What Ray calls the actor."""
        return str(self.actor._actor_id.hex())

    async def load(self) -> Loaded:
        """Load the model."""
        loaded: Loaded = await self._asked(self.actor.load.remote())
        return loaded

    async def run(self, address: Any) -> None:
        """Run until the model ends."""
        await self._asked(self.actor.run.remote(address))

    async def take(self, items: list[bytes], *arrays: Any) -> None:
        """Hand the model what its clients' side says over a link of references."""
        await self._asked(self.actor.take.remote(items, *arrays))

    async def breathe(self) -> None:
        """Return as soon as the model's thread is free."""
        await self._asked(self.actor.breathe.remote())

    async def stack(self) -> str:
        """Say where author code is; "" after two seconds, as when native code holds the GIL."""
        try:
            async with asyncio.timeout(STACK_SECONDS):
                return str(await self.actor.stack.remote())
        except (TimeoutError, RayError):
            return ""

    async def stop(self) -> None:
        """Ask the model to end."""
        await self._asked(self.actor.stop.remote())

    def kill(self) -> None:
        """End the process."""
        ray.kill(self.actor)

    async def _asked(self, answer: Any) -> Any:
        try:
            return await answer
        except RayError as error:
            raise plain(error) from None


def actor(cls: type, options: dict[str, Any], *args: Any) -> Any:
    """Start an actor: a plain class, wrapped here and nowhere else."""
    return ray.remote(cls).options(**options).remote(*args)


def plain(error: RayError, whose: str = "the model's process") -> Exception:
    """Return the error that one of Ray's stands for; `whose` actor it came from."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, ModelError | SetupError):
        return cause
    if isinstance(cause, Exception):
        return ModelError(f"{whose} has failed: {type(cause).__name__}: {cause}")
    return ModelError(f"{whose} has died: {first_line(error)}")


def first_line(error: RayError) -> str:
    """Return an error in one line."""
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
