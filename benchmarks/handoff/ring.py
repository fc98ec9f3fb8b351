"""The ring link between two processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection

from benchmarks.handoff.pace import (
    FPS,
    WARM_UP,
    Clients,
    Figures,
    NoModel,
    batch,
    contract,
    latencies,
    limit_threads,
    paced,
)
from reactor_actors.core.messages import Said
from reactor_actors.links.local import ClientsEnd, ModelEnd
from reactor_actors.links.meeting import Address, Listener, reach

START_SECONDS = 30.0


def model(address: Address, count: int, size: int, out: Connection) -> None:
    limit_threads()
    end = ModelEnd(reach(address), contract(size), NoModel())
    pushed = batch(size)
    figures = asyncio.run(paced(count, size, lambda: end.push(pushed, drop=False)))
    end.post(Said("over", {}))
    out.send(figures)
    end.close()


async def ring(count: int, size: int) -> Figures:
    """Measure; raises `TimeoutError` or `EOFError` when the model's process has died."""
    listener = Listener()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=model, args=(listener.address, count, size, theirs))
    process.start()
    theirs.close()
    try:
        async with asyncio.timeout(START_SECONDS + 2 * count / FPS):
            return await measured(listener, ours, count)
    finally:
        listener.close()
        process.kill()  # it has said all it had to say, or it never will
        await asyncio.to_thread(process.join)


async def measured(listener: Listener, told: Connection, count: int) -> Figures:
    clients = Clients()
    link = clients.link = ClientsEnd(await listener.accept(), clients)
    link.start()
    try:
        while len(clients.arrived) < WARM_UP:
            await asyncio.sleep(0.001)
        cpu = time.process_time()
        await clients.ended.wait()
        cpu = time.process_time() - cpu
        began, theirs_cpu = await asyncio.to_thread(told.recv)
    finally:
        link.close()
    cost = (cpu + theirs_cpu) * 1e3 / (count - WARM_UP)
    return Figures(latencies(began, clients.arrived), cost)
