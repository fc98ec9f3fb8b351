import subprocess
import sys
from pathlib import Path

from reactor_actors.core.wire.outbound import Ack
from tests.authoring.strange import Strange, Threaded
from tests.local import serving
from tests.pictures import numbers_in


async def test_a_model_of_many_parents_with_late_annotations_works() -> None:
    async with serving(Strange) as local:
        assert [command.name for command in local.contract.commands] == ["set_level", "nick"]
        anna = local.join()
        answer = await anna.ask("nick")
        assert answer.data == {"what": "strange anna"}
        await local.shown(2)
        assert isinstance(await anna.ask("set_level", level=50), Ack)
        await local.until(lambda: numbers_in(local.screen.ticks[-1:]) == [50] or None)
        assert local.model.pipe == "loaded"
        memory = local.model.state._memory
        assert memory[0] == 3
        assert memory[-1] == 50


async def test_a_thread_of_the_authors_hands_over_through_the_loop() -> None:
    async with serving(Threaded) as local:
        await local.until(lambda: numbers_in(local.screen.ticks)[-2:] == [4, 5] or None)
        # The first may have been shown before the flush; the second was due much later.
        assert numbers_in(local.screen.ticks) in ([1, 4, 5], [4, 5])
        assert local.screen.blanks == 1
        (said,) = local.model.failed
        assert "run_coroutine_threadsafe" in said
        assert local.model.output.fps == 500.0


SCRIPT = """
import numpy as np
from reactor_actors import *

class Canvas(Output):
    main_video: Video

class Mine(ReactorPipeline):
    def inference(self):
        while True:
            yield np.zeros((4, 6, 3), np.uint8)

with PipelineExecutor(Mine) as mine:
    mine.connect()
    print(type(next(mine).output).__name__, type(next(mine).output).__module__)
"""


def test_a_model_may_be_the_script_itself(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["Canvas", "__main__"]
