"""How a viewer speaks with each of the servers: offers, the wish to see, and the one command."""

from __future__ import annotations

import itertools
import uuid
from typing import Any, Protocol

import aiohttp

from reactor_actors.core.wire.envelopes import NOTIFICATION, ClientControl
from reactor_actors.load import words
from reactor_actors.load.signalling import Front


class Dialect(Protocol):
    """What one viewer says, in the words of its server."""

    def __init__(self, http: aiohttp.ClientSession, kind: str) -> None:
        """Speak over `http`, whose base is the server, for a track of pictures or of sound."""

    async def answer(self, offer: str) -> str:
        """Hand in an offer, and return the answer."""
        ...

    def play(self, control: Any) -> None:
        """Have the track sent, once the channel is open."""

    def greet(self, control: Any) -> None:
        """Say that the viewer is still there, where that is asked for."""

    async def steer(self, data: Any, flag: bool) -> None:
        """Set the flag; returns when it is said."""


class Ours:
    def __init__(self, http: aiohttp.ClientSession, kind: str) -> None:
        self._front = Front(http, "")
        self._kind = kind
        self._requests = itertools.count(1)

    async def answer(self, offer: str) -> str:
        seat = await self._front.seat()
        track = {"mid": "0", "name": self._track, "kind": self._kind, "direction": "recvonly"}
        return await self._front.answer(seat.session, offer, [track])

    def play(self, control: Any) -> None:
        control.send(words.resume(self._track))

    def greet(self, control: Any) -> None:
        ping = ClientControl(kind=NOTIFICATION)
        ping.ping.SetInParent()
        control.send(ping.SerializeToString())

    async def steer(self, data: Any, flag: bool) -> None:
        data.send(words.command(f"steer-{next(self._requests)}", "set_flag", {"flag": flag}))

    @property
    def _track(self) -> str:
        return f"main_{self._kind}"


class Plain:
    """What `benchmarks.loopback.plain` takes."""

    def __init__(self, http: aiohttp.ClientSession, kind: str) -> None:
        self._http = http

    async def answer(self, offer: str) -> str:
        async with self._http.post("/offer", json={"sdp": offer}) as response:
            return str((await response.json())["sdp"])

    def play(self, control: Any) -> None:
        pass

    def greet(self, control: Any) -> None:
        pass

    async def steer(self, data: Any, flag: bool) -> None:
        data.send("on" if flag else "off")


class FastRtc:
    """What `benchmarks.loopback.fastrtc_server` takes.

    FastRTC answers what comes over a data channel by itself; a handler hears of its inputs by HTTP.
    """

    def __init__(self, http: aiohttp.ClientSession, kind: str) -> None:
        self._http = http
        self._id = uuid.uuid4().hex

    async def answer(self, offer: str) -> str:
        body = {"sdp": offer, "type": "offer", "webrtc_id": self._id}
        async with self._http.post("/webrtc/offer", json=body) as response:
            told = await response.json()
        if "sdp" not in told:
            raise ConnectionError(f"FastRTC refuses: {told}")
        async with self._http.post("/input_hook", json={"webrtc_id": self._id}) as response:
            response.raise_for_status()
        return str(told["sdp"])

    def play(self, control: Any) -> None:
        pass

    def greet(self, control: Any) -> None:
        pass

    async def steer(self, data: Any, flag: bool) -> None:
        async with self._http.post("/flag", json={"flag": flag}) as response:
            response.raise_for_status()


DIALECTS: dict[str, type[Dialect]] = {"ours": Ours, "plain": Plain, "fastrtc": FastRtc}
