"""Measure the brightness of a stream in an actor of its own, while it is being served.

python -m examples.meter examples/brightness --seconds 2 --set brightness=0.2

The actor gets batches of pictures through Ray's object store and reads them in place. It may be as
slow as it likes: what it misses is counted, and the stream goes on at its own rate.
"""

import argparse
import time

import ray
import yaml

from reactor_actors import FrameBatch, launch


@ray.remote(num_cpus=0)
class Meter:
    """The brightness of every picture: `on_frames` is what a subscription calls."""

    def __init__(self) -> None:
        self.levels: list[float] = []
        self.missed = 0

    def on_frames(self, batch: FrameBatch) -> None:
        # The brightness alone is there without a conversion; `batch.rgb` would give the colours.
        for picture in batch.luma("main_video"):
            self.levels.append((float(picture.mean()) - 16) / 219)
        self.missed += batch.dropped

    def read(self) -> tuple[int, float, int]:
        """Return how many pictures came since the last time, how bright they were, and missed."""
        levels, self.levels = self.levels, []
        return len(levels), sum(levels) / max(1, len(levels)), self.missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="folder with a reactor.yaml, or module:Class")
    parser.add_argument("--seconds", type=float, default=2.0, help="time between two readings")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="changes")
    arguments = parser.parse_args()

    with launch(arguments.model) as deployment:
        meter = Meter.remote()
        # A model runs while somebody watches: this client, or whoever opens the address.
        with deployment.connect() as connection, deployment.subscribe(meter, bound=30):
            report("as it starts", meter, arguments.seconds)
            for change in arguments.changes:
                field, _, value = change.partition("=")
                connection.ask(f"set_{field}", **{field: yaml.safe_load(value)})
                report(change, meter, arguments.seconds)


def report(what: str, meter, seconds: float) -> None:
    """Print what the meter sees, once what was on its way has arrived."""
    for _ in range(2):
        time.sleep(seconds)
        count, level, missed = ray.get(meter.read.remote())
    print(f"{what}: {count} pictures, brightness {level:.3f}, {missed} missed")


if __name__ == "__main__":
    main()
