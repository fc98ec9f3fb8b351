"""The viewers of one process: `python -m reactor_actors.load.worker`.

A line on standard output says that it is ready. A plan comes as one line on standard input, and
reports go out as lines. When the input ends, because whoever began this has gone or wants no more,
the viewers leave, and so does this.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import suppress
from typing import Any

from reactor_actors.load.plan import READY, Plan, Report, written
from reactor_actors.load.viewer import Viewer


async def work() -> None:
    """Bring the viewers of a plan in and out."""
    loop, orders = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    print(READY, flush=True)
    if not (line := await orders.readline()):
        return
    plan = Plan.from_json(line.decode())
    visits = [asyncio.create_task(Viewer(n, plan, tell).visit()) for n in plan.numbers]
    called_back = asyncio.create_task(orders.read())
    either: tuple[asyncio.Future[Any], ...] = (asyncio.gather(*visits), called_back)
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    for visit in visits:
        visit.cancel()
    called_back.cancel()
    # Each visit bounds how long its leaving takes.
    await asyncio.wait([*visits, called_back])


def tell(report: Report) -> None:
    """Write a report; nobody may be there to read it."""
    with suppress(BrokenPipeError):
        print(written(report), flush=True)


def main() -> None:
    """Run until the plan has ended."""
    # What aiortc has to say of single packets is counted, not written.
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(work())


if __name__ == "__main__":
    main()
