"""From values of options to the settings of a server. Refuses in the words of the command line."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping, Sequence

from reactor_actors.cli.options import IceTransport, VideoCodecs
from reactor_actors.cli.values import seconds
from reactor_actors.core.errors import SetupError
from reactor_actors.transports.webrtc.settings import (
    IceSettings,
    bound_addresses,
    parse_ports,
    parse_stun,
    parse_turn,
)

DRAIN_SECONDS = 30.0


def drain_seconds(environ: Mapping[str, str]) -> float:
    """Return how long SIGTERM waits for a session to end by itself. Raises `SetupError`."""
    told = environ.get("SIGTERM_GRACE_PERIOD")
    return seconds("SIGTERM_GRACE_PERIOD")(told) if told else DRAIN_SECONDS


def log_level(environ: Mapping[str, str], *, verbose: bool) -> int:
    """Return from which level on to log. Raises `SetupError`."""
    name = environ.get("REACTOR_LOG_LEVEL") or "INFO"
    level = logging.getLevelNamesMapping().get(name.strip().upper())
    if not level:  # NOTSET would be the level of whoever asks
        raise SetupError(f"REACTOR_LOG_LEVEL expects DEBUG, INFO, WARNING or ERROR; got {name!r}")
    return logging.DEBUG if verbose else level


def ice_settings(
    environ: Mapping[str, str],
    *,
    stun: Sequence[str],
    turn: Sequence[str],
    policy: IceTransport,
    ports: str,
    host: str,
    public_ip: str | None,
) -> IceSettings:
    """Return how peers are reached. Raises `SetupError`."""
    stun, turn = stun or listed(environ, "STUN_SERVERS"), turn or listed(environ, "TURN_SERVERS")
    if policy is IceTransport.RELAY and not turn:
        raise SetupError("--ice-transport-policy relay needs a --turn-server to relay through")
    return IceSettings(
        servers=(*map(parse_stun, stun), *map(parse_turn, turn)),
        relay_only=policy is IceTransport.RELAY,
        ports=parse_ports(ports),
        bind=bound_addresses(host, public_ip),
        public_address=_address(public_ip),
    )


def codecs(preferred: VideoCodecs) -> tuple[str, ...]:
    """Return every codec, the preferred one first."""
    return (preferred.value, *(name.value for name in VideoCodecs if name is not preferred))


def listed(environ: Mapping[str, str], variable: str) -> list[str]:
    """Return the items of a variable, which are separated by commas."""
    return [item.strip() for item in environ.get(variable, "").split(",") if item.strip()]


def _address(public_ip: str | None) -> str | None:
    try:
        return None if public_ip is None else str(ipaddress.ip_address(public_ip))
    except ValueError:
        raise SetupError(
            f"--public-ip expects an address such as 203.0.113.7; got {public_ip!r}"
        ) from None
