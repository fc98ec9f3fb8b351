"""The verbs for deployments that are left on a cluster: their options. `detached` does the work.

It is imported when a verb is called: help and completion need no Ray.
"""

from __future__ import annotations

from reactor_actors.cli import options


def status(
    name: options.Name = None, address: options.Cluster = "auto", json: options.AsJson = False
) -> None:
    """Show the deployments on a cluster, or one of them and its replicas."""
    from reactor_actors.cli import detached

    detached.status(name, address, as_json=json)


def logs(
    name: options.Name = None,
    follow: options.Follow = False,
    tail: options.Tail = 200,
    address: options.Cluster = "auto",
) -> None:
    """Print what a deployment has written, and with --follow what it goes on to write."""
    from reactor_actors.cli import detached

    detached.logs(name, follow, tail, address)


def stop(
    name: options.Name = None, drain: options.Drain = 0.0, address: options.Cluster = "auto"
) -> None:
    """End a deployment in order: sessions, models, server."""
    from reactor_actors.cli import detached

    detached.stop(name, drain, address)
