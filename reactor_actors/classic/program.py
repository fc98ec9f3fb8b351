"""`ClassicProgram`: what a generation 1 class compiles to.

The author has up to three threads: one for `__init__` and every `start_session`, one for commands,
one for `on_media`. None of them is the model's loop: an author who holds a lock while `emit` waits
must not stop the loop that lets `emit` go on.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
from collections.abc import Mapping
from typing import Any

from reactor_actors.classic import context as contexts
from reactor_actors.classic.commands import Handler, answered, worded
from reactor_actors.classic.config import Config
from reactor_actors.classic.context import ReactorContext
from reactor_actors.classic.declaration import declare
from reactor_actors.classic.inbound import Inbound
from reactor_actors.classic.model import VideoModel
from reactor_actors.classic.outbound import Outbound
from reactor_actors.classic.rate import Rate
from reactor_actors.classic.tracks import MediaTrack, default_of
from reactor_actors.classic.worker import LoopWorker, Worker
from reactor_actors.core import messages as link
from reactor_actors.core.bundles import MediaBundle
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import SetupError
from reactor_actors.core.faults import author_traceback
from reactor_actors.core.media import Direction
from reactor_actors.core.ports import ClientPort, Feed
from reactor_actors.core.values import is_number
from reactor_actors.engine.answering import answer
from reactor_actors.engine.program import Settled, settle
from reactor_actors.engine.stage import Stage

log = logging.getLogger("reactor_actors.model")

RETURN_SECONDS = 1.5
RELEASE_SECONDS = 0.5


class ClassicProgram:
    """A `VideoModel` as the host runs it.

    `config` and `facts`, the manifest's `name` and `version`, are as for generation 2.
    """

    dedupe: frozenset[str] = frozenset()

    def __init__(
        self,
        cls: type[VideoModel],
        config: Mapping[str, Any] | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        self._cls = cls
        self._config = Config(config or {})
        self._facts = dict(facts or {})
        self._declaration = declare(cls)  # type: ignore[arg-type]  # a class is hashable
        self._factor = _factor(self._config)
        declared = self._declaration.tracks
        outputs = {n: t.declared for n, t in declared.items() if t.direction is Direction.OUT}
        self._stage = Stage(outputs, self._rate().first)
        self._outbound = Outbound(self._stage, declared.values())
        self.turn_lock = asyncio.Lock()
        self._context: ReactorContext | None = None
        self._session = ""
        self._clients: set[str] = set()
        self._playing: asyncio.Task[None] | None = None
        self._answering: set[asyncio.Task[None]] = set()
        self._handling = asyncio.Lock()
        overridden = cls.on_media is not VideoModel.on_media
        self._inbound = Inbound(declared.values(), self._see if overridden else None)
        self._author = Worker("model-session")
        self._handlers = LoopWorker("model-commands")
        self.tracks: dict[str, MediaTrack] = {n: t.joined(n, self) for n, t in declared.items()}
        self.default = default_of(self.tracks)
        self.model: VideoModel

    async def load(self) -> Contract:
        """Construct the author's class, on its own thread."""
        self.model = await asyncio.wrap_future(self._author.submit(self._constructed))
        return self.contract()

    def contract(self) -> Contract:
        """Return what the class declares."""
        return self._declaration.contract(self._rate().first, **self._facts)

    def attach(self, port: ClientPort) -> None:
        """Give the model its clients' side."""
        self._stage.attach(port, 0)

    def foresee(self) -> None:
        """Do nothing: a session goes on while its clients are away."""

    def feed(self, frame: Feed) -> None:
        """Take in an input frame."""
        self._inbound.feed(frame)

    async def run(self, settled: Settled) -> None:
        """Wait for the end; then give `start_session` a moment to return."""
        try:
            await asyncio.Event().wait()
        finally:
            self._stop()
            if self._playing is not None:
                await asyncio.wait({self._playing}, timeout=RETURN_SECONDS)

    async def release(self) -> None:
        """End the author's threads, but for one that does not come back."""
        self._stop()
        self._handlers.stop()
        self._author.stop()
        ends = [self._inbound.stop(), self._handlers.ended, self._author.ended]
        waited = [asyncio.wrap_future(end) for end in ends if end is not None]
        await asyncio.wait(waited, timeout=RELEASE_SECONDS)

    async def handle(self, message: link.ToModel) -> None:
        """Do what a message asks for."""
        match message:
            case link.SessionStarted(session):
                self._begin(session)
            case link.ClientJoined(client):
                self._clients.add(client)
                self._play()
            case link.ClientLeft(client):
                self._clients.discard(client)
            case link.CommandRequested():
                # Not awaited: a handler may wait for what start_session lets go of at its end.
                answering = asyncio.create_task(self._command(message))
                self._answering.add(answering)
                answering.add_done_callback(self._answering.discard)
            case link.SessionStopped(session):
                await self._end(session)

    @property
    def crowded(self) -> bool:
        """Whether a client is connected."""
        return bool(self._clients)

    def say(self, message: Any) -> None:
        """Broadcast a message of the author's."""
        if not isinstance(message, Mapping):
            kind = type(message).__name__
            raise TypeError(f'send() takes a dict such as {{"type": "progress"}}; got a {kind}')
        words = worded(message, "message")
        self._stage.post(link.Said(words.type, words.data, flat=words.flat))

    def measure(self, on: bool) -> None:
        """Switch the measuring of the rate on or off."""
        self._outbound.measure(on)

    def emit(self, track: MediaTrack, frame: Any, bucket: int | None) -> None:
        """Hand over what the author emits."""
        self._outbound.emit(track, frame, bucket)

    def latest(self, track: MediaTrack) -> Any:
        """Return a copy of the newest data of a track, or None."""
        outgoing = track.direction is Direction.OUT
        return self._outbound.latest(track) if outgoing else self._inbound.latest(track)

    def _rate(self) -> Rate:
        return Rate(self._declaration.fps, self._factor)

    def _constructed(self) -> VideoModel:
        """Construct the author's class; its instance has its tracks from the beginning."""
        making: Any = self._cls.__new__
        model: VideoModel = making(self._cls, self._config)
        own = vars(model)
        own.update(self.tracks)
        # What the class tells are its declarations; an instance that is served has the real ones.
        own["get_tracks"] = lambda: list(self.tracks.values())
        model.__init__(self._config)  # type: ignore[misc]  # as a class call would
        # A dataclass puts what stands on the class over what it had.
        declared = {n: inspect.getattr_static(self._cls, n, None) for n in self.tracks}
        own.update({n: t for n, t in self.tracks.items() if own.get(n) is declared[n] is not None})
        return model

    def _begin(self, session: str) -> None:
        self._session = session
        self._context = ReactorContext(self)
        self._outbound.begin(self._context, self._rate())
        self._inbound.begin()
        contexts.enter(self._context)

    def _play(self) -> None:
        """Start the author's loop, unless this session has had it."""
        if self._playing is None and self._context is not None:
            self._stage.pause()
            played = self._played(self._session, self._context)
            self._playing = asyncio.create_task(played)

    async def _played(self, session: str, context: ReactorContext) -> None:
        """Run `start_session`; a session that its author has left is over."""
        reason = "stopped"
        try:
            await asyncio.wrap_future(self._author.submit(self.model.start_session))
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            reason = "error"
            log.error("start_session() failed; the session ends\n%s", author_traceback(error))
        if not context.should_stop():
            self._stage.post(link.SessionOver(session, reason))

    def _stop(self) -> None:
        """Ask `start_session` to return, and release it where it waits."""
        if self._context is not None:
            self._context.stop()
        self._outbound.stop()
        self._stage.cut(black=False)

    async def _end(self, session: str) -> None:
        self._stop()
        while self._answering:
            await asyncio.wait(self._answering)
        if self._playing is not None:
            await self._playing
        self._playing = None
        self._clients.clear()
        self._inbound.end()
        if (idle := self._inbound.idle()) is not None:
            await asyncio.wrap_future(idle)
        self._outbound.end()
        self._stage.cut(black=False)
        self._stage.post(link.SessionClosed(session))

    async def _command(self, message: link.CommandRequested) -> None:
        """Run a command after those before it, unless its session is over by then."""
        async with self._handling:
            if self._context is not None and not self._context.should_stop():
                self._stage.post(await answer(message, self._answer(message)))

    async def _answer(self, message: link.CommandRequested) -> link.Answered:
        handler = self._declaration.handlers[message.name]
        values = handler.arguments.parse(message.payload, message.files)
        result = await asyncio.wrap_future(self._handlers.submit(self._called(handler, values)))
        words = answered(message.name, result)
        if words is None:
            return link.Answered(message.number)
        return link.Answered(message.number, words.type, words.data, flat=words.flat)

    async def _called(self, handler: Handler, values: Mapping[str, Any]) -> Any:
        try:
            return await settle(handler.function(self.model, **values))
        except (SystemExit, KeyboardInterrupt) as error:  # it would end the model's loop
            raise RuntimeError(f"{error!r} came out of author code") from error

    def _see(self, bundle: MediaBundle) -> None:
        self.model.on_media(bundle)


def _factor(config: Config) -> float:
    """Return by how much the measured rate is multiplied."""
    factor = config.get("fps_debuff_factor", 1.0)
    if not is_number(factor) or not math.isfinite(factor) or factor <= 0:
        raise SetupError(f"config key 'fps_debuff_factor' is a number above 0; got {factor!r}")
    return float(factor)
