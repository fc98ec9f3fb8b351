"""Watch a served model with the published Python client, and steer it on the way.

python -m examples.watch http://127.0.0.1:8080 watched.png --set brightness=0.4 --set colour=ember

Writes one row of pictures as they are seen, and one more after each change.
"""

import argparse
import asyncio
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from reactor_sdk import Reactor

PICTURES = 6


class Watcher:
    """A client, and the newest picture it has been shown."""

    def __init__(self, url: str) -> None:
        self.client = Reactor("any", local=True, api_url=url)
        self.client.track("main_video").on_raw_frame(self.shown)
        self.newest: np.ndarray | None = None

    def shown(self, pixels: bytes, width: int, height: int, *facts: Any) -> None:
        picture = np.frombuffer(pixels, np.uint8).reshape(height, width, 4)
        self.newest = picture[::3, ::3, :3].copy()  # blue, green, red, as cv2 writes them

    async def row(self) -> np.ndarray:
        """Return a row of pictures, a quarter of a second apart."""
        pictures = []
        for _ in range(PICTURES):
            await asyncio.sleep(0.25)
            while self.newest is None:
                await asyncio.sleep(0.01)
            pictures.append(self.newest)
        # Until the model shows its first picture, a black one of another size stands for it.
        height, width = pictures[-1].shape[:2]
        return np.concatenate([cv2.resize(p, (width, height)) for p in pictures], axis=1)


async def watch(url: str, changes: list[str]) -> np.ndarray:
    watcher = Watcher(url)
    await watcher.client.connect()
    rows = [await watcher.row()]
    for change in changes:
        field, _, value = change.partition("=")
        await watcher.client.send_command(f"set_{field}", {field: yaml.safe_load(value)})
        rows.append(await watcher.row())
    await watcher.client.disconnect()
    await asyncio.to_thread(watcher.client.close)
    return np.concatenate(rows, axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="where the model is served")
    parser.add_argument("picture", type=Path, help="the PNG to write")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="changes")
    arguments = parser.parse_args()
    picture = asyncio.run(watch(arguments.url, arguments.changes))
    cv2.imwrite(str(arguments.picture), picture)
    print(f"{arguments.url}: {len(arguments.changes) + 1} rows -> {arguments.picture}")


if __name__ == "__main__":
    main()
