"""`Service`: a deployment as whoever has started it holds it, from its placement to its end."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError
from ray.util.placement_group import PlacementGroup, placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from reactor_actors.actors.cluster import THREADS, Joined
from reactor_actors.actors.media import RayMedia
from reactor_actors.actors.order import Order
from reactor_actors.actors.placement import Plan, plan
from reactor_actors.actors.replica import RayReplica, actor, plain
from reactor_actors.actors.transport import Listening, Served, TransportActor
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.core.restarts import GiveUp, Restarts
from reactor_actors.transports.status import Status

log = logging.getLogger("reactor_actors.service")

ANSWER_SECONDS = 60.0
STOP_SECONDS = 15.0
GROUP_SECONDS = 20.0
"""How long a placement group may take; a node may have to be started for it."""

REQUESTS = 1000
"""Calls a transport's actor takes at a time: the long `keep`, what guests wait for, and reports."""


class Service:
    """A model being served by actors of a Ray cluster, which end with this process.

    An ingress whose process dies is started again, on the same port, within its budget. Its models
    end with it, and so do the processes that carry media beside it.
    """

    def __init__(
        self, order: Order, cluster: Joined | None = None, *, restarts: Restarts | None = None
    ) -> None:
        """Place and start everything. In a cluster of our own all processes have every CPU."""
        self._order = order
        self._cluster = cluster or Joined(own=False)
        self._restarts = restarts or Restarts()
        self._groups: list[PlacementGroup] = []
        self._actor: Any = None
        self._placing = threading.Lock()
        self._stopping = False
        self._status = Status(order.source.manifest.name, "", "loading")
        self._begin()

    @property
    def transport(self) -> Any:
        """The handle of the transport's actor."""
        return self._actor

    @property
    def dashboard(self) -> str | None:
        """Where Ray's own dashboard is, if it is known."""
        return self._cluster.dashboard

    @property
    def url(self) -> str:
        """An address at which this machine reaches it."""
        return self._url

    def ended(self, seconds: float) -> bool | None:
        """Wait for the end of the models' lives: True if stopped, False if any was given up.

        None when they go on after `seconds`. Raises `SetupError` or `ModelError` for what no
        restart can mend.
        """
        if not ray.is_initialized():
            return True
        done, _ = ray.wait([self._kept], timeout=seconds)
        if not done:
            return None
        try:
            return bool(ray.get(done[0]))
        except RayActorError as error:
            if not self._stopping:
                self._revive(str(error).splitlines()[0])
            return True if self._stopping else None
        except RayError as error:
            raise plain(error, "the transport") from None

    def contract(self) -> Contract | None:
        """Return what the model declares; None while it loads."""
        try:
            contract: Contract | None = ray.get(self._actor.loaded.remote(), timeout=ANSWER_SECONDS)
        except (GetTimeoutError, RayActorError):
            return None
        return contract

    def status(self) -> Status:
        """Say how everything stands. A transport that has died is one that starts again."""
        try:
            status = ray.get(self._actor.status.remote(), timeout=ANSWER_SECONDS)
        except GetTimeoutError:
            status = replace(self._status, detail="the transport does not answer")
        except RayActorError:
            status = replace(self._status, state="loading", detail="the transport restarts")
        self._status = replace(status, url=self._url, dashboard=self.dashboard)
        return self._status

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
        try:
            drained = self._actor.drain.remote(seconds)
            return bool(ray.get(drained, timeout=seconds + ANSWER_SECONDS))
        except (GetTimeoutError, RayActorError):
            return False

    def stop(self) -> None:
        """End the sessions, the models and the server, in this order."""
        self._stopping = True
        with self._placing:
            if self._actor is None or not ray.is_initialized():
                return
            try:
                ray.get(self._actor.stop.remote(), timeout=STOP_SECONDS)
            except RayError as error:
                log.warning("the end was not a clean one: %s", error)
            self._end()

    def _begin(self) -> None:
        """Place and start everything, or leave nothing behind."""
        with self._placing:
            if self._stopping:
                return
            try:
                self._place()
            except BaseException:
                self._end()
                raise

    def _place(self) -> None:
        order = self._order
        logs = replace(order.logs, several=order.scale.replicas > 1)
        nodes = _nodes()
        gpus = order.source.manifest.gpus
        plans = [
            plan(nodes, gpus, len(share), ingress=number == 0)
            for number, share in enumerate(order.scale.shares)
        ]
        environment = {} if self._cluster.own else _environment(nodes)
        groups = _reserve(plans)
        self._groups = [group for group in groups if group is not None]
        spawns: list[Callable[[str], RayReplica]] = [
            partial(
                RayReplica,
                order.source,
                {**_options(chosen.model, group, -1), **environment},
                logs,
            )
            for chosen, group in zip(plans, groups, strict=True)
        ]
        options = [
            _options(chosen.transport, group, 0)
            for chosen, group in zip(plans, groups, strict=True)
        ]
        hires = [
            partial(RayMedia, chosen, order.settings, logs, spawn)
            for chosen, spawn in zip(options[1:], spawns[1:], strict=True)
        ]
        self._actor = actor(
            TransportActor,
            {**options[0], "max_concurrency": REQUESTS},
            Served(order.source.manifest.name, order.version, order.scale),
            order.settings,
            logs,
            spawns[0],
            hires,
        )
        self._url = self._seen_from_here(self._call(self._actor.start.remote()))
        self._kept = self._actor.keep.remote()

    def _revive(self, reason: str) -> None:
        """Start the transport again, or raise when that was tried too often."""
        while not self._stopping:
            verdict = self._restarts.failed(reason, time.monotonic())
            if isinstance(verdict, GiveUp):
                raise ModelError(f"the transport's process is given up: {verdict.reason}")
            log.error("the transport's process has died; it restarts in %g s", verdict.seconds)
            time.sleep(verdict.seconds)
            with self._placing:
                self._end()
            http = replace(self._order.settings.http, port=_port_of(self._url))
            self._order = replace(self._order, settings=replace(self._order.settings, http=http))
            try:
                self._begin()
            except (ModelError, SetupError) as error:
                reason = error.message
                log.error("the transport did not start: %s", reason)
            else:
                return

    def _end(self) -> None:
        if not ray.is_initialized():  # whoever ended Ray has ended all of it
            return
        if self._actor is not None:
            with suppress(ValueError, RayError):
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
            raise plain(error, "the transport") from None


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


def _environment(nodes: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Make a model's environment: all CPUs are for its arithmetic."""
    cpus = max([os.cpu_count() or 1] if len(nodes) == 1 else [int(n.get("CPU", 1)) for n in nodes])
    return {"runtime_env": {"env_vars": {THREADS: os.environ.get(THREADS, str(max(1, cpus)))}}}


def _port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])
