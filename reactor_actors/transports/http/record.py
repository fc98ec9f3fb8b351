"""`Record`: what the outside may know of a replica. The `journal` of a `TransportHost`."""

from __future__ import annotations

from reactor_actors.core.events import Note
from reactor_actors.transports.http.journal import Journal
from reactor_actors.transports.http.metrics import Metrics


class Record:
    """Enters every note in the journal and in the metrics."""

    def __init__(self, journal: Journal | None = None, metrics: Metrics | None = None) -> None:
        self.journal = journal or Journal()
        self.metrics = metrics or Metrics()

    def __call__(self, note: Note) -> None:
        """Take a note in."""
        self.journal.write(note)
        self.metrics.receive(note)
