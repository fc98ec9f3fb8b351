"""The playground's statistics, against what can be read from the pictures themselves."""

from __future__ import annotations

import asyncio
import re
from statistics import median
from typing import Any

from reactor_actors.transports.relay import Relay, Tap
from tests.clients.chromium import Chromium
from tests.clients.sight import until
from tests.clients.theatre import Visit, opened, visiting
from tests.clients.walks import BITS, CELL, Numbers

ROUNDS = 5
READ = """(() => {
  const video = document.querySelector('video');
  const pen = new OffscreenCanvas(320, 180).getContext('2d', { willReadFrequently: true });
  globalThis.seen = [];
  const look = (_, { expectedDisplayTime }) => {
    pen.drawImage(video, 0, 0, 320, 180);
    let number = 0;
    for (let bit = 0; bit < 16; bit++) {
      if (pen.getImageData(bit * 16 + 8, 16, 1, 1).data[0] > 128) number |= 1 << bit;
    }
    globalThis.seen.push([number, (performance.timeOrigin + expectedDisplayTime) / 1000]);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
})()"""
NEXT_TEXT = """new Promise((told) => {
  const value = document.querySelector('#meter dd');
  new MutationObserver((_, watch) => { watch.disconnect(); told(value.textContent); })
    .observe(value, { childList: true });
})"""


def number_in(picture: Any) -> int:
    """Read the number that an I420 picture carries."""
    return sum(1 << bit for bit in range(BITS) if picture[CELL, bit * CELL + CELL // 2] > 128)


async def note(relay: Relay, shown: dict[int, float]) -> None:
    """Write down when the server shows which number."""
    tap = Tap(None, 64)
    relay.join(tap)
    try:
        while True:
            for tick in await tap.take(1.0):
                shown[number_in(tick.pictures["main_video"])] = tick.at
    finally:
        relay.leave(tap)


async def read_and_told(visit: Visit, shown: dict[int, float]) -> tuple[float, float]:
    """Return the latency of one second in milliseconds, as read from pictures and as told."""
    told = str(await visit.page.run(NEXT_TEXT))
    seen = await visit.page.run("globalThis.seen.splice(0)")
    read = [at - shown[number] for number, at in seen if number in shown]
    return 1000 * median(read), float(told.split()[0])


async def test_the_latency_that_is_told_is_the_one_that_pictures_show(chromium: Chromium) -> None:
    async with (
        opened(Numbers) as hosted,
        visiting(chromium, f"{hosted.server.url}/") as visit,
    ):
        await visit.plays()
        shown: dict[int, float] = {}
        noting = asyncio.create_task(note(hosted.venue.relay, shown))
        try:
            await visit.page.run(READ)
            await visit.page.click("#meter-button")
            await visit.reads("#meter dd", "ms")
            pairs = [await read_and_told(visit, shown) for _ in range(ROUNDS + 1)][1:]
        finally:
            noting.cancel()
        # Neither network nor clocks are between them: what remains is rounding.
        assert median(abs(read - told) for read, told in pairs) < 10, pairs


async def test_the_meter_tells_what_the_connection_does_until_it_is_closed(
    chromium: Chromium,
) -> None:
    async with (
        opened(Numbers) as hosted,
        visiting(chromium, f"{hosted.server.url}/") as visit,
    ):
        await visit.plays()
        assert await visit.text("#meter") == ""
        await visit.page.click("#meter-button")

        async def told() -> bool:
            text = await visit.text("#meter dl")
            wanted = (r"Pictures\d\d", r"320 . 180", r"Mb/s", r"Round trip[\d.]+ ms", r"Lost0.0 %")
            return all(re.search(each, text) for each in wanted)

        await until(told, "numbers")
        drawn = "document.querySelector('#meter canvas').getContext('2d')"
        data = f"{drawn}.getImageData(0, 0, 440, 88).data.some((value) => value > 0)"
        assert await visit.page.run(data)
        await visit.page.click("#meter-button")
        assert await visit.text("#meter") == ""
