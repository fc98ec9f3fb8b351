"""How the clients of a deployment share its replicas. Small: the command line reads its words."""

from __future__ import annotations

from enum import StrEnum

QUEUE_LIMIT = 64
"""How many tickets may wait, unless somebody chooses."""


class Mode(StrEnum):
    """Whether starts share one session or get one each."""

    SHARED = "shared"
    EXCLUSIVE = "exclusive"
