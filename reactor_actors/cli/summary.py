"""What a person is told of a deployment, in words. Pure: no terminal, no colour, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from reactor_actors.actors.scale import Scale
from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Track
from reactor_actors.core.mode import Mode
from reactor_actors.transports.status import ReplicaStatus, Status


def facts(
    contract: Contract, status: Status, scale: Scale, seconds: float
) -> list[tuple[str, str]]:
    """Return what is worth knowing of a model that has just been loaded, as names and values."""
    told = [
        ("open", f"{status.url}/"),
        ("tracks", tracks_told(contract)),
        ("commands", commands_told(contract)),
        ("link", _each(replica.link for replica in status.replicas)),
        ("gpu", _each(gpu for replica in status.replicas for gpu in replica.gpus)),
    ]
    if scale.replicas > 1 or scale.mode is not Mode.SHARED:
        told.append(("sessions", f"{scale.mode}, {_counted(scale.replicas, 'replica')}"))
    if scale.transports > 1:
        told.append(("transports", str(scale.transports)))
    if status.dashboard is not None:
        told.append(("dashboard", status.dashboard))
    return [*told, ("ready in", f"{seconds:.1f} s")]


def tracks_told(contract: Contract) -> str:
    """Return the tracks of a model."""
    return ", ".join(map(_track, contract.tracks)) or "none"


def commands_told(contract: Contract) -> str:
    """Return the commands of a model."""
    return ", ".join(command.name for command in contract.commands) or "none"


def standing(status: Status) -> list[str]:
    """Return how a deployment stands, as short parts of one line."""
    parts = [status.detail or status.state]
    if status.draining:
        parts[0] = "draining"
    if len(status.replicas) > 1:
        ready = [r for r in status.replicas if r.state not in ("CREATED", "TERMINATED")]
        parts.append(f"{len(ready)} of {len(status.replicas)} replicas")
    parts.append(_counted(status.viewers, "viewer"))
    if shown := [replica for replica in status.replicas if replica.fps > 0]:
        parts.append(f"{median(replica.fps for replica in shown):.1f} fps")
        if (latency := _latency(shown)) is not None:
            parts.append(f"latency {latency * 1000:.0f} ms")
    if status.waiting:
        parts.append(f"{status.waiting} in queue")
    return parts


def elapsed(seconds: float) -> str:
    """Return a duration for a person who waits: `7 s`, then `1:07`, then `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"


def _latency(replicas: Sequence[ReplicaStatus]) -> float | None:
    known = [replica.latency for replica in replicas if replica.latency is not None]
    return max(known) if known else None


def _track(track: Track) -> str:
    return f"{track.name} ({track.kind} {track.direction})"


def _each(names: Iterable[str | None]) -> str:
    """Return every name once, and how often, if more than once."""
    known = [name for name in names if name]
    told = [
        name if known.count(name) == 1 else f"{known.count(name)} x {name}"
        for name in dict.fromkeys(known)
    ]
    return ", ".join(told) or "none"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
