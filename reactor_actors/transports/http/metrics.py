"""`Metrics`: numbers for Prometheus, without global state.

Every label takes few values, whatever clients send: commands by declared names only, ends of
sessions by the runtime's own reasons.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    generate_latest,
)

from reactor_actors.core.events import Note
from reactor_actors.transports.http.observatory import Observatory, Observed

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REASONS = frozenset({"stopped", "timed_out", "error", "evicted", "moderated"})
OUTCOMES = frozenset(
    {
        "ok", "invalid_command", "unresolved_upload", "internal_error", "overloaded",
        "model_restarting", "message_too_large", "session_ended", "not_supported",
    }
)  # fmt: skip

_SESSION_SECONDS = (1, 5, 15, 60, 300, 900, 3600, 14400)
_CONNECT_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_LOAD_SECONDS = (0.1, 0.5, 1, 5, 15, 60, 180, 600)


class Metrics:
    """Counts what the journal notes, and what it is told besides. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started: dict[str | None, float] = {}
        self._registry = r = CollectorRegistry()
        self._info = Info("runtime", "What is served.", registry=r)
        self._sessions = Counter(
            "runtime_sessions", "Sessions that have ended.", ["reason"], registry=r
        )
        self._session_seconds = Histogram(
            "runtime_session_duration_seconds",
            "How long sessions lasted.",
            buckets=_SESSION_SECONDS,
            registry=r,
        )
        self._active = Gauge("runtime_connections_active", "Clients connected.", registry=r)
        self._opened = Counter(
            "runtime_connections_opened", "Clients that have connected.", registry=r
        )
        self._commands = Counter(
            "runtime_commands", "Commands answered.", ["command", "outcome"], registry=r
        )
        self._restarts = Counter("runtime_model_restarts", "Restarts of the model.", registry=r)
        self._load_seconds = Histogram(
            "runtime_model_load_seconds",
            "How long the model took to load.",
            ["outcome"],
            buckets=_LOAD_SECONDS,
            registry=r,
        )
        self._connect_seconds = Histogram(
            "runtime_webrtc_connect_seconds",
            "Time from an offer to its connection.",
            buckets=_CONNECT_SECONDS,
            registry=r,
        )
        self._queue = Gauge("runtime_queue_size", "Callers that wait for a session.", registry=r)

    def receive(self, note: Note) -> None:
        """Count what a note says."""
        match note.kind:
            case "session_started":
                self._started[note.session] = self._clock()
            case "session_ended":
                self._session_ended(note.session, note.facts["reason"])
            case "connection_opened":
                self._active.inc()
                self._opened.inc()
                if "seconds" in note.facts:
                    self._connect_seconds.observe(note.facts["seconds"])
            case "connection_closed":
                self._active.dec()
            case "command":
                outcome = note.facts["outcome"]
                self._commands.labels(
                    note.facts["name"], outcome if outcome in OUTCOMES else "refused"
                ).inc()
            case "model_restarting":
                self._restarts.inc()
            case "model_loaded":
                outcome = note.facts["outcome"]
                self._load_seconds.labels(outcome).observe(note.facts["seconds"])
            case "queue":
                self._queue.set(note.facts["waiting"])

    def serving(self, model: str, version: str) -> None:
        """Say what is served, and by which version of the server."""
        self._info.info({"model": model, "version": version})

    def watch(self, read: Callable[[], Observed]) -> None:
        """Ask `read` for what is counted elsewhere, whenever somebody looks. Call once."""
        self._registry.register(Observatory(read))

    def render(self) -> bytes:
        """Return everything as Prometheus text."""
        return generate_latest(self._registry)

    def _session_ended(self, session: str | None, reason: str) -> None:
        self._sessions.labels(reason if reason in REASONS else "other").inc()
        if (started := self._started.pop(session, None)) is not None:
            self._session_seconds.observe(self._clock() - started)
