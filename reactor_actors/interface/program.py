"""`ModelProgram`: what a generation 2 class compiles to.

It turns the link's messages into the author's hooks and handlers, in the order promised to them.
`turns.PipelineProgram` adds what a generator needs.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Mapping
from typing import Any

from reactor_actors.core import messages as link
from reactor_actors.core.arguments import Arguments
from reactor_actors.core.contract import Contract
from reactor_actors.core.fields import UploadedFile
from reactor_actors.core.ports import ClientPort, Feed
from reactor_actors.engine.answering import answer, is_ending
from reactor_actors.engine.program import Settled, settle
from reactor_actors.engine.stage import checked_fps
from reactor_actors.flow.buffer import arrival_of
from reactor_actors.interface.declaration import Declaration, declare
from reactor_actors.interface.events import ClientInfo, Hook
from reactor_actors.interface.messages import ModelMessage, message_name
from reactor_actors.interface.model import ReactorModel, checked_message, post

log = logging.getLogger("reactor_actors.model")


class ModelProgram:
    """A `ReactorModel` as the host runs it. Constructing it constructs the author's class.

    `facts` are what the manifest says and the class cannot: `name`, `version`.
    """

    stateful = False

    def __init__(
        self,
        cls: type[ReactorModel],
        config: dict[str, Any] | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        self._config = config or {}
        self._facts = dict(facts or {})
        self._clients: dict[str, ClientInfo] = {}
        self._warned: set[str] = set()
        self.turn_lock = asyncio.Lock()
        self.declaration = self.declared(cls)
        self.model = cls()
        self.stage = self.model._reactor.stage
        self.buffers = self.model._reactor.buffers
        self._setters = {
            f"set_{a.name}": Arguments((a,)) for a in self.declaration.parameters.items
        }

    @classmethod
    def declared(cls, model: type[ReactorModel]) -> Declaration:
        """Return what a class declares, whole and judged; nothing is constructed.

        Raises `TypeError` or `ValueError` naming what is declared wrongly.
        """
        declaration = declare(model, ReactorModel)  # type: ignore[arg-type]  # a class is hashable
        if declaration.state is not None and not cls.stateful:
            raise TypeError(
                f"{model.__name__} declares `state: {declaration.state.__name__}`, but only a "
                "ReactorPipeline has one. Derive from ReactorPipeline, or keep plain attributes "
                "and change them in @event handlers."
            )
        checked_fps(model.fps)
        _check_queue(model.__name__, model.buffer_size, model.latency)
        return declaration

    @property
    def dedupe(self) -> frozenset[str]:
        """Names of the commands whose waiting duplicates collapse."""
        handlers = self.declaration.handlers.items()
        return frozenset(name for name, handler in handlers if handler.spec.dedupe)

    @property
    def pinned(self) -> bool:
        """Whether the author has set the rate: on the class, on a base of theirs, or by call."""
        owners = type(self.model).__mro__
        own = owners[: owners.index(ReactorModel)]
        return self.stage.pinned or any("fps" in vars(owner) for owner in own)

    async def load(self) -> Contract:
        """Call the author's `load` and return the finished contract."""
        loading: Any = self.model.load
        await settle(loading(self._config))
        if "fps" in vars(self.model):
            self.stage.pin(self.model.fps)
        return self.contract()

    def contract(self) -> Contract:
        """Return what the model declares, with the rate and bounds that are in force."""
        bound, latency = self.model.buffer_size, self.model.latency
        _check_queue(type(self.model).__name__, bound, latency)
        return self.declaration.contract(
            **{"name": self.declaration.title, **self._facts},
            fps=self.stage.fps,
            pinned=self.pinned,
            buffer_size=bound,
            fixed_latency=latency == "fixed",
        )

    def attach(self, port: ClientPort) -> None:
        """Give the model its clients' side."""
        self.stage.attach(port, self.model.buffer_size)

    def feed(self, frame: Feed) -> None:
        """Put an input frame into its buffer."""
        buffer = self.buffers.get(frame.track)
        if buffer is None:
            log.debug("a frame for %r is dropped: no such input track", frame.track)
            return
        buffer.push(arrival_of(frame))

    def foresee(self) -> None:
        """Do nothing: this base class leaves its buffers to the author."""

    async def run(self, settled: Settled) -> None:
        """Run the author's loop."""
        await settle(self.model.run())

    async def release(self) -> None:
        """Do nothing: all that it has is the author's object."""

    async def handle(self, message: link.ToModel) -> None:
        """Do what a message asks for."""
        match message:
            case link.SessionStarted():
                self.begin()
                await self.hook(Hook.SESSION_STARTED)
            case link.ClientJoined(client, joined_at):
                await self._join(client, joined_at)
            case link.ClientLeft(client):
                await self._leave(client)
            case link.CommandRequested():
                self.stage.post(await answer(message, self._answer(message)))
            case link.FileReceived(client, file):
                await self.hook(Hook.FILE_UPLOADED, self._clients.get(client), uploaded_file=file)
            case link.SessionStopped(session):
                await self._end(session)

    async def invoke(
        self,
        name: str,
        payload: Mapping[str, Any],
        files: Mapping[str, UploadedFile],
        client: ClientInfo | None,
    ) -> ModelMessage | None:
        """Run one command, raising whatever the author's code raises."""
        handler = self.declaration.handlers.get(name)
        if handler is None:
            state: Any = getattr(self.model, "state", None)
            for field, value in self._setters[name].parse(payload, files).items():
                setattr(state, field, value)
            return None
        values = handler.arguments.parse(payload, files)
        if handler.wants_client:
            values["client"] = client
        result = await settle(handler.function(self.model, **values))
        if result is None or isinstance(result, ModelMessage):
            return result
        if name not in self._warned:
            self._warned.add(name)
            log.warning(
                "the handler of %r returned a %s, which nobody receives: return a ModelMessage",
                name, type(result).__name__,
            )  # fmt: skip
        return None

    async def hook(self, hook: Hook, client: ClientInfo | None = None, **values: Any) -> None:
        """Call the author's hook, if there is one. What it raises is logged and swallowed."""
        function = self.declaration.hooks.get(hook)
        if function is None:
            return
        if "client" in inspect.signature(function).parameters:
            values["client"] = client
        try:
            await settle(function(self.model, **values))
        except asyncio.CancelledError:
            if is_ending():
                raise
            self.hook_failed(hook)
        except Exception:
            self.hook_failed(hook)

    def hook_failed(self, hook: Hook) -> None:
        """Deal with the exception at hand, which came out of a hook."""
        log.exception("the @%s hook failed; the session goes on", hook.value)

    def begin(self) -> None:
        """Prepare a session, before its first hook."""

    def enter(self) -> None:
        """Prepare for the first client, before it is announced."""

    def ready(self) -> None:
        """Go on after the first client's `@connected` has ended."""

    def empty(self) -> None:
        """Note that no client is left, before the last `@disconnected`."""
        self.model.connected.clear()

    async def close(self) -> None:
        """Close what a session holds, after all `@disconnected`."""

    def finish(self) -> None:
        """Forget what a session held, after `@session_ended`."""

    async def _join(self, client: str, joined_at: float) -> None:
        info = self._clients[client] = self.client(client, joined_at)
        first = len(self._clients) == 1
        if first:
            self.enter()
            self.stage.pause()
            self.model.connected.set()
        await self.hook(Hook.CONNECTED, info)
        if first:
            self.ready()

    async def _leave(self, client: str) -> None:
        info = self._clients.pop(client, None)
        if info is None:
            return
        if not self._clients:
            self.empty()
        await self.hook(Hook.DISCONNECTED, info)

    async def _end(self, session: str) -> None:
        self.empty()
        while self._clients:
            _, info = self._clients.popitem()
            await self.hook(Hook.DISCONNECTED, info)
        await self.close()
        await self.hook(Hook.SESSION_ENDED)
        self.finish()
        self.stage.cut(black=False)
        self.stage.post(link.SessionClosed(session))

    def client_here(self, client: str) -> ClientInfo | None:
        """Return a client that is connected."""
        return self._clients.get(client)

    def record(self) -> list[ModelMessage]:
        """Return a list that grows with every message the model sends, to whomever."""
        recorded = self.model._reactor.recorded = []
        return recorded

    def client(self, client: str, joined_at: float) -> ClientInfo:
        """Return what hooks and handlers see of a client."""

        async def send(message: ModelMessage) -> None:
            post(self.model, message, client)

        return ClientInfo(client, joined_at, send)

    async def _answer(self, message: link.CommandRequested) -> link.Answered:
        client = self._clients.get(message.client)
        reply = await self.invoke(message.name, message.payload, message.files, client)
        if reply is None:
            return link.Answered(message.number)
        data = checked_message(self.model, reply)
        return link.Answered(message.number, message_name(type(reply)), data)


def _check_queue(name: str, bound: Any, latency: Any) -> None:
    if isinstance(bound, bool) or not isinstance(bound, int) or bound <= 0:
        raise ValueError(f"{name}.buffer_size must be a whole number above 0; got {bound!r}")
    if latency not in ("adaptive", "fixed"):
        raise ValueError(f'{name}.latency is "adaptive" or "fixed"; got {latency!r}')
