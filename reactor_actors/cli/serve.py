"""`reactor-actors serve`: from words on the command line to a running server."""

from __future__ import annotations

import ipaddress
import logging
import os

import typer
from rich.console import Console

from reactor_actors import __version__
from reactor_actors.actors.logs import configure
from reactor_actors.cli import options
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import SetupError
from reactor_actors.core.media import Track
from reactor_actors.core.session import Limits
from reactor_actors.loader import ModelSource, find_model
from reactor_actors.serving import serve as serve_model
from reactor_actors.transports.http.settings import HttpSettings, webcam_warning
from reactor_actors.transports.server import ServerSettings
from reactor_actors.transports.venue import VenueSettings
from reactor_actors.transports.webrtc.connections import ConnectionLimits
from reactor_actors.transports.webrtc.ice import IceSettings, parse_ports, parse_stun, parse_turn
from reactor_actors.transports.webrtc.peer import PeerSettings
from reactor_actors.transports.webrtc.rate import BitrateRange


def serve(
    context: typer.Context,
    path: options.Model = ".",
    config: options.Config = None,
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
    ice_transport_policy: options.IcePolicy = "all",
    webrtc_port_range: options.PortRange = ":",
    public_ip: options.PublicIp = None,
    bitrate: options.Bitrate = "0.5:4:10",
    video_codec: options.VideoCodec = "VP8",
    orphan_timeout: options.OrphanTimeout = 30.0,
    ping_timeout: options.PingTimeout = 20.0,
    max_session_duration: options.MaxSessionDuration = 0.0,
    address: options.Address = None,
    verbose: options.Verbose = False,
) -> None:
    """Serve a model. Config values are overridden by --model.a.b=value."""
    level = logging.DEBUG if verbose else _log_level()
    configure(level)
    source = find_model(path, config=config, overrides=context.args, environ=os.environ)
    stun, turn = stun_server or _listed("STUN_SERVERS"), turn_server or _listed("TURN_SERVERS")
    ice = IceSettings(
        servers=(*map(parse_stun, stun), *map(parse_turn, turn)),
        relay_only=_is_relay(ice_transport_policy, turn),
        ports=parse_ports(webrtc_port_range),
        bind=bound_addresses(host, public_ip),
        public_address=_address(public_ip),
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
            peers=PeerSettings(ice=ice, codecs=_codecs(video_codec)),
            connections=ConnectionLimits(connections=max_connections, silence=ping_timeout),
            session=Limits(orphan=orphan_timeout, longest=max_session_duration),
            bitrate=BitrateRange.parse(bitrate),
        ),
    )
    raise typer.Exit(0 if _serve(source, settings, level, address) else 1)


def _serve(source: ModelSource, settings: ServerSettings, level: int, address: str | None) -> bool:
    """Serve, telling a person how it goes; return whether the end was a clean one."""
    console = Console(highlight=False)
    if (warning := webcam_warning(settings.http)) is not None:
        logging.getLogger("reactor_actors").warning("%s", warning)
    return serve_model(
        source,
        settings,
        version=__version__,
        level=level,
        address=address,
        started=lambda url: console.print(f"loading {source.manifest.name} ({url})"),
        loaded=lambda contract: console.print(summary(contract), soft_wrap=True),
    )


def bound_addresses(host: str, public_ip: str | None) -> tuple[str, ...]:
    """Return the addresses that media is sent from; none means those of every interface.

    A server that only this machine can reach needs no other address for its media.
    """
    for name in (public_ip, "127.0.0.1" if host == "localhost" else host):
        try:
            if name is not None and ipaddress.ip_address(name).is_loopback:
                return (name,)
        except ValueError:
            continue
    return ()


def summary(contract: Contract) -> str:
    """Return what a person wants to know of a model that has just been loaded."""
    tracks = ", ".join(map(_told, contract.tracks)) or "none"
    commands = ", ".join(command.name for command in contract.commands) or "none"
    return f"ready: {contract.name}\n  tracks    {tracks}\n  commands  {commands}"


def _told(track: Track) -> str:
    return f"{track.name} ({track.kind} {track.direction})"


def _listed(variable: str) -> list[str]:
    return [item.strip() for item in os.environ.get(variable, "").split(",") if item.strip()]


def _log_level() -> int:
    name = os.environ.get("REACTOR_LOG_LEVEL") or "INFO"
    level = logging.getLevelNamesMapping().get(name.upper())
    if level is None:
        raise SetupError(f"REACTOR_LOG_LEVEL expects DEBUG, INFO, WARNING or ERROR; got {name!r}")
    return level


def _address(public_ip: str | None) -> str | None:
    try:
        return None if public_ip is None else str(ipaddress.ip_address(public_ip))
    except ValueError:
        raise SetupError(
            f"--public-ip expects an address such as 203.0.113.7; got {public_ip!r}"
        ) from None


def _is_relay(policy: str, turn: list[str]) -> bool:
    if policy not in ("all", "relay"):
        raise SetupError(f"--ice-transport-policy expects all or relay; got {policy!r}")
    if policy == "relay" and not turn:
        raise SetupError("--ice-transport-policy relay needs a --turn-server to relay through")
    return policy == "relay"


def _codecs(preferred: str) -> tuple[str, ...]:
    known = ("VP8", "H264")
    if preferred.upper() not in known:
        raise SetupError(f"--video-codec expects VP8 or H264; got {preferred!r}")
    return (preferred.upper(), *(name for name in known if name != preferred.upper()))
