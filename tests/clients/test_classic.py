"""A model of generation 1, as both generations of the Python client see it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.clients.conftest import PYTHON, PYTHON_08, Join
from tests.clients.servers import HERE, Server
from tests.clients.sight import distance, until
from tests.clients.viewer import Viewer

ELDER = HERE / "elder"


async def picture(viewer: Viewer, half: slice, colour: tuple[int, int, int]) -> None:
    """Wait until half of the picture is of that colour."""

    async def right() -> bool:
        shown: NDArray[np.uint8] | None = await viewer.picture()
        if shown is None:
            return False
        return distance(shown[:, half].mean(axis=(0, 1)), colour) < 12

    await until(right, f"{colour} at {half}")


async def heard(viewer: Viewer, message: dict[str, object]) -> None:
    await until(lambda: message in viewer.messages, f"{message} among {viewer.messages}")


LEFT, RIGHT = slice(0, 56), slice(72, 128)


async def test_both_generations_of_clients_share_a_model_of_generation_1(
    serve: Callable[..., Server], join: Join
) -> None:
    server = serve(ELDER)
    assert server.get("/health")["model"] == "elder"
    newer, older = await join(PYTHON, server), await join(PYTHON_08, server)
    await newer.connect()
    await picture(newer, LEFT, (40, 40, 40))
    await older.connect()
    await picture(older, LEFT, (40, 40, 40))

    reply = await newer.send("set_level", level=200)
    assert reply == {"type": "set_level", "data": {"before": 40, "level": 200}}
    await picture(newer, LEFT, (200, 200, 200))
    await picture(older, LEFT, (200, 200, 200))
    assert not [message for message in older.messages if message["type"] == "set_level"]

    await older.send("set_level")
    await heard(older, {"type": "set_level", "data": {"before": 200, "level": 90}})
    await picture(newer, LEFT, (90, 90, 90))

    assert await older.send("call", text="here") is None
    await heard(newer, {"type": "called", "data": {"text": "here", "loud": True}})
    await heard(older, {"type": "called", "text": "here", "loud": True})

    assert await newer.send("note", text="there") is None
    for viewer in (newer, older):
        await heard(viewer, {"type": "message", "data": {"text": "there"}})

    for viewer in (newer, older):
        refused = await viewer.refused("set_level", level=300)
        assert refused.code == "invalid_command"
        assert "level: expected at most 255" in refused.message

    await newer.film((220, 120, 40))
    await picture(newer, RIGHT, (220, 120, 40))
    await picture(older, RIGHT, (220, 120, 40))

    server.rest()
    second = await join(PYTHON, server)
    await second.connect()
    await picture(second, LEFT, (40, 40, 40))
    await heard(second, {"type": "begun", "data": {"level": 40}})
    assert server.output().count("Traceback") == 0
