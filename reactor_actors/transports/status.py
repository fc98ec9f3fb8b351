"""How a deployment stands: one snapshot of plain data, for `status` and for the live line."""

from __future__ import annotations

from dataclasses import dataclass

from reactor_actors.core.session import State


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec in which a track is encoded, and the bits per second that it aims at."""

    track: str
    codec: str
    bitrate: int


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """How one replica stands.

    Attributes:
        name: Its name within the deployment.
        state: Where its session stands.
        session: The id of the session that runs or closes.
        viewers: The clients in that session.
        fps: Pictures (or pieces of sound, without pictures) played in the last second.
        latency: Seconds from a tick's arrival to its playout, the median of the last second;
            None when nothing was played.
        waiting: Ticks that wait for their playout.
        lead: Seconds before a tick is due at which the model begins to work on it; None while there
            is no model.
        encoders: What pictures are encoded in, while they are watched.
        restarts: How often its model has been replaced.
        link: What joins model and clients, `ring` or `refs`; None while there is no model.
        node: The address of the node the model runs on.
        gpus: The GPUs Ray has given the model.
        process: What the cluster calls the model's process; None without one.
    """

    name: str
    state: State
    session: str | None = None
    viewers: int = 0
    fps: float = 0.0
    latency: float | None = None
    waiting: int = 0
    lead: float | None = None
    encoders: tuple[Encoding, ...] = ()
    restarts: int = 0
    link: str | None = None
    node: str | None = None
    gpus: tuple[str, ...] = ()
    process: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """How a deployment stands.

    Attributes:
        model: The model's name.
        url: Where it is served.
        state: `loading`, `available`, `serving` or `terminated`, as in `GET /health`.
        detail: What there is to say about it, in words; empty if nothing.
        replicas: Each replica.
        waiting: Tickets in the queue.
        draining: Whether new sessions are refused.
        dashboard: Where Ray's own dashboard is, if there is one and it is known.
    """

    model: str
    url: str
    state: str
    detail: str = ""
    replicas: tuple[ReplicaStatus, ...] = ()
    waiting: int = 0
    draining: bool = False
    dashboard: str | None = None

    @property
    def loaded(self) -> bool:
        """Whether no replica loads any more: each has its model, or has given it up."""
        return all(replica.state is not State.CREATED for replica in self.replicas)

    @property
    def viewers(self) -> int:
        """The clients of all sessions."""
        return sum(replica.viewers for replica in self.replicas)
