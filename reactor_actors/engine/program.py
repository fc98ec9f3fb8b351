"""`Program`: what a model compiles to, whichever generation of the API it was written for.

The host runs one program. It knows sessions, clients and commands; it knows no authoring API.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias

from reactor_actors.core.contract import Contract
from reactor_actors.core.messages import ToModel
from reactor_actors.core.ports import ClientPort, Feed

Settled: TypeAlias = Callable[[], Awaitable[None]]
"""Wait until everything queued at the time of the call has been handled."""


async def settle(result: Any) -> Any:
    """Await what may or may not be awaitable: handlers and hooks are sync or async."""
    return await result if isinstance(result, Awaitable) else result


class Program(Protocol):
    """One model, from construction to the end of its process.

    Every method but `feed` runs on the model thread.
    """

    @property
    def dedupe(self) -> frozenset[str]:
        """Names of the commands whose waiting duplicates collapse."""

    @property
    def turn_lock(self) -> asyncio.Lock:
        """What keeps handlers and turns apart. The host holds it around each `handle`."""

    def contract(self) -> Contract:
        """Return what the model declares, as it stands now: loading may still change the rate."""

    async def load(self) -> Contract:
        """Construct and load the author's class. Called once, before everything but `contract`."""

    def attach(self, port: ClientPort) -> None:
        """Give the model its clients' side. Called once, after `load`."""

    def foresee(self) -> None:
        """Learn, on the model's loop, that a queued message is going to leave no client."""

    def feed(self, frame: Feed) -> None:
        """Take in an input frame. Any thread may call."""

    async def handle(self, message: ToModel) -> None:
        """Do what a message asks for. Raises only what ends the model."""

    async def run(self, settled: Settled) -> None:
        """Run the author's loop. Returning ends nothing; raising ends the model."""

    async def release(self) -> None:
        """Let go of threads and of whatever else the program holds.

        Called once, last, when the host closes, also when the program was never served or could not
        be loaded. It has two seconds; what it raises is logged.
        """
