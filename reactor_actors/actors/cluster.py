"""`launch`: a model on Ray, and the `Deployment` it becomes."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError

from reactor_actors.actors.logs import LogSettings
from reactor_actors.actors.model import ModelActor
from reactor_actors.actors.scale import Scale
from reactor_actors.actors.transport import TransportActor
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.links.meeting import Address
from reactor_actors.loader import ModelSource
from reactor_actors.transports.server import ServerSettings
from reactor_actors.transports.status import Status

log = logging.getLogger("reactor_actors.cluster")

ANSWER_SECONDS = 60.0
STOP_SECONDS = 15.0
CALLS = 4
"""Calls a model's actor takes at a time: the long `run`, and `stop` beside it."""

REQUESTS = 64
"""Calls a transport's actor takes at a time: the long `keep`, and questions beside it."""


@contextmanager
def joined(address: str | None) -> Iterator[None]:
    """Join a cluster, or start a quiet one of this machine alone, with no dashboard."""
    if ray.is_initialized():
        yield
        return
    local: dict[str, Any] = {
        "include_dashboard": False,
        "object_store_memory": 128 * 2**20,
        "_node_ip_address": "127.0.0.1",  # nobody else has business with it
    }
    ray.init(
        address=address or "local",  # never one that somebody else has begun on this machine
        logging_level=logging.ERROR,
        log_to_driver=True,
        configure_logging=False,
        **({} if address else local),
    )
    try:
        yield
    finally:
        ray.shutdown()


class RayReplica:
    """A `Replica` that is a Ray actor. Ray's errors become those they stand for."""

    def __init__(self, source: ModelSource, *, logs: LogSettings, threads: str) -> None:
        # Ray gives an actor without CPUs one thread for its arithmetic.
        environment = {"env_vars": {"OMP_NUM_THREADS": threads}}
        options = {"num_cpus": 0, "max_concurrency": CALLS, "runtime_env": environment}
        self._actor = _actor(ModelActor, options, source, logs)

    async def load(self) -> Contract:
        """Load the model."""
        contract: Contract = await self._asked(self._actor.load.remote())
        return contract

    async def run(self, address: Address) -> None:
        """Run until the model ends."""
        await self._asked(self._actor.run.remote(address))

    async def stop(self) -> None:
        """Ask the model to end."""
        await self._asked(self._actor.stop.remote())

    def kill(self) -> None:
        """End the process."""
        ray.kill(self._actor)

    async def _asked(self, answer: Any) -> Any:
        try:
            return await answer
        except RayError as error:
            raise plain(error) from None


def plain(error: RayError) -> Exception:
    """Return the error that one of Ray's stands for."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, ModelError | SetupError):
        return cause
    text = str(error).strip().splitlines()
    return ModelError(f"the model's process has died: {text[0] if text else type(error).__name__}")


class Deployment:
    """A model being served by actors of a Ray cluster."""

    def __init__(
        self,
        source: ModelSource,
        settings: ServerSettings,
        version: str,
        logs: LogSettings,
        scale: Scale,
    ) -> None:
        if scale != Scale():
            raise SetupError("one replica and one transport is what this deployment can be")
        # Here, and not in the actor: Ray sets the variable in every process it starts.
        threads = os.environ.get("OMP_NUM_THREADS", str(os.cpu_count() or 1))
        spawn = partial(RayReplica, logs=logs, threads=threads)
        options = {"num_cpus": 0, "max_concurrency": REQUESTS}
        self._actor = _actor(TransportActor, options, source, settings, version, logs, spawn)
        self.url: str = self._call(self._actor.start.remote())
        self._kept = self._actor.keep.remote()

    def ended(self, seconds: float) -> bool | None:
        """Wait for the end of the model's life: True if it was stopped, False if given up.

        None when it goes on after `seconds`. Raises `SetupError` or `ModelError` for a declaration
        that no restart can mend.
        """
        done, _ = ray.wait([self._kept], timeout=seconds)
        return self._call(done[0]) if done else None

    def contract(self) -> Contract | None:
        """Return what the model declares; None while it loads."""
        contract: Contract | None = self._call(self._actor.loaded.remote())
        return contract

    def status(self) -> Status:
        """Return how the deployment stands."""
        status: Status = self._call(self._actor.status.remote())
        return status

    def drain(self, seconds: float) -> bool:
        """Wait until the running session has ended by itself; False if it has not."""
        ended: bool = self._call(self._actor.drain.remote(seconds))
        return ended

    def stop(self) -> None:
        """End the session, the model and the server, in this order."""
        try:
            ray.get(self._actor.stop.remote(), timeout=STOP_SECONDS)
        except RayError as error:
            log.warning("the end was not a clean one: %s", error)
        ray.kill(self._actor)

    def _call(self, answer: Any) -> Any:
        try:
            return ray.get(answer, timeout=ANSWER_SECONDS)
        except GetTimeoutError:
            raise SetupError(
                f"the server's actor did not answer within {ANSWER_SECONDS:g} s: "
                "is the cluster reachable, and has it room?"
            ) from None
        except RayError as error:
            raise plain(error) from None


def _actor(cls: type, options: dict[str, Any], *args: Any) -> Any:
    """Start an actor: a plain class, wrapped here and nowhere else."""
    return ray.remote(cls).options(**options).remote(*args)
