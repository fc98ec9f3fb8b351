"""`Keeper`: a deployment that goes on without whoever has started it, and how it is found again.

It is an actor of its own, under a name, that does what the command does elsewhere. Ray starts it
again if its process dies; the rest of the deployment is its own and ends with it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError

from reactor_actors.actors.logfiles import lines_of
from reactor_actors.actors.logs import configure
from reactor_actors.actors.order import Order
from reactor_actors.actors.replica import actor, plain
from reactor_actors.actors.service import Service
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.transports.status import Status

log = logging.getLogger("reactor_actors.keeper")

NAMESPACE = "reactor_actors"
LOOK_SECONDS = 0.5
ANSWER_SECONDS = 30.0
FIRST_SECONDS = 300.0
"""How long a keeper may take to begin; a model's folder has to come to its node first."""

END_SECONDS = 60.0
RESTARTS = 3
STORY_LINES = 60


@dataclass(frozen=True, slots=True)
class Kept:
    """What a keeper knows of its deployment; `error` is why there is none any more."""

    status: Status | None = None
    contract: Contract | None = None
    error: Exception | None = None
    actors: tuple[tuple[str, str], ...] = ()
    """Who writes logs: a name for people, and Ray's id."""


class Keeper:
    """One deployment from its beginning to its end, on a thread of its own. A threaded actor."""

    def __init__(self, order: Order) -> None:
        configure(order.logs)
        self._order = order
        self._deployment: Service | None = None
        self._error: Exception | None = None
        self._asked = threading.Event()
        self._drain = 0.0
        self._thread = threading.Thread(target=self._live, name="keeper", daemon=True)
        self._thread.start()

    def look(self) -> Kept:
        """Say how the deployment is."""
        deployment = self._deployment
        if self._error is not None or deployment is None:
            return Kept(error=self._error)
        own = ray.get_runtime_context().get_actor_id() or ""
        return Kept(
            deployment.status(),
            deployment.contract(),
            actors=(("keeper", own), *deployment.actors()),
        )

    def stop(self, drain: float) -> None:
        """End the deployment in order; running sessions have `drain` seconds to end first."""
        self._drain = drain
        self._asked.set()
        self._thread.join(drain + END_SECONDS)

    def _live(self) -> None:
        try:
            self._deployment = deployment = Service(self._order)
            try:
                self._keep(deployment)
            finally:
                deployment.stop()
        except Exception as error:
            log.error("the deployment has ended: %s", error)
            self._error = error

    def _keep(self, deployment: Service) -> None:
        ended: bool | None = None
        while not self._asked.is_set():
            if ended is None:
                ended = deployment.ended(LOOK_SECONDS)
            else:
                self._asked.wait()  # given up: the server answers until it is stopped
        if self._drain > 0:
            deployment.drain(self._drain)


class KeptDeployment:
    """A keeper on the cluster that has been joined, as its users see it."""

    def __init__(self, name: str, handle: Any) -> None:
        self.name = name
        self._actor = handle

    def look(self, seconds: float = ANSWER_SECONDS) -> Kept:
        """Say how the deployment is. Raises `ModelError` when its keeper has died."""
        kept: Kept = self._call(self._actor.look.remote(), seconds)
        return kept

    def stop(self, drain: float) -> None:
        """End the deployment in order, and then its keeper."""
        try:
            self._call(self._actor.stop.remote(drain), drain + END_SECONDS + ANSWER_SECONDS)
        finally:
            ray.kill(self._actor)

    def _call(self, answer: Any, seconds: float) -> Any:
        try:
            return ray.get(answer, timeout=seconds)
        except GetTimeoutError:
            raise SetupError(
                f"deployment {self.name!r} did not answer within {seconds:g} s"
            ) from None
        except RayError as error:
            raise plain(error, f"the keeper of {self.name!r}") from None


def keep(name: str, order: Order) -> KeptDeployment:
    """Start a deployment that goes on by itself. Raises `SetupError` when the name is taken."""
    options = {
        "num_cpus": 0,
        "max_concurrency": 8,
        "max_restarts": RESTARTS,
        "lifetime": "detached",
        "name": name,
        "namespace": NAMESPACE,
    }
    try:
        return KeptDeployment(name, actor(Keeper, options, order))
    except ValueError:
        raise SetupError(
            f"a deployment called {name!r} is on this cluster already: stop it, "
            "or choose another --name"
        ) from None


def kept() -> list[str]:
    """Return the names of all deployments on the cluster that has been joined."""
    everything = ray.util.list_named_actors(all_namespaces=True)
    return sorted(one["name"] for one in everything if one["namespace"] == NAMESPACE)


def find(name: str | None) -> KeptDeployment:
    """Return a deployment by its name, or the only one there is. Raises `SetupError`."""
    names = kept()
    if not names:
        raise SetupError("there is no deployment on this cluster")
    if name is None and len(names) > 1:
        raise SetupError(f"which deployment is meant? There are {', '.join(names)}")
    chosen = name or names[0]
    if chosen not in names:
        raise SetupError(f"there is no deployment {chosen!r}; there is {', '.join(names)}")
    return KeptDeployment(chosen, ray.get_actor(chosen, namespace=NAMESPACE))


def loaded(deployment: KeptDeployment, tell: Callable[[Status], None]) -> Kept:
    """Wait until a deployment's model is loaded, calling `tell` with every look.

    Raises what has kept it from it, after ending what was begun.
    """
    while True:
        seen = deployment.look(FIRST_SECONDS)
        if seen.error is not None:
            deployment.stop(0.0)
            raise seen.error
        if seen.status is not None and seen.status.state == "terminated":
            raise _given_up(deployment, seen)
        if seen.status is not None and seen.status.loaded and seen.contract is not None:
            return seen
        if seen.status is not None:
            tell(seen.status)
        time.sleep(LOOK_SECONDS)


def _given_up(deployment: KeptDeployment, seen: Kept) -> ModelError:
    """End a deployment whose model has never loaded; return its story."""
    try:
        lines = [line for _, line in lines_of(seen.actors, tail=STORY_LINES, follow=False)]
    except SetupError as error:
        lines = [error.message]
    deployment.stop(0.0)
    detail = seen.status.detail if seen.status else ""
    return ModelError(f"the deployment is ended: {detail}", "\n".join(lines))
