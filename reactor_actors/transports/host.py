"""`TransportHost`: the clients' side of one replica.

The shell around two deciders that never meet: the session on the control plane, the frame queue on
the media plane. It performs what they decide and decides nothing itself.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

from reactor_actors.core import events as ev
from reactor_actors.core.contract import Contract
from reactor_actors.core.current import working_for
from reactor_actors.core.errors import ClientError
from reactor_actors.core.media import Tick
from reactor_actors.core.messages import FromModel, Grant
from reactor_actors.core.ports import Feed, ModelPort, Peer, Screen
from reactor_actors.core.session import RUNNING, Limits, Session, State
from reactor_actors.core.wire.inbound import Inbound
from reactor_actors.core.wire.outbound import Outbound
from reactor_actors.flow.bell import Bell
from reactor_actors.flow.playout import Pace, Playout
from reactor_actors.flow.queue import FrameQueue, QueueStatistics
from reactor_actors.transports.figures import Traffic
from reactor_actors.transports.notes import log_note
from reactor_actors.transports.uploads import Uploads

log = logging.getLogger("reactor_actors.session")


class TransportHost:
    """Owner of one replica's session, playout and peers. Lives on one event loop.

    Every note of the session is logged and given to `journal`; `traffic` counts what passes.
    `replace_model` is what `when_stuck` calls back.
    """

    def __init__(
        self,
        screen: Screen,
        *,
        replica: str | None = None,
        limits: Limits | None = None,
        uploads: Uploads | None = None,
        journal: Callable[[ev.Note], None] | None = None,
        replace_model: Callable[[float], None] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._screen = screen
        self._replica = replica
        self._session = Session(limits)
        self._journal = journal or (lambda note: None)
        self._replace_model = replace_model or (lambda seconds: None)
        self._model: ModelPort | None = None
        self._playout: Playout | None = None
        self._model_news: ev.ModelReady | ev.ModelLost | ev.ModelGivenUp | None = None
        self._peers: dict[str, Peer] = {}
        self._open: set[str] = set()
        self._when_over: Callable[[], None] = lambda: None
        self._moved = Bell()
        self._timers: dict[ev.Timer, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._announced: set[tuple[str, str]] = set()
        self.traffic = Traffic()
        self.uploads = uploads or Uploads()

    @property
    def state(self) -> State:
        """Where the replica stands."""
        return self._session.state

    @property
    def session(self) -> str | None:
        """The id of the session that runs or closes."""
        return self._session.session

    @property
    def replica(self) -> str | None:
        """The replica's name."""
        return self._replica

    @property
    def clients(self) -> int:
        """How many clients the session has."""
        return len(self._session.clients)

    @property
    def contract(self) -> Contract | None:
        """What the model declares, once it has been loaded."""
        return self._session.contract

    @property
    def model_news(self) -> ev.ModelReady | ev.ModelLost | ev.ModelGivenUp | None:
        """The last thing heard of the model; None while it loads for the first time."""
        return self._model_news

    def statistics(self) -> QueueStatistics | None:
        """Return a snapshot of the frame queue."""
        return self._playout.statistics() if self._playout else None

    def pace(self) -> Pace:
        """Say how playout has gone in the last second."""
        return self._playout.pace() if self._playout else Pace()

    def attach(self, model: ModelPort, contract: Contract) -> None:
        """Take a loaded model, the first one or one that replaces another."""
        if self._playout is not None:
            self._playout.close()
        self._model = model
        bound, fixed = contract.buffer_size, contract.fixed_latency
        queue = FrameQueue(bound, contract.fps, fixed=fixed, first=contract.first_lead)
        self._playout = Playout(queue, self._show, self._grant, self.traffic.latencies)
        self.tell(ev.ModelReady(contract, self._loop.time()))

    def detach(self, event: ev.ModelLost | ev.ModelGivenUp) -> None:
        """Note that the model is gone; its clients stay."""
        self._model = None
        if self._playout is not None:
            self._playout.close()
            self._playout = None
        self.tell(event)

    def when_stuck(self, callback: Callable[[float], None]) -> None:
        """Call back, with the seconds it had, when the model has to be replaced.

        It does not come back from author code, though its session has ended.
        """
        self._replace_model = callback

    def when_over(self, callback: Callable[[], None]) -> None:
        """Call back whenever a session is over and its connections are to be forgotten."""
        self._when_over = callback

    def start(self, session: str) -> None:
        """Start a session, or keep the one that runs."""
        before = self._session.session
        self.tell(ev.Start(session))
        if before is None and self._session.session is not None:
            self._note(ev.Note("session_started"), session)

    def stop(self, reason: str = "stopped") -> None:
        """End the session for every client."""
        self.tell(ev.Stop(reason))

    async def wound_down(self, seconds: float) -> bool:
        """Wait until no session is being closed; return False if one still is after `seconds`."""
        try:
            return await self._moved.until(
                lambda: None if self._session.state is State.CLOSING else True, seconds
            )
        except TimeoutError:
            return False

    def join(self, peer: Peer, seconds: float = 0.0) -> None:
        """Add a peer to the session; it took `seconds` from its offer to its connection."""
        self._peers[peer.client] = peer
        self.tell(ev.PeerJoined(peer.client, time.time()))
        if peer.client in self._session.clients and peer.client not in self._open:
            self._open.add(peer.client)
            facts = {"client": peer.client, "seconds": round(seconds, 3)}
            note = ev.Note("connection_opened", facts)
            self._note(note, self._session.session)

    def replace(self, peer: Peer) -> None:
        """Take a peer in place of the one its client had; to the session nothing has changed."""
        self._peers[peer.client] = peer

    def leave(self, client: str, reason: str = "closed") -> None:
        """Note that a peer is gone for good; `reason` is for the journal."""
        self._peers.pop(client, None)
        self._announced = {said for said in self._announced if said[0] != client}
        self.tell(ev.PeerLeft(client))
        self._note_closed(client, self._session.session, reason)

    def hear(self, client: str, said: Inbound) -> None:
        """Take in what a client says."""
        self.tell(ev.Heard(client, said))

    def feed(self, frame: Feed) -> None:
        """Pass an input frame on to the model; without one it is gone."""
        if self._model is not None:
            self.traffic.fed[frame.track] += 1
            self._model.feed(frame)

    def push(self, tick: Tick) -> None:
        """Queue a granted tick for playout."""
        self.traffic.arrived(tick, self._loop.time())
        if self._playout is not None:
            self._playout.push(tick)

    def cut(self, epoch: int, black: bool) -> None:
        """Drop what is queued from before `epoch`; show black if asked to."""
        if self._playout is not None:
            self._playout.cut(epoch)
        if black and self._session.state in RUNNING:
            self._screen.blank()

    def set_rate(self, fps: float) -> None:
        """Change the playout rate."""
        if self._playout is not None:
            self._playout.set_rate(fps)

    def receive(self, message: FromModel) -> None:
        """Take in what the model says."""
        self.tell(message)

    def tell(self, event: ev.Event) -> None:
        """Put an event to the session and perform what it decides."""
        if isinstance(event, ev.ModelReady | ev.ModelLost | ev.ModelGivenUp):
            self._model_news = event
        before = self._session.session
        effects = self._session.receive(event)
        session = self._session.session or before
        with working_for(session, self._replica):
            for effect in effects:
                self._perform(effect, session)

    async def close(self) -> None:
        """End everything this object owns. The session is not wound down; see `ev.Shutdown`."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._playout is not None:
            self._playout.close()

    def _perform(self, effect: ev.Effect, session: str | None) -> None:
        match effect:
            case ev.TellModel(message):
                if self._model is not None:
                    self._model.deliver(message)
            case ev.Tell(client, message):
                self._send([client], message)
            case ev.TellAll(message):
                self._send(tuple(self._peers), message)  # the session may have ended since
            case ev.FindFiles(number, uploads):
                self._run(self._find_files(number, uploads))
            case ev.FindFile(client, upload):
                self._announce(client, upload)
            case ev.SetTimer(timer, seconds):
                self._clear(timer)
                self._timers[timer] = self._loop.call_later(seconds, self._fire, timer)
            case ev.ClearTimer(timer):
                self._clear(timer)
            case ev.ClosePeers(clients):
                self._close_peers(clients, session)
            case ev.ForgetSession():
                self._forget()
            case ev.ReplaceModel(seconds):
                self._replace_model(seconds)
            case ev.Note():
                self._note(effect, session)

    def _send(self, clients: Iterable[str], message: Outbound) -> None:
        for client in clients:
            peer = self._peers.get(client)
            if peer is None:
                continue
            try:
                peer.tell(message)
            except Exception:
                # One broken peer is its own trouble: it is noticed as lost by its transport.
                log.exception("client %s could not be told something; it is skipped", client)

    def _note(self, note: ev.Note, session: str | None) -> None:
        with working_for(session, self._replica):
            log_note(note)
        self._journal(replace(note, session=session))
        if note.kind == "transition":
            self.traffic.rest()
            self._moved.ring()

    def _note_closed(self, client: str, session: str | None, reason: str) -> None:
        if client in self._open:
            self._open.discard(client)
            note = ev.Note("connection_closed", {"client": client, "reason": reason})
            self._note(note, session)

    def _close_peers(self, clients: tuple[str, ...] | None, session: str | None) -> None:
        for client in tuple(self._peers) if clients is None else clients:
            peer = self._peers.pop(client, None)
            if peer is not None:
                peer.close()
                self._note_closed(client, session, "session_ended")

    def _forget(self) -> None:
        self.uploads.clear()
        self._announced.clear()
        self._when_over()
        self._screen.forget()
        if self._playout is not None:
            self._playout.clear()

    def _fire(self, timer: ev.Timer) -> None:
        self._timers.pop(timer, None)
        self.tell(ev.Fired(timer))

    def _clear(self, timer: ev.Timer) -> None:
        if handle := self._timers.pop(timer, None):
            handle.cancel()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _find_files(self, number: int, uploads: tuple[str, ...]) -> None:
        try:
            files = await self.uploads.find(uploads)
        except ClientError as error:
            self.tell(ev.FilesMissing(number, error.message))
        else:
            self.tell(ev.FilesFound(number, files))

    def _announce(self, client: str, upload: str) -> None:
        """Look for a file that a client says it has sent; saying it again changes nothing."""
        if (client, upload) not in self._announced:
            self._announced.add((client, upload))
            self._run(self._find_file(client, upload))

    async def _find_file(self, client: str, upload: str) -> None:
        try:
            files = await self.uploads.find([upload])
        except ClientError as error:
            self._announced.discard((client, upload))
            log.debug("an announced upload of client %s is ignored: %s", client, error.message)
        else:
            self.tell(ev.FileStored(client, files[upload]))

    def _show(self, tick: Tick) -> None:
        # Without a session the ticks are played out to nobody, and no picture is kept.
        if self._session.state in RUNNING:
            self._screen.show(tick)

    def _grant(self, grant: Grant) -> None:
        if self._model is not None:
            self._model.grant(grant)
