"""What supervision sees of a model's process and of its link. Knows no Ray."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from reactor_actors.actors.requests import Answer, Request
from reactor_actors.actors.scale import LinkKind
from reactor_actors.core.contract import Contract
from reactor_actors.core.ports import ClientSide, ModelPort

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A loaded model: what it declares, and where it lives."""

    contract: Contract
    node: str
    address: str
    gpus: tuple[str, ...] = ()


class Replica(Protocol):
    """A model's process, as the supervisor drives it."""

    @property
    def id(self) -> str:
        """What the cluster calls it."""

    async def load(self) -> Loaded:
        """Load the model. Raises `SetupError` or `ModelError`, or whatever tells of its death."""

    async def run(self, address: Any) -> None:
        """Meet its clients' side and run until the model ends; returns after `stop`."""

    async def take(self, items: list[bytes], *arrays: Any) -> None:
        """Hand the model what its clients' side says over a link of references."""

    async def breathe(self) -> None:
        """Return as soon as the model's thread is not held by author code."""

    async def stack(self) -> str:
        """Say where author code holds the model's threads; "" if it holds none, or cannot be asked.

        Never takes long.
        """

    async def stop(self) -> None:
        """Ask the model to end."""

    def kill(self) -> None:
        """End the process, whatever it does."""


class Media(Protocol):
    """A process that carries media only, as the ingress drives it.

    Everything raises `PeerGone` when the process is gone.
    """

    async def start(self) -> None:
        """Return once the process is there to be asked."""

    async def keep(self) -> bool:
        """Keep its models alive until stopped; False if any had to be given up.

        Raises `SetupError` or `ModelError` for a declaration that no restart can mend.
        """

    async def ask(self, replica: str, request: Request[T]) -> Answer[T]:
        """Put a request to a room. Raises what the room raises."""

    async def stop(self) -> None:
        """End its sessions, its models, and then its peers; returns once all is reported."""

    def kill(self) -> None:
        """End the process, whatever it does."""


class End(ModelPort, Protocol):
    """The clients' end of a link."""

    def start(self) -> None:
        """Begin: the clients' side is ready for what the model says."""

    def close(self) -> None:
        """End the link; repeatable."""


class Meeting(Protocol):
    """One model that is waited for. Close it once it has come."""

    kind: LinkKind
    address: Any
    """What the model is told, for it to come."""

    async def accept(self, clients: ClientSide) -> End:
        """Return the clients' end, once the model has come."""

    def close(self) -> None:
        """Wait no more."""
