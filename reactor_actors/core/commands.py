"""`Commands`: those that clients have sent and that are not answered yet.

Every command gets exactly one answer. A client's commands reach the model in the order sent: one
that waits for an uploaded file holds back the later ones of its client, and of no other.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Mapping
from typing import Any

from reactor_actors.core import events as ev
from reactor_actors.core import messages as link
from reactor_actors.core.contract import Gate
from reactor_actors.core.errors import ClientError
from reactor_actors.core.events import Effect, Note, Tell, TellModel
from reactor_actors.core.fields import UploadedFile
from reactor_actors.core.wire import inbound, outbound

MAX_WAITING = 1024


@dataclasses.dataclass(slots=True)
class _Asked:
    """A command without an answer; `files` is None while they are looked for."""

    number: int
    client: str
    said: inbound.Command
    payload: dict[str, Any]
    files: Mapping[str, UploadedFile] | None = None


class Commands:
    """The commands of one session's clients. Decides; performs nothing."""

    def __init__(self) -> None:
        self._asked: dict[int, _Asked] = {}
        self._held: dict[str, deque[_Asked]] = {}
        self._numbers = 0

    def ask(self, gate: Gate, client: str, said: inbound.Command) -> list[Effect]:
        """Take a command that a client has sent: refuse it, hold it back, or deliver it."""
        payload = {**said.args, **{k: dataclasses.asdict(ref) for k, ref in said.uploads.items()}}
        if len(self._asked) >= MAX_WAITING:
            text = f"{MAX_WAITING} commands are already waiting for the model"
            return self.refuse(client, said, "overloaded", text, label(gate, said))
        try:
            uploads = gate.admit(said.name, payload)
        except ClientError as error:
            return self.refuse(client, said, error.code, error.message, label(gate, said))
        self._numbers += 1
        asked = _Asked(self._numbers, client, said, payload)
        self._asked[asked.number] = asked
        self._held.setdefault(client, deque()).append(asked)
        if uploads:
            return [ev.FindFiles(asked.number, tuple(uploads))]
        asked.files = {}
        return self._release(client)

    def files(self, event: ev.FilesFound | ev.FilesMissing) -> list[Effect]:
        """Go on with a command whose files were looked for."""
        asked = self._asked.get(event.number)
        if asked is None or asked.files is not None:
            return []
        if isinstance(event, ev.FilesFound):
            asked.files = event.files
            return self._release(asked.client)
        del self._asked[event.number]
        self._held[asked.client].remove(asked)
        refused = self.refuse(asked.client, asked.said, "unresolved_upload", event.message)
        return [*refused, *self._release(asked.client)]

    def answered(self, event: link.Answered) -> list[Effect]:
        """Pass the model's answer on to the client that asked."""
        asked = self._asked.pop(event.number, None)
        if asked is None:
            return []
        client, said = asked.client, asked.said
        if event.code is not None:
            return self.refuse(client, said, event.code, event.message)
        note = Note("command", {"name": said.name, "outcome": "ok"})
        if event.type is None:
            return [note, Tell(client, outbound.Ack(said.request))]
        reply = outbound.Reply(said.request, said.name, event.type, event.data, event.flat)
        return [note, Tell(client, reply)]

    def refuse(
        self, client: str, said: inbound.Command, code: str, text: str, name: str | None = None
    ) -> list[Effect]:
        """Answer a command with a failure; `name` stands for it in the journal."""
        note = Note("command", {"name": name or said.name, "outcome": code})
        return [note, Tell(client, outbound.Failure(said.request, said.name, code, text))]

    def refuse_all(self, code: str, text: str) -> list[Effect]:
        """Answer every command that is still waiting."""
        waiting, self._asked = list(self._asked.values()), {}
        self._held.clear()
        return [
            effect
            for asked in waiting
            for effect in self.refuse(asked.client, asked.said, code, text)
        ]

    def forget(self, client: str) -> None:
        """Drop what a client that has left still held back."""
        for asked in self._held.pop(client, ()):
            self._asked.pop(asked.number, None)

    def _release(self, client: str) -> list[Effect]:
        """Deliver a client's commands in order, up to the first that waits for a file."""
        effects: list[Effect] = []
        held = self._held[client]
        while held and held[0].files is not None:
            asked = held.popleft()
            request = link.CommandRequested(
                asked.number, client, asked.said.name, asked.payload, asked.files or {}
            )
            effects.append(TellModel(request))
        return effects


def label(gate: Gate | None, said: inbound.Command) -> str:
    """Return what stands for a command in the journal: all unknown ones share one label."""
    return said.name if gate is not None and gate.knows(said.name) else "unknown"
