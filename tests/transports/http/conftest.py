from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.transports.http.site import Site, serving


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A server with a loaded model and no session."""
    async with serving() as site:
        yield site


@pytest.fixture
async def session(site: Site) -> Site:
    """A server with a running session."""
    await site.started()
    return site
