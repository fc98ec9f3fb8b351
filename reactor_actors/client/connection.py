"""`AsyncConnection`: one client of a session, without a network. Lives on one event loop."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Self, TypeVar

from reactor_actors.client.feeding import feeds_of
from reactor_actors.client.watching import POLL_SECONDS, Watching
from reactor_actors.core.batches import Shown
from reactor_actors.core.errors import BusyError, ClientError, PeerGone
from reactor_actors.core.guests import JOIN_SECONDS, Door, Welcome
from reactor_actors.core.media import Direction, Kind, Pixels, Samples, Track
from reactor_actors.core.pixels import to_rgb
from reactor_actors.core.wire import inbound, outbound
from reactor_actors.core.wire.uploads import UploadRef
from reactor_actors.flow.bell import Bell

NEWS_SECONDS = 5.0
"""How long a question for news is held open. It is the sign of life."""

MESSAGES = 1024
"""How many messages wait to be looked at; then the oldest gives way."""

PATIENCE = 60.0

PAUSE_SECONDS = 0.05
"""How long to wait before the next question for a turn, however soon the last one was answered."""

Message = outbound.Message
T = TypeVar("T")


class AsyncConnection:
    """A client that takes part in a session: commands and frames in, messages and frames out.

    Made by `Deployment.aconnect`. Whatever is asked of it once the session has ended, or the
    transport has died, raises `PeerGone`; iterations end.

    Attributes:
        session: The session's id.
        replica: The name of the replica that the session runs on.
    """

    def __init__(self, door: Door, welcome: Welcome, patience: float | None = PATIENCE) -> None:
        self._door = door
        self._guest = welcome.guest
        self._contract = welcome.contract
        self._patience = patience
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Future[outbound.Outbound]] = {}
        self._messages: deque[Message] = deque(maxlen=MESSAGES)
        self._bell = Bell()
        self._unsaid: list[inbound.Inbound] = []
        self._saying = asyncio.Lock()
        self._feeding = asyncio.Lock()
        self._held: set[str] = set()
        self._seen: dict[str, int] = {}
        self._over = ""
        self._left = False
        self.session = welcome.session
        self.replica = welcome.replica
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    @classmethod
    async def open(
        cls,
        door: Door,
        *,
        ticket: str = "",
        timeout: float = 30.0,  # noqa: ASYNC109 - how long to wait in the queue
        patience: float | None = PATIENCE,
    ) -> AsyncConnection:
        """Start a session or join the running one; wait up to `timeout` seconds for a turn.

        `patience` is how long `ask` waits for an answer; None is for ever. Raises `BusyError`.
        Belongs to the runtime.
        """
        return cls(door, await _let_in(door, ticket, timeout), patience)

    @property
    def tracks(self) -> Mapping[str, Track]:
        """Every track of the model, by name."""
        return {track.name: track for track in self._contract.tracks}

    @property
    def commands(self) -> Mapping[str, Mapping[str, Any]]:
        """The JSON Schema of every command's arguments, by the command's name."""
        return {command.name: command.schema for command in self._contract.commands}

    @property
    def closed(self) -> bool:
        """Whether the session has ended, or this client has left it."""
        return bool(self._over)

    async def ask(self, command: str, /, **args: Any) -> Message | None:
        """Run a command and return the message it answers with, if it does.

        Raises `ClientError`, whose `code` says what was wrong, and `TimeoutError`.
        """
        request, answer = self._request()
        try:
            async with asyncio.timeout(self._patience):
                await self._say(_command(request, command, args))
                told = await answer
        finally:
            del self._answers[request]
        match told:
            case outbound.Reply(_, _, kind, data):
                return Message(kind, data)
            case outbound.Failure(_, _, code, text):
                raise ClientError(code, text)
        return None

    async def send(self, command: str, /, **args: Any) -> None:
        """Run a command, and do not wait for its answer.

        One that fails is told in a message of type `commandError`.
        """
        await self._say(_command(None, command, args))

    async def message(self, timeout: float | None = None) -> Message:  # noqa: ASYNC109
        """Return the next message; raises `TimeoutError` after `timeout` seconds.

        Beside the model's own: `modelRestarting`, `modelRestarted`, `commandError`, `sessionEnded`.
        """
        return await self._bell.until(self._next_message, timeout)

    async def messages(self, timeout: float | None = None) -> AsyncIterator[Message]:  # noqa: ASYNC109
        """Iterate over messages, until the session ends or none has come for `timeout` seconds."""
        while True:
            try:
                message = await self.message(timeout)
            except (PeerGone, TimeoutError):
                return
            yield message

    async def frame(self, track: str | None = None, timeout: float = 10.0) -> Pixels:  # noqa: ASYNC109
        """Return the newest picture of a track as (H, W, 3) RGB, each at most once.

        Without a name it is the first video track. Waits for one to be shown; `TimeoutError`.
        """
        name = self._output(track, Kind.VIDEO)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            self._check()
            left = min(max(0.0, deadline - loop.time()), POLL_SECONDS)
            shown = await self._door.newest(self._guest, name, self._seen.get(name, 0), left)
            if shown is not None:
                self._seen[name] = shown.number
                return to_rgb(shown.pictures[name])
            if loop.time() >= deadline:
                raise TimeoutError(f"no new picture on {name!r} in {timeout:g} s")

    def frames(self, track: str | None = None, *, bound: int = 8) -> Watching[Pixels]:
        """Iterate over every picture of a track, as (H, W, 3) RGB, from now on."""
        name = self._output(track, Kind.VIDEO)
        return self._watch(name, bound, lambda shown: to_rgb(shown.pictures[name]))

    def sound(self, track: str | None = None, *, bound: int = 64) -> Watching[Samples]:
        """Iterate over every piece of sound of a track, (channels, samples) int16, from now on."""
        name = self._output(track, Kind.AUDIO)
        return self._watch(name, bound, lambda shown: shown.sound[name].copy())

    async def feed(self, track: str, data: Any, pts: float | None = None) -> None:
        """Send into an input track: RGB uint8 (H, W, 3) or (N, H, W, 3), or int16 sound.

        The first time it claims the track. Raises `ClientError` with code `publish_refused` when
        another client has it.
        """
        known = self.tracks.get(track)
        if known is None or known.direction is not Direction.IN:
            names = [t.name for t in self._contract.tracks if t.direction is Direction.IN]
            text = f"no input track {track!r}; known are: {', '.join(names) or 'none'}"
            raise ClientError("publish_refused", text)
        frames = feeds_of(known, data, pts)
        async with self._feeding:
            self._check()
            if track not in self._held:
                await self._publish(track)
            if not await self._door.feed(self._guest, frames):
                self._held.discard(track)
                raise ClientError("publish_refused", f"{track!r} is not this client's any more")

    async def release(self, track: str) -> None:
        """Give an input track back, for others to feed."""
        self._held.discard(track)
        await self._say(inbound.Unpublish(track))

    async def upload(self, name: str, data: bytes, mime_type: str) -> UploadRef:
        """Store a file for the session. What is returned can be an argument of a command."""
        self._check()
        return await self._door.upload(self._guest, name, mime_type, data)

    async def close(self) -> None:
        """Leave the session; repeatable. In exclusive mode it ends."""
        if self._left:
            return
        self._left = True
        self._end("this connection is closed")
        self._listening.cancel()
        await asyncio.wait([self._listening])
        with suppress(PeerGone):
            await self._door.leave(self._guest)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()

    async def _listen(self) -> None:
        try:
            while True:
                news = await self._door.news(self._guest, NEWS_SECONDS)
                for message in news.messages:
                    self._hear(message)
                if news.over:
                    self._end("the session has ended")
                    return
        except Exception as error:
            self._end(str(error))

    def _hear(self, message: outbound.Outbound) -> None:
        answer = self._answers.get(getattr(message, "request", None) or "")
        if answer is not None:
            if not answer.done():
                answer.set_result(message)
            return
        match message:
            case Message(kind, data) | outbound.RuntimeNotice(kind, data):
                self._messages.append(Message(kind, data))
            case outbound.Failure(_, command, code, text):
                facts = {"command": command, "code": code, "message": text}
                self._messages.append(Message("commandError", facts))
            case outbound.SessionEnded(reason):
                self._messages.append(Message("sessionEnded", {"reason": reason}))
        self._bell.ring()

    def _end(self, reason: str) -> None:
        self._over = self._over or reason or "the transport is gone"
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(PeerGone(self._over))
        self._bell.ring()

    def _check(self) -> None:
        if self._over:
            raise PeerGone(self._over)

    def _next_message(self) -> Message | None:
        if not self._messages:
            self._check()
            return None
        return self._messages.popleft()

    def _request(self) -> tuple[str, asyncio.Future[outbound.Outbound]]:
        request = str(next(self._numbers))
        answer = self._answers[request] = asyncio.get_running_loop().create_future()
        return request, answer

    async def _say(self, said: inbound.Inbound) -> None:
        """Say something after all that was said before; what waits meanwhile goes together."""
        self._check()
        self._unsaid.append(said)
        async with self._saying:
            if self._unsaid:
                saying, self._unsaid = self._unsaid, []
                await self._door.say(self._guest, saying)

    async def _publish(self, track: str) -> None:
        request, answer = self._request()
        try:
            await self._say(inbound.Publish(request, track))
            told = await answer
        finally:
            del self._answers[request]
        if isinstance(told, outbound.PublishRefused):
            raise ClientError(outbound.PUBLISH_REFUSED, told.message)
        self._held.add(track)

    def _watch(self, track: str, bound: int, convert: Callable[[Shown], T]) -> Watching[T]:
        return Watching(self._door, self._guest, [track], bound, convert)

    def _output(self, track: str | None, kind: Kind) -> str:
        names = [
            t.name
            for t in self._contract.tracks
            if t.direction is Direction.OUT and t.kind is kind and track in (None, t.name)
        ]
        if not names:
            named = f" {track!r}" if track else ""
            raise ValueError(f"the model has no {kind.value} output{named}")
        return names[0]


async def _let_in(door: Door, ticket: str, seconds: float) -> Welcome:
    """Ask for a turn, again and again: nobody waits at the door for who does not ask any more."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        left = max(0.0, deadline - loop.time())
        try:
            return await door.join(ticket, min(left, JOIN_SECONDS))
        except BusyError as busy:
            hopeless = busy.code == "gone" or (busy.code == "full" and not busy.ticket)
            if hopeless or loop.time() >= deadline:
                raise
            ticket = busy.ticket or ticket
        await asyncio.sleep(min(PAUSE_SECONDS, max(0.0, deadline - loop.time())))


def _command(request: str | None, name: str, args: Mapping[str, Any]) -> inbound.Command:
    return inbound.Command(request, name, {key: _plain(value) for key, value in args.items()})


def _plain(value: Any) -> Any:
    return asdict(value) if isinstance(value, UploadRef) else value
