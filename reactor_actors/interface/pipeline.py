"""`ReactorPipeline`: a model written as a generator, with state that clients can change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from reactor_actors.interface.model import ReactorModel


class _Idle:
    """The type of `Idle`."""

    _only: _Idle | None = None

    def __new__(cls) -> _Idle:
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "Idle"

    def __reduce__(self) -> str:
        return "Idle"


Idle: Final = _Idle()
"""Yield it when there is nothing to show: clients keep the last picture."""


class ReactorPipeline(ReactorModel):
    """Subclass it, write `load()` and the generator `inference()`, annotate `state: MyState`.

    `inference` advances only while a client is connected. Between two yields no handler runs, so
    `self.state` does not change within a turn.

    Attributes:
        state: Annotated with an `InputState`: an instance of it while a session runs, else None.
    """

    state: Any = None

    def inference(self) -> Iterator[Any] | AsyncIterator[Any]:
        """Yield an `Output` per turn, or `Idle`. Sync or async generator."""
        raise NotImplementedError(f"{type(self).__name__} has no inference(): write a generator")
