"""What `serve` is made of: settings, orders, and whoever carries them out.

Imported when a model is served, and not before: the command's help, and a shell that completes its
options, are to need neither Ray nor aiortc. The latter, and all that serves, is imported once Ray
stands: whoever has made a mistake is told at once, and Ray's workers start meanwhile.
"""

from __future__ import annotations

import os
import sys

from reactor_actors.actors.logformat import LogFormat
from reactor_actors.actors.logs import LogSettings, configure
from reactor_actors.actors.scale import Scale
from reactor_actors.cli.display import JsonDisplay, PlainDisplay
from reactor_actors.cli.live import LiveDisplay
from reactor_actors.cli.settings import codecs, drain_seconds, ice_settings, log_level
from reactor_actors.core.session import Limits
from reactor_actors.serving import Display, Orders
from reactor_actors.serving import serve as serve_model
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.settings import ServerSettings, VenueSettings
from reactor_actors.transports.webrtc.rate import BitrateRange
from reactor_actors.transports.webrtc.settings import ConnectionLimits, PeerSettings

__all__ = [
    "BitrateRange",
    "ConnectionLimits",
    "HttpSettings",
    "Limits",
    "LogSettings",
    "Orders",
    "PeerSettings",
    "Scale",
    "ServerSettings",
    "VenueSettings",
    "codecs",
    "drain_seconds",
    "ice_settings",
    "log_level",
    "run",
]


def run(orders: Orders) -> bool:
    """Serve, telling a person how it goes; return whether the end was a clean one."""
    display = display_for(orders)
    try:
        configure(orders.logs)
        return serve_model(orders, display)
    finally:
        display.close()


def display_for(orders: Orders) -> Display:
    """Return what suits those who watch: a program, a terminal, or a file."""
    name = orders.source.manifest.name
    if orders.logs.format is LogFormat.JSON:
        return JsonDisplay(name, orders.scale)
    if sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown"):
        return LiveDisplay(name, orders.scale)
    return PlainDisplay(name, orders.scale)
