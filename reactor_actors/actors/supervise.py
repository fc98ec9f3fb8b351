"""`Supervisor`: keep one replica's model alive, within its budget. Knows no Ray.

One long call runs the model; when it ends, something has happened. What that means is decided by
`core.restarts`; this shell waits, tells the session, and starts the next one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from reactor_actors.actors.ports import End, Loaded, Meeting, Replica
from reactor_actors.core.current import working_at
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.core.restarts import GiveUp, Restarts
from reactor_actors.core.session import State
from reactor_actors.transports.venue import Venue, Whereabouts

log = logging.getLogger("reactor_actors.supervisor")

MEET_SECONDS = 10.0
STOP_SECONDS = 5.0
NOWHERE = "waiting at an await, or in native code that lets nobody look"


class Supervisor:
    """The life of one replica: load, run, and again after a failure, until given up or stopped.

    `meet` opens the meeting of a loaded model with its clients' side. A model that holds its thread
    for `patience` seconds while it runs is replaced; 0 means it never is. `failure` is why the
    first load has not come to an end yet.
    """

    def __init__(
        self,
        venue: Venue,
        spawn: Callable[[], Replica],
        meet: Callable[[Replica, Loaded], Meeting],
        *,
        patience: float = 0.0,
        restarts: Restarts | None = None,
    ) -> None:
        self._venue = venue
        self._spawn = spawn
        self._meet = meet
        self._patience = patience
        self._restarts = restarts or Restarts()
        self._replica: Replica | None = None
        self._replacing: asyncio.Future[None] | None = None
        self._stopping = asyncio.Event()
        self._ever_loaded = False
        self.failure: ModelError | SetupError | None = None
        venue.host.when_stuck(self._replace)

    async def keep(self) -> bool:
        """Keep the model alive; return True once stopped, False once given up.

        Raises `SetupError` for a first start that no restart can mend: the module cannot be
        imported, its class declares what cannot be, or the config is wrong.
        """
        with working_at(self._venue.name, lambda: self._venue.host.session):
            return await self._keep()

    async def _keep(self) -> bool:
        while not self._stopping.is_set():
            try:
                await self._live()
                continue
            except Exception as error:
                failure = error
            if self._stopping.is_set():
                break
            lost = time.monotonic()
            final = isinstance(failure, SetupError) and not self._ever_loaded
            if not self._ever_loaded:
                self.failure = blamed(failure)
            verdict = self._restarts.failed(told(failure), lost, final=final)
            self._report(failure)
            self._venue.lose(verdict.event(lost))
            if isinstance(verdict, GiveUp):
                if final:
                    raise failure
                log.error("the model is given up: %s", verdict.reason)
                return False
            left = verdict.max_attempts - verdict.attempt
            log.warning(
                "the model restarts in %g s; restarts left after this one: %d",
                verdict.seconds, left,
            )  # fmt: skip
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), verdict.seconds)
        return True

    async def stop(self) -> None:
        """End the model; `keep` returns."""
        self._stopping.set()
        if self._replica is not None:
            with suppress(Exception):
                await asyncio.wait_for(self._replica.stop(), STOP_SECONDS)

    def _replace(self, seconds: float) -> None:
        """End a model that does not come back from author code; `keep` starts another."""
        if self._replica is not None:
            self._replacing = asyncio.ensure_future(self._give_up(self._replica, seconds))

    async def _give_up(self, replica: Replica, seconds: float) -> None:
        stack = await _where(replica)
        if self._venue.host.state is not State.CLOSING:
            return  # it has come back while it was asked
        log.error(
            "the model did not come back to the runtime within %g s after its session had ended: "
            "its process is replaced (a start_session() must return soon after should_stop() "
            "turns true; run() and handlers must not block). Author code was %s",
            seconds,
            f"here:\n{stack.rstrip()}" if stack else NOWHERE,
        )
        replica.kill()

    async def _live(self) -> None:
        """Bring one process from its start to its end."""
        began = time.monotonic()
        replica = self._replica = self._spawn()
        self._venue.hire(replica.id)
        try:
            with self._counted(began):
                loaded = await replica.load()
            meeting = self._meet(replica, loaded)
            running = asyncio.ensure_future(replica.run(meeting.address))
            running.add_done_callback(_noted)
            try:
                end = await self._met(meeting, running)
            finally:
                meeting.close()
            where = Whereabouts(meeting.kind, loaded.address, loaded.gpus, replica.id)
            try:
                self._venue.attach(end, loaded.contract, time.monotonic() - began, where)
                self._ever_loaded, self.failure = True, None
                end.start()
                await self._watched(replica, running)
            finally:
                end.close()
        finally:
            self._replica = None
            replica.kill()

    @contextmanager
    def _counted(self, began: float) -> Iterator[None]:
        try:
            yield
        except Exception:
            self._venue.load_failed(time.monotonic() - began)
            raise

    async def _met(self, meeting: Meeting, running: asyncio.Future[None]) -> End:
        """Wait for the model's end of the link, or for the model to fail first."""
        accepting = asyncio.ensure_future(meeting.accept(self._venue.host))
        try:
            async with asyncio.timeout(MEET_SECONDS):
                ends: list[asyncio.Future[Any]] = [accepting, running]
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise ModelError(
                f"the loaded model did not reach its viewers' side within {MEET_SECONDS:g} s"
            ) from None
        finally:
            if not accepting.done():
                accepting.cancel()
        if accepting.done() and not accepting.cancelled():
            return accepting.result()
        running.result()
        raise ModelError("the model has ended before it had viewers")

    async def _watched(self, replica: Replica, running: asyncio.Future[None]) -> None:
        """Wait for the end of the model, and see to it that one that hangs has one."""
        while self._patience > 0 and not running.done():
            try:
                async with asyncio.timeout(self._patience):
                    await replica.breathe()
            except TimeoutError:
                raise ModelError(
                    f"author code has held the model's thread for {self._patience:g} s "
                    "(--watchdog): its process is replaced",
                    await _where(replica),
                ) from None
            await asyncio.wait([running], timeout=self._patience / 4)
        await running

    def _report(self, failure: Exception) -> None:
        if isinstance(failure, ModelError | SetupError) and failure.detail:
            log.error("%s\n%s", failure.message, failure.detail.rstrip())
        elif isinstance(failure, SetupError):
            log.error("%s", failure.message)
        else:
            log.error("the model's process has ended: %s", told(failure))


async def _where(replica: Replica) -> str:
    """Return where author code is, if that can be told: a process may die of being asked."""
    try:
        return await replica.stack()
    except Exception as error:
        log.debug("a model could not be asked where it is: %s", told(error))
        return ""


def _noted(running: asyncio.Future[None]) -> None:
    """Look at how a run has ended, even when nobody waits for it any more."""
    if not running.cancelled():
        running.exception()


def blamed(failure: Exception) -> ModelError | SetupError:
    """Return a failure as an error that says whose fault it was."""
    if isinstance(failure, ModelError | SetupError):
        return failure
    return ModelError(f"the model's process has ended: {told(failure)}")


def told(failure: BaseException) -> str:
    """Return a failure in one line."""
    text = str(failure).strip().splitlines()
    return text[0] if text else type(failure).__name__
