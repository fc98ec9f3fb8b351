"""`Venue`: everything on the clients' side of one replica, in one object with one owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reactor_actors.core import events as ev
from reactor_actors.core.contract import Contract
from reactor_actors.core.ports import ModelPort
from reactor_actors.core.session import RUNNING, State
from reactor_actors.transports.figures import Figures
from reactor_actors.transports.host import TransportHost
from reactor_actors.transports.inputs import Inputs
from reactor_actors.transports.relay import Relay
from reactor_actors.transports.room import LocalRoom
from reactor_actors.transports.seats import Seats
from reactor_actors.transports.settings import VenueSettings
from reactor_actors.transports.status import ReplicaStatus
from reactor_actors.transports.uploads import Uploads
from reactor_actors.transports.webrtc.connections import Connections
from reactor_actors.transports.webrtc.streams import Streams

WIND_DOWN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a replica's model lives, and what joins it to its clients."""

    link: str | None = None
    node: str | None = None
    gpus: tuple[str, ...] = ()
    process: str | None = None


class Venue:
    """The session, the encoders and the peers of one replica. Lives on one event loop.

    `host` is what a link talks to, `room` what the entrance sees. `relay`, `inputs` and `seats` are
    for clients that are no WebRTC peers. `journal` gets every note.
    """

    def __init__(
        self,
        name: str,
        settings: VenueSettings,
        *,
        uploads: Uploads,
        journal: Callable[[ev.Note], None],
    ) -> None:
        self._journal = journal
        self._streams = Streams(settings.bitrate)
        self.relay = Relay(name, self._streams)
        self.host = TransportHost(
            self.relay,
            replica=name,
            limits=settings.session,
            uploads=uploads,
            journal=journal,
        )
        self.relay.session = lambda: self.host.session
        self.inputs = Inputs(self.host)
        self.seats = Seats(settings.connections.connections)
        self._connections = Connections(
            self.host,
            self._streams,
            settings.peers,
            settings.connections,
            inputs=self.inputs,
            seats=self.seats,
        )
        self.room = LocalRoom(name, self.host, self._connections)
        self._whereabouts = Whereabouts()
        self._restarts = 0
        self._wound_down = False

    @property
    def name(self) -> str:
        """The replica's name."""
        return self.room.name

    def hire(self, process: str) -> None:
        """Note the process in which a model begins to load."""
        self._whereabouts = Whereabouts(process=process)

    def attach(
        self,
        model: ModelPort,
        contract: Contract,
        seconds: float,
        whereabouts: Whereabouts | None = None,
    ) -> None:
        """Take the model, which took `seconds` to load."""
        self._whereabouts = whereabouts or Whereabouts()
        self._journal(ev.Note("model_loaded", {"seconds": seconds, "outcome": "ok"}))
        self._streams.declare(contract.tracks, contract.fps)
        self.host.attach(model, contract)

    def load_failed(self, seconds: float) -> None:
        """Note that loading the model took `seconds` and came to nothing."""
        self._journal(ev.Note("model_loaded", {"seconds": seconds, "outcome": "error"}))

    def lose(self, event: ev.ModelLost | ev.ModelGivenUp) -> None:
        """Go on without the model, for now or for good; its clients stay."""
        self._whereabouts = Whereabouts()
        self._restarts += isinstance(event, ev.ModelLost)
        self.host.detach(event)

    def figures(self) -> Figures:
        """Return what has been done so far, through the lives of all models."""
        return self.host.traffic.figures(self._streams.figures())

    def status(self) -> ReplicaStatus:
        """Say how the replica stands."""
        pace, queue, where = self.host.pace(), self.host.statistics(), self._whereabouts
        return ReplicaStatus(
            name=self.name,
            state=self.host.state,
            session=self.host.session,
            viewers=self.host.clients,
            fps=pace.fps,
            latency=pace.latency,
            waiting=queue.waiting if queue is not None else 0,
            lead=queue.lead if queue is not None else None,
            encoders=self._streams.encoders(),
            restarts=self._restarts,
            link=where.link,
            node=where.node,
            gpus=where.gpus,
            process=where.process,
        )

    async def wind_down(self) -> None:
        """End the session in order, while there is a model to end it with. Waits once only."""
        if self.host.state in (*RUNNING, State.CLOSING):
            self.host.tell(ev.Shutdown())
        if self.host.state is State.CLOSING and not self._wound_down:
            self._wound_down = True
            await self.host.wound_down(WIND_DOWN_SECONDS)

    async def close(self) -> None:
        """End the session, then everything else."""
        await self.wind_down()
        await self._connections.close()
        await self._streams.close()
        await self.host.close()
