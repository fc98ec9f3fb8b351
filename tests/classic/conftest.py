from __future__ import annotations

from collections.abc import Iterator

import pytest

from reactor_actors.classic import context as contexts


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    """A process in which no session has begun."""
    contexts.enter(None)
    yield
    contexts.enter(None)
