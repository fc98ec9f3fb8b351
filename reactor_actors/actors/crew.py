"""`Crew`: the supervisors of all models that one transport process serves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

from reactor_actors.actors.meetings import Meetings
from reactor_actors.actors.ports import Replica
from reactor_actors.actors.scale import Scale
from reactor_actors.actors.supervise import Supervisor
from reactor_actors.transports.venue import Venue


class Crew:
    """Keeps a model for each venue. Lives on their event loop.

    `spawn` starts a model's process, given its replica's name; `meetings` joins it to its venue.
    """

    def __init__(
        self,
        venues: Iterable[Venue],
        spawn: Callable[[str], Replica],
        meetings: Meetings,
        scale: Scale,
    ) -> None:
        self._venues = list(venues)
        self._meetings = meetings
        self._supervisors = [
            Supervisor(
                venue,
                partial(spawn, venue.name),
                meetings.open,
                patience=scale.watchdog,
            )
            for venue in self._venues
        ]

    @property
    def failure(self) -> Exception | None:
        """Why a model that has never been loaded could not be, if one failed."""
        failures = (supervisor.failure for supervisor in self._supervisors)
        return next((failure for failure in failures if failure is not None), None)

    async def keep(self) -> bool:
        """Keep the models alive until stopped; False if any had to be given up.

        Raises `SetupError` or `ModelError` for a declaration that no restart can mend.
        """
        return await all_kept(supervisor.keep() for supervisor in self._supervisors)

    async def take(self, link: str, items: list[bytes], *arrays: Any) -> Any:
        """Take what a model says over a link of references."""
        return await self._meetings.take(link, items, *arrays)

    async def stop(self) -> None:
        """End the sessions in order, then the models; `keep` returns."""
        await asyncio.gather(*(venue.wind_down() for venue in self._venues))
        await asyncio.gather(*(supervisor.stop() for supervisor in self._supervisors))


async def all_kept(lives: Iterable[Coroutine[Any, Any, bool]]) -> bool:
    """Wait for the end of all lives, or for one that raises; return whether none was given up."""
    kept = [asyncio.ensure_future(life) for life in lives]
    try:
        return all(await asyncio.gather(*kept))
    finally:
        for one in kept:
            one.cancel()
        await asyncio.gather(*kept, return_exceptions=True)
