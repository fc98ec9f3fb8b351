"""`reactor-actors serve`: from words on the command line to a running server."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

import typer

from reactor_actors.actors.logs import LogFormat, LogSettings, configure
from reactor_actors.actors.scale import LinkKind, Scale
from reactor_actors.cli import options
from reactor_actors.cli.detached import detach as leave_behind
from reactor_actors.cli.display import JsonDisplay, PlainDisplay
from reactor_actors.cli.live import LiveDisplay
from reactor_actors.cli.settings import (
    codecs,
    drain_seconds,
    ice_settings,
    log_level,
    named_as_options,
    target_and_overrides,
)
from reactor_actors.core.admission import QUEUE_LIMIT
from reactor_actors.core.errors import SetupError
from reactor_actors.core.session import Limits
from reactor_actors.loader import find_model
from reactor_actors.serving import Display, Orders
from reactor_actors.serving import serve as serve_model
from reactor_actors.transports.http.settings import HttpSettings, webcam_warning
from reactor_actors.transports.server import ServerSettings
from reactor_actors.transports.venue import VenueSettings
from reactor_actors.transports.webrtc.connections import ConnectionLimits
from reactor_actors.transports.webrtc.peer import PeerSettings
from reactor_actors.transports.webrtc.rate import BitrateRange
from reactor_actors.version import __version__

log = logging.getLogger("reactor_actors.serve")


def serve(
    context: typer.Context,
    words: options.Words = None,
    path: options.ModelPath = None,
    config: options.Config = None,
    replicas: options.Replicas = 1,
    sessions: options.Sessions = None,
    queue_limit: options.QueueLimit = QUEUE_LIMIT,
    transports: options.Transports = 1,
    link: options.Link = LinkKind.AUTO,
    host: options.Host = "0.0.0.0",
    port: options.Port = 8080,
    token: options.Token = None,
    tls_cert: options.TlsCert = None,
    tls_key: options.TlsKey = None,
    allow_origin: options.AllowOrigin = "*",
    max_connections: options.MaxConnections = 64,
    max_upload_mb: options.MaxUploadMb = 64,
    stun_server: options.StunServer = None,
    turn_server: options.TurnServer = None,
    ice_transport_policy: options.IcePolicy = options.IceTransport.ALL,
    webrtc_port_range: options.PortRange = ":",
    public_ip: options.PublicIp = None,
    bitrate: options.Bitrate = "0.5:4:10",
    video_codec: options.VideoCodec = options.VideoCodecs.VP8,
    orphan_timeout: options.OrphanTimeout = 30.0,
    ping_timeout: options.PingTimeout = 20.0,
    max_session_duration: options.MaxSessionDuration = 0.0,
    stop_grace: options.StopGrace = 30.0,
    watchdog: options.Watchdog = 0.0,
    address: options.Address = None,
    dashboard: options.Dashboard = False,
    detach: options.Detach = False,
    name: options.DeploymentName = None,
    log_format: options.LogForm = LogFormat.TEXT,
    verbose: options.Verbose = False,
) -> None:
    """Serve a model until Ctrl-C. SIGTERM lets the running session end first."""
    known = [flag for param in context.command.params for flag in param.opts if flag[0] == "-"]
    target, overrides = target_and_overrides(words or [], path, known)
    with named_as_options(known):
        ice = ice_settings(
            os.environ,
            stun=stun_server or (),
            turn=turn_server or (),
            policy=ice_transport_policy,
            ports=webrtc_port_range,
            host=host,
            public_ip=public_ip,
        )
        http = HttpSettings(
            host=host,
            port=port,
            token=token,
            tls_cert=tls_cert,
            tls_key=tls_key,
            allow_origin=allow_origin,
            max_upload_mb=max_upload_mb,
        )
        settings = ServerSettings(
            http=http,
            venue=VenueSettings(
                peers=PeerSettings(ice=ice, codecs=codecs(video_codec)),
                connections=ConnectionLimits(connections=max_connections, silence=ping_timeout),
                session=Limits(orphan_timeout, max_session_duration, stop_grace),
                bitrate=BitrateRange.parse(bitrate),
            ),
        )
        scale = Scale(
            replicas=replicas,
            sessions=sessions,
            queue_limit=queue_limit,
            transports=transports,
            link=link,
            watchdog=watchdog,
        )
    orders = Orders(
        source=find_model(target, config=config, overrides=overrides, environ=os.environ),
        settings=settings,
        scale=scale,
        logs=LogSettings(log_level(os.environ, verbose=verbose), log_format),
        version=__version__,
        address=address,
        dashboard=dashboard,
        drain=drain_seconds(os.environ),
    )
    if detach:
        leave_behind(name, orders)
        return
    if name is not None:
        raise SetupError("--name is for --detach: what ends with this terminal needs no name")
    carry_out: Callable[[Orders], bool] = context.obj or run  # a caller may have other plans
    raise typer.Exit(0 if carry_out(orders) else 1)


def run(orders: Orders) -> bool:
    """Serve, telling a person how it goes; return whether the end was a clean one."""
    display = display_for(orders)
    try:
        configure(orders.logs)
        if (warning := webcam_warning(orders.settings.http)) is not None:
            log.warning("%s", warning)
        return serve_model(orders, display)
    finally:
        display.close()


def display_for(orders: Orders) -> Display:
    """Return what suits those who watch: a program, a terminal, or a file."""
    name = orders.source.manifest.name
    if orders.logs.format is LogFormat.JSON:
        return JsonDisplay(name, orders.scale)
    if sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown"):
        return LiveDisplay(name, orders.scale)
    return PlainDisplay(name, orders.scale)
