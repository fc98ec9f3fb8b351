"""The end of a ring link that lives in another process, to be killed or measured.

python -m tests.links.other_end MODE NAME SECRET

Each mode prints a line when it has got as far as a test wants it to be.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

from reactor_actors.core.messages import Said
from reactor_actors.core.ports import Feed
from reactor_actors.links.local import ClientsEnd, ModelEnd
from reactor_actors.links.meeting import Address, Listener, reach
from tests.fakes import FakeModel
from tests.links.joined import CONTRACT, Clients, batch, picture, until


def say(line: str) -> None:
    print(line, flush=True)


def stream(address: Address) -> None:
    """Push for ever, as fast as ticks are granted."""
    end = ModelEnd(reach(address), CONTRACT, FakeModel())

    async def main() -> None:
        level = 0
        while not end.closed.done():
            size = (1024, 720) if level % 50 > 25 else (4, 6)
            await end.push(batch(level % 200, size=size), drop=False)
            level += 1

    asyncio.run(main())
    say(end.closed.result())


def fork(address: Address) -> None:
    """Push four ticks and leave a child behind, as libraries do that authors use."""
    end = ModelEnd(reach(address), CONTRACT, FakeModel())
    asyncio.run(end.push(batch(1, 2, 3, 4), drop=True))
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    say(str(child))
    time.sleep(60)


def throughput(address: Address) -> None:
    """Push numbered pictures of 720p, then say how many."""
    end = ModelEnd(reach(address), CONTRACT, FakeModel())

    async def main() -> None:
        for level in range(300):
            await end.push(batch(level % 256, size=(720, 1280)), drop=False)

    asyncio.run(main())
    end.post(Said("over", {"count": 300}))
    say("over")
    sys.stdin.read()
    end.close()


def reader(address: Address) -> None:
    """Check every input frame, then say how many came."""

    class Checking(FakeModel):
        def feed(self, frame: Feed) -> None:
            super().feed(Feed(frame.track, frame.data[:1, :1]))
            value = len(self.fed) - 1
            assert (frame.data == value % 256).all(), value

    model = Checking()
    end = ModelEnd(reach(address), CONTRACT, model)
    while not model.delivered:
        time.sleep(0.001)
    say(str(len(model.fed)))
    end.close()


def clients(_: Address) -> None:
    """Wait for a model, take what comes and never grant anything."""

    async def main() -> None:
        listener = Listener()
        say(f"{listener.address.name} {listener.address.secret.hex()}")
        recorded = Clients()
        end = ClientsEnd(await listener.accept(), recorded)
        listener.close()
        end.feed(Feed("camera", picture(1)[..., 0]))
        end.start()
        await until(lambda: len(recorded.ticks) == 4)
        say("full")
        say(await end.closed)

    asyncio.run(main())


MODES = {mode.__name__: mode for mode in (stream, fork, throughput, reader, clients)}

if __name__ == "__main__":
    MODES[sys.argv[1]](Address(sys.argv[2], bytes.fromhex(sys.argv[3])))
