"""How what has happened to a session reads in the log."""

from __future__ import annotations

import logging

from reactor_actors.core.events import Note

log = logging.getLogger("reactor_actors.session")

_LEVELS = {
    "ignored": logging.WARNING,
    "error": logging.ERROR,
    "command": logging.DEBUG,
    # Starts, ends and connections are told by themselves; what follows from them is for whoever
    # looks for a mistake.
    "transition": logging.DEBUG,
}


def log_note(note: Note) -> None:
    """Write a note, at the level that its kind has for a person."""
    level = _LEVELS.get(note.kind, logging.INFO)
    log.log(level, "%s %s", note.kind, " ".join(f"{k}={v}" for k, v in note.facts.items()))
