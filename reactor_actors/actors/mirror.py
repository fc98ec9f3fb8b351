"""`Mirror`: what is known of a replica whose venue is in another process. Pure.

It lives longer than that process. When the process dies, everything in it has ended without a word
being said about it: the mirror makes up the notes that were not written any more, so that journal,
metrics and queue come out even, and goes on counting where it was.
"""

from __future__ import annotations

from dataclasses import replace

from reactor_actors.actors.reports import Report, Vitals
from reactor_actors.core import events as ev
from reactor_actors.core.session import RUNNING, State
from reactor_actors.transports.figures import Figures
from reactor_actors.transports.room import Facts
from reactor_actors.transports.status import ReplicaStatus

LOST = "transport_lost"
"""The reason with which connections end whose process has died."""


class Mirror:
    """The last known facts and counts of one replica."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._facts = Facts()
        self._clients: dict[str, None] = {}
        self._vitals: Vitals | None = None
        self._restarts = 0
        self._past = Figures()

    @property
    def facts(self) -> Facts:
        """The last known facts."""
        return self._facts

    def receive(self, report: Report) -> None:
        """Take in what is told of the replica."""
        if report.facts is not None:
            self._facts = report.facts
        if report.vitals is not None:
            self._vitals = report.vitals
        match report.note:
            case ev.Note("connection_opened", facts):
                self._clients[facts["client"]] = None
            case ev.Note("connection_closed", facts):
                self._clients.pop(facts["client"], None)

    def lost(self, event: ev.ModelLost | ev.ModelGivenUp) -> list[ev.Note]:
        """Note that the process is gone, and its model with it; return what has ended."""
        before, self._facts = self._facts, self._without_process(event)
        notes = [_told(event)]
        notes += [
            ev.Note("connection_closed", {"client": client, "reason": LOST})
            for client in self._clients
        ]
        if before.state in RUNNING:
            notes.append(ev.Note("session_ended", {"reason": "error"}))
        after = self._facts.state
        if after is not before.state:
            moved = {"from": before.state.value, "to": after.value}
            notes.append(ev.Note("transition", moved))
        self._keep_counts(event)
        return [replace(note, session=before.session) for note in notes]

    def figures(self) -> Figures:
        """Return what has been done so far, in all processes."""
        return self._past + self._vitals.figures if self._vitals else self._past

    def status(self) -> ReplicaStatus:
        """Say how the replica stands."""
        facts = self._facts
        status = self._vitals.status if self._vitals else ReplicaStatus(self._name, facts.state)
        return replace(
            status,
            state=facts.state,
            session=facts.session,
            viewers=facts.clients,
            restarts=self._restarts + status.restarts,
        )

    def _without_process(self, event: ev.ModelLost | ev.ModelGivenUp) -> Facts:
        given_up = isinstance(event, ev.ModelGivenUp)
        state = State.TERMINATED if given_up else State.CREATED
        return Facts(state, contract=self._facts.contract, news=event)

    def _keep_counts(self, event: ev.ModelLost | ev.ModelGivenUp) -> None:
        self._clients.clear()
        self._past = self.figures()
        self._restarts += isinstance(event, ev.ModelLost)
        if self._vitals is not None:
            self._restarts += self._vitals.status.restarts
        self._vitals = None


def _told(event: ev.ModelLost | ev.ModelGivenUp) -> ev.Note:
    if isinstance(event, ev.ModelGivenUp):
        return ev.Note("error", {"message": "the transport's process has been given up"})
    return ev.Note(
        "model_restarting",
        {
            "reason": "error",
            "attempt": event.attempt,
            "max_attempts": event.max_attempts,
            "retry_in_ms": event.retry_in_ms,
        },
    )
