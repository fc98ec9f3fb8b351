"""What a test does with any of the published clients, whichever it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.clients.sight import SECONDS, Colour, Heard, Seen, distance, see, until

Message = dict[str, Any]
REPLIES = {
    "describe": "described",
    "echo": "echoed",
    "inspect": "inspected",
    "inspect_all": "inspected",
}


class RefusedError(Exception):
    """A command was answered with an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


class Viewer(ABC):
    """One client. What it was told is kept, in order, in `messages`, `notices` and `errors`.

    `notices` are what the runtime says, and only clients of the JSON framing get them.
    """

    speaks: str  # the framing: "v0" or "v1"
    resumes = True  # whether it can pause and resume tracks
    pictures = 0  # how many have come, where the client can tell

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.notices: list[Message] = []
        self.errors: list[Any] = []
        self.statuses: list[str] = []

    @abstractmethod
    async def connect(self) -> None:
        """Start or join the session, and wait until ready."""

    @abstractmethod
    async def reconnect(self) -> None:
        """Lose the connection, come back to the session, and wait until ready."""

    @abstractmethod
    async def leave(self) -> None:
        """Disconnect for good, which ends the session."""

    @abstractmethod
    async def close(self) -> None:
        """Free what the client holds, in whatever state it is."""

    @abstractmethod
    async def picture(self) -> NDArray[np.uint8] | None:
        """Return the picture that is shown, as RGB."""

    @abstractmethod
    async def sound(self) -> Heard:
        """Measure the last moments of sound."""

    @abstractmethod
    async def send(self, command: str, **data: Any) -> Message | None:
        """Send a command; return its reply if the client waits for one.

        Raises `RefusedError` if the client learns so.
        """

    @abstractmethod
    async def capabilities(self) -> dict[str, Any]:
        """Return what the server said it can do."""

    @abstractmethod
    async def film(self, colour: Colour) -> None:
        """Publish a webcam that sees nothing but one colour."""

    @abstractmethod
    async def sing(self, hertz: float) -> None:
        """Publish a mic that hears one tone."""

    @abstractmethod
    async def unpublish(self, track: str) -> None:
        """Stop publishing a track."""

    @abstractmethod
    async def upload(self, name: str, data: bytes, mime_type: str) -> Any:
        """Upload a file; return what stands for it in a command."""

    async def pause(self, track: str) -> None:
        """Stop receiving a track."""
        raise NotImplementedError

    async def resume(self, track: str) -> None:
        """Receive a track again."""
        raise NotImplementedError

    async def listen(self) -> None:
        """Take in what the client was told; only some have to be asked for it."""
        return

    async def ask(self, command: str, **data: Any) -> Message:
        """Send a command and return the data of the message it is answered with."""
        if self.speaks == "v1":
            reply = await self.send(command, **data)
            assert reply is not None, f"{command} was acknowledged, not answered"
            return dict(reply["data"])
        await self.listen()
        before, told = len(self.messages), len(self.notices)
        await self.send(command, **data)

        async def answer() -> Message | None:
            await self.listen()
            failed = [m["data"] for m in self.notices[told:] if m["type"] == "commandError"]
            assert not failed, failed
            kind = REPLIES[command]
            return next((m for m in self.messages[before:] if m["type"] == kind), None)

        return dict((await until(answer, f"an answer to {command}"))["data"])

    async def refused(self, command: str, **data: Any) -> RefusedError:
        """Send a command that is refused, and return why."""
        if self.speaks == "v1":
            try:
                reply = await self.send(command, **data)
            except RefusedError as refused:
                return refused
            raise AssertionError(f"{command} was not refused but answered {reply}")
        await self.listen()
        before = len(self.notices)
        await self.send(command, **data)
        failed = await self.told("commandError", since=before)
        assert failed["command"] == command
        return RefusedError(failed["code"], failed["message"])

    async def told(self, kind: str, since: int = 0, seconds: float = SECONDS) -> Message:
        """Wait for something the runtime says; return its data."""

        async def attempt() -> Message | None:
            await self.listen()
            return next((notice for notice in self.notices[since:] if notice["type"] == kind), None)

        return dict((await until(attempt, f"the notice {kind}", seconds))["data"])

    async def heard_of(self, kind: str, seconds: float = SECONDS) -> Message:
        """Wait for a message of a type; return the data of the newest."""

        async def attempt() -> Message | None:
            await self.listen()
            return next((m for m in reversed(self.messages) if m["type"] == kind), None)

        return dict((await until(attempt, f"a message {kind}", seconds))["data"])

    async def seen(self) -> Seen | None:
        """Read the picture that is shown; None before there is one of the model's."""
        picture = await self.picture()
        if picture is None or picture.max() < 64:  # the black one from before the first turn
            return None
        return see(picture)

    async def sees(
        self, wanted: Callable[[Seen], bool], what: str, seconds: float = SECONDS
    ) -> Seen:
        """Wait until the picture shows something."""
        last: list[Seen | None] = [None]

        async def attempt() -> Seen | None:
            last[:] = [await self.seen()]
            seen = last[0]
            return seen if seen is not None and wanted(seen) else None

        before = self.pictures
        try:
            return await until(attempt, what, seconds)
        except AssertionError as error:
            came = self.pictures - before
            raise AssertionError(f"{error}; seen {last[0]}; {came} pictures came") from None

    async def sees_webcam(self, colour: Colour, what: str = "the webcam") -> Seen:
        return await self.sees(lambda seen: distance(seen.webcam, colour) < 30, what)

    async def sees_moving(self) -> Seen:
        """Wait until pictures follow each other."""
        first = await self.sees(lambda seen: True, "a picture")
        return await self.sees(lambda seen: seen.number >= first.number + 5, "moving pictures")

    async def hears(self, hertz: float, tolerance: float = 0.03) -> Heard:
        """Wait until a tone of that frequency is heard; 0 for silence."""

        async def attempt() -> Heard | None:
            heard = await self.sound()
            if hertz == 0:
                return heard if heard.level < 0.01 else None
            near = abs(heard.hertz - hertz) < hertz * tolerance
            return heard if near and heard.level > 0.1 else None

        return await until(attempt, f"a tone of {hertz:g} Hz")
