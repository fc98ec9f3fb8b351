"""What an actor's process prints: the lines and the level of the command that began it."""

from __future__ import annotations

import logging

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
QUIET = ("aiortc", "aioice", "aiohttp", "libav", "asyncio")


def configure(level: int) -> None:
    """Log to standard error; libraries only what is worth a warning."""
    logging.basicConfig(level=level, format=FORMAT, force=True)
    for library in QUIET:
        logging.getLogger(library).setLevel(logging.WARNING)
