"""Two transport processes behind one entrance: who plays where, and what one's death costs."""

from __future__ import annotations

import os
import re
import signal
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.clients.conftest import PYTHON, Join
from tests.clients.servers import MODEL, Server
from tests.clients.sight import until
from tests.clients.viewer import Viewer

APART = ("--replicas", "2", "--transports", "2", "--sessions", "exclusive")
COLOURS = ("green", "blue")
TIMES = ("turn_seconds", "emit_interval_seconds", "hand_off_seconds", "playout_latency_seconds")


async def test_clients_of_two_transports_are_served_alike_and_one_transport_dies_alone(
    serve: Callable[..., Server], join: Join
) -> None:
    server = serve(MODEL, *APART)
    await until(lambda: free(server) == 2, "two free replicas", seconds=30)
    viewers: list[Viewer] = [await join(PYTHON, server) for _ in COLOURS]
    for viewer, colour in zip(viewers, COLOURS, strict=True):
        await viewer.connect()
        await viewer.send("set_colour", colour=colour)
        await viewer.sees(lambda s, own=colour: s.block == own, f"a {colour} block of its own")
        await uploads(viewer, f"{colour}.bin")
    steady = viewers[0]

    await until(lambda: {target(number) for number in "01"} <= metrics(server).keys(), "vitals")
    before = metrics(server)
    for number in "01":
        assert before[f'runtime_replica_viewers{{replica="{number}"}}'] == 1
        assert before[f'runtime_replica_state{{replica="{number}",state="STREAMING"}}'] == 1
        assert before[f'runtime_event_loop_lag_seconds_count{{transport="{number}"}}'] > 0
    assert all(before[target(number)] > 0 for number in "01")
    for family in TIMES:
        assert before[f"runtime_{family}_count"] > 0, family
        assert 0 < before[f"runtime_{family}_sum"] / before[f"runtime_{family}_count"] < 1, family

    media = process_of(server, "ray::MediaActor")
    ingress = process_of(server, "ray::TransportActor")
    assert {process for process in (ingress, media) if sends_media(process)} == {ingress, media}
    os.kill(media, signal.SIGKILL)
    await until(lambda: "that transport restarts in 1 s" in server.output(), "the word of it")
    await steady.sees_moving()
    await until(lambda: free(server) == 1, "the same replica, free", seconds=40)

    newcomer = await join(PYTHON, server)
    await newcomer.connect()
    await newcomer.sees(lambda s: s.block == "red", "a fresh session")
    await uploads(newcomer, "again.bin")
    assert process_of(server, "ray::MediaActor") != media
    assert process_of(server, "ray::TransportActor") == ingress
    assert (await steady.sees(lambda s: True, "a picture")).block == "green"
    await steady.sees_moving()
    assert not steady.errors
    told = metrics(server)
    for number in "01":
        assert re.search(rf"\[replica {number} session [\w-]+\]", server.output()), number
    assert told["runtime_model_restarts_total"] == 1
    assert told["runtime_connections_active"] == 2
    assert told["runtime_connections_opened_total"] == 3
    assert told['runtime_sessions_total{reason="error"}'] == 1
    counters = [n for n in before if re.match(r"\w+(_total|_count|_sum|_bucket)\b", n)]
    assert [name for name in counters if told.get(name, -1) < before[name]] == []


async def uploads(viewer: Viewer, name: str) -> None:
    """Upload a file that is too large for one message, and have the model read it."""
    data = os.urandom(300_000)
    ref = await viewer.upload(name, data, "application/x-noise")
    told = await viewer.ask("inspect", file=ref)
    assert (told["names"], told["heads"]) == ([name], [data[:8].hex()])


def free(server: Server) -> int:
    """How many replicas could have a session now."""
    return int(server.get("/health")["replicas"]["free"])


def metrics(server: Server) -> dict[str, float]:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in pairs}


def target(replica: str) -> str:
    labels = f'codec="VP8",replica="{replica}",track="main_video"'
    return f"runtime_media_target_bits_per_second{{{labels}}}"


def process_of(server: Server, title: str) -> int:
    """Return the one process with this title that the server has started."""
    found = [pid for pid in processes() if titled(pid, title) and descends(pid, server.pid)]
    assert len(found) == 1, f"{title}: {found}"
    return found[0]


def processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def titled(pid: int, title: str) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(title.encode())
    except OSError:
        return False


def descends(pid: int, ancestor: int) -> bool:
    while pid > 1 and pid != ancestor:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return pid == ancestor


def sends_media(pid: int) -> bool:
    """Whether a process has a UDP socket open."""
    inodes = {line.split()[9] for line in Path("/proc/net/udp").read_text().splitlines()[1:]}
    held = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    return any(link.startswith("socket:[") and link[8:-1] in inodes for link in held)
