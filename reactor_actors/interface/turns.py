"""`PipelineProgram`: a generator, advanced one turn at a time while a client is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import BufferClosed, ModelClassError
from reactor_actors.core.media import Batch
from reactor_actors.core.naming import file_of
from reactor_actors.engine.program import Settled
from reactor_actors.interface.declaration import Declaration
from reactor_actors.interface.model import ReactorModel
from reactor_actors.interface.pipeline import Idle, ReactorPipeline
from reactor_actors.interface.program import ModelProgram
from reactor_actors.interface.state import InputState
from reactor_actors.interface.tracks import Output

IDLE_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Turn:
    """What one advance of the generator gave."""

    output: Output
    batch: Batch
    seconds: float


class PipelineProgram(ModelProgram):
    """A `ReactorPipeline` as the host runs it.

    The generator is made once per session. It is suspended while nobody is there, and replaced
    when it returns, or when it lets a `BufferClosed` out.
    """

    stateful = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open = asyncio.Event()
        self._turns: _Turns | None = None
        self._refused: Exception | None = None

    @classmethod
    def declared(cls, model: type[ReactorModel]) -> Declaration:
        """Return what a class declares, whole and judged. As `ModelProgram.declared`."""
        declaration = super().declared(model)
        _fresh_state(declaration)  # one that cannot be made is found here, not by the first client
        return declaration

    async def load(self) -> Contract:
        """Call the author's `load`, after which there must be an `inference`."""
        contract = await super().load()
        if getattr(self.model.inference, "__func__", None) is ReactorPipeline.inference:  # type: ignore[attr-defined]
            cls = type(self.model)
            raise ModelClassError(
                f"{file_of(cls)}: {cls.__name__} has no inference(): write a generator method, or "
                "assign one in load()"
            )
        return contract

    def foresee(self) -> None:
        """Wake a generator that waits for frames of a client who has left."""
        self.empty()

    def begin(self) -> None:
        """Make the session's state and generator."""
        self.model.state = _fresh_state(self.declaration)
        self._begin_turns()

    def enter(self) -> None:
        """Open the input buffers, empty."""
        for buffer in self.buffers.values():
            buffer.reset()

    def ready(self) -> None:
        """Let the generator advance."""
        self._open.set()

    def empty(self) -> None:
        """Suspend the generator, close the input buffers and clear waiting output."""
        super().empty()
        self._open.clear()
        for buffer in self.buffers.values():
            buffer.close()
        self.stage.cut(black=False)

    async def close(self) -> None:
        """Close the generator; its `finally` still sees `self.state`."""
        turns, self._turns = self._turns, None
        if turns is not None:
            await turns.close()

    def finish(self) -> None:
        """Forget the state; the next session begins with open, empty buffers."""
        self.model.state = None
        self.enter()

    async def run(self, settled: Settled) -> None:
        """Advance, emit, let everything queued be handled, and again."""
        while True:
            await self._open.wait()
            await settled()
            async with self.turn_lock:
                if not self._open.is_set():
                    continue
                turn = await self.advance()
            if turn is None:
                self.stage.pause()
                await asyncio.sleep(IDLE_SECONDS)
            else:
                seconds = None if self.pinned else turn.seconds
                await self.stage.emit(turn.batch, compute_time=seconds)
                turn = None  # the next one may need the memory

    async def advance(self) -> Turn | None:
        """Take one turn. None: there is nothing to emit.

        An output that cannot be emitted is raised at the author's own `yield`.
        """
        turns = self._turns or self._begin_turns()
        began, waited = time.perf_counter(), self.stage.waited
        try:
            produced = await turns.advance(self._refusal())
            try:
                made = self._made(produced)
            except (TypeError, ValueError) as error:
                produced = await turns.advance(error)
                made = self._made_again(produced)
        except BufferClosed:
            produced, made = _RETURNED, None
        if produced is _RETURNED:
            self._turns = None
        if made is None:
            return None
        output, batch = made
        seconds = time.perf_counter() - began - (self.stage.waited - waited)
        return Turn(output, batch, seconds)

    def _begin_turns(self) -> _Turns:
        self._refused = None
        self._turns = _Turns(self.model.inference())  # type: ignore[attr-defined]
        return self._turns

    def _refusal(self) -> Exception | None:
        """Take what is to be raised at the present yield.

        Whoever takes it must not keep it: the next refusal refers to the frame it was raised in,
        and so each would keep the one before, with its pictures.
        """
        refused, self._refused = self._refused, None
        return refused

    def _made(self, produced: Any) -> tuple[Output, Batch] | None:
        """Return what was yielded, checked; None when there is nothing to emit."""
        if produced is _RETURNED or produced is None or produced is Idle:
            return None
        output = self._output(produced)
        return output, self.stage.prepare(self.model.output_buffer.values(output))

    def _made_again(self, produced: Any) -> tuple[Output, Batch] | None:
        """Check what a generator yields after one refusal; a second one waits for the next turn.

        So a generator that catches every exception and yields the same again blocks nobody.
        """
        try:
            return self._made(produced)
        except (TypeError, ValueError) as error:
            self._refused = error
            return None

    def _output(self, produced: Any) -> Output:
        if isinstance(produced, Output):
            return produced
        if hasattr(produced, "shape") and hasattr(produced, "dtype"):
            return self.model.output_buffer.wrap(produced)
        raise TypeError(
            f"inference() yields an Output, Idle or an array; got {type(produced).__name__}"
        )


def _fresh_state(declaration: Declaration) -> InputState:
    initial = declaration.parameters.parse({})
    return declaration.state(**initial) if declaration.state else InputState()


class _Returned(Enum):
    RETURNED = "returned"


_RETURNED: Final = _Returned.RETURNED


class _Turns:
    """One generator, sync or async, whichever it turns out to be."""

    def __init__(self, made: Any) -> None:
        if not isinstance(made, Generator | AsyncGenerator):
            if hasattr(made, "close"):
                made.close()  # a coroutine that will never be awaited
            raise TypeError(
                f"inference() must be a generator, with `yield`; calling it gave a "
                f"{type(made).__name__}"
            )
        self._made = made

    async def advance(self, error: Exception | None = None) -> Any:
        """Go on to the next yield, raising `error` at the present one if given."""
        made = self._made
        try:
            if isinstance(made, AsyncGenerator):
                return await (made.athrow(error) if error else made.asend(None))
            return made.throw(error) if error else made.send(None)
        except (StopIteration, StopAsyncIteration):
            return _RETURNED

    async def close(self) -> None:
        if isinstance(self._made, AsyncGenerator):
            await self._made.aclose()
        else:
            self._made.close()
