"""Measure one stream over the loopback: ours and a plain aiortc server, in turn.

python -m benchmarks.loopback [--viewers 1 4 8] [--seconds 8] [--json PATH]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.loopback.viewers import Viewer

TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def server(plain: bool, *options: str) -> Iterator[tuple[str, int]]:
    """Run a server in a process of its own; yield its URL and pid."""
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
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(15)


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


def cpu_seconds(pid: int) -> float:
    """CPU time a process has used so far, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid: int) -> float:
    """Proportional set size of a process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


async def measure(plain: bool, count: int, seconds: float) -> dict[str, Any]:
    """Return the figures of one server with so many viewers."""
    with server(plain) as (url, pid):
        await ready(url, plain)
        viewers = [Viewer(decoding=index == 0) for index in range(count)]
        for viewer in viewers:
            await viewer.watch(url, plain=plain)
        await asyncio.sleep(6.0)  # the lead settles, the bitrate estimate too
        for viewer in viewers:
            viewer.forget()
        cpu, began = cpu_seconds(pid), time.perf_counter()
        await asyncio.sleep(seconds)
        took = time.perf_counter() - began
        cores = (cpu_seconds(pid) - cpu) / took
        memory = memory_mb(pid)
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
