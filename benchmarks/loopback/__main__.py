"""Measure one stream over the loopback: ours and a plain aiortc server, in turn.

python -m benchmarks.loopback [--viewers 1 4 8] [--seconds 8] [--json PATH]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.loopback.viewers import Viewer

TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def server(plain: bool, *options: str) -> Iterator[tuple[str, str]]:
    """Run a server in processes of its own; yield its URL and what marks those processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m"]
    if plain:
        command += ["benchmarks.loopback.plain", str(port)]
    else:
        folder = Path(__file__).parent
        serve = ["reactor_actors", "serve", str(folder), "--host=127.0.0.1"]
        command += [*serve, f"--port={port}", *options]
    mark = f"REACTOR_BENCHMARK={uuid.uuid4()}"
    name, _, value = mark.partition("=")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, name: value})
    try:
        yield f"http://127.0.0.1:{port}", mark
    finally:
        # SIGTERM would wait for the session that the viewers have just left.
        process.send_signal(signal.SIGTERM if plain else signal.SIGINT)
        process.wait(30)


async def ready(url: str, plain: bool) -> None:
    """Wait until a server answers and its model is loaded."""
    async with asyncio.timeout(60), aiohttp.ClientSession(url) as http:
        while True:
            try:
                async with http.get("/offer" if plain else "/health") as response:
                    if plain or (await response.json())["state"] != "loading":
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


def processes(mark: str) -> list[Path]:
    """Every process of a server, Ray's own included: what it starts inherits the mark."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes():
                found.append(folder)
        except OSError:  # it has just ended, or is somebody else's
            continue
    return found


def cpu_seconds(mark: str) -> float:
    """CPU time a server has used so far, in all its processes."""
    total = 0
    for folder in processes(mark):
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory_mb(mark: str) -> float:
    """Proportional set size of a server, in all its processes."""
    total = 0
    for folder in processes(mark):
        for line in (folder / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


async def measure(plain: bool, count: int, seconds: float) -> dict[str, Any]:
    """Return the figures of one server with so many viewers."""
    with server(plain) as (url, mark):
        await ready(url, plain)
        viewers = [Viewer(decoding=index == 0) for index in range(count)]
        for viewer in viewers:
            await viewer.watch(url, plain=plain)
        await asyncio.sleep(6.0)  # the lead settles, the bitrate estimate too
        for viewer in viewers:
            viewer.forget()
        cpu, began = cpu_seconds(mark), time.perf_counter()
        await asyncio.sleep(seconds)
        took = time.perf_counter() - began
        cores = (cpu_seconds(mark) - cpu) / took
        memory = memory_mb(mark)
        rates = [len(viewer.arrivals) / took for viewer in viewers]
        gaps = [
            1e3 * max(b - a for a, b in zip(v.arrivals, v.arrivals[1:], strict=False))
            for v in viewers
        ]
        latencies = sorted(viewers[0].latencies)
        commands = [await viewers[0].steer(n % 2 == 0, plain=plain) for n in range(10)]
        figures = {
            "cores": cores,
            "memory_mb": memory,
            "fps": min(rates),
            "longest_gap_ms": max(gaps),
            "glass_p50_ms": statistics.median(latencies),
            "glass_p95_ms": latencies[int(0.95 * (len(latencies) - 1))],
            "command_p50_ms": statistics.median(commands),
            "connect_ms": 1e3 * statistics.median(v.connect_seconds for v in viewers),
            "first_picture_ms": 1e3 * statistics.median(v.first_picture_seconds for v in viewers),
        }
        await asyncio.gather(*(viewer.close() for viewer in viewers))
        return figures


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results = {}
    for count in arguments.viewers:
        for plain in (True, False):
            name = f"{'plain aiortc' if plain else 'ours'}, {count}"
            results[name] = await measure(plain, count, arguments.seconds)
            shown = "  ".join(f"{key} {value:.4g}" for key, value in results[name].items())
            print(f"{name:18} {shown}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    asyncio.run(main())
