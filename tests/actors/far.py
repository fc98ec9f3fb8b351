"""The far side of a `Branch`, made by hand: it can be slow, hang, die and be hired again.

Everything that crosses is pickled, so nothing is shared that could not be.
"""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from reactor_actors.actors.branch import Branch
from reactor_actors.actors.reports import Report, Reporter
from reactor_actors.actors.requests import Answer, Request
from reactor_actors.core import events as ev
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import PeerGone
from reactor_actors.transports.host import TransportHost
from reactor_actors.transports.room import LocalRoom
from reactor_actors.transports.uploads import Uploads
from tests.fakes import FakeModel, FakeScreen, FakeSignalling

T = TypeVar("T")


class FarProcess:
    """A process with rooms. `road` and `back` are how long calls and reports are on their way.

    It is there after `begin` seconds.
    """

    def __init__(
        self,
        names: Iterable[str],
        report: Callable[[list[Report]], None],
        *,
        begin: float = 0.0,
        road: float = 0.0,
        back: float = 0.0,
        uploads: Callable[[], Uploads] = Uploads,
    ) -> None:
        self.begin, self.road, self.back = begin, road, back
        self.hung = self.killed = False
        self.asked: list[Any] = []
        self.reports: list[Report] = []
        self.stuck = asyncio.Event()
        self.signalling = {name: FakeSignalling() for name in names}
        self.hosts = {name: self._host(name, uploads()) for name in self.signalling}
        self._rooms = {
            name: LocalRoom(name, host, self.signalling[name]) for name, host in self.hosts.items()
        }
        self._report = report
        self.reporter = Reporter(self._send)
        self._ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._tasks: list[asyncio.Future[Any]] = []

    def _host(self, name: str, uploads: Uploads) -> TransportHost:
        def journal(note: ev.Note) -> None:
            self.reporter.note(name, note, self._rooms[name].facts)

        host = TransportHost(FakeScreen(), uploads=uploads, journal=journal)
        host.when_over(self.signalling[name].clear)
        return host

    def load(self, contract: Contract) -> None:
        """Let every model be loaded."""
        for host in self.hosts.values():
            host.attach(FakeModel(), contract)

    def beat(self) -> None:
        """Show that the process lives."""
        self._report([Report(next(iter(self.hosts)))])

    async def start(self) -> None:
        await asyncio.sleep(self.begin)
        self._tasks.append(asyncio.ensure_future(self.reporter.run()))

    async def keep(self) -> bool:
        return await asyncio.shield(self._ended)

    async def ask(self, replica: str, request: Request[T]) -> Answer[T]:
        self.asked.append(request)
        asking: asyncio.Future[Answer[T]]
        asking = asyncio.ensure_future(self._asked(replica, copied(request)))
        self._tasks.append(asking)
        ends: list[asyncio.Future[Any]] = [asking, self._ended]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if self.killed or not asking.done():
            raise PeerGone("the process is dead")
        return copied(asking.result())

    async def _asked(self, replica: str, request: Request[T]) -> Answer[T]:
        await asyncio.sleep(self.road)
        if self.hung:
            await self.stuck.wait()
        value = await request.put_to(self._rooms[replica])
        return Answer(value, self.reporter.told)

    async def _send(self, reports: list[Report]) -> None:
        await asyncio.sleep(self.back)
        if not self.killed:
            self.reports += reports
            self._report(copied(reports))

    async def stop(self) -> None:
        for host in self.hosts.values():
            host.tell(ev.Shutdown())
        self.finish(True)
        self.reporter.close()
        await asyncio.wait(self._tasks[:1])

    def finish(self, clean: bool) -> None:
        """Let the models' lives end."""
        if not self._ended.done():
            self._ended.set_result(clean)

    def fail(self, error: Exception) -> None:
        """Let the process, or what it does, come to a bad end."""
        if not self._ended.done():
            self._ended.set_exception(error)
            self._ended.exception()

    def die(self) -> None:
        """Let the process die as if it was killed."""
        self.killed = True
        self.fail(PeerGone("the process is dead"))
        for task in self._tasks:
            task.cancel()

    kill = die

    async def close(self) -> None:
        """Free what it holds."""
        self.die()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for host in self.hosts.values():
            await host.close()


class FarSide:
    """A branch, every process it has hired, and everything that was heard of its rooms."""

    def __init__(
        self,
        *names: str,
        hear: Callable[[str, ev.Note], None] | None = None,
        contract: Contract | None = None,
        **options: Any,
    ) -> None:
        self.lives: list[FarProcess] = []
        self.heard: list[tuple[str, ev.Note]] = []
        self._options = options
        self._contract = contract or Contract("m")
        self._hear = hear or (lambda replica, note: None)
        self.branch = Branch(names, self._hire, hear=self._take)
        self._names = names
        self._keeping: asyncio.Task[bool] | None = None

    @property
    def kept(self) -> asyncio.Task[bool]:
        """The task that keeps the branch alive."""
        assert self._keeping is not None
        return self._keeping

    @property
    def process(self) -> FarProcess:
        """The newest process."""
        return self.lives[-1]

    @property
    def kinds(self) -> list[str]:
        """The kinds of the notes that were heard."""
        return [note.kind for _, note in self.heard]

    def _take(self, replica: str, note: ev.Note) -> None:
        self.heard.append((replica, note))
        self._hear(replica, note)

    def _hire(self, life: int) -> FarProcess:
        def report(reports: list[Report]) -> None:
            self.branch.report(life, reports)

        self.lives.append(FarProcess(self._names, report, **self._options))
        return self.process

    def keep(self) -> None:
        """Begin to keep the branch alive."""
        self._keeping = asyncio.create_task(self.branch.keep())

    async def loaded(self) -> FarProcess:
        """Wait for the newest process's start, and let its models be loaded and heard of."""
        await settle()
        self.process.load(self._contract)
        await settle()
        return self.process

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        for life in self.lives:
            await life.close()


async def settle() -> None:
    """Let everything happen that needs no time to pass."""
    for _ in range(50):
        await asyncio.sleep(0)


def copied(thing: T) -> T:
    """Return what arrives in another process."""
    arrived: T = pickle.loads(pickle.dumps(thing))
    assert arrived is not thing or copy.copy(thing) is thing
    return arrived
