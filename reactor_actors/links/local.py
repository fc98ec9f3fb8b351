"""The ring link: two processes on one machine, joined by a socket and shared memory.

`ModelEnd` stands in the model's process, `ClientsEnd` in the transport's. Pictures lie in a ring of
slots (`ring.py`), everything else is frames on the socket (`framing.py`), in one order.

A tick needs a credit, then a slot. Credits are the bound: `buffer_size` ticks wait to be played. A
slot is only memory, so there are more of them than credits, for the pictures that are being shown.
What an end may keep for the other: the model's end blocks who posts while 16 MiB wait, the clients'
end gives the model up at 256 MiB and keeps 128 input frames per track, the newest ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

import numpy as np

from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Batch, Direction, Kind, Tick
from reactor_actors.core.messages import FromModel, Grant, ToModel
from reactor_actors.core.pixels import i420_shape, tick_of
from reactor_actors.core.ports import ClientSide, Feed, ModelSide
from reactor_actors.flow.bell import Bell
from reactor_actors.flow.queue import Credits
from reactor_actors.links.channel import Channel
from reactor_actors.links.feeds import Feeds
from reactor_actors.links.frames import (
    TO_CLIENTS,
    TO_MODEL,
    Cut,
    Fed,
    PlacedPicture,
    Pushed,
    Rate,
    Released,
    RingMade,
    TickSound,
)
from reactor_actors.links.framing import FrameError
from reactor_actors.links.loans import Loans
from reactor_actors.links.ring import Ring, Slot, Slots, Window, space_for

SHOWN_SLOTS = 4
"""Per video track, beside the bound: the picture that stands, one in the encoder of each of two
codecs, and one whose release is on its way."""

PATIENCE = 2**24
GIVE_UP = 2**28

_FOREVER = sys.maxsize


class ModelEnd:
    """The model's end: a `ClientPort`. Owns the connection and the thread that reads it.

    `model` is called on that thread, so credits and fresh input arrive while author code holds the
    model's own. `closed` gets the reason, in words, when the link has ended, at whichever end; from
    then on `push` returns at once and everything else is gone.
    """

    def __init__(self, connection: socket.socket, contract: Contract, model: ModelSide) -> None:
        self.closed: Future[str] = Future()
        self.closed.set_running_or_notify_cancel()  # whoever gives up waiting does not cancel it
        self._model = model
        self._credits = Credits(contract.buffer_size, time.monotonic)
        outputs = contract.tracks_towards(Direction.OUT).values()
        tracks = sum(track.kind is Kind.VIDEO for track in outputs)
        count = contract.buffer_size + SHOWN_SLOTS * max(1, tracks)
        self._channel = Channel(connection, TO_MODEL, self._receive, self._ended)
        self._slots = Slots(count, partial(_announce, self._channel))
        self._window: Window | None = None
        self._epoch = 0
        self._bell = Bell()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    async def push(self, batch: Batch, *, drop: bool) -> int:
        """Convert the batch into slots and hand it over, tick by tick."""
        admitted, began = 0, time.monotonic()
        for index in range(batch.count):
            size = _space_of(batch, index)
            if drop:
                # The slot first: a credit that is taken has to be used.
                if not (self._slots.ready(size) and self._credits.take_now(batch.epoch)):
                    continue
            elif not (self._credits.take_now(batch.epoch) or await self._credits.take(batch.epoch)):
                break
            admitted += await self._hand_over(batch, index, size, began)
        if not drop:
            await self._credits.next_turn(batch.epoch)
        return admitted

    def cut(self, epoch: int, *, black: bool) -> None:
        """Release whoever waits with an older epoch, and drop what is queued."""
        self._release(epoch)
        self._say(Cut(epoch, black))

    def waiting(self) -> int:
        """Return how many admitted ticks are not known to be played; none when all is over."""
        return 0 if self.closed.done() else self._credits.waiting()

    def set_rate(self, fps: float) -> None:
        """Change the playout rate."""
        self._say(Rate(fps))

    def post(self, message: FromModel) -> None:
        """Say something. Blocks while the clients' side is 16 MiB behind."""
        self._say(message)

    def close(self) -> None:
        """End the link and its thread. From any thread; repeatable."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended by itself
            self._loop.call_soon_threadsafe(self._channel.close)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    async def _hand_over(self, batch: Batch, index: int, size: int, began: float) -> bool:
        """Use a credit: a tick goes out in any case, for that is how the credit comes back."""
        pushed, admitted_at = Pushed(batch.epoch), time.monotonic()
        slot: Slot | Literal[False] | None = None
        try:
            slot = self._take(batch.epoch, size)
            if slot is None:
                slot = await self._bell.until(lambda: self._take(batch.epoch, size))
            if slot:
                pushed = _placed(batch, index, slot, admitted_at, admitted_at - began)
        finally:
            if slot and pushed.slot is None:
                self._slots.give_back(slot.ring, [slot.number])
            self._channel.send(pushed)
        return pushed.slot is not None

    def _take(self, epoch: int, size: int) -> Slot | Literal[False] | None:
        return False if epoch < self._epoch else self._slots.take(size)

    def _release(self, epoch: int) -> None:
        self._epoch = max(self._epoch, epoch)
        self._credits.cut(epoch)
        self._bell.ring()

    def _say(self, message: Any) -> None:
        if threading.current_thread() is not self._thread:
            self._channel.until_below(PATIENCE)
        self._channel.send(message)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.call_soon(self._channel.start)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def _receive(self, message: Any) -> None:
        match message:
            case Grant():
                self._credits.update(message)
            case Released(ring, slots):
                with _checked():
                    self._slots.give_back(ring, slots)
                self._bell.ring()
            case Fed():
                self._take_in(message)
            case RingMade():
                self._window = _window(message, self._channel)
            case _:
                self._model.deliver(message)

    def _take_in(self, fed: Fed) -> None:
        with _checked():
            if self._window is None or self._window.number != fed.ring:
                raise ValueError(f"nothing can be in ring {fed.ring}")
            dtype = np.int16 if fed.sound else np.uint8
            placed = self._window.slot(fed.slot).place((fed.rows, fed.columns), dtype)
        frame = Feed(fed.track, placed.copy(), fed.pts, fed.height, fed.width)
        self._channel.send(Released(fed.ring, [fed.slot]))
        self._model.feed(frame)

    def _ended(self, reason: str) -> None:
        self._release(_FOREVER)
        self._slots.close()
        self._window = None
        self._loop.stop()
        self.closed.set_result(reason)


class ClientsEnd:
    """The clients' end: a `ModelPort`. Belongs to the running loop, where `clients` is called.

    Nothing is read before `start()`. The pictures of a tick lie in the model's ring, read-only. A
    slot goes back when nobody refers to its pictures, so whoever keeps many has to copy them. They
    stay readable when the link has ended. `closed` gets the reason for that, in words.
    """

    def __init__(self, connection: socket.socket, clients: ClientSide) -> None:
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[str] = self._loop.create_future()
        self._clients = clients
        self._channel = Channel(connection, TO_CLIENTS, self._receive, self._ended)
        self._loans = Loans(self._urge)
        self._feeding = threading.Lock()
        announce = partial(_announce, self._channel)
        self._feeds: Feeds | None = Feeds(announce, self._channel.send)

    def start(self) -> None:
        """Begin: the clients' side is ready for what the model says."""
        self._channel.start()

    def deliver(self, message: ToModel) -> None:
        """Queue a message for the model; one that has stopped reading is given up."""
        self._channel.send(message)
        if self._channel.waiting > GIVE_UP:
            reason = "the model has stopped reading"
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._channel.close, reason)

    def feed(self, frame: Feed) -> None:
        """Put an input frame into a slot, or keep it until one is free."""
        with self._feeding:
            if self._feeds is not None:
                self._feeds.add(frame)

    def grant(self, grant: Grant) -> None:
        """Let the model go on, and give back the slots that are free."""
        self._channel.send(*self._loans.released(), grant)

    def close(self) -> None:
        """End the link. On its loop; repeatable."""
        self._channel.close()

    def _receive(self, message: Any) -> None:
        match message:
            case Pushed():
                self._push(message)
            case Released(ring, slots):
                with self._feeding, _checked():
                    if self._feeds is not None:
                        self._feeds.give_back(ring, slots)
            case Cut(epoch, black):
                self._clients.cut(epoch, black)
            case Rate(fps):
                self._clients.set_rate(fps)
            case RingMade():
                self._loans.open(_window(message, self._channel))
            case _:
                self._clients.receive(message)

    def _push(self, pushed: Pushed) -> None:
        try:
            self._clients.push(_lent(pushed, self._loans))
        finally:
            if self._loans.exhausted:
                self._give_back()

    def _urge(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, and the link with it
            self._loop.call_soon_threadsafe(self._give_back)

    def _give_back(self) -> None:
        self._channel.send(*self._loans.released())

    def _ended(self, reason: str) -> None:
        with self._feeding:
            self._feeds = None
        self._loans.close()
        if not self.closed.done():
            self.closed.set_result(reason)


def _space_of(batch: Batch, index: int) -> int:
    pictures = batch.pictures_of(index).values()
    shapes = [i420_shape(int(rgb.shape[0]), int(rgb.shape[1])) for rgb in pictures]
    return space_for(rows * columns for rows, columns in shapes)


def _placed(batch: Batch, index: int, slot: Slot, admitted_at: float, held: float) -> Pushed:
    tick = tick_of(batch, index, slot.place)
    pictures = [PlacedPicture(name, *i420.shape) for name, i420 in tick.pictures.items()]
    sound = [TickSound(name, len(pcm), pcm.tobytes()) for name, pcm in tick.sound.items()]
    place = (slot.ring, slot.number)
    return Pushed(tick.epoch, tick.turn, *place, pictures, sound, admitted_at, held)


def _lent(pushed: Pushed, loans: Loans) -> Tick:
    pictures, sound = {}, {}
    try:
        if pushed.ring is not None and pushed.slot is not None:
            slot = loans.lend(pushed.ring, pushed.slot)
            for picture in pushed.pictures:
                pictures[picture.track] = slot.place((picture.rows, picture.columns))
        for pcm in pushed.sound:
            sound[pcm.track] = np.frombuffer(pcm.data, np.int16).reshape(pcm.channels, -1)
    except ValueError as error:
        raise FrameError(f"an impossible tick: {error}") from error
    return Tick(pushed.epoch, pictures, sound, pushed.turn, pushed.admitted_at, pushed.held)


def _announce(channel: Channel, ring: Ring) -> None:
    channel.send(RingMade(ring.number, ring.slots, ring.size), fd=ring.detach())


def _window(made: RingMade, channel: Channel) -> Window:
    with _checked():
        return Window(channel.take_descriptor(), made.number, made.slots, made.size)


@contextmanager
def _checked() -> Iterator[None]:
    """Make an impossible value the sender's fault."""
    try:
        yield
    except ValueError as error:
        raise FrameError(str(error)) from error
