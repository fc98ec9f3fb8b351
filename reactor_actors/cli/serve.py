"""`reactor-actors serve`: from words on the command line to a running server."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from reactor_actors.actors.logformat import LogFormat
from reactor_actors.actors.scale import LinkKind
from reactor_actors.cli import options
from reactor_actors.cli.words import named_as_options, target_and_overrides
from reactor_actors.core.errors import SetupError
from reactor_actors.core.mode import QUEUE_LIMIT
from reactor_actors.version import __version__

if TYPE_CHECKING:
    from reactor_actors.serving import Orders


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
    from reactor_actors.loader import find_model

    known = [flag for param in context.command.params for flag in param.opts if flag[0] == "-"]
    target, overrides = target_and_overrides(words or [], path, known)
    source = find_model(target, config=config, overrides=overrides, environ=os.environ)
    if context.obj is None and log_format is LogFormat.TEXT:
        # What follows takes a second to import: nobody is to wonder whether anything happens.
        typer.echo(f"starting {source.manifest.name}")
    from reactor_actors.cli import ordering as made

    with named_as_options(known):
        ice = made.ice_settings(
            os.environ,
            stun=stun_server or (),
            turn=turn_server or (),
            policy=ice_transport_policy,
            ports=webrtc_port_range,
            host=host,
            public_ip=public_ip,
        )
        http = made.HttpSettings(
            host=host,
            port=port,
            token=token,
            tls_cert=tls_cert,
            tls_key=tls_key,
            allow_origin=allow_origin,
            max_upload_mb=max_upload_mb,
        )
        settings = made.ServerSettings(
            http=http,
            venue=made.VenueSettings(
                peers=made.PeerSettings(ice=ice, codecs=made.codecs(video_codec)),
                connections=made.ConnectionLimits(
                    connections=max_connections, silence=ping_timeout
                ),
                session=made.Limits(orphan_timeout, max_session_duration, stop_grace),
                bitrate=made.BitrateRange.parse(bitrate),
            ),
        )
        scale = made.Scale(
            replicas=replicas,
            sessions=sessions,
            queue_limit=queue_limit,
            transports=transports,
            link=link,
            watchdog=watchdog,
        )
    orders = made.Orders(
        source=source,
        settings=settings,
        scale=scale,
        logs=made.LogSettings(made.log_level(os.environ, verbose=verbose), log_format),
        version=__version__,
        address=address,
        dashboard=dashboard,
        drain=made.drain_seconds(os.environ),
    )
    if detach:
        from reactor_actors.cli.detached import detach as leave_behind

        leave_behind(name, orders)
        return
    if name is not None:
        raise SetupError("--name is for --detach: what ends with this terminal needs no name")
    carry_out: Callable[[Orders], bool] = context.obj or made.run  # a caller may have other plans
    raise typer.Exit(0 if carry_out(orders) else 1)
