"""What viewers see of a model that fails; each test has a server of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from reactor_sdk import ServerError

from tests.clients.conftest import BROWSER, PYTHON, PYTHON_08, Join
from tests.clients.servers import Server
from tests.clients.sight import until


async def test_a_model_that_crashes_comes_back_to_its_viewers(
    serve: Callable[..., Server], join: Join
) -> None:
    server = serve()
    viewer, other = await join(PYTHON, server), await join(PYTHON_08, server)
    await viewer.connect()
    await other.connect()
    await viewer.send("set_colour", colour="green")
    await viewer.sees(lambda s: s.block == "green", "a green block")
    await viewer.send("crash")
    assert (await viewer.heard_of("modelRestarting", seconds=5))["attempt"] == 1
    assert (await other.told("modelRestarting"))["max_attempts"] == 3
    assert (await viewer.refused("describe")).code == "model_restarting"
    assert (await viewer.heard_of("modelRestarted"))["attempt"] == 1
    await other.told("modelRestarted")
    for each in (viewer, other):
        await each.sees(lambda s: s.block == "red", "fresh state")
        await each.sees_moving()
        await each.hears(440)
    assert viewer.ready


async def test_a_model_that_crashes_comes_back_to_the_page(
    serve: Callable[..., Server], join: Join
) -> None:
    viewer = await join(BROWSER, serve())
    await viewer.connect()
    await viewer.send("set_colour", colour="green")
    await viewer.sees(lambda s: s.block == "green", "a green block")
    await viewer.send("crash")
    assert (await viewer.told("modelRestarting", seconds=5))["attempt"] == 1
    assert (await viewer.refused("describe")).code == "model_restarting"
    await viewer.told("modelRestarted")
    await viewer.sees(lambda s: s.block == "red", "fresh state")
    await viewer.sees_moving()
    assert viewer.errors == []


async def test_a_model_that_crashes_too_often_is_given_up(
    serve: Callable[..., Server], join: Join
) -> None:
    server = serve()
    viewer = await join(PYTHON, server)
    await viewer.connect()
    for attempt in range(1, 5):
        await viewer.sees_moving()
        await viewer.send("crash")
        await viewer.heard_of("modelRestarting", seconds=5)
        if attempt < 4:

            async def back(attempt: int = attempt) -> bool:
                return (await viewer.heard_of("modelRestarted"))["attempt"] == attempt

            await until(back, f"restart {attempt}")
    await until(lambda: [e for e in viewer.errors if e.code == "session_ended"], "the end")
    latecomer = await join(PYTHON, server)
    with pytest.raises(ServerError) as caught:
        await latecomer.connect()
    assert caught.value.status == 503
    assert caught.value.retry_after_ms is None
