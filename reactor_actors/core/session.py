"""`Session`: decide what a control-plane event means. Performs nothing.

One object per replica; sessions follow each other on it. An event goes in through `receive`, a list
of effects comes out, in the order in which they are to be performed. Time is an argument of the
events that need it, timers are effects, and media is absent: pictures never meet the session.

    CREATED      model loading or reloading, no session
    READY        loaded, no session
    WAITING      session open, no client yet
    STREAMING    at least one client
    ORPHANED     had clients, none now
    CLOSING      the model winds the session down
    TERMINATED   model given up, or shutting down

A model that crashes inside a session changes nothing of this: its clients stay, and a restarted
model takes part as if the session began. An event that does not fit the state is noted and ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reactor_actors.core import events as ev
from reactor_actors.core import messages as link
from reactor_actors.core.commands import Commands, label
from reactor_actors.core.contract import Contract, Gate
from reactor_actors.core.events import Effect, Event, Note, Tell, TellAll, TellModel, Timer
from reactor_actors.core.schema import capabilities, openapi
from reactor_actors.core.wire import inbound, outbound

NO_RECORDER = "recorder disabled"
RESTARTING = "the model is restarting; try again shortly"


class State(StrEnum):
    """Where a replica stands."""

    CREATED = "CREATED"
    READY = "READY"
    WAITING = "WAITING"
    STREAMING = "STREAMING"
    ORPHANED = "ORPHANED"
    CLOSING = "CLOSING"
    TERMINATED = "TERMINATED"


RUNNING = (State.WAITING, State.STREAMING, State.ORPHANED)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take, in seconds; 0 means for ever.

    Attributes:
        orphan: How long a session goes on without clients.
        longest: How long a session may last in all.
        grace: How long a model may stay busy after its session has ended.
    """

    orphan: float = 30.0
    longest: float = 0.0
    grace: float = 30.0


class Session:
    """The life of sessions on one replica."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._state = State.CREATED
        self._session: str | None = None
        self._clients: dict[str, float] = {}
        self._gate: Gate | None = None
        self._model_up = False
        self._attempt = 0
        self._lost_at = 0.0
        self._leaving = False
        self._commands = Commands()

    @property
    def state(self) -> State:
        """Where the replica stands."""
        return self._state

    @property
    def session(self) -> str | None:
        """The id of the session that runs or closes."""
        return self._session

    @property
    def clients(self) -> tuple[str, ...]:
        """The clients of the session, in the order in which they joined."""
        return tuple(self._clients)

    @property
    def contract(self) -> Contract | None:
        """What the model declares, once it has been loaded."""
        return self._gate.contract if self._gate else None

    def receive(self, event: Event) -> list[Effect]:
        """Take in what has happened; return what is to be done about it, in order."""
        match event:
            case ev.ModelReady():
                return self._model_ready(event)
            case ev.ModelLost():
                return self._model_lost(event)
            case ev.ModelGivenUp():
                return self._model_given_up()
            case ev.Start():
                return self._start(event)
            case ev.Stop():
                return self._stop(event.reason)
            case ev.Shutdown():
                return self._shutdown()
            case ev.PeerJoined():
                return self._joined(event)
            case ev.PeerLeft():
                return self._left(event.client)
            case ev.Heard():
                return self._heard(event.client, event.said)
            case ev.FilesFound() | ev.FilesMissing():
                return self._commands.files(event)
            case ev.FileStored():
                return self._file_stored(event)
            case ev.Fired():
                return self._fired(event.timer)
            case link.Said():
                return self._said(event)
            case link.Answered():
                return self._commands.answered(event)
            case link.SessionClosed():
                return self._closed(event.session)
            case link.SessionOver():
                return self._over(event)

    # The model.

    def _model_ready(self, event: ev.ModelReady) -> list[Effect]:
        known = self.contract
        self._gate = Gate(event.contract)
        self._model_up = True
        if self._state is State.CREATED:
            return self._move(State.READY)
        if self._state not in RUNNING or known is None or self._session is None:
            return self._ignored(event)
        if not event.contract.declares_the_same_as(known):
            self._model_up = False  # the new model knows nothing of this session
            effects = self._stop("error")
            self._model_up = True
            return [*effects, *self._move(State.READY)]
        began = link.SessionStarted(self._session)
        joined = [TellModel(link.ClientJoined(c, at)) for c, at in self._clients.items()]
        downtime = round(1000 * (event.at - self._lost_at))
        facts = {"attempt": self._attempt, "downtime_ms": downtime}
        return [
            TellModel(began),
            *joined,
            TellAll(outbound.RuntimeNotice("modelRestarted", facts)),
            Note("model_restarted", facts),
        ]

    def _model_lost(self, event: ev.ModelLost) -> list[Effect]:
        if self._model_up:
            self._lost_at = event.at
        self._model_up = False
        self._attempt = event.attempt
        facts = {
            "reason": "error",
            "attempt": event.attempt,
            "max_attempts": event.max_attempts,
            "retry_in_ms": event.retry_in_ms,
        }
        note = Note("model_restarting", facts)
        if self._state is State.READY:
            return [note, *self._move(State.CREATED)]
        if self._state is State.CLOSING:
            return [note, *self._end()]
        if self._state not in RUNNING:
            return [note]
        refused = self._commands.refuse_all("model_restarting", RESTARTING)
        return [note, *refused, TellAll(outbound.RuntimeNotice("modelRestarting", facts))]

    def _model_given_up(self) -> list[Effect]:
        if self._state is State.TERMINATED:
            return self._ignored(ev.ModelGivenUp())
        self._model_up = False
        effects: list[Effect] = [Note("error", {"message": "the model has been given up"})]
        if self._state in RUNNING:
            effects += self._stop("error")
        elif self._state is State.CLOSING:
            effects += self._end()
        return effects if self._leaving else effects + self._move(State.TERMINATED)

    # The session.

    def _start(self, event: ev.Start) -> list[Effect]:
        if self._state is State.READY:
            self._session = event.session
            return [
                ev.ForgetSession(),  # what was emitted while nobody could have seen it
                TellModel(link.SessionStarted(event.session)),
                *self._move(State.WAITING),
                *self._arm(Timer.ORPHAN, self._limits.orphan),
            ]
        if self._state in (State.WAITING, State.ORPHANED):
            return self._arm(Timer.ORPHAN, self._limits.orphan)
        return [] if self._state is State.STREAMING else self._ignored(event)

    def _stop(self, reason: str) -> list[Effect]:
        if self._state not in RUNNING or self._session is None:
            return []
        effects: list[Effect] = [
            *self._commands.refuse_all("session_ended", f"the session has ended: {reason}"),
            TellAll(outbound.SessionEnded(reason)),
            Note("session_ended", {"reason": reason}),
            ev.ClearTimer(Timer.ORPHAN),
            ev.ClearTimer(Timer.LONGEST),
            *self._move(State.CLOSING),
        ]
        if not self._model_up:
            return effects + self._end()
        effects.append(TellModel(link.SessionStopped(self._session)))
        return effects + self._arm(Timer.GRACE, self._limits.grace)

    def _over(self, event: link.SessionOver) -> list[Effect]:
        if self._state not in RUNNING or event.session != self._session:
            return self._ignored(event)
        return self._stop(event.reason)

    def _closed(self, session: str) -> list[Effect]:
        if self._state is not State.CLOSING or session != self._session:
            return self._ignored(link.SessionClosed(session))
        return self._end()

    def _end(self) -> list[Effect]:
        """Leave CLOSING: nothing of the session is left behind."""
        self._session = None
        self._clients.clear()
        return [
            ev.ClearTimer(Timer.GRACE),
            ev.ClosePeers(),
            ev.ForgetSession(),
            *self._move(State.READY if self._model_up else State.CREATED),
            *(self._move(State.TERMINATED) if self._leaving else []),
        ]

    def _shutdown(self) -> list[Effect]:
        self._leaving = True
        if self._state in RUNNING:
            return self._stop("evicted")
        if self._state in (State.CLOSING, State.TERMINATED):
            return []
        return self._move(State.TERMINATED)

    def _fired(self, timer: Timer) -> list[Effect]:
        if timer is Timer.GRACE and self._state is State.CLOSING:
            busy = Note("error", {"message": "the model is still busy"})
            return [busy, ev.ReplaceModel(self._limits.grace)]
        idle = timer is Timer.ORPHAN and self._state in (State.WAITING, State.ORPHANED)
        return self._stop("timed_out") if idle or timer is Timer.LONGEST else []

    # Clients.

    def _joined(self, event: ev.PeerJoined) -> list[Effect]:
        if self._state not in RUNNING or event.client in self._clients:
            return [*self._ignored(event), ev.ClosePeers((event.client,))]
        first = self._state is State.WAITING
        self._clients[event.client] = event.at
        effects = self._to_model(link.ClientJoined(event.client, event.at))
        if self._state is not State.STREAMING:
            effects += [ev.ClearTimer(Timer.ORPHAN), *self._move(State.STREAMING)]
        return effects + (self._arm(Timer.LONGEST, self._limits.longest) if first else [])

    def _left(self, client: str) -> list[Effect]:
        if self._clients.pop(client, None) is None:
            return []
        self._commands.forget(client)
        if self._state is not State.STREAMING:
            return []
        effects = self._to_model(link.ClientLeft(client))
        if not self._clients:
            effects += self._move(State.ORPHANED)
            effects += self._arm(Timer.ORPHAN, self._limits.orphan)
        return effects

    def _heard(self, client: str, said: inbound.Inbound) -> list[Effect]:
        contract = self.contract
        if client not in self._clients or contract is None:
            return self._ignored(ev.Heard(client, said))
        match said:
            case inbound.Command():
                return self._command(client, said)
            case inbound.Malformed(request, command, text):
                failure = outbound.Failure(request, command, "invalid_command", text)
                return [Tell(client, failure)]
            case inbound.StepRequest(request):
                text = "this model does not generate in steps"
                return [Tell(client, outbound.Failure(request, "", "not_supported", text))]
            case inbound.CapabilitiesRequest():
                return [Tell(client, outbound.Capabilities(capabilities(contract)))]
            case inbound.SchemaRequest(request):
                return [Tell(client, outbound.Schema(request, openapi(contract)))]
            case inbound.ClipRequest(request) | inbound.RecordingRequest(request):
                return [Tell(client, outbound.ClipFailed(request, NO_RECORDER))]
            case inbound.FileUploaded(upload) if contract.wants_files:
                return [ev.FindFile(client, upload.upload_id)]
            case _:
                return []

    def _file_stored(self, event: ev.FileStored) -> list[Effect]:
        if self._state not in RUNNING or event.client not in self._clients:
            return self._ignored(event)
        return self._to_model(link.FileReceived(event.client, event.file))

    def _command(self, client: str, said: inbound.Command) -> list[Effect]:
        name = label(self._gate, said)
        if self._gate is None or self._state not in RUNNING:
            text = "the session has ended"
            return self._commands.refuse(client, said, "session_ended", text, name)
        if not self._model_up:
            return self._commands.refuse(client, said, "model_restarting", RESTARTING, name)
        return self._commands.ask(self._gate, client, said)

    def _said(self, event: link.Said) -> list[Effect]:
        message = outbound.Message(event.type, event.data, event.flat)
        return [TellAll(message) if event.client is None else Tell(event.client, message)]

    # The small words.

    def _to_model(self, message: link.ToModel) -> list[Effect]:
        """Tell the model, if it is there; a restarted one learns of everybody anyway."""
        return [TellModel(message)] if self._model_up else []

    def _arm(self, timer: Timer, seconds: float) -> list[Effect]:
        return [ev.SetTimer(timer, seconds)] if seconds > 0 else []

    def _move(self, state: State) -> list[Effect]:
        previous, self._state = self._state, state
        return [Note("transition", {"from": previous.value, "to": state.value})]

    def _ignored(self, event: Event) -> list[Effect]:
        name = type(event).__name__
        return [Note("ignored", {"event": name, "state": self._state.value})]
