"""How a log record is written. Small: the command line reads its words."""

from __future__ import annotations

from enum import StrEnum


class LogFormat(StrEnum):
    """How a record is written: a line for people, or an object for programs."""

    TEXT = "text"
    JSON = "json"
