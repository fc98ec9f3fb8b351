"""Run a model headless and write its pictures side by side, changing a parameter on the way.

python -m examples.strip examples/brightness strip.png --set brightness=0.3 --set colour=ember
"""

import argparse
import os
from pathlib import Path

import cv2
import numpy as np
import yaml

from reactor_actors.interface import PipelineExecutor
from reactor_actors.loader import find_model, load_class

PICTURES = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="folder with a reactor.yaml")
    parser.add_argument("picture", type=Path, help="the PNG to write")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="changes")
    parser.add_argument("--turns", type=int, default=10, help="turns between two pictures")
    arguments = parser.parse_args()

    source = find_model(arguments.model, environ=os.environ)
    with PipelineExecutor(load_class(source.manifest), source.config) as pipeline:
        pipeline.connect()
        rows = [take(pipeline, arguments.turns)]
        for change in arguments.changes:
            field, _, value = change.partition("=")
            pipeline.send_event(f"set_{field}", **{field: yaml.safe_load(value)})
            rows.append(take(pipeline, arguments.turns))
    strip = np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)
    cv2.imwrite(str(arguments.picture), cv2.cvtColor(strip, cv2.COLOR_RGB2BGR))
    print(f"{source.manifest.name}: {len(rows)} x {PICTURES} pictures -> {arguments.picture}")


def take(pipeline: PipelineExecutor, turns: int) -> list[np.ndarray]:
    """Take the newest picture of every `turns` turns, at a third of its size."""
    pictures = []
    for _ in range(PICTURES):
        for _ in range(turns):
            result = next(pipeline)
        newest = result.output.main_video
        newest = newest[-1] if newest.ndim == 4 else newest
        pictures.append(np.ascontiguousarray(newest[::3, ::3]))
    return pictures


if __name__ == "__main__":
    main()
