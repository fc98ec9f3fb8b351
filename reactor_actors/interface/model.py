"""`ReactorModel`: a model that owns its loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from reactor_actors.core.media import Direction
from reactor_actors.core.messages import Said
from reactor_actors.engine.stage import Stage
from reactor_actors.flow.buffer import InputBuffer
from reactor_actors.interface.declaration import Declaration, check_body, declare
from reactor_actors.interface.messages import ModelMessage, message_data, message_name
from reactor_actors.interface.output import OutputBuffer
from reactor_actors.interface.tracks import Output, tracks_of

_HANDLES = ("connected", "output", "output_buffer")


@dataclass(slots=True)
class Backstage:
    """What the runtime keeps with a model instance, under the name `_reactor`.

    `recorded` collects the messages sent, when somebody asked for that.
    """

    declaration: Declaration
    stage: Stage
    buffers: Mapping[str, InputBuffer]
    recorded: list[ModelMessage] | None = None


class ReactorModel:
    """Subclass it, write `load()` and `run()`, declare tracks, events and messages.

    One instance lives as long as the model's process. `__init__`, `load`, `run`, hooks and handlers
    share one thread and one event loop. `self.connected`, `self.output` and the input buffers
    exist from construction on.

    Attributes:
        fps: Of the class: pictures shown in a second.
        buffer_size: Of the class: the most pictures that wait to be shown.
        latency: Of the class: `"adaptive"` asks for a picture just before it is due, `"fixed"` as
            soon as there is room for it.
        connected: Set while a client is there: `await self.connected.wait()`.
        output: The `OutputBuffer` that `emit` uses.
        output_buffer: The same.
    """

    fps: float = 30
    buffer_size: int = 4
    latency: str = "adaptive"

    connected: asyncio.Event
    output_buffer: OutputBuffer
    output: Any
    _reactor: Backstage

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check what the class body declares."""
        super().__init_subclass__(**kwargs)
        check_body(cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Give the instance its handles, whether or not its `__init__` calls this one's."""
        model = super().__new__(cls)
        declaration = declare(cls, ReactorModel)  # type: ignore[arg-type]  # a class is hashable
        tracks = {t.name: t for t in declaration.tracks}
        stage = Stage({n: t for n, t in tracks.items() if t.direction is Direction.OUT}, cls.fps)
        buffers = {n: InputBuffer() for n, t in tracks.items() if t.direction is Direction.IN}
        model._reactor = Backstage(declaration, stage, buffers)
        model.connected = asyncio.Event()
        model.output_buffer = model.output = OutputBuffer(stage, declaration)
        for attribute, kind in declaration.inputs.items():
            held: dict[str, Any] = {t.name: buffers[t.name] for t in tracks_of(kind)}
            setattr(model, attribute, kind(**held))
        return model

    def __init__(self) -> None:
        """Take no config, and do nothing: whoever overrides it need not call it."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _HANDLES and name in vars(self):
            raise AttributeError(
                f"self.{name} belongs to the runtime and cannot be replaced; choose another name"
            )
        super().__setattr__(name, value)

    def load(self, config: dict[str, Any]) -> None:
        """Load weights and prepare. Called once, before any client can connect.

        `config` is what the manifest's config file and the command line say.
        """

    async def run(self) -> None:
        """Run the model's loop, for as long as its process lives. The default waits for ever."""
        await asyncio.Event().wait()

    async def emit(
        self, output: Output, *, compute_time: float | None = None, drop: bool = False
    ) -> None:
        """Send an output to every client; waits until its last picture is admitted.

        The same as `self.output.emit`.
        """
        await self.output_buffer.emit(output, compute_time=compute_time, drop=drop)

    async def send(self, message: ModelMessage) -> None:
        """Send a message to every client. Without clients it does nothing."""
        post(self, message, None)


def post(model: ReactorModel, message: ModelMessage, client: str | None) -> None:
    """Send a message to one client, or to all. Raises `TypeError` for one of another model."""
    data = checked_message(model, message)
    if model._reactor.recorded is not None:
        model._reactor.recorded.append(message)
    model._reactor.stage.post(Said(message_name(type(message)), data, client))


def checked_message(model: ReactorModel, message: ModelMessage) -> dict[str, Any]:
    """Return the data of a message that belongs to a model, or raise `TypeError`."""
    if not isinstance(message, ModelMessage):
        raise TypeError(
            f"only a ModelMessage can be sent; got {type(message).__name__}. Declare one: "
            "`class Progress(ModelMessage): step: int`."
        )
    if type(message) not in model._reactor.declaration.messages:
        name = type(message).__name__
        raise TypeError(
            f"{name} does not belong to this model: it is neither defined nor imported in its "
            f"module. Declare it on the class: `messages = ({name},)`."
        )
    return message_data(message)
