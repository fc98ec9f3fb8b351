"""Serve a model, steer it from this program, and write what it shows into one picture.

python -m examples.record examples/brightness recorded.png --set brightness=0.4 --set colour=ember

No network is involved: `connect()` is a client like any other, without WebRTC. One row of pictures
as the model starts, and one more after each change.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import yaml

from reactor_actors import launch

PICTURES = 6
APART = 8
"""Every eighth picture is kept."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="folder with a reactor.yaml, or module:Class")
    parser.add_argument("picture", type=Path, help="the PNG to write")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="changes")
    arguments = parser.parse_args()

    with launch(arguments.model) as deployment, deployment.connect() as connection:
        rows = [record(connection)]
        for change in arguments.changes:
            field, _, value = change.partition("=")
            connection.ask(f"set_{field}", **{field: yaml.safe_load(value)})
            rows.append(record(connection))
        print(f"{deployment.status().model}: {len(rows)} x {PICTURES} pictures")
    cv2.imwrite(str(arguments.picture), cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR))


def record(connection) -> np.ndarray:
    """Return pictures of the next moments side by side, at a third of their size."""
    kept = []
    with connection.frames() as frames:
        for number, frame in enumerate(frames):
            if number % APART == APART - 1:  # what was on its way at the time of a change is over
                kept.append(frame[::3, ::3])
            if len(kept) == PICTURES:
                break
    return np.concatenate(kept, axis=1)


if __name__ == "__main__":
    main()
