"""The same pictures by FastRTC: a generator for every viewer, as its guide has it.

PYTHON -m benchmarks.loopback.fastrtc_server PORT

PYTHON is that of an environment which has FastRTC, and need not have anything of ours.

Two settings are not FastRTC's own: viewers beyond the first are let in, and candidates are
gathered on the loopback alone, without asking a STUN server.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator

os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"}

import aioice.ice
import numpy as np
import uvicorn
from fastapi import Body, FastAPI
from fastrtc import Stream
from numpy.typing import NDArray

from benchmarks.loopback.clock import Scenery

VIEWERS = 64


def application() -> FastAPI:
    """Return FastRTC's own routes, and two for what a handler is to know."""
    scenery, flags, app = Scenery(), {"flag": False}, FastAPI()

    def pictures() -> Iterator[NDArray[np.uint8]]:
        # FastRTC asks for the next one 30 times a second, for every viewer.
        for number in itertools.count():
            yield scenery.draw(number, flags["flag"])

    stream = Stream(
        pictures,
        mode="receive",
        modality="video",
        concurrency_limit=VIEWERS,
        server_rtc_configuration={"iceServers": []},
        verbose=False,
    )
    stream.mount(app)

    @app.post("/input_hook")
    async def input_hook(webrtc_id: str = Body(embed=True)) -> None:
        stream.set_input(webrtc_id, None)

    @app.post("/flag")
    async def set_flag(flag: bool = Body(embed=True)) -> None:
        flags["flag"] = flag

    return app


if __name__ == "__main__":
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    uvicorn.run(application(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
