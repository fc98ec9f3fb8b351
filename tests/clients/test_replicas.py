"""Several replicas, a session each: who plays, who waits, and whose session a leave ends."""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from reactor_sdk import ServerError

from tests.clients.conftest import BROWSER, PYTHON, SERVERS, Join
from tests.clients.servers import MODEL, Server
from tests.clients.sight import until
from tests.clients.viewer import Viewer

PAIR = ("--replicas", "2", "--orphan-timeout", "4")


@pytest.fixture(scope="module")
def two() -> Iterator[Server]:
    """A server of two replicas, which the tests of this module use one after the other."""
    server = Server(MODEL, *PAIR)
    SERVERS.append(server)
    yield server
    SERVERS.remove(server)
    server.close()


@pytest.fixture
async def pair(two: Server) -> Server:
    """The same, once both are free."""
    await until(lambda: two.get("/health")["replicas"]["free"] == 2, "two free replicas")
    return two


def turned_away(server: Server) -> dict[str, Any]:
    """Ask for a session as somebody who can wait in line; return the place that is offered."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.post("/start_session")
    assert caught.value.code == 503
    queue: dict[str, Any] = json.load(caught.value)["queue"]
    return queue


async def test_two_play_the_third_sees_its_place_and_plays_when_one_leaves(
    pair: Server, join: Join
) -> None:
    server = pair
    first, second = await join(PYTHON, server), await join(BROWSER, server)
    for viewer, colour in ((first, "green"), (second, "blue")):
        await viewer.connect()
        await viewer.send("set_colour", colour=colour)
    await first.sees(lambda s: s.block == "green", "a green block of its own")
    await second.sees(lambda s: s.block == "blue", "a blue block of its own")

    third = await join(PYTHON, server)
    with pytest.raises(ServerError) as caught:
        await third.connect()
    assert (caught.value.status, caught.value.retry_after_ms) == (503, 5000)
    place = turned_away(server)
    assert (place["position"], place["size"]) == (1, 1)
    waiting = server.get(f"/queue/{place['ticket']}")
    assert waiting == {"state": "waiting", "position": 1, "size": 1}
    with pytest.raises(ServerError):
        await third.connect()

    await first.leave()
    await until(
        lambda: server.get(f"/queue/{place['ticket']}")["state"] == "ready", "a replica held"
    )
    started = server_start(server, place["ticket"])
    server.post("/stop_session", {"session_id": started})

    async def plays() -> bool:
        try:
            await third.connect()
        except ServerError:
            return False
        return True

    await until(plays, "the third one's turn")
    await third.sees(lambda s: s.block == "red", "a fresh session")
    await second.sees(lambda s: s.block == "blue", "the second one's block, as it was")
    await second.sees_moving()


def server_start(server: Server, ticket: str) -> str:
    """Claim what is held for a ticket; return the session."""
    request = urllib.request.Request(
        f"{server.url}/start_session", json.dumps({"ticket": ticket}).encode()
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        session: str = json.load(answer)["session_id"]
    return session


async def test_pictures_messages_and_files_of_two_sessions_never_mix(
    pair: Server, join: Join
) -> None:
    first, second = await join(PYTHON, pair), await join(PYTHON, pair)
    for viewer, colour in ((first, "green"), (second, "blue")):
        await viewer.connect()
        await viewer.send("set_colour", colour=colour)
        await viewer.send("announce", text=colour)
    file = await first.upload("paint.bin", bytes([30, 140, 200]), "application/x-paint")
    assert (await first.ask("inspect", file=file))["names"] == ["paint.bin"]
    assert (await second.refused("inspect", file=file)).code == "unresolved_upload"
    for viewer, colour in ((first, "green"), (second, "blue")):
        await viewer.sees(lambda s, colour=colour: s.block == colour, f"a {colour} block")
        assert await viewer.heard_of("announced") == {"text": colour}
        assert len([m for m in viewer.messages if m["type"] == "announced"]) == 1
    assert [m["type"] for m in second.messages].count("arrived") == 0


@pytest.mark.parametrize("kind", [PYTHON, BROWSER])
async def test_who_leaves_ends_their_own_session_and_no_other(
    pair: Server, join: Join, kind: str
) -> None:
    server = pair
    staying, leaving = await join(PYTHON, server), await join(kind, server)
    for viewer in (staying, leaving):
        await viewer.connect()
        await viewer.sees_moving()
    await leaving.leave()
    await until(lambda: server.get("/health")["replicas"]["free"] == 1, "a free replica")
    await staying.sees_moving()
    assert not staying.errors


async def test_a_replica_that_crashes_disturbs_no_other(pair: Server, join: Join) -> None:
    server = pair
    steady, unlucky = await join(PYTHON, server), await join(PYTHON, server)
    for viewer in (steady, unlucky):
        await viewer.connect()
        await viewer.sees_moving()
    await steady.send("set_colour", colour="green")
    await steady.sees(lambda s: s.block == "green", "a green block")
    await unlucky.send("crash")
    await unlucky.heard_of("modelRestarting", seconds=5)
    await steady.sees_moving()
    await unlucky.heard_of("modelRestarted")
    await unlucky.sees_moving()
    assert (await steady.sees(lambda s: True, "a picture")).block == "green"
    assert not [m for m in steady.messages if m["type"].startswith("modelRestart")]


async def test_viewers_share_one_session_where_they_are_told_to(
    serve: Callable[..., Server], join: Join
) -> None:
    server = serve(MODEL, *PAIR, "--sessions", "shared")
    viewers = [await join(PYTHON, server) for _ in range(2)]
    for viewer in viewers:
        await viewer.connect()
    await viewers[0].send("set_colour", colour="blue")
    for viewer in viewers:
        await viewer.sees(lambda s: s.block == "blue", "the same block")


async def test_a_transport_that_dies_comes_back_at_the_same_address(
    serve: Callable[..., Server], join: Join
) -> None:
    server = serve()
    viewer = await join(PYTHON, server)
    await viewer.connect()
    await viewer.sees_moving()
    os.kill(transport_of(server), signal.SIGKILL)
    await until(lambda: "restarts" in server.output(), "the word of its death", seconds=15)
    await until(lambda: is_available(server), "the same address", seconds=30)
    again: Viewer = await join(PYTHON, server)
    await again.connect()
    await again.sees_moving()


def transport_of(server: Server) -> int:
    """Return the process that listens for the server."""
    port = f"{int(server.url.rsplit(':', 1)[1]):04X}"
    with open("/proc/net/tcp") as table:
        lines = [line.split() for line in table][1:]
    inode = next(f[9] for f in lines if f[1].endswith(f":{port}") and f[3] == "0A")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            held = [os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")]
        except OSError:
            continue
        if f"socket:[{inode}]" in held:
            return int(pid)
    raise AssertionError("nobody listens")


def is_available(server: Server) -> bool:
    try:
        return bool(server.get("/health")["state"] == "available")
    except (OSError, urllib.error.URLError):
        return False
