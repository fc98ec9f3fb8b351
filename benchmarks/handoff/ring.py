"""The ring link between two processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection

from benchmarks.handoff.pace import (
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


def model(address: Address, count: int, size: int, out: Connection) -> None:
    limit_threads()
    end = ModelEnd(reach(address), contract(size), NoModel())
    pushed = batch(size)
    figures = asyncio.run(paced(count, size, lambda: end.push(pushed, drop=False)))
    end.post(Said("over", {}))
    out.send(figures)
    end.close()


async def ring(count: int, size: int) -> Figures:
    listener, clients = Listener(), Clients()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=model, args=(listener.address, count, size, theirs))
    process.start()
    link = clients.link = ClientsEnd(await listener.accept(), clients)
    listener.close()
    link.start()
    while len(clients.arrived) < WARM_UP:
        await asyncio.sleep(0.001)
    cpu = time.process_time()
    await clients.ended.wait()
    cpu = time.process_time() - cpu
    began, theirs_cpu = await asyncio.to_thread(ours.recv)
    link.close()
    await asyncio.to_thread(process.join)
    cost = (cpu + theirs_cpu) * 1e3 / (count - WARM_UP)
    return Figures(latencies(began, clients.arrived), cost)
