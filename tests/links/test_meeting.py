from __future__ import annotations

import asyncio
import dataclasses
import os
import pickle
import socket
import tempfile

import pytest

from reactor_actors.core.errors import PeerGone
from reactor_actors.links import meeting
from reactor_actors.links.meeting import Listener, reach


async def test_the_two_ends_find_each_other_without_leaving_anything_anywhere() -> None:
    before = (os.listdir(tempfile.gettempdir()), len(os.listdir("/proc/self/fd")))
    listener = Listener()
    address = pickle.loads(pickle.dumps(listener.address))
    model = reach(address)
    model.sendall(b"more")
    clients = await listener.accept()
    listener.close()
    # What follows the secret is left for the one who reads frames.
    assert await asyncio.get_running_loop().sock_recv(clients, 100) == b"more"
    assert os.listdir(tempfile.gettempdir()) == before[0]
    for end in (model, clients):
        assert not end.get_inheritable()
        assert not end.getblocking()
        end.close()
    assert len(os.listdir("/proc/self/fd")) == before[1]


async def test_whoever_does_not_know_the_secret_is_turned_away() -> None:
    listener = Listener()
    stranger = reach(dataclasses.replace(listener.address, secret=b"x" * 32))
    hasty = reach(dataclasses.replace(listener.address, secret=b"x"))
    hasty.close()
    model = reach(listener.address)
    clients = await asyncio.wait_for(listener.accept(), 10)
    model.send(b"a")
    assert await asyncio.get_running_loop().sock_recv(clients, 10) == b"a"
    assert stranger.recv(10) == b""
    for sock in (stranger, model, clients):
        sock.close()
    listener.close()


async def test_whoever_stays_silent_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeting, "HELLO_SECONDS", 0.05)
    listener = Listener()
    silent = socket.socket(socket.AF_UNIX)
    silent.connect(f"\0{listener.address.name}")
    model = reach(listener.address)
    clients = await asyncio.wait_for(listener.accept(), 10)
    assert silent.recv(10) == b""
    for sock in (silent, model, clients):
        sock.close()
    listener.close()


async def test_a_listener_that_gives_up_leaves_nothing() -> None:
    before = len(os.listdir("/proc/self/fd"))
    listener = Listener()
    waiting = asyncio.create_task(listener.accept())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    listener.close()
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(PeerGone, match="nobody listens"):
        reach(listener.address)


def test_the_secret_is_not_shown_and_every_listener_has_its_own() -> None:
    one, two = Listener(), Listener()
    assert "secret" not in repr(one.address)
    assert one.address.name != two.address.name
    assert one.address.secret != two.address.secret
    one.close()
    two.close()


def test_another_user_is_not_one_of_us() -> None:
    one, two = socket.socketpair()
    assert meeting.same_user(one)
    if os.geteuid() == 0:
        listener = Listener()
        child = os.fork()
        if child == 0:
            os.setuid(65534)
            try:
                reach(listener.address)
            except PeerGone:
                os._exit(0)
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        listener.close()
    one.close()
    two.close()
