"""Deployments that go on without this terminal: to leave one behind, to look at it, to end it."""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import asdict, replace
from typing import Any

from rich.console import Console
from rich.table import Table

from reactor_actors.actors.cluster import joined
from reactor_actors.actors.keeper import Kept, find, keep, kept, loaded
from reactor_actors.actors.logfiles import lines_of
from reactor_actors.actors.logs import LogSettings, configure
from reactor_actors.cli.display import PlainDisplay
from reactor_actors.cli.summary import elapsed, standing
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.serving import Orders
from reactor_actors.transports.status import Status

QUIET = LogSettings(level=logging.WARNING)


def detach(name: str | None, orders: Orders) -> None:
    """Start a deployment that goes on by itself; return once its model is loaded."""
    order, address = orders.order, orders.address
    if address is None:
        raise SetupError(
            "--detach needs a cluster that outlives this terminal: start one with "
            "`ray start --head`, and give its --address"
        )
    began, display = time.monotonic(), PlainDisplay(order.source.manifest.name, order.scale)
    chosen = name or order.source.manifest.name
    configure(QUIET)
    with joined(address, order.source.manifest, listening=False) as cluster:
        deployment = keep(chosen, order)
        told: set[str] = set()

        def tell(status: Status) -> None:
            if status.url not in told:
                told.add(status.url)
                display.listening(status.url)

        seen = loaded(deployment, tell)
        if seen.contract is not None and seen.status is not None:
            stands = replace(seen.status, dashboard=cluster.dashboard)
            display.loaded(seen.contract, stands, time.monotonic() - began)
    print(f"it goes on by itself; to end it: reactor-actors stop {chosen} --address {address}")


def status(name: str | None, address: str, *, as_json: bool) -> None:
    """Show the deployments on a cluster, or one of them and its replicas."""
    configure(QUIET)
    console = Console(highlight=False)
    with joined(address, listening=False) as cluster:
        if name is not None:
            seen = [(name, find(name).look())]
        else:
            seen = [(one, look(one)) for one in kept()]
    if as_json:
        known = {one: facts_of(looked) for one, looked in seen}
        told = {"dashboard": cluster.dashboard, "deployments": known}
        print(json.dumps(told, indent=2))
        return
    console.print(deployments(seen) if name is None else replicas(seen[0][1]))
    if cluster.dashboard is not None:
        console.print(f"dashboard of the cluster: {cluster.dashboard}")


def logs(name: str | None, follow: bool, tail: int, address: str) -> None:
    """Print what a deployment has written, and with `follow` what it goes on to write."""
    configure(QUIET)
    with joined(address, listening=False):
        actors = find(name).look().actors
        for source, line in lines_of(actors, tail=tail, follow=follow):
            sys.stdout.write(f"{source} │ {line}\n")
            sys.stdout.flush()


def stop(name: str | None, drain: float, address: str) -> None:
    """End a deployment in order: sessions, models, server."""
    configure(QUIET)
    with joined(address, listening=False):
        began, deployment = time.monotonic(), find(name)
        deployment.stop(drain)
        print(f"{deployment.name} has ended, after {elapsed(time.monotonic() - began)}")


def look(name: str) -> Kept:
    """Look at a deployment; one that does not answer is no reason not to show the others."""
    try:
        return find(name).look()
    except (SetupError, ModelError) as error:
        return Kept(error=error)


def facts_of(seen: Kept) -> dict[str, Any]:
    """Return how a deployment stands, for a program: the fields of `Status`, or an `error`."""
    if seen.error is not None:
        return {"error": summary(seen)}
    return {"state": "starting"} if seen.status is None else asdict(seen.status)


def summary(seen: Kept) -> str:
    """Return how a deployment stands, in one line."""
    if seen.error is not None:
        return str(seen.error).splitlines()[0]
    return ", ".join(standing(seen.status)) if seen.status else "starting"


def deployments(known: list[tuple[str, Kept]]) -> Table | str:
    """Return how each deployment stands, as a table."""
    if not known:
        return "there is no deployment on this cluster"
    table = Table("deployment", "url", "stands", box=None, pad_edge=False)
    for one, seen in known:
        url = seen.status.url if seen.status else ""
        table.add_row(one, url, summary(seen))
    return table


def replicas(seen: Kept) -> Table | str:
    """Return how each replica stands, as a table."""
    if seen.status is None:
        return summary(seen)
    table = Table(title=f"{seen.status.url}  {summary(seen)}", title_justify="left", box=None)
    for heading in ("replica", "state", "viewers", "fps", "latency", "restarts", "link", "node"):
        table.add_column(heading)
    for one in seen.status.replicas:
        latency = "" if one.latency is None else f"{one.latency * 1000:.0f} ms"
        facts = (one.name, one.state, one.viewers, f"{one.fps:.0f}", latency, one.restarts)
        table.add_row(*map(str, facts), one.link or "", one.node or "")
    return table
