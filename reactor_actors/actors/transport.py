"""`TransportActor`: the Ray face of a `TransportServer` and its model's supervisor."""

from __future__ import annotations

from collections.abc import Callable

from reactor_actors.actors.logs import LogSettings, configure
from reactor_actors.actors.supervise import Replica, Supervisor
from reactor_actors.core.contract import Contract
from reactor_actors.core.events import ModelLost
from reactor_actors.core.session import State
from reactor_actors.loader import ModelSource
from reactor_actors.transports.server import ServerSettings, TransportServer
from reactor_actors.transports.status import ReplicaStatus, Status


class TransportActor:
    """Everything on the clients' side of one replica, in a process that outlives its model.

    An async actor: every method runs on one event loop. `spawn` starts a model's process.
    """

    def __init__(
        self,
        source: ModelSource,
        settings: ServerSettings,
        version: str,
        logs: LogSettings,
        spawn: Callable[[ModelSource], Replica],
    ) -> None:
        configure(logs)
        self._source = source
        self._settings = settings
        self._version = version
        self._spawn = spawn
        self._server: TransportServer | None = None
        self._supervisor: Supervisor | None = None

    async def start(self) -> str:
        """Listen, before the model loads; return the address. Raises `SetupError`."""
        name = self._source.manifest.name
        self._server = TransportServer(self._settings, model=name, version=self._version)
        self._supervisor = Supervisor(self._server, lambda: self._spawn(self._source))
        self._server.host.when_stuck(self._supervisor.replace)
        await self._server.start()
        return self._server.url

    async def keep(self) -> bool:
        """Keep the model alive until stopped (True) or given up (False)."""
        return await self._started().keep()

    async def loaded(self) -> Contract | None:
        """Return what the model declares; None while it loads."""
        return self._server.host.contract if self._server else None

    async def status(self) -> Status:
        """Return how the replica stands."""
        name = self._source.manifest.name
        if self._server is None:
            return Status(name, "", "loading")
        host = self._server.host
        match host.state, host.model_news:
            case State.TERMINATED, _:
                state, detail = "terminated", "the model has failed too often and was given up"
            case State.CREATED, ModelLost(attempt=attempt, max_attempts=most):
                state, detail = "loading", f"restarting {attempt}/{most}"
            case State.CREATED, _:
                state, detail = "loading", ""
            case State.READY, _:
                state, detail = "available", ""
            case _:
                state, detail = "serving", ""
        replica = ReplicaStatus(name, host.state, host.session, host.viewers, link="ring")
        return Status(name, self._server.url, state, detail, (replica,))

    async def drain(self, seconds: float) -> bool:
        """Wait until no session runs; False if one still does."""
        return self._server is None or await self._server.host.idle(seconds)

    async def stop(self) -> None:
        """End the session in order, then the model, then everything else."""
        if self._server is not None:
            await self._server.wind_down()
        await self._started().stop()
        if self._server is not None:
            await self._server.close()

    def _started(self) -> Supervisor:
        if self._supervisor is None:
            raise RuntimeError("start() comes first")
        return self._supervisor
