"""Measure one stream over the loopback: ours and a plain aiortc server, in turn.

python -m benchmarks.loopback [--viewers 1 4 8] [--seconds 8] [--json PATH]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.loopback.viewers import Viewer
from benchmarks.servers import cpu_seconds, memory_mb, ready, server


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
