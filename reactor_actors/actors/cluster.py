"""Joining a cluster, and the `Deployment` that a model on it is."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import ray
from ray.exceptions import ActorDiedError, GetTimeoutError, RayError
from ray.util.placement_group import PlacementGroup, placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from reactor_actors.actors.logs import LogSettings
from reactor_actors.actors.media import RayMedia
from reactor_actors.actors.placement import Plan, plan
from reactor_actors.actors.replica import RayReplica, actor, plain
from reactor_actors.actors.scale import Scale
from reactor_actors.actors.transport import Listening, Served, TransportActor
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.core.restarts import GiveUp, Restarts
from reactor_actors.loader import ModelSource
from reactor_actors.manifest import Manifest
from reactor_actors.transports.server import ServerSettings
from reactor_actors.transports.status import Status

log = logging.getLogger("reactor_actors.cluster")

ANSWER_SECONDS = 60.0
STOP_SECONDS = 15.0
GROUP_SECONDS = 20.0
"""How long a placement group may take; a node may have to be started for it."""

REQUESTS = 1000
"""Calls a transport's actor takes at a time: the long `keep`, what guests wait for, and reports."""

REACH_SECONDS = 5.0
OWN_NAMES = ("localhost", "127.0.0.1", "::1", "[::1]")

LEFT_BEHIND = (".git", "__pycache__", ".venv", "node_modules")
"""What of a model's folder does not travel to other nodes."""


@contextmanager
def joined(
    address: str | None, manifest: Manifest | None = None, *, listening: bool = True
) -> Iterator[None]:
    """Join a cluster, or start a quiet one of this machine alone, with no dashboard.

    Without `listening`, what actors write is not printed here. The model's folder travels to every
    node of a cluster that is joined, its weights do not.
    Raises `SetupError` when there is no such cluster, or the folder is too large for it.
    """
    if ray.is_initialized():
        yield
        return
    # Without an address Ray would join whatever it finds running on this machine.
    options: dict[str, Any] = {"address": address or "local"}
    if address is None:
        options["include_dashboard"] = False
        options["object_store_memory"] = 128 * 2**20
        # Nobody else has business with it. Ray takes 127.0.0.1 for the machine's outer address.
        options["_node_ip_address"] = "127.0.0.2"
    else:
        check(address)
        bring_token()
        if manifest is not None:
            options["runtime_env"] = _luggage(manifest)
    try:
        ray.init(
            logging_level=logging.ERROR,
            log_to_driver=listening,
            configure_logging=False,
            **options,
        )
    except (ConnectionError, ValueError, RuntimeError, RayError) as error:
        text = str(error).strip().splitlines()
        raise SetupError(
            f"Ray cannot be joined at {address or 'this machine'}: {text[0]}"
        ) from None
    try:
        yield
    finally:
        ray.shutdown()


def check(address: str) -> None:
    """Raise `SetupError` where nothing can be joined; Ray itself takes half a minute to say so."""
    if address in ("auto", "local"):
        return
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdigit() or "/" in host:
        raise SetupError(f"--address expects auto or host:port of a Ray cluster; got {address!r}")
    # Ray, too, takes this machine's own name for the address under which others know it.
    known = ray.util.get_node_ip_address() if host in OWN_NAMES else host  # type: ignore[no-untyped-call]
    try:
        socket.create_connection((known.strip("[]"), int(port)), REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise SetupError(f"no Ray cluster answers at {known}:{port}: {error}") from None


def bring_token() -> None:
    """Show the cluster the token that Ray keeps for this user, as it does by itself for `auto`."""
    try:
        from ray._private.authentication import authentication_token_setup as tokens

        tokens.maybe_enable_token_auth_if_token_available(warn_if_disabled=False)
    except (ImportError, AttributeError, TypeError):
        log.debug("this Ray has other tokens")


def _luggage(manifest: Manifest) -> dict[str, Any]:
    """Return what Ray is to bring to every node: the model's folder without what stays behind."""
    left = list(LEFT_BEHIND)
    weights = manifest.weights_path
    if weights is not None and weights.is_relative_to(manifest.folder):
        left.append(f"/{weights.relative_to(manifest.folder)}")
    return {"working_dir": str(manifest.folder), "excludes": left}


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that a deployment is made from."""

    source: ModelSource
    settings: ServerSettings
    scale: Scale
    version: str
    logs: LogSettings


class Deployment:
    """A model being served by actors of a Ray cluster, which end with this process.

    An ingress whose process dies is started again, on the same port, within its budget. Its models
    end with it, and so do the processes that carry media beside it.
    """

    def __init__(self, order: Order, *, restarts: Restarts | None = None) -> None:
        self._order = order
        self._restarts = restarts or Restarts()
        self._groups: list[PlacementGroup] = []
        self._stopping = False
        self._begin()

    @property
    def transport(self) -> Any:
        """The handle of the transport's actor."""
        return self._actor

    @property
    def url(self) -> str:
        """An address at which this machine reaches it."""
        return self._url

    def ended(self, seconds: float) -> bool | None:
        """Wait for the end of the models' lives: True if stopped, False if any was given up.

        None when they go on after `seconds`. Raises `SetupError` or `ModelError` for what no
        restart can mend.
        """
        done, _ = ray.wait([self._kept], timeout=seconds)
        if not done:
            return None
        try:
            return bool(ray.get(done[0]))
        except ActorDiedError as error:
            if not self._stopping:
                self._revive(plain(error))
            return True if self._stopping else None
        except RayError as error:
            raise plain(error) from None

    def contract(self) -> Contract | None:
        """Return what the model declares; None while it loads."""
        contract: Contract | None = self._call(self._actor.loaded.remote())
        return contract

    def status(self) -> Status:
        """Say how everything stands."""
        status: Status = self._call(self._actor.status.remote())
        return replace(status, url=self._url)

    def trouble(self) -> Exception | None:
        """Return why a model that has never been loaded could not be, if one failed."""
        trouble: Exception | None = self._call(self._actor.trouble.remote())
        return trouble

    def actors(self) -> tuple[tuple[str, str], ...]:
        """Return the actors whose logs tell of the deployment: a name for people, and Ray's id."""
        replicas = self.status().replicas
        models = [(f"model {one.name}", one.process) for one in replicas if one.process]
        return (("transport", self._actor._actor_id.hex()), *models)

    def drain(self, seconds: float) -> bool:
        """Take no more sessions and clients; wait until none runs. False: one still does."""
        return bool(self._call(self._actor.drain.remote(seconds), seconds))

    def stop(self) -> None:
        """End the sessions, the models and the server, in this order."""
        self._stopping = True
        try:
            ray.get(self._actor.stop.remote(), timeout=STOP_SECONDS)
        except RayError as error:
            log.warning("the end was not a clean one: %s", error)
        self._end()

    def _begin(self) -> None:
        order = self._order
        nodes = _nodes()
        gpus = order.source.manifest.gpus
        plans = [
            plan(nodes, gpus, len(share), ingress=number == 0)
            for number, share in enumerate(order.scale.shares)
        ]
        groups = _reserve(plans)
        self._groups = [group for group in groups if group is not None]
        spawns: list[Callable[[str], RayReplica]] = [
            partial(
                RayReplica,
                order.source,
                {**_options(chosen.model, group, -1), **_environment(chosen, nodes)},
                order.logs,
            )
            for chosen, group in zip(plans, groups, strict=True)
        ]
        options = [
            _options(chosen.transport, group, 0)
            for chosen, group in zip(plans, groups, strict=True)
        ]
        hires = [
            partial(RayMedia, chosen, order.settings, order.logs, spawn)
            for chosen, spawn in zip(options[1:], spawns[1:], strict=True)
        ]
        self._actor = actor(
            TransportActor,
            {**options[0], "max_concurrency": REQUESTS},
            Served(order.source.manifest.name, order.version, order.scale),
            order.settings,
            order.logs,
            spawns[0],
            hires,
        )
        self._url = self._seen_from_here(self._call(self._actor.start.remote()))
        self._kept = self._actor.keep.remote()

    def _revive(self, failure: Exception) -> None:
        """Start the transport again, or raise when that was tried too often."""
        verdict = self._restarts.failed(str(failure), time.monotonic())
        if isinstance(verdict, GiveUp):
            raise ModelError(f"the transport's process is given up: {verdict.reason}")
        log.error("the transport's process has died; it restarts in %g s", verdict.seconds)
        time.sleep(verdict.seconds)
        if self._stopping:
            return
        self._end()
        http = replace(self._order.settings.http, port=_port_of(self._url))
        self._order = replace(self._order, settings=replace(self._order.settings, http=http))
        self._begin()

    def _end(self) -> None:
        ray.kill(self._actor)
        for group in self._groups:
            remove_placement_group(group)
        self._groups = []

    def _seen_from_here(self, listening: Listening) -> str:
        """Return an address that works here too, if the server listens on more than its own."""
        here = ray.get_runtime_context().get_node_id()
        if listening.node == here:
            return listening.url
        return listening.url.replace("//localhost:", f"//{listening.address}:")

    def _call(self, answer: Any, seconds: float = 0.0) -> Any:
        limit = seconds + ANSWER_SECONDS
        try:
            return ray.get(answer, timeout=limit)
        except GetTimeoutError:
            raise SetupError(
                f"the server's actor did not answer within {limit:g} s: "
                "is the cluster reachable, and has it room?"
            ) from None
        except RayError as error:
            raise plain(error) from None


def _nodes() -> list[dict[str, float]]:
    """Return what each living node has in all."""
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return [node["Resources"] for node in nodes if node["Alive"]]


def _reserve(plans: Sequence[Plan]) -> list[PlacementGroup | None]:
    """Make the placement group of each plan; None for one that has none, or no room for it now."""
    asked = [_group(chosen) if chosen.bundles else None for chosen in plans]
    deadline = time.monotonic() + GROUP_SECONDS
    reserved: list[PlacementGroup | None] = []
    for group in asked:
        if group is not None and not group.wait(max(0.0, deadline - time.monotonic())):
            remove_placement_group(group)
            log.warning(
                "no node has room for a transport and its models together: they are placed apart"
            )
            group = None
        reserved.append(group)
    return reserved


def _group(chosen: Plan) -> PlacementGroup:
    bundles = [dict(bundle) for bundle in chosen.bundles]
    group: PlacementGroup = placement_group(bundles, strategy="STRICT_PACK")
    return group


def _options(resources: Any, group: PlacementGroup | None, bundle: int) -> dict[str, Any]:
    """Make the options of an actor; bundle -1 is whichever has room."""
    others = {name: amount for name, amount in resources.items() if name != "GPU"}
    options: dict[str, Any] = {"num_cpus": 0, "resources": others}
    if gpus := resources.get("GPU"):
        options["num_gpus"] = gpus
    if group is not None:
        options["scheduling_strategy"] = PlacementGroupSchedulingStrategy(
            group, placement_group_bundle_index=bundle
        )
    return options


def _environment(chosen: Plan, nodes: Any) -> dict[str, Any]:
    """Make a model's environment: all CPUs are for its arithmetic."""
    # Here, and not in the actor: Ray gives an actor without CPUs one thread, by this variable.
    cpus = max(int(node.get("CPU", 0)) for node in nodes) if chosen.several else os.cpu_count()
    threads = os.environ.get("OMP_NUM_THREADS", str(cpus or 1))
    return {"runtime_env": {"env_vars": {"OMP_NUM_THREADS": threads}}}


def _port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])
