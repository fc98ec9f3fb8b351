"""`Viewer`: one viewer made of aiortc, who counts what arrives and decodes nothing.

Losses are reported and repaired as by any receiver, so the server treats it like one.
"""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import queue
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription

from reactor_actors.load import words
from reactor_actors.load.plan import (
    Answer,
    Connected,
    FirstPicture,
    Plan,
    Quality,
    Report,
    Trouble,
)
from reactor_actors.load.signalling import UNREACHABLE, Front, RefusedError, Seat
from reactor_actors.load.tally import Tally
from reactor_actors.transports.webrtc.ending import shut
from reactor_actors.transports.webrtc.ice import configuration, gathering
from reactor_actors.transports.webrtc.settings import IceSettings, bound_addresses

ANSWER_SECONDS = 10.0
CLOSE_SECONDS = 3.0
SAMPLE_SECONDS = 1.0

_PRIVATE = "_RTCRtpReceiver__"


class Viewer:
    """One viewer, from setting out to leaving. What it sees is given to `report`."""

    def __init__(self, number: int, plan: Plan, report: Callable[[Report], None]) -> None:
        self._number = number
        self._plan = plan
        self._report = report
        self._tally = Tally(number)
        self._requests = itertools.count(1)
        self._answers: dict[str, asyncio.Future[str | None]] = {}
        loop = asyncio.get_running_loop()
        self._seen: asyncio.Future[None] = loop.create_future()
        self._over: asyncio.Future[str] = loop.create_future()
        self._seat: Seat | None = None
        self._peer: RTCPeerConnection | None = None
        self._watched: RTCRtpReceiver | None = None
        self._video = False

    async def visit(self) -> None:
        """Set out in time, watch until the end of the plan, and leave. Reports what goes wrong."""
        try:
            await asyncio.sleep(max(0.0, self._plan.sets_out(self._number) - time.monotonic()))
            async with asyncio.timeout_at(self._ends_at()):
                await self._connect_and_watch()
        except TimeoutError:
            if self._seat is None:
                self._trouble("waited for its turn until the end")
            elif not self._tally.begun:
                self._trouble("saw no picture until the end")
        except RefusedError as error:
            self._trouble(str(error))
        except Exception as error:
            first = _first(error)
            self._trouble(f"{type(first).__name__}: {first}".rstrip(": "))
        finally:
            await self._leave()

    def _ends_at(self) -> float:
        return asyncio.get_running_loop().time() + self._plan.end - time.monotonic()

    async def _connect_and_watch(self) -> None:
        async with Front.open(self._plan.url, self._plan.token) as front:
            began = time.monotonic()
            seat = self._seat = await front.seat()
            try:
                async with asyncio.timeout(self._plan.patience):
                    await self._connect(front, seat)
            except TimeoutError:
                told = f"no connection within {self._plan.patience:g} s: does UDP reach the server?"
                raise RefusedError(0, told) from None
        now = time.monotonic()
        self._report(Connected(self._number, now - began, seat.queued, seat.session))
        for track in self._outputs(seat):
            self._control.send(words.resume(track["name"]))
        either: tuple[asyncio.Future[Any], ...] = (self._seen, self._over)
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._seen.done():
            seconds = time.monotonic() - began - seat.queued
            self._report(FirstPicture(self._number, seconds))
        async with asyncio.TaskGroup() as group:
            work = [group.create_task(w) for w in (self._sample(), self._ask())]
            reason = await self._over
            for task in work:
                task.cancel()
        self._trouble(f"cut off: {reason}")

    async def _connect(self, front: Front, seat: Seat) -> None:
        host = urlsplit(self._plan.url).hostname or ""
        settings = IceSettings(
            servers=tuple(await front.ice_servers(seat.session)), bind=_bound(host)
        )
        self._peer = peer = RTCPeerConnection(configuration(settings))
        peer.on("connectionstatechange", self._changed)
        mapping = [self._receive(peer, number, t) for number, t in enumerate(self._outputs(seat))]
        # aiortc bundles channels with media only when the media are there first.
        self._data, self._control = (peer.createDataChannel(n) for n in ("data", "control"))
        self._data.on("message", lambda payload: self._heard(payload, control=False))
        self._control.on("message", lambda payload: self._heard(payload, control=True))
        opened = [asyncio.Event(), asyncio.Event()]
        for channel, event in zip((self._data, self._control), opened, strict=True):
            channel.on("open", event.set)
        with gathering(peer, settings):
            await peer.setLocalDescription(await peer.createOffer())
        answer = await front.answer(seat.session, peer.localDescription.sdp, mapping)
        await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        for event in opened:
            await event.wait()

    def _outputs(self, seat: Seat) -> list[Mapping[str, str]]:
        return [track for track in seat.tracks if track["direction"] == "recvonly"]

    def _receive(
        self, peer: RTCPeerConnection, mid: int, track: Mapping[str, str]
    ) -> dict[str, str]:
        """Make a place for a track; the first one of pictures is watched, or else the first."""
        receiver = peer.addTransceiver(track["kind"], "recvonly").receiver
        setattr(receiver, f"{_PRIVATE}decoder_queue", _Undecoded())
        if self._watched is None or (track["kind"] == "video" and not self._video):
            self._watched, self._video = receiver, track["kind"] == "video"
        take: Callable[..., Awaitable[None]] = receiver._handle_rtp_packet

        async def counted(packet: Any, arrival_time_ms: int) -> None:
            watched = receiver is self._watched
            ends = watched and bool(packet.marker or not self._video)
            self._tally.packet(time.monotonic(), len(packet.payload), ends=ends)
            if ends and not self._seen.done():
                self._seen.set_result(None)
            await take(packet, arrival_time_ms=arrival_time_ms)

        receiver._handle_rtp_packet = counted  # type: ignore[method-assign]
        return {**track, "mid": str(mid)}

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            self._report(self._tally.sample(time.monotonic()))

    async def _ask(self) -> None:
        """Say one call after the other, each when the one before it is answered.

        They are the sign of life that a server expects of every client.
        """
        for number in itertools.count():
            await asyncio.sleep(self._plan.pause)
            request, began = str(next(self._requests)), time.monotonic()
            answer = self._answers[request] = asyncio.get_running_loop().create_future()
            if self._plan.calls:
                call = self._plan.calls[number % len(self._plan.calls)]
                self._data.send(words.command(request, call.command, call.args))
            else:
                self._control.send(words.schema(request))
            try:
                error = await asyncio.wait_for(answer, ANSWER_SECONDS)
            except TimeoutError:
                error = f"no answer within {ANSWER_SECONDS:g} s"
            finally:
                del self._answers[request]
            now = time.monotonic()
            self._report(Answer(self._number, now, now - began, error))

    def _heard(self, payload: Any, *, control: bool) -> None:
        if not isinstance(payload, bytes):
            return
        with suppress(ValueError):  # a frame that cannot be read answers nothing
            if control and (reason := words.end_in(payload)) is not None:
                self._end(f"the session has ended ({reason})")
            request, error = words.answer_in(payload, control=control) or ("", None)
            answer = self._answers.get(request)
            if answer is not None and not answer.done():
                answer.set_result(error)

    def _changed(self) -> None:
        if self._peer is not None and self._peer.connectionState in ("failed", "closed"):
            self._end(f"the connection has {self._peer.connectionState}")

    def _end(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_result(reason)

    def _trouble(self, reason: str) -> None:
        self._report(Trouble(self._number, time.monotonic(), " ".join(reason.split())))

    async def _leave(self) -> None:
        """Report the rest, and close the connection for certain."""
        if self._tally.begun:
            self._report(self._tally.sample(time.monotonic()))
        if self._watched is not None and self._tally.begun:
            for stats in (await self._watched.getStats()).values():
                if stats.type == "inbound-rtp" and stats.packetsReceived:
                    rate = 90_000 if self._video else 48_000
                    received, lost = stats.packetsReceived, max(0, stats.packetsLost)
                    self._report(Quality(self._number, received, lost, stats.jitter / rate))
                    break
        if self._peer is not None:
            self._peer.remove_all_listeners()
            await shut(self._peer, CLOSE_SECONDS)
        if self._seat is not None and self._seat.alone:
            # A server that has gone has ended it already.
            with suppress(RefusedError, UNREACHABLE, TimeoutError):
                async with (
                    asyncio.timeout(CLOSE_SECONDS),
                    Front.open(self._plan.url, self._plan.token) as front,
                ):
                    await front.stop(self._seat)


class _Undecoded(queue.Queue[Any]):
    """What aiortc's decoder waits for: nothing but the end."""

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if item is None:
            super().put(item, block, timeout)


def _first(error: BaseException) -> BaseException:
    """Return the first error of a group of tasks."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _bound(host: str) -> tuple[str, ...]:
    """Return the loopback address if the server is on this machine, and no other is of use."""
    try:
        return bound_addresses(host) if ipaddress.ip_address(host).is_loopback else ()
    except ValueError:
        return bound_addresses(host)
