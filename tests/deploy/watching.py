"""How a deployed `examples/brightness` is watched, and whether it obeys."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from typing import Any

from tests.clients.python_sdk import PythonViewer
from tests.clients.sight import until

SECONDS = 60.0
SHAPE = (360, 640, 3)


def available(url: str) -> None:
    """Wait until a model has been loaded."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
                if json.load(answer)["state"] == "available":
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("no model was loaded")


def watched(url: str) -> dict[str, Any]:
    """Watch with the published client: how bright it is, and how bright once it is dimmed."""
    return asyncio.run(_watched(url))


async def _watched(url: str) -> dict[str, Any]:
    viewer = PythonViewer(url)
    try:
        await viewer.connect()
        bright = await until(lambda: brightness(viewer), "a picture")
        await viewer.send("set_brightness", brightness=0.0)
        dark = await until(lambda: darkness(viewer), "a dark picture")
        return {"bright": bright, "dark": dark}
    finally:
        await viewer.close()


async def brightness(viewer: PythonViewer) -> float | None:
    """Return the mean of the newest picture; the client's own stand-in has another size."""
    picture = await viewer.picture()
    return float(picture.mean()) if picture is not None and picture.shape == SHAPE else None


async def darkness(viewer: PythonViewer) -> float | None:
    """Return the mean as soon as it is that of a dark picture."""
    mean = await brightness(viewer)
    return mean if mean is not None and mean < 10 else None
