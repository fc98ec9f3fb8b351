"""The options of `serve`: what each is called, where else it is read from, and what it means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option


def _network(text: str, **more: Any) -> Any:
    return Option(rich_help_panel="Network", help=text, **more)


def _media(text: str, **more: Any) -> Any:
    return Option(rich_help_panel="Media", help=text, **more)


def _session(text: str, **more: Any) -> Any:
    return Option(rich_help_panel="Session", help=text, **more)


Model = Annotated[str, Argument(help="Folder, manifest, or module:Class.")]
Config = Annotated[
    Path | None, Option("--config", "-c", help="Config file, instead of the manifest's.")
]
Address = Annotated[
    str | None, Option(envvar="RAY_ADDRESS", help="Ray cluster to join, instead of one of our own.")
]
Verbose = Annotated[bool, Option("--verbose", "-v", help="Log debug messages.")]

Host = Annotated[str, _network("Address to listen on.", envvar="HOST")]
Port = Annotated[int, _network("Port; 0 takes a free one.", envvar="PORT")]
Token = Annotated[str | None, _network("What callers must show.", envvar="REACTOR_TOKEN")]
TlsCert = Annotated[Path | None, _network("Certificate chain, PEM.")]
TlsKey = Annotated[Path | None, _network("Its key, PEM.")]
AllowOrigin = Annotated[str, _network("Origin whose pages may use the server.")]
MaxConnections = Annotated[int, _network("Connections at a time.", min=1)]
MaxUploadMb = Annotated[int, _network("Largest upload, in MiB.", min=1)]
StunServer = Annotated[list[str] | None, _network("stun:host:port; also STUN_SERVERS, by comma.")]
TurnServer = Annotated[
    list[str] | None, _network("user;credential;url; also TURN_SERVERS, by comma.")
]
IcePolicy = Annotated[str, _network("all, or relay for TURN only.", envvar="ICE_TRANSPORT_POLICY")]
PortRange = Annotated[str, _network("UDP ports, min:max.", envvar="WEBRTC_PORT_RANGE")]
PublicIp = Annotated[str | None, _network("Address that clients are given.")]

Bitrate = Annotated[str, _media("Video, min:start:max in Mb/s.")]
VideoCodec = Annotated[str, _media("VP8 or H264, where a client takes it.")]

OrphanTimeout = Annotated[
    float,
    _session(
        "Seconds a session outlives its last client; 0 is for ever.",
        envvar="ORPHAN_TIMEOUT_SECONDS",
        min=0,
    ),
]
PingTimeout = Annotated[
    float,
    _session(
        "Seconds of silence that lose a client; 0 is for ever.",
        envvar="WEBRTC_CLIENT_PING_TIMEOUT_SECONDS",
    ),
]
MaxSessionDuration = Annotated[
    float,
    _session(
        "Seconds from the first client to the end; 0 is for ever.",
        envvar="MAX_SESSION_DURATION_SECONDS",
        min=0,
    ),
]
