"""The options of every verb: what each is called, where else it is read from, what it means."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from reactor_actors.actors.logformat import LogFormat
from reactor_actors.actors.scale import LinkKind
from reactor_actors.cli.values import one_of, seconds, whole
from reactor_actors.core.mode import Mode
from reactor_actors.scaffold import TEMPLATES


class IceTransport(StrEnum):
    """Which ways media may take."""

    ALL = "all"
    RELAY = "relay"


class VideoCodecs(StrEnum):
    """The codec that is preferred."""

    VP8 = "VP8"
    H264 = "H264"


def _network(text: str, **more: Any) -> Any:
    return Option(rich_help_panel="Network", help=text, **more)


def _media(text: str, **more: Any) -> Any:
    return Option(rich_help_panel="Media", help=text, **more)


def _size(text: str, **more: Any) -> Any:
    return Option(rich_help_panel="Size", help=text, **more)


def _time(flag: str, text: str, variable: str | None = None, *, negative: bool = False) -> Any:
    named = f"{flag} ({variable})" if variable else flag
    return Option(
        flag,
        rich_help_panel="Time limits",
        help=text,
        envvar=variable,
        metavar="SECONDS",
        parser=seconds(named, negative=negative),
    )


def _count(flag: str, least: int, most: int | None = None) -> dict[str, Any]:
    return {"parser": whole(flag, least, most), "metavar": "NUMBER"}


# Every word that is no option comes here, those of `--model.key=value` included.
Words = Annotated[
    list[str] | None,
    Argument(
        metavar="PATH|module:Class",
        help="Folder or manifest of the model, or its class; the current folder if left out. "
        "Values of its config are overridden by --model.a.b=value.",
    ),
]
ModelPath = Annotated[
    str | None, Option("--path", "-p", metavar="PATH", help="Another way to say PATH.")
]
Target = Annotated[
    str | None,
    Argument(
        metavar="PATH|module:Class",
        help="Folder or manifest of the model, or its class; the current folder if left out.",
    ),
]
Config = Annotated[
    Path | None, Option("--config", "-c", help="Config file, instead of the manifest's.")
]
Address = Annotated[
    str | None, Option(envvar="RAY_ADDRESS", help="Ray cluster to join, instead of one of our own.")
]
Verbose = Annotated[
    bool, Option("--verbose", "-v", help="Log debug messages; also REACTOR_LOG_LEVEL=DEBUG.")
]

LogForm = Annotated[
    LogFormat,
    Option(
        "--log-format",
        help="Lines for people, or one JSON object each.",
        envvar="REACTOR_LOG_FORMAT",
        parser=one_of("--log-format (REACTOR_LOG_FORMAT)", LogFormat),
        metavar="text|json",
    ),
]

Dashboard = Annotated[
    bool, Option("--dashboard", help="Start Ray's own dashboard, unless a cluster is joined.")
]

Replicas = Annotated[int, _size("Models, each in a process of its own.", **_count("--replicas", 1))]
Sessions = Annotated[
    Mode | None,
    _size(
        "shared: all clients in one; exclusive: one for each. By default exclusive with several "
        "replicas.",
        parser=one_of("--sessions", Mode),
        metavar="shared|exclusive",
    ),
]
QueueLimit = Annotated[
    int, _size("Clients that may wait for a replica.", **_count("--queue-limit", 0))
]
Transports = Annotated[int, _size("Processes that serve clients.", **_count("--transports", 1))]
Link = Annotated[
    LinkKind,
    _size(
        "What joins a model and its clients' side.",
        parser=one_of("--link", LinkKind),
        metavar="auto|ring|refs",
    ),
]

Host = Annotated[str, _network("Address to listen on.", envvar="HOST")]
Port = Annotated[
    int,
    _network("Port; 0 takes a free one.", envvar="PORT", **_count("--port (PORT)", 0, 2**16 - 1)),
]
Token = Annotated[str | None, _network("What callers must show.", envvar="REACTOR_TOKEN")]
TlsCert = Annotated[Path | None, _network("Certificate chain, PEM.")]
TlsKey = Annotated[Path | None, _network("Its key, PEM.")]
AllowOrigin = Annotated[str, _network("Origin whose pages may use the server.")]
MaxConnections = Annotated[
    int, _network("Connections at a time.", **_count("--max-connections", 1))
]
MaxUploadMb = Annotated[
    int, _network("Largest upload, in MiB.", **_count("--max-upload-mb", 1, 2**20))
]
StunServer = Annotated[list[str] | None, _network("stun:host:port; also STUN_SERVERS, by comma.")]
TurnServer = Annotated[
    list[str] | None, _network("user;credential;url; also TURN_SERVERS, by comma.")
]
IcePolicy = Annotated[
    IceTransport,
    _network(
        "all, or relay for TURN only.",
        envvar="ICE_TRANSPORT_POLICY",
        parser=one_of("--ice-transport-policy (ICE_TRANSPORT_POLICY)", IceTransport),
        metavar="all|relay",
    ),
]
PortRange = Annotated[str, _network("UDP ports, min:max.", envvar="WEBRTC_PORT_RANGE")]
PublicIp = Annotated[str | None, _network("Address that clients are given.")]

Bitrate = Annotated[str, _media("Video, min:start:max in Mb/s.")]
VideoCodec = Annotated[
    VideoCodecs,
    _media(
        "Where a client takes it.", parser=one_of("--video-codec", VideoCodecs), metavar="VP8|H264"
    ),
]

OrphanTimeout = Annotated[
    float,
    _time(
        "--orphan-timeout",
        "A session outlives its last client; 0 is for ever.",
        "ORPHAN_TIMEOUT_SECONDS",
    ),
]
PingTimeout = Annotated[
    float,
    _time(
        "--ping-timeout",
        "Silence that loses a client; 0 is for ever.",
        "WEBRTC_CLIENT_PING_TIMEOUT_SECONDS",
        negative=True,
    ),
]
MaxSessionDuration = Annotated[
    float,
    _time(
        "--max-session-duration",
        "From the first client to the end; 0 is for ever.",
        "MAX_SESSION_DURATION_SECONDS",
    ),
]
StopGrace = Annotated[
    float,
    _time(
        "--stop-grace",
        "A model may stay busy after its session's end, then it is replaced; 0 is for ever.",
        "STOP_GRACE_SECONDS",
    ),
]
Watchdog = Annotated[
    float,
    _time(
        "--watchdog",
        "A model may hold its thread in a session, then it is replaced; 0 is for ever.",
    ),
]

Load = Annotated[
    bool, Option("--load", help="Load the model as well, with its weights, however long it takes.")
]
AsJson = Annotated[bool, Option("--json", help="Write one JSON object, for programs.")]

NewFolder = Annotated[
    Path, Argument(metavar="NAME", help="The folder to make; its name is the model's.")
]
Template = Annotated[
    str,
    Option(
        "--template",
        "-t",
        metavar="|".join(TEMPLATES),
        help="; ".join(f"{name}: {what}" for name, what in TEMPLATES.items()) + ".",
        autocompletion=lambda: list(TEMPLATES.items()),
    ),
]
Detach = Annotated[
    bool, Option("--detach", help="Leave it on the cluster, and return once it is loaded.")
]
DeploymentName = Annotated[str | None, Option("--name", help="What --detach calls it.")]
Name = Annotated[str | None, Argument(help="Which deployment; needless where there is only one.")]
Cluster = Annotated[str, Option("--address", envvar="RAY_ADDRESS", help="Ray cluster to ask.")]
Follow = Annotated[bool, Option("--follow", "-f", help="Go on until Ctrl-C.")]
Tail = Annotated[int, Option(min=1, help="How many of the last lines, of each process.")]
Drain = Annotated[
    float,
    Option(
        help="Seconds that running sessions have to end by themselves.",
        parser=seconds("--drain"),
        metavar="SECONDS",
    ),
]
