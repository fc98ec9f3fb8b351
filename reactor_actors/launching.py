"""`launch`: serve a model from a program, in one call."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from reactor_actors.actors.deployment import Deployment
from reactor_actors.actors.logs import LogSettings
from reactor_actors.actors.order import Order
from reactor_actors.actors.scale import LinkKind, Scale
from reactor_actors.actors.sources import source_of
from reactor_actors.core.batches import FrameBatch
from reactor_actors.core.errors import SetupError
from reactor_actors.core.mode import QUEUE_LIMIT, Mode
from reactor_actors.transports.settings import ServerSettings
from reactor_actors.transports.webrtc.settings import bound_addresses
from reactor_actors.version import __version__

__all__ = ["Deployment", "FrameBatch", "launch"]

LOADING_SECONDS = 600.0


def launch(
    model: type | str | Path,
    *,
    config: Mapping[str, Any] | str | Path | None = None,
    replicas: int = 1,
    sessions: Literal["shared", "exclusive"] | None = None,
    queue_limit: int = QUEUE_LIMIT,
    link: Literal["auto", "ring", "refs"] = "auto",
    gpus: float | Literal["auto"] | None = None,
    address: str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    watchdog: float = 0.0,
    settings: ServerSettings | None = None,
    wait: bool | float = True,
) -> Deployment:
    """Serve a model on Ray and return once it is loaded, by all replicas.

    Ray is joined where the program is already part of a cluster, or at `address`; else it is
    started on this machine, and ends with the deployment, or with the thread that called this. What
    the model prints, Ray prints.

    Args:
        model: A class, `module:Class`, a folder with a `reactor.yaml`, or that file. A class may
            be one of the running script or of a notebook.
        config: What `load` gets: a mapping, or the path of a config file. None is what the
            manifest names.
        replicas: Models, each in a process of its own.
        sessions: `shared` is one session for all, `exclusive` one each; None is the latter where
            there are several replicas.
        queue_limit: How many clients may wait for a replica.
        link: What joins models and their viewers; `auto` takes shared memory where it can.
        gpus: How many GPUs each replica gets; None is what the manifest says, or `auto`.
        address: The Ray cluster to join, as `host:port` or `auto`.
        host: The address to listen on; `0.0.0.0` is every one of the machine's.
        port: The port to listen on; 0 takes a free one.
        token: What callers of the HTTP routes have to show; None admits everybody.
        watchdog: Seconds a model may hold its thread before its process is replaced; 0 is for ever.
        settings: Everything else about the server; `host`, `port` and `token` are put into it.
        wait: Whether to wait for the models, or for how many seconds.

    Raises:
        SetupError: The model or an argument is wrong, or the model cannot be imported; `detail` is
            the author's traceback.
        ModelError: The model cannot be loaded; `detail` is the author's traceback.
        TimeoutError: The model is not loaded in time.
    """
    source = source_of(model, config)
    if gpus is not None:
        source = replace(source, manifest=replace(source.manifest, gpus=gpus))
    scale = Scale(
        replicas=replicas,
        sessions=None if sessions is None else _one_of("sessions", Mode, sessions),
        queue_limit=queue_limit,
        link=_one_of("link", LinkKind, link),
        watchdog=watchdog,
    )
    order = Order(
        source, _listening(settings, host, port, token), scale, __version__, LogSettings(_level())
    )
    seconds = {True: LOADING_SECONDS, False: None}[wait] if isinstance(wait, bool) else wait
    deployment = Deployment(order, address)
    deployment.begin(seconds)
    return deployment


def _listening(
    settings: ServerSettings | None, host: str, port: int, token: str | None
) -> ServerSettings:
    base = settings or ServerSettings()
    peers, ice = base.venue.peers, base.venue.peers.ice
    # A server that only this machine can reach needs no other address for its media.
    ice = replace(ice, bind=ice.bind or bound_addresses(host, ice.public_address))
    return replace(
        base,
        http=replace(base.http, host=host, port=port, token=token),
        venue=replace(base.venue, peers=replace(peers, ice=ice)),
    )


def _one_of(name: str, kind: Any, value: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(kind)
        raise SetupError(f"{name}: expected one of {known}; got {value!r}") from None


def _level() -> int:
    """Return from which level on the program wants to hear of anything."""
    return logging.getLogger().getEffectiveLevel()
