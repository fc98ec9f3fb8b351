"""Where the actors of a deployment go. Pure: what the cluster has goes in, options come out.

One machine needs no plan. On a cluster, a transport and its models belong on one node, where the
ring joins them: they get a placement group, if some node is large enough for all of them. Where the
cluster has nodes that offer `reactor_ingress`, viewers come in there and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

INGRESS = "reactor_ingress"
"""The resource of nodes that viewers can reach. Any amount will do; a thousandth is taken."""

SHARE = 0.001
MEMORY = {"memory": 1.0}
"""A bundle may not be empty, and a byte of memory is what every node has."""

Resources: TypeAlias = Mapping[str, float]
Gpus: TypeAlias = float | Literal["auto"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask Ray for.

    Attributes:
        transport: The resources of the transport.
        model: The resources of each of its models.
        bundles: The placement group of the transport and its models, if they get one.
    """

    transport: Resources
    model: Resources
    bundles: tuple[Resources, ...] = ()


def plan(nodes: Sequence[Resources], gpus: Gpus, replicas: int, *, ingress: bool = True) -> Plan:
    """Plan one transport and its models on nodes that have these resources in all.

    `gpus` is what a model wants; `auto` takes one where the cluster has any.
    """
    wanted = gpus_for(gpus, nodes)
    model = {"GPU": wanted} if wanted else {}
    pinned = ingress and any(node.get(INGRESS) for node in nodes)
    transport = {INGRESS: SHARE} if pinned else {}
    bundles = ({**MEMORY, **transport}, *([{**MEMORY, **model}] * replicas))
    fits = len(nodes) > 1 and any(holds(node, bundles) for node in nodes)
    return Plan(transport, model, bundles if fits else ())


def gpus_for(gpus: Gpus, nodes: Sequence[Resources]) -> float:
    """Return how many GPUs a model gets."""
    if gpus == "auto":
        return 1.0 if any(node.get("GPU", 0.0) >= 1.0 for node in nodes) else 0.0
    return gpus


def holds(node: Resources, bundles: Sequence[Resources]) -> bool:
    """Whether a node is large enough for all bundles together."""
    total: Counter[str] = Counter()
    for bundle in bundles:
        total.update(bundle)
    return all(node.get(name, 0.0) >= amount for name, amount in total.items())
