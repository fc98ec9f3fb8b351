"""The published clients, and a server for them.

The browser's suite needs a Chromium, Node.js and npm. Without them it fails and says so, unless
`REACTOR_TESTS_WITHOUT_BROWSER` is set.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.clients import chromium as chromiums
from tests.clients import packages
from tests.clients.browser import BrowserViewer
from tests.clients.chromium import Chromium
from tests.clients.model import card
from tests.clients.python_08 import python_08_viewer
from tests.clients.python_sdk import PythonViewer
from tests.clients.servers import Server
from tests.clients.viewer import Viewer

PYTHON, PYTHON_08, BROWSER = "reactor-sdk-1.13.0", "reactor-sdk-0.8.0", "js-sdk-2.9.0"
ALL = (PYTHON, PYTHON_08, BROWSER)

Join = Callable[..., Awaitable[Any]]
SERVERS: list[Server] = []
WRITTEN: pytest.StashKey[dict[Server, int]] = pytest.StashKey()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.clients)
            item.add_marker(pytest.mark.timeout(180))


def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[WRITTEN] = {server: server.written for server in SERVERS}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show what the servers wrote during a test that failed."""
    report = yield
    if report.failed:
        for server in SERVERS:
            text = server.output()[item.stash[WRITTEN].get(server, 0) :]
            report.sections.append((f"written by the server at {server.url}", text[-10_000:]))
    return report


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Server]:
    with_server = Server()
    SERVERS.append(with_server)
    yield with_server
    SERVERS.remove(with_server)
    with_server.close()


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """The server of all tests, without a session."""
    written = shared_server.written
    yield shared_server
    shared_server.rest()
    tracebacks = shared_server.output()[written:].split("Traceback")[1:]
    assert not [text for text in tracebacks if card.MISTAKE not in text]


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers of the test's own."""
    own: list[Server] = []

    def start(*arguments: Any) -> Server:
        own.append(Server(*arguments))
        SERVERS.append(own[-1])
        return own[-1]

    yield start
    for server in own:
        server.close()
        SERVERS.remove(server)


@pytest.fixture(scope="session")
def python_08_site() -> Path:
    return packages.python_sdk_08()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    executable = needed()
    browser = Chromium(executable)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def pages() -> Iterator[str]:
    """The address of the test page: another origin than the server's."""
    needed()
    handler = partial(QuietHandler, directory=str(packages.page()))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}/index.html"
        httpd.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and does not talk about it."""

    def log_message(self, *arguments: Any) -> None:
        pass


def needed() -> str:
    """Return where the browser lies; skip or fail if something is missing."""
    executable = chromiums.find()
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if executable is None:
        missing.append("chromium")
    if not missing:
        assert executable is not None
        return executable
    if os.environ.get("REACTOR_TESTS_WITHOUT_BROWSER"):
        pytest.skip(f"without {', '.join(missing)}")
    pytest.fail(
        f"not installed: {', '.join(missing)}. Debian: apt-get install chromium nodejs npm. "
        "Set REACTOR_TESTS_WITHOUT_BROWSER=1 to do without the browser's tests.",
        pytrace=False,
    )


@pytest.fixture
async def join(request: pytest.FixtureRequest) -> AsyncIterator[Join]:
    """Make viewers: `await join(kind, server)` is one that is ready to `connect`."""
    async with AsyncExitStack() as stack:

        async def made(kind: str, server: Server, **options: Any) -> Viewer:
            if kind == PYTHON:
                viewer = PythonViewer(server.url, **options)
                stack.push_async_callback(viewer.close)
                return viewer
            if kind == PYTHON_08:
                site = request.getfixturevalue("python_08_site")
                return await stack.enter_async_context(python_08_viewer(server.url, site))
            browser = request.getfixturevalue("chromium")
            address = request.getfixturevalue("pages")
            page = await stack.enter_async_context(chromiums.page(browser, address))
            viewer = BrowserViewer(page, server.url)
            stack.push_async_callback(viewer.close)
            return viewer

        yield made


@pytest.fixture(params=ALL)
async def viewer(request: pytest.FixtureRequest, server: Server, join: Join) -> Viewer:
    """One viewer of each kind, connected."""
    made = await join(request.param, server)
    await made.connect()
    return made
