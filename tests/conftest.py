"""What holds for every test: nothing it started is left running."""

from __future__ import annotations

import asyncio
import gc
import inspect
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import settings

# How long an example takes says nothing about whether it is right.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def no_model_thread_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread of a model behind, or a task on its event loop."""
    if inspect.iscoroutinefunction(getattr(request.node, "function", None)):
        request.getfixturevalue("no_task_is_left")
    before = set(threading.enumerate())
    yield
    left = [t for t in set(threading.enumerate()) - before if t.name.startswith("model")]
    for thread in left:
        thread.join(2.0)
    names = [thread.name for thread in left if thread.is_alive()]
    assert not names, f"threads of a model were left running: {names}"


@pytest.fixture
async def no_task_is_left() -> AsyncIterator[None]:
    """Fail a test that leaves a task behind; one that is ending has its chance to."""
    before = asyncio.all_tasks()
    yield
    for _ in range(10):
        left = asyncio.all_tasks() - before - {asyncio.current_task()}
        if not left:
            return
        await asyncio.sleep(0)
    pytest.fail(f"tasks were left running: {left}")


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nobody finds what is forgotten in a circle."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
