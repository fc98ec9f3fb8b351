"""Open and close viewers of a running stream, and see that nothing stays behind.

python -m benchmarks.soak [--cycles 200] [--json PATH]

Prints threads, descriptors and memory of the server after a warm-up and at the end. Half of the
viewers leave cleanly, half vanish without a word.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from pathlib import Path

from benchmarks.loopback.viewers import Viewer
from benchmarks.servers import memory_mb, processes, ready, server

WARM_UP = 20
SILENCE = 4.0


def usage(mark: str) -> dict[str, float]:
    """Return what a server holds now, in all its processes."""
    folders = processes(mark)
    return {
        "processes": len(folders),
        "threads": sum(len(os.listdir(folder / "task")) for folder in folders),
        "descriptors": sum(len(os.listdir(folder / "fd")) for folder in folders),
        "memory_mb": round(memory_mb(mark), 1),
    }


async def cycle(url: str, number: int) -> None:
    """Bring one viewer in and out again."""
    viewer = Viewer(decoding=False)
    await viewer.watch(url)
    await (viewer.close() if number % 2 else viewer.vanish())


async def soak(cycles: int) -> dict[str, dict[str, float]]:
    """Run the cycles while one viewer stays; return the usage before, after and at rest."""
    with server(False, f"--ping-timeout={SILENCE}") as (url, mark):
        await ready(url, False)
        steady = Viewer(decoding=False)
        await steady.watch(url)
        for number in range(WARM_UP):
            await cycle(url, number)
        await asyncio.sleep(2 * SILENCE)
        before = usage(mark)
        for number in range(cycles):
            await cycle(url, number)
        during = usage(mark)
        await asyncio.sleep(2 * SILENCE)
        after = usage(mark)
        steady.forget()
        await asyncio.sleep(2.0)
        after["fps of who stayed"] = round(len(steady.arrivals) / 2.0, 1)
        await steady.close()
    return {"warm": before, "last cycle": during, "at rest": after}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = asyncio.run(soak(arguments.cycles))
    for moment, held in figures.items():
        print(f"{moment:12} " + "  ".join(f"{name} {value}" for name, value in held.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
