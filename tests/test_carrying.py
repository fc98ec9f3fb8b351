"""Classes of scripts and notebooks, in a process that cannot import them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reactor_actors.carrying import importable
from tests.authoring.simplest import Painter

SCRIPT = '''
{future}
import sys
import numpy as np
from reactor_actors.carrying import packed
from reactor_actors.interface import (
    InputField, InputState, ModelMessage, Output, ReactorModel, ReactorPipeline, Video, event,
)
from reactor_actors.interface.declaration import declare
from ray import cloudpickle

class Screen(Output):
    main_video: Video

class Dials(InputState):
    level: int = InputField(default=7, ge=0, le=9, description="How much")
    kind: str = "plain"

class Level(ModelMessage):
    level: int
    unit: str = "steps"

class Unrelated:
    pass

SCALE = 20
unpicklable = sys.stdout

def shade(level):
    return np.full((16, 16, 3), level * SCALE, np.uint8)

class Shades(ReactorPipeline):
    """Shades of grey."""
    state: Dials

    def inference(self):
        while True:
            yield Screen(main_video=shade(self.state.level))

    @event(name="ask")
    async def ask(self, more: int = 1) -> Level:
        return Level(level=self.state.level + more)

class Neighbour(Shades):
    """Another model, which could not travel at all."""
    def load(self, config):
        unpicklable.write("")

if __name__ == "__main__":
    sys.stderr.write(repr(declare(Shades, ReactorModel).contract(name="shades")))
    sys.stdout.buffer.write(packed(Shades, cloudpickle.dumps))
'''
READER = """
import sys
from reactor_actors.carrying import unpacked
from reactor_actors.interface import PipelineExecutor, ReactorModel
from reactor_actors.interface.declaration import declare

cls = unpacked(sys.stdin.buffer.read())
sys.stderr.write(repr(declare(cls, ReactorModel).contract(name="shades")))
with PipelineExecutor(cls, {}) as pipeline:
    pipeline.connect()
    print(next(pipeline).output.main_video[0, 0, 0])
    [reply] = pipeline.send_event("ask", more=2)
    print(reply.level, reply.unit)
    pipeline.send_event("set_level", level=2)
    print(next(pipeline).output.main_video[0, 0, 0])
"""
ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("future", ["", "from __future__ import annotations"])
def test_a_class_of_a_script_brings_what_it_declares(future: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("{future}", future))
    packing = ran(str(script), given=b"")
    reading = ran("-c", READER, given=packing.stdout)
    assert reading.stdout.decode().split("\n") == ["140", "9 steps", "40", ""]
    assert b"shades" in packing.stderr
    assert reading.stderr == packing.stderr


def ran(*words: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        input=given,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done


def test_only_what_is_in_a_file_can_be_imported() -> None:
    class Inner(Painter):
        pass

    assert importable(Painter)
    assert not importable(Inner)
