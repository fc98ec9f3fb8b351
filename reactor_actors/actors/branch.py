"""`Branch`: a process that carries media only, kept alive by the ingress. Knows no Ray.

Its rooms stay known to the entrance when the process dies: their replicas load again in the next.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from reactor_actors.actors.ports import Media
from reactor_actors.actors.remote import RemoteRoom
from reactor_actors.actors.reports import Report
from reactor_actors.actors.requests import Request
from reactor_actors.actors.supervise import told
from reactor_actors.core import events as ev
from reactor_actors.core.errors import ClientError, ModelError, PeerGone, SetupError
from reactor_actors.core.restarts import GiveUp, Restarts
from reactor_actors.core.tally import Spread
from reactor_actors.flow.bell import Bell
from reactor_actors.flow.lag import LAG_SECONDS

log = logging.getLogger("reactor_actors.branch")

T = TypeVar("T")

SILENT_SECONDS = 20.0
"""A process that has reported nothing for so long, instead of every second, is replaced."""

STOP_SECONDS = 12.0
"""Longer than sessions and models are given to end; less than the ingress itself is given."""


class Branch:
    """The rooms of one process elsewhere, and that process's life. Lives on one event loop.

    `hire` starts the process; it is given the number of the life that begins, and reports under
    that number. `hear` gets every note with its replica's name.
    """

    def __init__(
        self,
        names: Iterable[str],
        hire: Callable[[int], Media],
        *,
        hear: Callable[[str, ev.Note], None],
        restarts: Restarts | None = None,
        patience: float = SILENT_SECONDS,
    ) -> None:
        self._rooms = {name: RemoteRoom(name, self) for name in names}
        self._hire = hire
        self._hear = hear
        self._restarts = restarts or Restarts()
        self._patience = patience
        self._stopping = asyncio.Event()
        self._media: Media | None = None
        self._there = False
        self._life = 1
        self._received = 0
        self._heard_at = 0.0
        self._past_lag = self._lag = Spread.none(LAG_SECONDS)
        self._bell = Bell()

    @property
    def rooms(self) -> list[RemoteRoom]:
        """The rooms of the process, whether it lives or not."""
        return list(self._rooms.values())

    @property
    def lag(self) -> Spread:
        """How late the timers of its event loop have been so far, in all its lives."""
        return self._past_lag + self._lag

    async def keep(self) -> bool:
        """Keep the process alive; True once stopped, False once it or its models are given up.

        Raises `SetupError` or `ModelError` for a declaration that no restart can mend.
        """
        while not self._stopping.is_set():
            try:
                return await self._live()
            except (SetupError, ModelError):
                raise
            except Exception as error:
                failure = told(error)
            if self._stopping.is_set():
                break
            lost = asyncio.get_running_loop().time()
            verdict = self._restarts.failed(failure, lost)
            log.error("a transport's process has ended: %s", failure)
            self._lose(verdict.event(lost))
            if isinstance(verdict, GiveUp):
                log.error("that transport is given up: %s", verdict.reason)
                return False
            log.warning("that transport restarts in %g s", verdict.seconds)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), verdict.seconds)
        return True

    async def stop(self) -> None:
        """End the sessions in order, then the models, then the process; `keep` returns."""
        self._stopping.set()
        if (media := self._media) is not None:
            with suppress(Exception):
                await asyncio.wait_for(media.stop(), STOP_SECONDS)
            media.kill()

    def report(self, life: int, reports: list[Report]) -> None:
        """Take in what the process tells; what was told in an earlier life is ignored."""
        if life != self._life:
            return
        self._heard_at = asyncio.get_running_loop().time()
        for report in reports:
            self._rooms[report.replica].receive(report)
            if report.vitals is not None:
                self._lag = report.vitals.lag
            if report.note is not None:
                self._hear(report.replica, report.note)
        self._received += len(reports)
        self._bell.ring()

    async def ask(self, replica: str, request: Request[T], seconds: float) -> T:
        """Put a request to a room; once it returns, all that has followed from it is known here."""
        media, life = self._media, self._life
        if media is None or not self._there:
            raise _gone()
        try:
            async with asyncio.timeout(seconds):
                answer = await media.ask(replica, request)
                await self._bell.until(lambda: self._heard(life, answer.told))
        except (TimeoutError, PeerGone):
            raise _gone() from None
        return answer.value

    async def _live(self) -> bool:
        """Bring one process from its start to its end."""
        media = self._media = self._hire(self._life)
        try:
            await media.start()
            self._heard_at = asyncio.get_running_loop().time()
            self._there = True
            return await self._watched(media)
        except BaseException:
            if not self._stopping.is_set():
                media.kill()
            raise

    async def _watched(self, media: Media) -> bool:
        """Wait for the end of the models' lives, and see that the process goes on reporting."""
        loop = asyncio.get_running_loop()
        kept = asyncio.ensure_future(media.keep())
        try:
            while not kept.done():
                await asyncio.wait([kept], timeout=self._patience / 4)
                if not kept.done() and loop.time() - self._heard_at > self._patience:
                    raise PeerGone(f"it has said nothing for {self._patience:g} s")
            return kept.result()
        finally:
            kept.cancel()
            await asyncio.gather(kept, return_exceptions=True)

    def _lose(self, event: ev.ModelLost | ev.ModelGivenUp) -> None:
        """Have everything end that was in the process."""
        self._media, self._there = None, False
        self._life += 1
        self._received = 0
        self._past_lag, self._lag = self.lag, Spread.none(LAG_SECONDS)
        for name, room in self._rooms.items():
            for note in room.lost(event):
                self._hear(name, note)
        self._bell.ring()

    def _heard(self, life: int, told: int) -> bool | None:
        if life != self._life:
            raise PeerGone("the process has ended")
        return True if self._received >= told else None


def _gone() -> ClientError:
    return ClientError("overloaded", "The transport of this session does not answer.")
