"""A model that does not wait for anybody, and one that shows nothing."""

import asyncio

from drawing import drawn

from reactor_actors.interface import Output, ReactorModel, Video


class Picture(Output):
    main_video: Video


class Hasty(ReactorModel):
    """Numbers pictures for viewers who must not wait, faster than anybody can play them."""

    fps = 30

    async def run(self) -> None:
        await self.connected.wait()
        number = 0
        while True:
            await self.emit(Picture(main_video=drawn(number * 10 % 250)), drop=True)
            number += 1


class Still(ReactorModel):
    """Shows nothing."""

    async def run(self) -> None:
        await asyncio.Event().wait()
