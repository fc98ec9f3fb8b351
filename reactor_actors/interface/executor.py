"""`PipelineExecutor`: one pipeline in the calling thread. For unit tests and scripts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np

from reactor_actors.core import messages as link
from reactor_actors.core.contract import Gate, InvalidCommandError
from reactor_actors.core.fields import UploadedFile
from reactor_actors.core.media import Batch
from reactor_actors.core.values import plain
from reactor_actors.flow.buffer import InputFrame, ready
from reactor_actors.interface.events import Hook
from reactor_actors.interface.messages import ModelMessage
from reactor_actors.interface.model import checked_message
from reactor_actors.interface.pipeline import Idle, ReactorPipeline
from reactor_actors.interface.turns import PipelineProgram

T = TypeVar("T")

CLIENT = "executor"
_LENGTHS = {"minLength", "maxLength", "minItems", "maxItems"}
_BOUNDS = {"name", "payload", "minimum", "maximum", "enum", "const", *_LENGTHS}
"""Broken rules that are a `ValueError`; types, missing and unknown arguments are a `TypeError`."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """One turn: what was yielded (an `Output` or `Idle`), its seconds, the messages sent."""

    output: Any
    compute_time: float
    messages: list[ModelMessage]


class PipelineExecutor:
    """Run a pipeline by hand: no network, no pacing, nobody waits.

        with PipelineExecutor(MyModel, {"width": 64}) as pipeline:
            pipeline.connect()
            pipeline.send_event("set_prompt", prompt="rain")
            frame = next(pipeline).output.main_video

    Exceptions of author code reach the caller. It brings an event loop of its own, so it cannot be
    used inside a running one.
    """

    def __init__(
        self, pipeline: type[ReactorPipeline], config: dict[str, Any] | None = None
    ) -> None:
        if not (isinstance(pipeline, type) and issubclass(pipeline, ReactorPipeline)):
            raise TypeError(f"PipelineExecutor runs a ReactorPipeline subclass; got {pipeline!r}")
        self._loop = asyncio.new_event_loop()
        try:
            self._program = _Strict(pipeline, config)
            self._gate = Gate(self._run(self._program.load()))
            self._run(self._attach())
            self._sent = self._program.record()
        except BaseException:
            self._loop.close()
            raise
        self._connected = False

    @property
    def state(self) -> Any:
        """The state instance, or None while not connected."""
        return self._program.model.state  # type: ignore[attr-defined]

    def connect(self) -> list[ModelMessage]:
        """Begin a session with one client; return the messages sent meanwhile."""
        if self._connected:
            raise RuntimeError("connect() was called already; disconnect() comes first")
        self._connected = True
        self._handle(link.SessionStarted(CLIENT))
        self._handle(link.ClientJoined(CLIENT, time.time()))
        return self._drain()

    def __iter__(self) -> Iterator[StepResult]:
        return self

    def __next__(self) -> StepResult:
        """Take one turn. A generator that has returned gives `Idle`, then begins anew."""
        if not self._connected:
            raise StopIteration
        turn = self._run(self._program.advance())
        messages = self._drain()
        if turn is None:
            return StepResult(Idle, 0.0, messages)
        return StepResult(turn.output, turn.seconds, messages)

    def send_event(self, name: str, /, **args: Any) -> list[ModelMessage]:
        """Run a handler or a setter now; return the messages it sent, its reply last.

        `ValueError` for an unknown name or a violated bound, `TypeError` for a wrong or missing
        argument.
        """
        if not self._connected:
            raise RuntimeError("connect() comes before send_event()")
        files: dict[str, UploadedFile] = {}
        payload = {key: plain(_referring(value, files), key) for key, value in args.items()}
        try:
            self._gate.admit(name, payload)
        except InvalidCommandError as error:
            kind = ValueError if error.rule in _BOUNDS else TypeError
            raise kind(error.message) from None
        client = self._program.client_here(CLIENT)
        reply = self._run(self._program.invoke(name, payload, files, client))
        if reply is not None:
            checked_message(self._program.model, reply)
            self._sent.append(reply)
        return self._drain()

    def push_media(self, track: str, frame: Any) -> None:
        """Put a frame into an input buffer: (H, W, 3) uint8, or (1, M) int16."""
        if not isinstance(frame, np.ndarray):
            raise TypeError(
                f"push_media takes an ndarray or InputFrame; got {type(frame).__name__}"
            )
        buffer = self._program.buffers.get(track)
        if buffer is None:
            known = ", ".join(map(repr, self._program.buffers)) or "none"
            raise ValueError(f"unknown input track {track!r}; known are: {known}")
        pts = frame.pts if isinstance(frame, InputFrame) else None
        buffer.push(ready(np.array(frame), pts))

    def disconnect(self) -> list[ModelMessage]:
        """End the client and the session; return the messages sent meanwhile."""
        if not self._connected:
            raise RuntimeError("disconnect() was called without connect()")
        self._connected = False
        self._handle(link.SessionStopped(CLIENT))
        return self._drain()

    def close(self) -> None:
        """End everything. May be called again."""
        if self._loop.is_closed():
            return
        try:
            if self._connected:
                self.disconnect()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self) -> None:
        # One that was forgotten in a test or a notebook leaves no open loop behind.
        loop = getattr(self, "_loop", None)
        if loop is not None and not loop.is_running():
            loop.close()

    async def _attach(self) -> None:
        self._program.attach(_Nowhere())

    def _drain(self) -> list[ModelMessage]:
        sent, self._sent[:] = list(self._sent), []
        return sent

    def _handle(self, message: link.ToModel) -> None:
        self._run(self._program.handle(message))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return self._loop.run_until_complete(work)
        finally:
            work.close()


class _Strict(PipelineProgram):
    """A pipeline whose hooks may fail the caller."""

    def hook_failed(self, hook: Hook) -> None:
        raise


class _Nowhere:
    """A clients' side without clients: what is emitted from handlers goes nowhere."""

    async def push(self, batch: Batch, *, drop: bool) -> int:
        return batch.count

    def cut(self, epoch: int, *, black: bool) -> None:
        pass

    def waiting(self) -> int:
        return 0

    def set_rate(self, fps: float) -> None:
        pass

    def post(self, message: link.FromModel) -> None:
        pass


def _referring(value: Any, files: dict[str, UploadedFile]) -> Any:
    """Replace every uploaded file by a reference, as a client would send it."""
    if isinstance(value, UploadedFile):
        upload_id = f"file-{len(files)}"
        files[upload_id] = value
        reference = {"name": value.name, "mime_type": value.mime_type, "size": value.size}
        return {"upload_id": upload_id, **reference}
    if isinstance(value, list | tuple):
        return [_referring(item, files) for item in value]
    if isinstance(value, Mapping):
        return {key: _referring(item, files) for key, item in value.items()}
    return value
